/** The demo's parts by themselves: words, effects, progress, what is handed over, and output files. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import type { PixelFormat } from "#gen/fuchsia_images2";
import { applyEffect, checksumBefore, EFFECTS } from "../../../src/cli/demo/effects.ts";
import { encodePart, inheritedPart, PART_VARIABLE } from "../../../src/cli/demo/hand-over.ts";
import { DemoOutputs } from "../../../src/cli/demo/outputs.ts";
import { ProgressBar } from "../../../src/cli/demo/progress.ts";
import { constraintsFor, ROLES } from "../../../src/cli/demo/roles.ts";
import { countsOf, decisionRows, demandsOf, formatsOf, usageOf } from "../../../src/cli/demo/words.ts";
import { frameChecksum } from "../../../src/cli/media/crc32.ts";
import type { ImageLayout } from "../../../src/cli/media/layout.ts";

describe("words", () => {
  const image = { size: { width: 600, height: 340 }, colors: { matrix: "BT.709", range: "limited" } } as const;
  const said = ROLES.map((role) => constraintsFor(role, role === "source" ? image : undefined));

  it("say what each role asks for", () => {
    expect(said.map(formatsOf)).toEqual(["NV12 I420 B8G8R8A8", "NV12 B8G8R8A8", "I420 NV12"]);
    expect(said.map(usageOf)).toEqual(["write", "read + write", "read"]);
    expect(said.map(countsOf)).toEqual(["2", "1", "1 + 1 shared"]);
    expect(said.map(demandsOf)).toEqual(["600x340", "rows of 64n bytes", "-"]);
  });

  it("have something for those who ask for nothing, and for formats of later versions", () => {
    expect([formatsOf({}), usageOf({}), countsOf({}), demandsOf({})]).toEqual(["no image", "none", "0", "-"]);
    expect(formatsOf({ imageFormatConstraints: [{ pixelFormat: 4_000 as PixelFormat }] })).toBe("4000");
    expect(demandsOf({ imageFormatConstraints: [{ sizeAlignment: { width: 2, height: 16 } }] })).toBe("size 2x16n");
  });

  it("name who decided, once, and leave out what nobody looks at", () => {
    const demand = { participant: "filter", field: "f", value: 64, text: "rows of 64" };
    expect(
      decisionRows([
        { setting: "buffer_count", value: 5, decidedBy: [demand, demand] },
        { setting: "image_format_constraints.pixel_format", value: "NV12", decidedBy: [], note: "the only one" },
        { setting: "buffer_settings.heap", value: { heap_type: "RAM", id: "0" }, decidedBy: [] },
        { setting: "buffer_settings.is_secure", value: false, decidedBy: [] },
      ]),
    ).toEqual([
      ["pixel_format", "NV12", "the only one"],
      ["buffer_count", "5", "filter: rows of 64"],
      ["heap", "RAM", "follows from the rest"],
    ]);
  });
});

describe.each(["NV12", "I420", "B8G8R8A8"] as const)("effects on %s", (format) => {
  const layout: ImageLayout = { format, width: 6, height: 4, bytesPerRow: 32 };
  const fresh = () => Uint8Array.from({ length: 32 * 8 }, (_, index) => (index * 37) & 0xff);

  test.each(EFFECTS)("%s undoes itself, leaves padding alone, and its checksum is the original's", (effect) => {
    const [original, bytes] = [fresh(), fresh()];
    const checksum = frameChecksum(original, layout);
    applyEffect(effect, bytes, layout);
    expect(checksumBefore(effect, bytes, layout)).toBe(checksum);
    expect(bytes.subarray(24, 32)).toEqual(original.subarray(24, 32));
    if (effect !== "none") expect(frameChecksum(bytes, layout)).not.toBe(checksum);
    const damaged = bytes.slice();
    damaged[1] = (damaged[1] as number) ^ 1;
    expect(checksumBefore(effect, damaged, layout)).not.toBe(checksum);
    applyEffect(effect, bytes, layout);
    expect(bytes).toEqual(original);
  });
});

describe("the progress bar", () => {
  const draw = (isLive: boolean, use: (bar: ProgressBar) => void): string => {
    let text = "";
    use(new ProgressBar({ write: (part: string) => (text += part) } as never, isLive));
    return text;
  };

  it("is silent where nobody watches", () => {
    expect(
      draw(false, (bar) => {
        bar.expect(10);
        bar.update(3);
        bar.clear();
        bar.finish();
      }),
    ).toBe("");
  });

  it("shows how far it is, and no more than all", () => {
    const text = draw(true, (bar) => {
      bar.expect(10);
      bar.update(5);
      bar.update(25);
      bar.finish();
    });
    expect(text).toContain("5/10 frames");
    expect(text).toContain("25/10 frames");
    expect(text).toContain("#".repeat(15));
    expect(text).not.toContain("#".repeat(31));
    expect(text.endsWith("\n")).toBe(true);
  });

  it("counts where the end is not known, and has no rate before the first frame", () => {
    expect(draw(true, (bar) => bar.update(7))).toContain("7 frames");
    expect(new ProgressBar(process.stdout, false).rate).toBe(0);
  });
});

describe("what a participant inherits", () => {
  it("is what was handed over, once", () => {
    const part = { video: "a b.y4m", frames: 3, effect: "invert", out: undefined, sheet: "s.png" } as const;
    const env: NodeJS.ProcessEnv = { [PART_VARIABLE]: encodePart(part) };
    expect(inheritedPart(env)).toEqual(part);
    expect(env).toEqual({});
    expect(() => inheritedPart(env)).toThrow("this command is started by `sysmem demo`, not by hand");
  });

  it("has no effect that does not exist", () => {
    expect(inheritedPart({ [PART_VARIABLE]: '{"effect":"sharpen"}' }).effect).toBe("none");
  });
});

describe("output files", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sysmem-outputs-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);

  it("of a run that breaks off are removed where they were not there before", async () => {
    writeFileSync(at("old.y4m"), "old");
    const outputs = await DemoOutputs.prepare(undefined, { out: at("old.y4m"), sheet: at("new.png") }, at("usual.png"));
    expect(outputs.sheet).toBe(at("new.png"));
    writeFileSync(at("new.png"), "half");
    await outputs.discard();
    await outputs.discard();
    expect(readdirSync(folder)).toEqual(["old.y4m"]);
  });

  it("have a usual place, which is left out where it is somebody else's", async () => {
    const usual = await DemoOutputs.prepare("video.mp4", {}, at("usual.png"));
    expect(usual.sheet).toBe(at("usual.png"));
    mkdirSync(at("usual.png"));
    expect((await DemoOutputs.prepare(undefined, {}, at("usual.png"))).sheet).toBeUndefined();
  });

  it("are not the video, by whichever name, and not each other", async () => {
    writeFileSync(at("video.y4m"), "");
    symlinkSync(at("video.y4m"), at("link.y4m"));
    const prepare = (out: string, sheet?: string) =>
      DemoOutputs.prepare(at("video.y4m"), { out, sheet }, at("usual.png"));
    await expect(prepare(at("link.y4m"))).rejects.toThrow("it is used for something else here");
    await expect(prepare(at("one"), at("./one"))).rejects.toThrow("it is used for something else here");
    await expect(prepare(at("video.y4m/x"))).rejects.toThrow(`${at("video.y4m")} is no folder`);
    await expect(prepare(at("no/x"))).rejects.toThrow(`there is no folder ${at("no")}`);
  });
});
