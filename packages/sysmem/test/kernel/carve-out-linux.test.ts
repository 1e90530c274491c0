/** Carve-outs on Linux: what is given out of them, and how one is refused. */
import { describe, expect } from "vitest";
import { InvariantError } from "#base";
import { createLinuxKernel, hugePagePools } from "#kernel";
import { contiguityFault } from "../../src/kernel/ffi/contiguity.ts";
import { loadLibc } from "../../src/kernel/ffi/libc.ts";
import { test } from "../support/leaks.ts";
import { eventually, isZero } from "./collect.ts";
import { hasUdmabuf } from "./dma-buf-devices.ts";

const HUGE_PAGE_BYTES = 2_097_152;
const pools = hugePagePools();
const small = pools.find(({ pageBytes }) => pageBytes === HUGE_PAGE_BYTES)?.free ?? 0;

test.skipIf(hasUdmabuf)("a carve-out is refused where the machine cannot give out parts of huge pages", async () => {
  const kernel = createLinuxKernel();
  const pending = kernel.createCarveOut(8_192, { name: "none" });
  await expect(pending).rejects.toThrow(/\/dev\/udmabuf|cannot set aside 8192 contiguous bytes/);
  for (const size of [0, -1, 0.5, Number.NaN]) {
    await expect(kernel.createCarveOut(size, { name: "none" })).rejects.toMatchObject({ code: "INVALID_ARGS" });
  }
  kernel.close();
});

describe.skipIf(!hasUdmabuf)("a carve-out (needs /dev/udmabuf and free huge pages)", () => {
  test("gives out pieces that show its own pages, each VMO a file of its own", async () => {
    const kernel = createLinuxKernel();
    const carveOut = await kernel.createCarveOut(HUGE_PAGE_BYTES, { name: "carve-out" });
    expect(carveOut.sizeBytes).toBe(HUGE_PAGE_BYTES);
    expect(carveOut.bytes.length).toBe(HUGE_PAGE_BYTES);
    expect(isZero(carveOut.bytes)).toBe(true);
    const piece = carveOut.createPiece(16_384, 8_192, { name: "piece" });
    const other = carveOut.createPiece(24_576, 4_096, { name: "other" });
    expect(piece.sizeBytes).toBe(8_192);
    expect(piece.vmo.name).toBe("piece");
    const [first, second] = [piece.handOut({ writable: true }), piece.handOut({ writable: true })];
    expect(new Set([piece.koid, other.koid, first.vmo.koid, second.vmo.koid]).size).toBe(4);
    const [left, right] = [first.vmo.map(), second.vmo.map()];
    left.bytes.set([1, 2, 3], 4_096);
    expect([...carveOut.bytes.subarray(20_480, 20_483)]).toEqual([1, 2, 3]);
    carveOut.bytes[16_384] = 9;
    expect(right.bytes[0]).toBe(9);
    for (const each of [left, right]) each.unmap();
    // A piece that was given back can be given out again, old contents and all: clearing it is the pool's.
    for (const each of [first.vmo, second.vmo, piece]) each.close();
    const again = carveOut.createPiece(16_384, 8_192, { name: "again" });
    const mapping = again.vmo.map();
    expect(mapping.bytes[0]).toBe(9);
    mapping.unmap();
    for (const each of [again, other, carveOut]) each.close();
    carveOut.close();
    kernel.close();
  });

  test("keeps one handle for each VMO that is out, and none for those that are gone", async () => {
    const kernel = createLinuxKernel();
    const carveOut = await kernel.createCarveOut(HUGE_PAGE_BYTES, { name: "carve-out" });
    const piece = carveOut.createPiece(0, 4_096, { name: "piece" });
    const gone: number[] = [];
    piece.onChildGone((id) => gone.push(id));
    const children = Array.from({ length: 10 }, () => piece.handOut({ writable: true }));
    for (const { vmo } of children.slice(0, 5)) vmo.close();
    await eventually(() => gone.length === 5);
    expect(gone).toEqual(children.slice(0, 5).map(({ childId }) => childId));
    expect(piece.hasDescendants()).toBe(true);
    for (const { vmo } of children.slice(5)) vmo.close();
    await eventually(() => gone.length === 10);
    expect(piece.hasDescendants()).toBe(false);
    for (const each of [piece, carveOut]) each.close();
    kernel.close();
  });

  test("that is closed gives out nothing more, and what was given out lives on", async () => {
    const kernel = createLinuxKernel();
    const carveOut = await kernel.createCarveOut(HUGE_PAGE_BYTES, { name: "carve-out" });
    const piece = carveOut.createPiece(0, 4_096, { name: "piece" });
    const { vmo } = piece.handOut({ writable: true });
    carveOut.close();
    expect(() => piece.handOut({ writable: true })).toThrow(InvariantError);
    expect(() => carveOut.createPiece(0, 4_096, { name: "late" })).toThrow(InvariantError);
    const mapping = vmo.map();
    mapping.bytes[0] = 1;
    mapping.unmap();
    vmo.close();
    piece.close();
    kernel.close();
  });

  test("refuses pieces that are not in it, not in whole pages, or larger than the kernel allows", async () => {
    const kernel = createLinuxKernel();
    const carveOut = await kernel.createCarveOut(HUGE_PAGE_BYTES, { name: "carve-out" });
    expect(() => carveOut.createPiece(HUGE_PAGE_BYTES, 4_096, { name: "outside" })).toThrow(InvariantError);
    expect(() => carveOut.createPiece(1, 4_096, { name: "unaligned" })).toThrow("cannot make a DMA-BUF of 4096 bytes");
    carveOut.close();
    kernel.close();
  });

  test.skipIf(small < 32)("of several huge pages is one piece of memory (needs 32 free huge pages)", async () => {
    const kernel = createLinuxKernel();
    const size = 32 * HUGE_PAGE_BYTES - 4_096;
    const carveOut = await kernel.createCarveOut(size, { name: "carve-out" });
    expect(carveOut.sizeBytes).toBe(size);
    // Inside of a huge page there is nothing to find out.
    expect(contiguityFault(loadLibc(), carveOut.bytes, HUGE_PAGE_BYTES)).toBeUndefined();
    carveOut.bytes.fill(1);
    const piece = carveOut.createPiece(HUGE_PAGE_BYTES - 4_096, 8_192, { name: "across" });
    const mapping = piece.vmo.map();
    expect(mapping.bytes.every((byte) => byte === 1)).toBe(true);
    mapping.unmap();
    piece.close();
    carveOut.close();
    kernel.close();
  });

  test("larger than what is in reserve is refused with what there is and what helps", async () => {
    const kernel = createLinuxKernel();
    const pending = kernel.createCarveOut(2 ** 40, { name: "too large" });
    await expect(pending).rejects.toThrow(/cannot set aside 1099511627776 contiguous bytes: \d+ of 524288 pages/);
    await expect(kernel.createCarveOut(2 ** 40, { name: "too large" })).rejects.toMatchObject({ code: "NO_MEMORY" });
    kernel.close();
  });
});
