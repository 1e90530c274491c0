import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_TRACE_BUFFER_LENGTH } from "#base";
import { LineFile } from "../../src/client/line-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "line-file-"));
  path = join(folder, "lines");
});
afterEach(() => rmSync(folder, { recursive: true }));

const content = () => readFileSync(path, "utf8");
const never = (cause: unknown) => expect.fail(String(cause));

describe("LineFile", () => {
  it("writes at the end of the turn what was added in it", async () => {
    const file = new LineFile(openSync(path, "w"), never);
    file.add("one\n");
    file.add("two\n");
    expect(content()).toBe("");
    await new Promise(setImmediate);
    expect(content()).toBe("one\ntwo\n");
    file.add("three\n");
    expect(file.close()).toBe(true);
    expect(content()).toBe("one\ntwo\nthree\n");
    file.add("four\n");
    expect([file.close(), content()]).toEqual([false, "one\ntwo\nthree\n"]);
  });

  it("collects MAX_TRACE_BUFFER_LENGTH characters and writes at once when there is one more", () => {
    const file = new LineFile(openSync(path, "w"), never);
    file.add("x".repeat(MAX_TRACE_BUFFER_LENGTH - 1));
    file.add("\n");
    expect(content()).toBe("");
    file.add("y");
    expect(content()).toHaveLength(MAX_TRACE_BUFFER_LENGTH + 1);
    file.close();
  });

  it("tells once why it cannot be written, and closes", async () => {
    writeFileSync(path, "");
    const causes: unknown[] = [];
    const fd = openSync(path, "r");
    const file = new LineFile(fd, (cause) => causes.push(cause));
    file.add("one\n");
    await new Promise(setImmediate);
    file.add("two\n");
    expect(file.close()).toBe(false);
    expect(causes).toMatchObject([{ code: "EBADF" }]);
    expect(() => closeSync(fd)).toThrow("EBADF");
  });

  it("leaves no listener at the end of the process", () => {
    const before = process.listenerCount("exit");
    const file = new LineFile(openSync(path, "w"), never);
    file.close();
    expect(process.listenerCount("exit")).toBe(before);
  });
});
