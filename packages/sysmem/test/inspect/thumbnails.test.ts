/** Pictures of real buffers: over FIDL, from the command line, and not without the owner's leave. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { MAX_BUFFER_START_BYTES, MAX_THUMBNAIL_SIDE, MAX_THUMBNAILS_UNDER_WAY, Rights } from "#base";
import { DEFAULT_CONFIG, Thumbnails } from "#daemon";
import { ColorSpace, PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import type { BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import {
  Error as InspectError,
  Inspector,
  type InspectorClient,
  type InspectorGetThumbnailRequest,
  type InspectorGetThumbnailResponse,
} from "#gen/sysmem_inspect";
import { asVmo } from "#kernel";
import type { Server } from "#server";
import { LEFT, paint, RIGHT } from "../images/paint.ts";
import { image, raw } from "./constraints.ts";
import { World } from "./world.ts";

const world = new World();
const handedOut: { close(): void }[] = [];
let folder: string;
const allow = (thumbnails: boolean): string[] => world.daemon.reload({ ...DEFAULT_CONFIG, thumbnails });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sysmem-thumbnails-"));
});
afterEach(async () => {
  allow(false);
  for (const one of handedOut.splice(0)) one.close();
  await world.clear();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await world.close();
});

function inspector(): InspectorClient {
  const client = Inspector.bind(world.kernel.connect(join(world.svc, Inspector.discoverableName as string)));
  handedOut.push(client);
  return client;
}

async function get(request: InspectorGetThumbnailRequest): Promise<InspectorGetThumbnailResponse> {
  const result = await inspector().getThumbnail(request);
  expect(result.ok).toBe(true);
  return result.ok ? result.value : {};
}

/** A picture's size and its first and last pixel; the VMO is closed. */
function look({ thumbnail, pixels }: InspectorGetThumbnailResponse) {
  if (pixels === undefined) throw new TypeError(`there is no picture: ${thumbnail?.obstacle}`);
  const vmo = asVmo(pixels);
  const mapping = vmo.map({ writable: false });
  const { width = 0, height = 0 } = thumbnail?.size ?? {};
  const at = (pixel: number) => [...mapping.bytes.slice(pixel * 4, pixel * 4 + 4)];
  const seen = { width, height, first: at(0), last: at(width * height - 1) };
  mapping.unmap();
  vmo.close();
  return seen;
}

/** A collection of one participant, with its buffers. */
async function allocated(constraints: BufferCollectionConstraints, name = "frames") {
  const root = world.collection(name);
  const camera = world.local("camera", root, constraints);
  const buffers = await camera.waitForBuffers();
  handedOut.push(buffers);
  return { buffers, id: buffers.collectionId };
}

/** One whose first buffer holds two colours. */
async function painted() {
  const size = { width: 640, height: 480 };
  const format = { minSize: size, maxSize: size, minBytesPerRow: 672 };
  const { buffers, id } = await allocated(image(PixelFormat.NV12, format, { minBufferCountForCamping: 2 }));
  const { bytes } = paint(PixelFormat.NV12, ColorSpace.REC709, size);
  buffers.at(0).bytes().set(bytes);
  return { buffers, id };
}

const near = (rgb: readonly number[]) => rgb.map((value) => expect.closeTo(value, -0.7) as number);

