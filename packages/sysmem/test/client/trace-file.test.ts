import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTraceFile, TraceError } from "#client";
import { parseTraceLine } from "#fidl";
import { Allocator } from "#gen/fuchsia_sysmem2";
import { createFakeKernel } from "#kernel/fake";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trace-file-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);

/** Sends one message that nobody reads. */
function sendOne(): void {
  const kernel = createFakeKernel();
  const [end, other] = kernel.createChannel();
  const allocator = Allocator.bind(end);
  allocator.setDebugClientInfo({ name: "one", id: 1n });
  allocator.close();
  other.close();
}

/** What a capture holds: `header`, or the protocol of a message. */
function linesOf(name: string): string[] {
  const lines = readFileSync(path(name), "utf8").trimEnd().split("\n");
  return lines.map((line) => {
    const parsed = parseTraceLine(line);
    if (!parsed.ok) return parsed.error;
    return parsed.value.kind === "header" ? "header" : parsed.value.message.protocol;
  });
}

describe("captures of a process", () => {
  it("may be several at a time, and each ends by itself", () => {
    const first = openTraceFile(path("first"));
    const second = openTraceFile(path("second"));
    sendOne();
    first.close();
    first.close();
    sendOne();
    second.close();
    sendOne();
    expect(linesOf("first")).toEqual(["header", "fuchsia.sysmem2/Allocator"]);
    expect(linesOf("second")).toEqual(["header", "fuchsia.sysmem2/Allocator", "fuchsia.sysmem2/Allocator"]);
  });

  it("are made anew, or appended to", () => {
    writeFileSync(path("old"), "something else\n");
    openTraceFile(path("old")).close();
    openTraceFile(path("old"), { append: true }).close();
    expect(linesOf("old")).toEqual(["header", "header"]);
  });

  it("are for their owner's eyes", () => {
    openTraceFile(path("new")).close();
    expect(statSync(path("new")).mode & 0o777).toBe(0o600);
  });

  it("that cannot be opened are an error that names the file", () => {
    expect(() => openTraceFile(folder)).toThrow(TraceError);
    expect(() => openTraceFile(folder)).toThrow(`cannot write the capture ${folder}: illegal operation on a directory`);
  });
});
