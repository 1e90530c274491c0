/** What a memory file of ours looks like to other processes. Source: transport contract, section 4. */
import { readFileSync, readlinkSync, statSync } from "node:fs";
import { describe, expect } from "vitest";
import { MAX_FREE_ON_LOOP_BYTES, MAX_MEMORY_NAME_BYTES, MAX_RESERVE_ON_LOOP_BYTES } from "#base";
import { createLinuxKernel } from "#kernel";
import { fileStatus, fileStatusThroughNode } from "../../src/kernel/ffi/file-status.ts";
import { loadLibc } from "../../src/kernel/ffi/libc.ts";
import { test } from "../support/leaks.ts";

const F_GET_SEALS = 1034;
const SEAL_SHRINK_GROW = 1 | 2 | 4;

describe("a memory file", () => {
  for (const size of [1, MAX_RESERVE_ON_LOOP_BYTES, MAX_RESERVE_ON_LOOP_BYTES + 1, 8_294_400]) {
    test(`of ${size} bytes has its pages reserved, its size sealed, and is its owner's alone`, async () => {
      const kernel = createLinuxKernel();
      const memory = await kernel.createMemory(size, { name: "file" });
      const fd = kernel.descriptorOf(memory.vmo);
      const stat = statSync(`/proc/self/fd/${fd}`);
      expect(stat.size).toBe(memory.sizeBytes);
      expect(stat.size % 4_096).toBe(0);
      expect(stat.blocks * 512).toBe(stat.size);
      expect(stat.mode & 0o777).toBe(0o600);
      expect(`${stat.dev}:${stat.ino}`).toBe(memory.koid);
      expect(loadLibc().fcntl(fd, F_GET_SEALS, 0)).toBe(SEAL_SHRINK_GROW);
      memory.close();
      kernel.close();
    });
  }

  test("has as much of its name as fits, cut between characters", async () => {
    const kernel = createLinuxKernel();
    const nameOf = async (name: string) => {
      const memory = await kernel.createMemory(1, { name });
      const given = memory.vmo.name;
      memory.close();
      return given;
    };
    expect(await nameOf("x".repeat(MAX_MEMORY_NAME_BYTES))).toBe("x".repeat(MAX_MEMORY_NAME_BYTES));
    expect(await nameOf("x".repeat(MAX_MEMORY_NAME_BYTES + 1))).toBe("x".repeat(MAX_MEMORY_NAME_BYTES));
    expect(await nameOf(`${"x".repeat(MAX_MEMORY_NAME_BYTES - 1)}ä`)).toBe("x".repeat(MAX_MEMORY_NAME_BYTES - 1));
    expect(await nameOf("a\0b")).toBe("ab");
    expect(await nameOf("gone (deleted)")).toBe("gone (deleted)");
    expect(await nameOf("")).toBe("");
    kernel.close();
  });

  for (const size of [MAX_FREE_ON_LOOP_BYTES, MAX_FREE_ON_LOOP_BYTES + 4_096]) {
    test(`of ${size} bytes is ${size > MAX_FREE_ON_LOOP_BYTES ? "freed by a helper thread" : "freed at once"}`, async () => {
      const kernel = createLinuxKernel();
      const memory = await kernel.createMemory(size, { name: "freed" });
      const fd = kernel.descriptorOf(memory.vmo);
      const isOpen = () => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).includes("freed");
        } catch {
          return false;
        }
      };
      const done = memory.closeOffLoop();
      expect(memory.vmo.isClosed).toBe(true);
      if (size <= MAX_FREE_ON_LOOP_BYTES) expect(isOpen()).toBe(false);
      await done;
      expect(isOpen()).toBe(false);
      await memory.closeOffLoop();
      memory.close();
      kernel.close();
    });
  }

  test("is reserved while the loop turns", async () => {
    const kernel = createLinuxKernel();
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    count();
    const memory = await kernel.createMemory(67_108_864, { name: "off the loop" });
    isDone = true;
    expect(turns).toBeGreaterThan(2);
    memory.close();
    kernel.close();
  });

  test("is described alike with and without the C library's statx", () => {
    const libc = loadLibc();
    for (const fd of [0, 1, 2]) {
      expect(fileStatus(libc, fd)).toEqual(fileStatusThroughNode(fd));
      expect(fileStatus({ ...libc, statx: undefined }, fd)).toEqual(fileStatusThroughNode(fd));
    }
    expect(() => fileStatus(libc, -1)).toThrow(/cannot inspect/);
  });

  test("and everything else the kernel opens is closed on exec", async () => {
    const kernel = createLinuxKernel();
    const memory = await kernel.createMemory(1, { name: "exec" });
    const { vmo } = memory.handOut({ writable: true });
    const handles = [
      ...kernel.createChannel(),
      ...kernel.createEventPair(),
      kernel.createEvent(),
      vmo,
      vmo.duplicate(),
    ];
    kernel.createChannel().forEach((end, index, ends) => {
      end.relatedKoid();
      if (index === 1) for (const each of ends) each.close();
    });
    const opened = [...handles, memory.vmo].map((handle) => kernel.descriptorOf(handle));
    expect(kernel.ownDescriptors).toHaveLength(3);
    for (const fd of [...opened, ...kernel.ownDescriptors]) {
      const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1] ?? "0";
      expect(Number.parseInt(flags, 8) & 0o2000000, `descriptor ${fd}`).not.toBe(0);
    }
    for (const handle of handles) handle.close();
    memory.close();
    kernel.close();
    expect(kernel.ownDescriptors).toEqual([]);
  });
});
