import { createLinuxKernel } from "#kernel";
import { createFakeKernel, createSteppedScheduler, type FakeScheduler, seededRandom } from "#kernel/fake";
import { describeKernel } from "./conformance.ts";

describeKernel("the Linux kernel, ready through libuv", () => createLinuxKernel({ readiness: "poll" }));
describeKernel("the Linux kernel, ready through a helper thread", () => createLinuxKernel({ readiness: "thread" }));
describeKernel("the fake kernel", () => createFakeKernel());

/** Delivers in a shuffled order, each in a macrotask. */
function shuffled(seed: number): FakeScheduler {
  const stepped = createSteppedScheduler(seededRandom(seed));
  return {
    schedule(lane, task) {
      stepped.schedule(lane, task);
      setImmediate(() => stepped.step());
    },
  };
}

for (const seed of [1, 2, 3]) {
  describeKernel(`the fake kernel, shuffled with seed ${seed}`, () => createFakeKernel({ scheduler: shuffled(seed) }));
}
