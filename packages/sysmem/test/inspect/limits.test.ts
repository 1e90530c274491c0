/** Limits of looking through /proc and of answers, on both sides of each. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MAX_HOLDERS, MAX_INSPECT_PAGE_BYTES, MAX_INSPECT_VALUE_BYTES, MAX_SCANNED_DESCRIPTORS_PER_TURN } from "#base";
import { Node } from "#gen/sysmem_inspect";
import { createLinuxKernel } from "#kernel";
import { clip, fill, sizeOf } from "../../src/daemon/inspect/pages.ts";
import { lookThroughProcesses } from "../../src/daemon/inspect/processes.ts";

/** Descriptors that this process may have. */
const DESCRIPTORS = Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1] ?? 0);

/** Opens a memory file `counts` times, looks for its holders each time, and tells how many were found. */
async function holdersFound(...counts: readonly number[]): Promise<number[]> {
  const memory = await createLinuxKernel().createMemory(4_096, { name: "holders" });
  const opened: number[] = [];
  try {
    const path = readdirSync("/proc/self/fd")
      .map((fd) => `/proc/self/fd/${fd}`)
      .find((one) => linkOf(one).includes(":holders"));
    const found: number[] = [];
    const before = (await holds(memory.inode)).length;
    for (const count of counts) {
      while (opened.length < count) opened.push(openSync(path as string, "r"));
      found.push((await holds(memory.inode)).length - before);
    }
    return found;
  } finally {
    for (const fd of opened) closeSync(fd);
    memory.close();
  }
}

async function holds(inode: number): Promise<readonly unknown[]> {
  return (await lookThroughProcesses({ memory: new Set([inode]), sockets: new Set() })).holds;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

describe("a look through the processes", () => {
  it("finds what one turn looks at, and what the next does", async () => {
    const count = MAX_SCANNED_DESCRIPTORS_PER_TURN;
    expect(await holdersFound(1, count, count + 1)).toEqual([1, count, count + 1]);
  });

  it.skipIf(DESCRIPTORS < MAX_HOLDERS + 1_000)(
    `keeps MAX_HOLDERS and not one more (needs ${MAX_HOLDERS + 1_000} descriptors)`,
    async () => {
      const [found = 0] = await holdersFound(MAX_HOLDERS + 100);
      // What is held by the memory's own descriptors is among the holders.
      expect(found).toBeLessThanOrEqual(MAX_HOLDERS);
      expect(found).toBeGreaterThan(MAX_HOLDERS - 100);
    },
  );
});

describe("an answer", () => {
  it("holds a page of items, and the next item goes to the next page", () => {
    const item: Node = { nodeId: 1n, client: "c".repeat(1_000) };
    const fitting = Math.floor(MAX_INSPECT_PAGE_BYTES / sizeOf(item, Node));
    const items = (count: number) => Array.from({ length: count }, () => item);
    expect(fill(items(fitting), Node)).toMatchObject({ items: { length: fitting }, more: false });
    expect(fill(items(fitting + 1), Node)).toMatchObject({ items: { length: fitting }, more: true });
  });

  it("shows a value whole while it is short, and its beginning when it is not", () => {
    expect(clip("v".repeat(MAX_INSPECT_VALUE_BYTES), MAX_INSPECT_VALUE_BYTES)).toHaveLength(MAX_INSPECT_VALUE_BYTES);
    const cut = clip("v".repeat(MAX_INSPECT_VALUE_BYTES + 1), MAX_INSPECT_VALUE_BYTES);
    expect(cut).toBe(`${"v".repeat(MAX_INSPECT_VALUE_BYTES - 3)}...`);
  });
});
