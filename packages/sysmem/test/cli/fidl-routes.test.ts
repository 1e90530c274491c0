/** `sysmem fidl ...` from the command line: exit statuses, and that what is asked for arrives. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_MESSAGE_HANDLES } from "#base";
import { sysmem } from "./sysmem.ts";

/** A request of `Sync`. */
const SYNC = "0500000002008001545b57cf5525ac11";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysmem-fidl-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("sysmem fidl decode", () => {
  it("explains a message", async () => {
    const { status, out, err } = await sysmem("fidl", "decode", SYNC, "--role", "request", "--handles", "0");
    expect([status, err]).toEqual([0, ""]);
    expect(out).toContain("Sync");
  });

  it("prints what the guide shows", async () => {
    const guide = readFileSync(new URL("../../../../docs/guide/messages.md", import.meta.url), "utf8");
    const shown = /^\$ sysmem (fidl decode [0-9a-f]+)\n([^]*?)^```$/m.exec(guide);
    expect(await sysmem(...(shown?.[1] ?? "").split(" "))).toEqual({ status: 0, out: shown?.[2], err: "" });
  });

  it("ends with 1 after a malformed message, with what is wrong in one line", async () => {
    const { status, err } = await sysmem("fidl", "decode", `${SYNC}00`);
    expect(status).toBe(1);
    expect(err).toMatch(/^sysmem: cannot decode the message: malformed at byte \d+: .*\n$/);
  });

  it("ends with 2 for more handles than a message may have", async () => {
    expect((await sysmem("fidl", "decode", SYNC, "--handles", String(MAX_MESSAGE_HANDLES))).status).not.toBe(2);
    const { status, err } = await sysmem("fidl", "decode", SYNC, "--handles", String(MAX_MESSAGE_HANDLES + 1));
    expect(status).toBe(2);
    expect(err).toContain(`not a number of handles, at most ${MAX_MESSAGE_HANDLES}`);
  });
});

describe("sysmem fidl format", () => {
  it("prints, or with -w writes, and ends with 1 when a file cannot be formatted", async () => {
    const good = join(folder, "good.fidl");
    const bad = join(folder, "bad.fidl");
    writeFileSync(good, "library   a;\n");
    writeFileSync(bad, "library\n");
    expect(await sysmem("fidl", "format", good)).toEqual({ status: 0, out: "library a;\n", err: "" });
    const both = await sysmem("fidl", "format", "-w", bad, good);
    expect(both.status).toBe(1);
    expect(both.err).toContain("bad.fidl:");
    expect(both.err).toContain("sysmem: not every file could be formatted");
    expect(readFileSync(good, "utf8")).toBe("library a;\n");
    expect(readFileSync(bad, "utf8")).toBe("library\n");
  });
});