describe("a picture of a buffer", () => {
  it("is refused, whatever is asked for, unless the server's owner allows it", async () => {
    const { id } = await painted();
    const client = inspector();
    expect((await client.getServer()).server?.thumbnailsAllowed).toBe(false);
    for (const collectionId of [id, 1n]) {
      expect(await client.getThumbnail({ collectionId, bufferIndex: 0 })).toEqual({
        ok: false,
        error: InspectError.NOT_ALLOWED,
      });
    }
    const { status, err } = await world.sysmem("thumbnail", "frames", "0", "-o", join(folder, "no.png"));
    expect(status).not.toBe(0);
    expect(err).toMatch(/does not show what buffers hold.*--thumbnails/);
    expect(existsSync(join(folder, "no.png"))).toBe(false);
  });

  it("is allowed and refused again by reloading the configuration", async () => {
    const { id } = await painted();
    const client = inspector();
    expect(allow(true)).toEqual([]);
    expect((await client.getServer()).server?.thumbnailsAllowed).toBe(true);
    look(await get({ collectionId: id, bufferIndex: 0 }));
    expect(allow(false)).toEqual([]);
    expect((await client.getThumbnail({ collectionId: id, bufferIndex: 0 })).ok).toBe(false);
  });

  it("shows what a participant has drawn, in the settings' format", async () => {
    const { id } = await painted();
    allow(true);
    const answer = await get({ collectionId: id, bufferIndex: 0 });
    expect(answer.thumbnail?.image).toMatchObject({
      pixelFormat: PixelFormat.NV12,
      pixelFormatModifier: PixelFormatModifier.LINEAR,
      colorSpace: ColorSpace.REC709,
      size: { width: 640, height: 480 },
      bytesPerRow: 672,
    });
    expect(look(answer)).toEqual({ width: 320, height: 240, first: near([...LEFT, 255]), last: near([...RIGHT, 255]) });
    // The other buffer is as it was made: zeros, which are a dark green in YUV.
    expect(look(await get({ collectionId: id, bufferIndex: 1 })).first).toEqual([0, near([77])[0], 0, 255]);
  });

  it("is as large as is asked for, up to the limit", async () => {
    const { id } = await painted();
    allow(true);
    const sizeFor = async (width: number, height: number) => {
      const seen = look(await get({ collectionId: id, bufferIndex: 0, maxSize: { width, height } }));
      return [seen.width, seen.height];
    };
    expect(await sizeFor(64, 64)).toEqual([64, 48]);
    expect(await sizeFor(0, 0)).toEqual([1, 1]);
    expect(await sizeFor(MAX_THUMBNAIL_SIDE, 4000)).toEqual([MAX_THUMBNAIL_SIDE, (MAX_THUMBNAIL_SIDE * 3) / 4]);
    expect(await sizeFor(MAX_THUMBNAIL_SIDE + 1, 4000)).toEqual([MAX_THUMBNAIL_SIDE, (MAX_THUMBNAIL_SIDE * 3) / 4]);
  });

  it("is of another image that the settings allow, when one is asked for", async () => {
    const { buffers, id } = await allocated(
      image(PixelFormat.B8G8R8A8, {
        minSize: { width: 16, height: 16 },
        requiredMaxSize: { width: 640, height: 480 },
        sizeAlignment: { width: 16, height: 2 },
      }),
    );
    buffers
      .at(0)
      .bytes()
      .fill(200, 0, 32 * 4 * 32);
    allow(true);
    const of = (width: number, height: number) =>
      get({ collectionId: id, bufferIndex: 0, imageSize: { width, height } });
    expect(look(await of(32, 32))).toMatchObject({ width: 32, height: 32, last: [200, 200, 200, 255] });
    expect(look(await get({ collectionId: id, bufferIndex: 0 }))).toMatchObject({ last: [0, 0, 0, 255] });
    expect((await of(33, 32)).thumbnail?.obstacle).toBe("its settings do not allow images of 33 by 32");
    expect((await of(0, 32)).thumbnail?.obstacle).toMatch(/has no pixels/);
    expect((await of(640, 482)).thumbnail?.obstacle).toMatch(/takes 1233920 bytes, the buffer has/);
  });

  it("is none of what is not an image: its first bytes are told", async () => {
    const { buffers, id } = await allocated(raw());
    buffers.at(0).bytes().set([0xde, 0xad, 0xbe, 0xef]);
    allow(true);
    const { thumbnail, pixels } = await get({ collectionId: id, bufferIndex: 0 });
    expect(pixels).toBeUndefined();
    expect(thumbnail?.obstacle).toBe("its settings say nothing about images");
    expect(thumbnail?.start).toHaveLength(MAX_BUFFER_START_BYTES);
    expect([...(thumbnail?.start ?? [])].slice(0, 5)).toEqual([0xde, 0xad, 0xbe, 0xef, 0]);
  });

  it("is none of tiled pixels", async () => {
    const { id } = await allocated(
      image(PixelFormat.B8G8R8A8, { pixelFormatModifier: PixelFormatModifier.INTEL_I915_X_TILED }),
    );
    allow(true);
    const { thumbnail, pixels } = await get({ collectionId: id, bufferIndex: 0 });
    expect(pixels).toBeUndefined();
    expect(thumbnail?.obstacle).toMatch(/INTEL_I915_X_TILED are tiled or compressed/);
  });

  it("is none of memory that the CPU cannot reach, and not a byte of it is read", async () => {
    const { id } = await allocated({
      usage: { vulkan: 1 },
      minBufferCountForCamping: 1,
      bufferMemoryConstraints: {
        minSizeBytes: 4096n,
        cpuDomainSupported: false,
        ramDomainSupported: false,
        inaccessibleDomainSupported: true,
      },
    });
    allow(true);
    expect((await get({ collectionId: id, bufferIndex: 0 })).thumbnail).toEqual({
      obstacle: "its memory is in the INACCESSIBLE domain: the CPU cannot read it",
    });
  });

  it.each([
    ["secure memory", { isSecure: true }, Rights.READ, /secure/],
    ["an identifier", {}, Rights.NONE, /identifier/],
  ])("is none of %s, which is never mapped", async (_, bufferSettings, rights, why) => {
    const vmo = { rights, map: () => expect.unreachable("it was mapped") };
    const collection = {
      allocation: { kind: "allocated", decided: { settings: { bufferSettings } } },
      buffers: new Map([[0, { memory: { vmo } }]]),
    };
    const server = { context: { collections: new Map([[7n, collection]]) } } as unknown as Server;
    const taken = await new Thumbnails(server, () => true).take({ collectionId: 7n, bufferIndex: 0 });
    expect(taken.ok && taken.value.thumbnail.obstacle).toMatch(why);
    expect(taken.ok && taken.value.thumbnail.start).toBeUndefined();
  });

  it("is not found where there is no such buffer or collection", async () => {
    const { id } = await painted();
    allow(true);
    const client = inspector();
    for (const request of [{ collectionId: id, bufferIndex: 99 }, { collectionId: 1n, bufferIndex: 0 }, {}]) {
      expect(await client.getThumbnail(request)).toEqual({ ok: false, error: InspectError.NOT_FOUND });
    }
    const waiting = world.collection("waiting");
    await waiting.sync();
    const last = (await client.listCollections({})).collections?.at(-1)?.collectionId;
    expect(await client.getThumbnail({ collectionId: last, bufferIndex: 0 })).toEqual({
      ok: false,
      error: InspectError.NOT_FOUND,
    });
  });

  it("is made of so many at once, and later of more", async () => {
    const { id } = await painted();
    allow(true);
    const { thumbnails } = world.daemon;
    const many = (count: number) =>
      Promise.all(Array.from({ length: count }, () => thumbnails.take({ collectionId: id, bufferIndex: 0 })));
    expect((await many(MAX_THUMBNAILS_UNDER_WAY)).every(({ ok }) => ok)).toBe(true);
    const answers = await many(MAX_THUMBNAILS_UNDER_WAY + 1);
    expect(answers.filter(({ ok }) => ok)).toHaveLength(MAX_THUMBNAILS_UNDER_WAY);
    expect(answers.at(-1)).toEqual({ ok: false, error: InspectError.BUSY });
    expect((await many(1))[0]?.ok).toBe(true);
  });

  it("is finished although its buffer goes away meanwhile, and keeps nothing alive", async () => {
    const { buffers, id } = await painted();
    allow(true);
    const taking = world.daemon.thumbnails.take({ collectionId: id, bufferIndex: 0 });
    buffers.close();
    await world.clear();
    const taken = await taking;
    expect(taken.ok && taken.value.picture?.width).toBe(320);
    await world.until(() => world.daemon.server.context.collections.size === 0);
  });

  it("does no harm when whoever asked has gone", async () => {
    const { id } = await painted();
    allow(true);
    const client = inspector();
    const asked = client.getThumbnail({ collectionId: id, bufferIndex: 0 }).catch(() => "gone");
    client.close();
    expect(await asked).toBe("gone");
    expect(look(await get({ collectionId: id, bufferIndex: 0 }))).toMatchObject({ width: 320, height: 240 });
  });
});

