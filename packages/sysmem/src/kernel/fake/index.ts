/** The kernel port in one process, without system calls: for tests, simulations and the playground. */
export { createFakeKernel, type FakeKernel, type FakeKernelOptions } from "./fake-kernel.ts";
export type { FakeFaults } from "./machine.ts";
export {
  createSteppedScheduler,
  type FakeScheduler,
  fifoScheduler,
  type SteppedScheduler,
  seededRandom,
} from "./scheduler.ts";
