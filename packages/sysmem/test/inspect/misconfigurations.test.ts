/** Ten mistakes that people make, each with a real participant: the command line names who made it, and the field. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { Rights } from "#base";
import { PixelFormat } from "#gen/fuchsia_images2";
import { image, raw, READS } from "./constraints.ts";
import { World } from "./world.ts";

const world = new World();
afterEach(() => world.clear());
afterAll(() => world.close());

/** The newest failure. */
const last = async (): Promise<string> => (await world.sysmem("explain")).out;

describe("sysmem explain names who is at fault, and the field", () => {
  it("for formats that do not match", async () => {
    const root = world.collection("formats");
    world.participant("constrain", "encoder", await root.duplicate(), image(PixelFormat.NV12));
    world.local("camera", root, image(PixelFormat.B8G8R8A8));
    await world.failed("formats");
    const text = await last();
    expect(text).toMatch(/^encoder +image_format_constraints +pixel format NV12 LINEAR$/m);
    expect(text).toMatch(/^camera +image_format_constraints +pixel format B8G8R8A8 LINEAR$/m);
    expect(text).toContain('"formats"');
  });

  it("for a stride that does not fit", async () => {
    const root = world.collection("stride");
    const constraints = image(PixelFormat.B8G8R8A8, { maxBytesPerRow: 2560 });
    world.participant("constrain", "sensor", await root.duplicate(), constraints);
    world.local("display", root, image(PixelFormat.B8G8R8A8, { bytesPerRowDivisor: 1024 }));
    await world.failed("stride");
    const text = await last();
    expect(text).toMatch(/^sensor +image_format_constraints\[0\]\.max_bytes_per_row +bytes_per_row of at most 2560$/m);
    expect(text).toMatch(/^display +image_format_constraints\[0\]\.bytes_per_row_divisor/m);
    expect(text).toContain("sensor requires bytes_per_row of at most 3072 instead of 2560");
  });

  it("for too many buffers", async () => {
    const root = world.collection("count");
    world.participant("constrain", "greedy", await root.duplicate(), raw({ minBufferCountForCamping: 9 }));
    world.local("modest", root, raw({ maxBufferCount: 4 }));
    await world.failed("count");
    const text = await last();
    expect(text).toMatch(/^greedy +min_buffer_count_for_camping/m);
    expect(text).toMatch(/^modest +max_buffer_count +at most 4 buffers/m);
  });

  it("for a heap that is not there", async () => {
    const root = world.collection("heap");
    const heapType = "vendor.sysmem.heap.HEAP_TYPE.VRAM";
    world.participant(
      "constrain",
      "gpu",
      await root.duplicate(),
      raw({ bufferMemoryConstraints: { minSizeBytes: 4096n, permittedHeaps: [{ heapType, id: 0n }] } }),
    );
    world.local("other", root, raw());
    await world.failed("heap");
    const text = await last();
    expect(text).toMatch(/^gpu +buffer_memory_constraints\.permitted_heaps +.*VRAM/m);
    expect(text).not.toMatch(/^other +/m);
  });

  it("for a weak participant that has not consented", async () => {
    const root = world.collection("weak");
    const middle = await root.duplicate();
    middle.node.setWeak();
    const viewer = world.participant("constrain", "viewer", await middle.duplicate(), raw());
    world.local("middle", middle, raw());
    world.local("owner", root, raw());
    await viewer.says("CHANNEL_CLOSED");
    const text = await last();
    expect(text).toContain(`participant: viewer, pid ${viewer.pid}`);
    expect(text).toContain("field: WaitForAllBuffersAllocated");
    expect(text).toContain("without SetWeakOk");
  });

  it("for a participant that never sends constraints", async () => {
    const root = world.collection("silent");
    const sleepy = world.participant("bind", "sleepy", await root.duplicate());
    world.local("ready", root, raw());
    await sleepy.says("bound");
    const text = (await world.sysmem("explain", "silent")).out;
    expect(text).toContain(
      `waiting: sleepy (pid ${sleepy.pid}) has not sent SetConstraints [BufferCollection.SetConstraints]`,
    );
    expect(text).toContain(`its channel is held by pid ${sleepy.pid} (node participant.ts)`);
    expect(text).not.toContain("ready (");
  });

  it("for a participant that was killed", async () => {
    const root = world.collection("killed");
    const victim = world.participant("constrain", "victim", await root.duplicate(), raw());
    const other = world.local("other", root);
    await victim.says("constrained");
    await victim.kill();
    await other.closed;
    const text = await last();
    expect(text).toContain(`participant: victim, pid ${victim.pid}`);
    expect(text).toContain("field: Node.Release");
    expect(text).toContain("ended without Release: its process is gone");
  });

  it("for rights that were taken away", async () => {
    const root = world.collection("rights");
    const token = await root.duplicate({ rights: Rights.READ | Rights.MAP | Rights.TRANSFER });
    const writer = world.participant("constrain", "writer", token, raw());
    world.local("reader", root, raw({ usage: READS }));
    await writer.says("allocated");
    const text = (await world.sysmem("explain", "rights")).out;
    expect(text).toMatch(
      new RegExp(`^problem: writer \\(pid ${writer.pid}\\) has .*usage, but its VMOs cannot be written`, "m"),
    );
    expect(text).toContain("taken away by reader, who made its token [rights_attenuation_mask]");
  });

  it("for a quota that is used up", async () => {
    const root = world.collection("quota");
    const flood = world.participant("flood", "flood", await root.duplicate(), raw());
    world.local("other", root);
    await flood.says("closed");
    const text = await last();
    expect(text).toContain(`participant: flood, pid ${flood.pid}`);
    expect(text).toContain("field: AttachNodeTracking");
    expect(text).toContain("more than 256 AttachNodeTracking on one node");
  });
});

describe("sysmem why-alive names who is at fault, and what it holds", () => {
  it("for memory that is kept by a mapping", async () => {
    const root = world.collection("leak");
    const leaker = world.participant("leak", "leaker", await root.duplicate(), raw({ minBufferCountForCamping: 2 }));
    const other = world.local("other", root, raw());
    const buffers = await other.waitForBuffers();
    await leaker.says("released");
    buffers.close();
    other.release();
    const { server } = world.daemon;
    await world.until(() => server.snapshot().collections[0]?.nodes.length === 0);
    await world.until(() => server.snapshot().collections[0]?.buffers.every((one) => one.strongVmos === 1));
    const { out } = await world.sysmem("why-alive", "leak");
    expect(out).toMatch(
      new RegExp(`^ +${leaker.pid} +node participant.ts +0-2 +3 mappings \\(strong\\) +leaker$`, "m"),
    );
    expect(out).toContain('"leak": draining, 3 buffers');
    expect(out).not.toContain("still connected");
  });
});
