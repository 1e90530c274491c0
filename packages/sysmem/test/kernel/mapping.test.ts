/** Mappings, and the bookkeeping of the address space they go into. */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { InvariantError, MAPPING_ARENA_BYTES, MAX_MAPPING_ARENAS } from "#base";
import { type BufferMemory, createLinuxKernel, type LinuxKernel, type Mapping } from "#kernel";
import { loadLibc } from "../../src/kernel/ffi/libc.ts";
import { Mapper } from "../../src/kernel/ffi/mapper.ts";
import { RegionAllocator } from "../../src/kernel/ffi/region-allocator.ts";
import { FaultyLibc } from "../support/faulty-libc.ts";
import { test } from "../support/leaks.ts";
import { eventually, someTurns } from "./collect.ts";

const PAGE = 65_536;

describe("the region allocator", () => {
  test("agrees with a bitmap, whatever is asked of it", () => {
    const command = fc.oneof(
      fc.record({ allocate: fc.integer({ min: 1, max: 24 }), alignment: fc.constantFrom(1, 2, 4, 8) }),
      fc.record({ free: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), fc.nat({ max: 7 }), (commands, bias) => {
        const size = 64;
        const regions = new RegionAllocator(size, bias);
        const taken: boolean[] = Array(size).fill(false);
        const held: { offset: number; length: number }[] = [];
        const fits = (offset: number, length: number) =>
          offset + length <= size && taken.slice(offset, offset + length).every((bit) => !bit);
        for (const step of commands) {
          if ("free" in step) {
            const [range] = held.splice(step.free % Math.max(1, held.length), 1);
            if (range === undefined) continue;
            regions.free(range.offset, range.length);
            taken.fill(false, range.offset, range.offset + range.length);
          } else {
            const { allocate: length, alignment } = step;
            const offset = regions.allocate(length, alignment);
            if (offset === undefined) {
              for (let at = 0; at < size; at += 1)
                expect((at + bias) % alignment === 0 && fits(at, length)).toBe(false);
            } else {
              expect((offset + bias) % alignment).toBe(0);
              expect(fits(offset, length)).toBe(true);
              taken.fill(true, offset, offset + length);
              held.push({ offset, length });
            }
          }
          expect(regions.freeBytes).toBe(taken.filter((bit) => !bit).length);
        }
        // Everything given back is one piece again.
        for (const { offset, length } of held) regions.free(offset, length);
        expect(regions.allocate(size, 1)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test("hands out what was given back as late as it can", () => {
    const regions = new RegionAllocator(8);
    const offsets = [];
    for (let count = 0; count < 4; count += 1) {
      const offset = regions.allocate(2, 1) as number;
      offsets.push(offset);
      regions.free(offset, 2);
    }
    expect(offsets).toEqual([0, 2, 4, 6]);
    expect(regions.allocate(2, 1)).toBe(0);
  });

  test("does not take back what it did not hand out", () => {
    const regions = new RegionAllocator(8);
    const offset = regions.allocate(4, 1) as number;
    regions.free(offset, 4);
    expect(() => regions.free(offset, 4)).toThrow(InvariantError);
    expect(new RegionAllocator(0).allocate(1, 1)).toBeUndefined();
  });
});

describe("a mapping", () => {
  /** A kernel whose one arena holds four pages, so that the fifth must go elsewhere. */
  const smallKernel = () => createLinuxKernel({ mapping: { arenaBytes: 4 * PAGE, maxArenas: 1 } });

  async function mapMany(kernel: LinuxKernel, count: number): Promise<{ mappings: Mapping[]; close(): void }> {
    const memories: BufferMemory[] = [];
    const mappings: Mapping[] = [];
    for (let index = 0; index < count; index += 1) {
      const memory = await kernel.createMemory(PAGE, { name: `mapped ${index}` });
      const mapping = memory.vmo.map();
      mapping.bytes.fill(index + 1);
      memories.push(memory);
      mappings.push(mapping);
    }
    return {
      mappings,
      close() {
        for (const mapping of mappings) mapping.unmap();
        for (const memory of memories) memory.close();
        kernel.close();
      },
    };
  }

  test("shows zeros and loses writes after it was unmapped, in an arena and outside", async () => {
    const { mappings, close } = await mapMany(smallKernel(), 6);
    // The first four share the arena's buffer, the others have one each.
    expect(new Set(mappings.map(({ bytes }) => bytes.buffer)).size).toBe(3);
    for (const [index, mapping] of mappings.entries())
      expect(mapping.bytes.every((byte) => byte === index + 1)).toBe(true);
    for (const mapping of mappings) {
      mapping.unmap();
      expect(mapping.bytes.every((byte) => byte === 0)).toBe(true);
      mapping.bytes.fill(7);
      expect(mapping.bytes[0]).toBe(7);
    }
    close();
  });

  test("goes into a second arena when the first is full", async () => {
    const kernel = createLinuxKernel({ mapping: { arenaBytes: 4 * PAGE, maxArenas: 2 } });
    const { mappings, close } = await mapMany(kernel, 6);
    expect(new Set(mappings.map(({ bytes }) => bytes.buffer)).size).toBe(2);
    close();
  });

  test("that is larger than any arena stands alone", async () => {
    const kernel = smallKernel();
    const memory = await kernel.createMemory(5 * PAGE, { name: "large" });
    const mapping = memory.vmo.map();
    expect(mapping.bytes.length).toBe(5 * PAGE);
    expect(mapping.bytes.buffer.byteLength).toBe(5 * PAGE);
    mapping.bytes[5 * PAGE - 1] = 1;
    mapping[Symbol.dispose]();
    expect(mapping.isMapped).toBe(false);
    expect(mapping.bytes[5 * PAGE - 1]).toBe(0);
    memory.close();
    kernel.close();
  });

  test("is not made where somebody still looks at an earlier one", async () => {
    const kernel = smallKernel();
    const memory = await kernel.createMemory(2 * PAGE, { name: "first" });
    const first = memory.vmo.map();
    const second = memory.vmo.map();
    first.unmap();
    second.unmap();
    const third = memory.vmo.map();
    third.bytes.fill(9);
    expect(third.bytes.buffer).not.toBe(first.bytes.buffer);
    expect([...first.bytes.slice(0, 2), ...second.bytes.slice(0, 2)]).toEqual([0, 0, 0, 0]);
    third.unmap();
    memory.close();
    kernel.close();
  });

  test("is made where nobody looks any more", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const kernel = smallKernel();
    const memory = await kernel.createMemory(4 * PAGE, { name: "again" });
    let buffer: unknown;
    for (let count = 0; count < 3; count += 1) {
      // In a function of its own, so that nothing on this one's stack refers to the view.
      await (async () => {
        const mapping = memory.vmo.map();
        buffer ??= mapping.bytes.buffer;
        expect(mapping.bytes.buffer).toBe(buffer);
        mapping.unmap();
      })();
      await someTurns();
      collectGarbage();
      // What was collected is reported in a turn of its own.
      await someTurns();
    }
    memory.close();
    kernel.close();
  });

  test("for reading shows what others write, and keeps stray writes to itself", async () => {
    const kernel = createLinuxKernel();
    const memory = await kernel.createMemory(2 * 4_096, { name: "stray" });
    const reader = memory.handOut({ writable: false }).vmo;
    const reading = reader.map();
    const writing = memory.vmo.map();
    writing.bytes[0] = 5;
    expect(reading.bytes[0]).toBe(5);
    reading.bytes[4_096] = 6;
    expect(writing.bytes[4_096]).toBe(0);
    writing.bytes[1] = 7;
    expect(reading.bytes[1]).toBe(7);
    for (const each of [reading, writing]) each.unmap();
    reader.close();
    memory.close();
    kernel.close();
  });

  test("of an arena's size fits into one, and there are so many of them", () => {
    const libc = loadLibc();
    // A file of holes: address space is all that this takes.
    const fd = libc.memfd_create("holes", 1);
    libc.ftruncate(fd, MAPPING_ARENA_BYTES + PAGE);
    const mapper = new Mapper(libc);
    const larger = mapper.map(fd, MAPPING_ARENA_BYTES + PAGE, true, PAGE);
    expect(mapper.arenaCount).toBe(0);
    const mappings = Array.from({ length: MAX_MAPPING_ARENAS + 1 }, () =>
      mapper.map(fd, MAPPING_ARENA_BYTES, true, PAGE),
    );
    expect(mapper.arenaCount).toBe(MAX_MAPPING_ARENAS);
    expect(new Set(mappings.map(({ bytes }) => bytes.buffer)).size).toBe(MAX_MAPPING_ARENAS + 1);
    for (const mapping of [larger, ...mappings]) mapping.unmap();
    libc.close(fd);
  });

  test("of nothing has no bytes", () => {
    const mapping = new Mapper(loadLibc()).map(-1, 0, true, 4_096);
    expect(mapping.bytes.length).toBe(0);
    mapping.unmap();
  });

  test("that the kernel refuses leaves the arena whole", async () => {
    const mapper = new Mapper(loadLibc(), { arenaBytes: PAGE, maxArenas: 1 });
    expect(() => mapper.map(-1, PAGE, true, 4_096)).toThrow(/cannot map/);
    const kernel = createLinuxKernel();
    const memory = await kernel.createMemory(PAGE, { name: "whole" });
    const mapping = mapper.map(kernel.descriptorOf(memory.vmo), PAGE, true, 4_096);
    expect(mapping.bytes.buffer.byteLength).toBe(PAGE);
    expect(mapper.arenaCount).toBe(1);
    mapping.unmap();
    memory.close();
    kernel.close();
  });
});

const hugePagesFree = Number(/HugePages_Free:\s*(\d+)/.exec(readFileSync("/proc/meminfo", "latin1"))?.[1] ?? 0);

describe("huge pages", () => {
  test.skipIf(hugePagesFree < 2)(
    "back memory that is mapped, handed out and missed like any other (needs free huge pages)",
    async () => {
      const kernel = createLinuxKernel();
      const size = 2_097_152;
      const memory = await kernel.createMemory(size - 1, { name: "huge", hugePageBytes: size });
      expect(memory.sizeBytes).toBe(size);
      const { vmo, childId } = memory.handOut({ writable: true });
      const mappings = [vmo.map(), memory.vmo.map({ writable: false })] as const;
      mappings[0].bytes[size - 1] = 3;
      expect(mappings[1].bytes[size - 1]).toBe(3);
      const gone = new Promise<number>((resolve) => memory.onChildGone(resolve));
      for (const mapping of mappings) mapping.unmap();
      expect(mappings[0].bytes[size - 1]).toBe(0);
      vmo.close();
      expect(await gone).toBe(childId);
      memory.close();
      kernel.close();
    },
  );

  test.skipIf(hugePagesFree > 0)("are NO_MEMORY where the machine has none", async () => {
    const kernel = createLinuxKernel();
    const creation = kernel.createMemory(1, { name: "huge", hugePageBytes: 2_097_152 });
    await expect(creation).rejects.toMatchObject({ code: "NO_MEMORY" });
    kernel.close();
  });

  test("of a size the machine does not know are NOT_SUPPORTED", async () => {
    const kernel = createLinuxKernel();
    const creation = kernel.createMemory(1, { name: "huge", hugePageBytes: 2 ** 40 });
    await expect(creation).rejects.toMatchObject({ code: "NOT_SUPPORTED" });
    await expect(kernel.createMemory(1, { name: "huge", hugePageBytes: 3 })).rejects.toMatchObject({
      code: "INVALID_ARGS",
    });
    kernel.close();
  });

  test("that come by themselves are a wish, granted or not", async () => {
    const kernel = createLinuxKernel();
    const memory = await kernel.createMemory(4_194_304, { name: "transparent", transparentHugePages: true });
    const mapping = memory.vmo.map();
    expect(mapping.bytes.every((byte) => byte === 0)).toBe(true);
    mapping.unmap();
    memory.close();
    kernel.close();
  });
});

describe("a process with as many mappings as it may", () => {
  const limit = Number(readFileSync("/proc/sys/vm/max_map_count", "latin1"));
  // Each mapping is tried for real: where an administrator allows millions, that takes minutes.
  const isSmall = limit <= 70_000;
  // Later ones end the process when they find no mapping for themselves, as they may at any moment then.
  const isFrugal = Number.parseInt(process.versions.node, 10) < 24;

  test.skipIf(!(isSmall && isFrugal))(
    `gets NO_MEMORY, unmaps them all, and maps again (vm.max_map_count of at most 70,000; Node before 24)`,
    async () => {
      const kernel = createLinuxKernel();
      const memory = await kernel.createMemory(PAGE, { name: "shortage" });
      const mappings: Mapping[] = [];
      // Neighbours that differ in access are not joined.
      const map = () => mappings.push(memory.vmo.map({ writable: mappings.length % 2 === 0 }));
      expect(() => {
        for (;;) map();
      }).toThrow(expect.objectContaining({ code: "NO_MEMORY" }) as Error);
      expect(mappings.length).toBeGreaterThan(limit / 2);
      for (const mapping of mappings.splice(0)) mapping.unmap();
      for (let count = 0; count < 100; count += 1) map();
      for (const mapping of mappings) mapping.unmap();
      memory.close();
      kernel.close();
    },
  );
});

test("what cannot be unmapped for want of memory is unmapped a little later", async () => {
  const faulty = new FaultyLibc();
  const kernel = createLinuxKernel({ libc: faulty.libc });
  const memory = await kernel.createMemory(PAGE, { name: "shortage" });
  for (const mapping of [memory.vmo.map(), memory.vmo.map({ writable: false })]) {
    mapping.bytes[0] = 7;
    // Covering it, covering it with the reserve given up, and taking a new reserve.
    faulty.arm({ calls: ["mmap"], at: 1, times: 3, errno: "ENOMEM" });
    mapping.unmap();
    expect([faulty.hits, mapping.isMapped, mapping.bytes[0]]).toEqual([3, false, 7]);
    await eventually(() => mapping.bytes[0] === 0);
  }
  const large = new Mapper(faulty.libc, { arenaBytes: 65_536, maxArenas: 0 }).map(
    kernel.descriptorOf(memory.vmo),
    PAGE,
    true,
    PAGE,
  );
  faulty.arm({ calls: ["mmap"], at: 1, times: 3, errno: "ENOMEM" });
  large.unmap();
  await eventually(() => large.bytes[0] === 0);
  memory.close();
  kernel.close();
});

test("a mapping that fails leaves nothing, whatever else fails with it", async () => {
  const faulty = new FaultyLibc();
  const kernel = createLinuxKernel({ libc: faulty.libc });
  const memory = await kernel.createMemory(PAGE, { name: "shortage" });
  for (const times of [1, 2, 3, 4]) {
    faulty.arm({ calls: ["mmap"], at: 1, times, errno: "ENOMEM" });
    expect(() => memory.vmo.map()).toThrow("cannot map a VMO: ENOMEM");
    faulty.disarm();
    memory.vmo.map().unmap();
  }
  memory.close();
  kernel.close();
});
