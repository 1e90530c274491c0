/** What a reserve makes in advance, and when it gives it back. */
import { describe, expect } from "vitest";
import {
  MAX_RESERVE_ON_LOOP_BYTES,
  MEMORY_RESERVE_EXPIRY_NS,
  MEMORY_RESERVE_HEADROOM_BYTES,
  MEMORY_RESERVE_IDLE_NS,
  MEMORY_RESERVE_LOOK_NS,
} from "#base";
import { MemoryReserve, SystemRamHeap } from "#heaps";
import { type BufferMemory, createLinuxKernel, KernelError } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { SimulatedClock } from "../server/support/simulated-clock.ts";
import { test } from "../support/leaks.ts";

const FRAME = 1_048_576;

function world(maxFrames: number) {
  const kernel = createFakeKernel();
  const clock = new SimulatedClock();
  const reserve = new MemoryReserve({ kernel, clock, maxBytes: maxFrames * FRAME });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    kernel,
    clock,
    reserve,
    settled,
    /** Asks for one buffer of each name and closes it. */
    async use(...names: string[]) {
      const memories: BufferMemory[] = [];
      for (const name of names) memories.push(await reserve.allocate(FRAME, { name }));
      for (const memory of memories) memory.close();
      return memories;
    },
    /** Lets it make all that it wants to. */
    async rest() {
      for (let i = 0; i < 16; i++) {
        clock.advance(i === 0 ? MEMORY_RESERVE_IDLE_NS : 0);
        await settled();
      }
    },
  };
}

