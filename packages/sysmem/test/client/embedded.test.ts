/** What an embedded server is made of, and that it leaves nothing behind. */
import { describe, expect } from "vitest";
import { type EmbeddedOptions, Sysmem } from "#client";
import { MAX_RESERVE_ON_LOOP_BYTES, MEMORY_RESERVE_IDLE_NS } from "#base";
import { Heaps } from "#heaps";
import { createFakeKernel } from "#kernel/fake";
import { SimulatedClock } from "../server/support/simulated-clock.ts";
import { test } from "../support/leaks.ts";
import { raw, READ, WRITE } from "./worlds.ts";

const FRAME = 4 * MAX_RESERVE_ON_LOOP_BYTES;

/** Sets a collection of one frame up and down again. Gives the koid of its memory. */
async function oneFrame(sysmem: Sysmem): Promise<string> {
  const collection = sysmem.bind(sysmem.allocateSharedCollection().setName("frame"));
  collection.setConstraints(raw(READ | WRITE, BigInt(FRAME)));
  const buffers = await collection.waitForBuffers();
  const koid = buffers.at(0).vmo?.koid;
  buffers.close();
  collection.release();
  return `${koid}`;
}

describe("memoryReserveBytes", () => {
  test("makes the next set-up's memory in advance, and gives it back at the end", async () => {
    const kernel = createFakeKernel();
    const clock = new SimulatedClock();
    const sysmem = await Sysmem.embedded({ kernel, clock, memoryReserveBytes: FRAME });
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    const first = await oneFrame(sysmem);
    for (let i = 0; i < 16; i++) await settled();
    expect(kernel.usedMemoryBytes).toBe(0);

    clock.advance(MEMORY_RESERVE_IDLE_NS);
    for (let i = 0; i < 16; i++) await settled();
    expect(kernel.usedMemoryBytes).toBe(FRAME);
    expect(await oneFrame(sysmem)).not.toBe(first);

    await sysmem.shutdown();
    expect(kernel.usedMemoryBytes).toBe(0);
    kernel.close();
  });

  test.each<[EmbeddedOptions, string]>([
    [{ memoryReserveBytes: -1 }, "memoryReserveBytes: expected a whole number of bytes, got -1"],
    [{ memoryReserveBytes: 0.5 }, "memoryReserveBytes: expected a whole number of bytes, got 0.5"],
    [{ memoryReserveBytes: 1, heaps: new Heaps() }, "memoryReserveBytes: heaps that are given have no memory reserve"],
  ])("is refused where it cannot be: %o", async (options, message) => {
    const kernel = createFakeKernel();
    await expect(Sysmem.embedded({ kernel, ...options })).rejects.toThrow(message);
    kernel.close();
  });
});
