/** A fake world with a contiguous pool, for `test.extend`. */
import { ContiguousPoolHeap, type Heaps, systemRamOnly } from "#heaps";
import { createFakeKernel } from "#kernel/fake";
import { PAGE } from "../server/support/constraints.ts";
import { endWorld, type FakeWorld, fakeWorld } from "../server/support/fixture.ts";
import { SimulatedClock } from "../server/support/simulated-clock.ts";

export interface PooledWorld {
  readonly world: FakeWorld;
  readonly heaps: Heaps;
  readonly pool: ContiguousPoolHeap;
}

/** @param pages of the pool, two of which are guards */
export function pooledFixture(pages: number): {
  pooled(context: { readonly task: unknown }, use: (pooled: PooledWorld) => Promise<void>): Promise<void>;
} {
  return {
    pooled: async ({ task: _task }, use) => {
      const serverProcess = createFakeKernel();
      const heaps = systemRamOnly(serverProcess);
      const clock = new SimulatedClock();
      const world = fakeWorld({ serverProcess, clock, heaps: () => heaps });
      const pool = new ContiguousPoolHeap({ kernel: serverProcess, clock, sizeBytes: pages * PAGE });
      heaps.setContiguousSystemRam(pool);
      await use({ world, heaps, pool });
      // What buffers are left go on without it.
      pool.close();
      await endWorld(world);
    },
  };
}