describe("a memory reserve", () => {
  test("makes what was used once more, when it was quiet for a while and not before", async () => {
    const { clock, kernel, reserve, use, rest, settled } = world(4);
    const [first] = await use("a:0", "a:1");
    clock.advance(MEMORY_RESERVE_IDLE_NS - 1);
    await settled();
    expect(reserve.figures.files).toBe(0);
    await rest();
    expect(reserve.figures).toEqual({ files: 2, bytes: 2 * FRAME, maxBytes: 4 * FRAME, hits: 0, misses: 2 });
    const again = await reserve.allocate(FRAME, { name: "a:0" });
    expect(again.koid).not.toBe(first?.koid);
    expect(again.vmo.name).toBe("a:0");
    expect(reserve.figures).toMatchObject({ files: 1, hits: 1 });
    again.close();
    reserve.close();
    expect(kernel.usedMemoryBytes).toBe(0);
  });

  test("gives a buffer of another size or name memory of its own", async () => {
    const { reserve, use, rest } = world(4);
    await use("a:0");
    await rest();
    const others = [await reserve.allocate(2 * FRAME, { name: "a:0" }), await reserve.allocate(FRAME, { name: "b:0" })];
    expect(others.map(({ sizeBytes, vmo }) => [sizeBytes, vmo.name])).toEqual([
      [2 * FRAME, "a:0"],
      [FRAME, "b:0"],
    ]);
    expect(reserve.figures.hits).toBe(0);
    for (const memory of others) memory.close();
    reserve.close();
  });

  test("holds no more than its bound: the newest kinds stay", async () => {
    const { kernel, reserve, use, rest } = world(2);
    await use("a:0", "a:1", "a:2");
    await rest();
    expect(reserve.figures).toMatchObject({ files: 2, bytes: 2 * FRAME });
    await use("b:0");
    await rest();
    expect(kernel.usedMemoryBytes).toBe(2 * FRAME);
    await use("a:2", "b:0");
    expect(reserve.figures.hits).toBe(2);
    reserve.close();
  });

  test("keeps out of what is quick to reserve, and of what is larger than it may hold", async () => {
    const { reserve, rest } = world(1);
    for (const size of [MAX_RESERVE_ON_LOOP_BYTES, FRAME + 4_096])
      (await reserve.allocate(size, { name: "a" })).close();
    await rest();
    expect(reserve.figures.files).toBe(0);
    for (const size of [MAX_RESERVE_ON_LOOP_BYTES + 4_096, FRAME]) {
      (await reserve.allocate(size, { name: "a" })).close();
      await rest();
      expect(reserve.figures).toMatchObject({ files: 1, bytes: size });
    }
    reserve.close();
  });

  test("keeps nothing that was not used for a time", async () => {
    const { clock, kernel, reserve, use, rest, settled } = world(2);
    await use("a:0");
    await rest();
    clock.advance(MEMORY_RESERVE_EXPIRY_NS - 2 * MEMORY_RESERVE_LOOK_NS);
    await settled();
    expect(reserve.figures.files).toBe(1);
    clock.advance(2 * MEMORY_RESERVE_LOOK_NS);
    expect(kernel.usedMemoryBytes).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    reserve.close();
  });

  test("gives everything back when the machine runs short, and makes nothing there", async () => {
    const { clock, kernel, reserve, use, rest } = world(2);
    await use("a:0");
    await rest();
    kernel.faults.memoryLimitBytes = MEMORY_RESERVE_HEADROOM_BYTES + FRAME;
    clock.advance(MEMORY_RESERVE_LOOK_NS);
    expect(reserve.figures.files).toBe(1);
    kernel.faults.memoryLimitBytes -= 1;
    clock.advance(MEMORY_RESERVE_LOOK_NS);
    expect(kernel.usedMemoryBytes).toBe(0);
    await use("a:0");
    kernel.faults.memoryLimitBytes = MEMORY_RESERVE_HEADROOM_BYTES + FRAME - 1;
    await rest();
    expect(kernel.usedMemoryBytes).toBe(0);
    reserve.close();
  });

  test("gives everything back to an allocation that would fail without it, whatever its size", async () => {
    for (const size of [2 * FRAME, MAX_RESERVE_ON_LOOP_BYTES]) {
      const { kernel, reserve, use, rest } = world(2);
      await use("a:0", "a:1");
      await rest();
      kernel.faults.memoryLimitBytes = 2 * FRAME;
      const memory = await reserve.allocate(size, { name: "large" });
      expect(kernel.usedMemoryBytes).toBe(size);
      memory.close();
      kernel.faults.memoryLimitBytes = size - 1;
      await expect(reserve.allocate(size, { name: "large" })).rejects.toBeInstanceOf(KernelError);
      reserve.close();
    }
  });

  test("gives everything back to a claim that would fail without it", async () => {
    const { kernel, reserve, use, rest } = world(2);
    await use("a:0", "a:1");
    await rest();
    kernel.faults.memoryLimitBytes = 2 * FRAME;
    const claim = reserve.claim(2 * FRAME);
    expect(kernel.usedMemoryBytes).toBe(0);
    expect(() => reserve.claim(1)).toThrow(KernelError);
    const memory = await reserve.allocate(FRAME, { name: "a:0", claim });
    expect(kernel.claimedMemoryBytes).toBe(FRAME);
    claim.release();
    memory.close();
    reserve.close();
  });

  test("that cannot make any gives up until it is asked again", async () => {
    const { clock, kernel, reserve, use, rest } = world(2);
    await use("a:0", "a:1");
    kernel.faults.nextMemoryErrors.push("NO_MEMORY");
    await rest();
    clock.advance(MEMORY_RESERVE_EXPIRY_NS);
    expect(kernel.usedMemoryBytes).toBe(0);
    await use("a:0");
    await rest();
    expect(reserve.figures.files).toBe(1);
    reserve.close();
  });

  test("closes what is just being made when it is closed, and makes no more", async () => {
    const { clock, kernel, reserve, use, rest } = world(2);
    await use("a:0", "a:1");
    clock.advance(MEMORY_RESERVE_IDLE_NS);
    reserve.close();
    await rest();
    await use("a:0");
    await rest();
    expect(kernel.usedMemoryBytes).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  test("of Linux hands out zeros that nobody has seen", async () => {
    const kernel = createLinuxKernel();
    const clock = new SimulatedClock();
    const reserve = new MemoryReserve({ kernel, clock, maxBytes: FRAME });
    const heap = new SystemRamHeap(kernel, reserve);
    const request = { sizeBytes: FRAME, settings: {}, bufferCollectionId: 1n, bufferIndex: 0, name: "frames:0" };
    const first = await heap.allocateVmo(request);
    const mapping = first.vmo.map({ writable: true });
    mapping.bytes.fill(7);
    mapping.unmap();
    await heap.deleteVmo(1n, 0, first);
    clock.advance(MEMORY_RESERVE_IDLE_NS);
    while (reserve.figures.files === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(heap.description).toContain(`1 made in advance, ${FRAME} of ${FRAME} bytes`);
    const second = await heap.allocateVmo(request);
    expect(reserve.figures.hits).toBe(1);
    expect(second.koid).not.toBe(first.koid);
    const again = second.vmo.map();
    expect(again.bytes.every((byte) => byte === 0)).toBe(true);
    again.unmap();
    await heap.deleteVmo(1n, 0, second);
    reserve.close();
    kernel.close();
  });
});
