/** Heaps that cannot tell what they have left make one collection after the other. */
import { expect, test } from "vitest";
import { ContiguousSystemRamHeap } from "#heaps";
import { createFakeKernel } from "#kernel/fake";

test("claims are granted in the order in which they were asked for, each when the one before is released", async () => {
  const heap = new ContiguousSystemRamHeap(createFakeKernel(), [1 << 21]);
  const granted: number[] = [];
  const claims = [0, 1, 2].map(async (index) => {
    const claim = await heap.claim();
    granted.push(index);
    return claim;
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  for (const [index, claim] of claims.entries()) {
    await turn();
    expect(granted).toEqual([0, 1, 2].slice(0, index + 1));
    (await claim).release();
  }
});