describe("sysmem thumbnail", () => {
  it("writes a picture", async () => {
    const { id } = await painted();
    allow(true);
    const file = join(folder, "frame.png");
    const { status, out } = await world.sysmem("thumbnail", "frames", "0", "-o", file);
    expect(status).toBe(0);
    expect(out).toBe(`NV12, LINEAR, REC709, 640 by 480, 672 bytes a row\n${file}: 320 by 240\n`);
    const { width, height, data } = decode(readFileSync(file));
    expect([width, height, [...data.slice(0, 4)]]).toEqual([320, 240, near([...LEFT, 255])]);
    expect(await world.json("thumbnail", String(id), "0", "-o", file)).toMatchObject({
      file,
      size: { width: 320, height: 240 },
    });
  });

  it("prints the first bytes of what is no image, and writes nothing", async () => {
    const { buffers } = await allocated(raw(), "plain");
    buffers.at(0).bytes().set(new TextEncoder().encode("hello, \u0007!"));
    allow(true);
    const file = join(folder, "plain.png");
    const { out } = await world.sysmem("thumbnail", "plain", "0", "-o", file);
    expect(out.split("\n").slice(0, 3)).toEqual([
      "no picture: its settings say nothing about images",
      "0000  68 65 6c 6c 6f 2c 20 07 21 00 00 00 00 00 00 00  hello, .!.......",
      "0010  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................",
    ]);
    expect(existsSync(file)).toBe(false);
  });

  it("says which argument it cannot read, and which file it cannot write", async () => {
    await painted();
    allow(true);
    const run = async (...args: string[]) => (await world.sysmem("thumbnail", "frames", ...args)).err;
    expect(await run("zero", "-o", "x.png")).toMatch(/zero is no buffer's index/);
    expect(await run("0", "-o", "x.png", "--image", "12")).toMatch(/12 is no WIDTHxHEIGHT/);
    expect(await run("9", "-o", "x.png")).toMatch(/has no buffer 9/);
    expect(await run("0", "-o", "/nowhere/x.png")).toMatch(/cannot write \/nowhere\/x.png/);
  });
});
