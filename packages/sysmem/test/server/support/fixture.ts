/** A world for tests: a server and its clients as two processes of the fake kernel, under simulated time. */
import { expect } from "vitest";
import type { Channel } from "#base";
import { createFakeKernel, type FakeKernel } from "#kernel/fake";
import type { HeapRegistry } from "#heaps";
import { World, type WorldOptions } from "./world.ts";

export interface FakeWorld extends World {
  readonly serverProcess: FakeKernel;
  readonly clientProcess: FakeKernel;
  /** Makes every request for memory from now on wait until released. */
  holdMemory(): { readonly release: () => void };
}

/** Lets a test hold back the kernel's answers to requests for memory. */
function holdable(kernel: FakeKernel): { readonly kernel: FakeKernel; readonly hold: () => { release: () => void } } {
  let held: Promise<void> | undefined;
  const original = kernel.createMemory.bind(kernel);
  kernel.createMemory = async (sizeBytes, options) => {
    await held;
    return original(sizeBytes, options);
  };
  return {
    kernel,
    hold() {
      let release = () => {};
      held = new Promise((resolve) => {
        release = () => {
          held = undefined;
          resolve();
        };
      });
      return { release };
    },
  };
}

export type FakeWorldOptions = Partial<Omit<WorldOptions, "heaps">> & {
  readonly serverProcess?: FakeKernel;
  readonly heaps?: (kernel: FakeKernel) => HeapRegistry;
};

/** Enough for every chain of promises that a message can set going. */
async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}

export function fakeWorld(options: FakeWorldOptions = {}): FakeWorld {
  const { serverProcess = createFakeKernel(), heaps, ...rest } = options;
  const { hold } = holdable(serverProcess);
  const clientProcess = serverProcess.spawn();
  const world = new World({
    kernel: serverProcess,
    clients: clientProcess,
    give: (channel) => clientProcess.give(channel, serverProcess) as Channel,
    settle,
    ...(heaps !== undefined && { heaps: heaps(serverProcess) }),
    ...rest,
  });
  return Object.assign(world, { serverProcess, clientProcess, holdMemory: hold });
}

/** Ends a world and holds it to having kept nothing. */
export async function endWorld(world: FakeWorld, exceptions = 0): Promise<void> {
  await world.dispose();
  expect(world.errors("exception")).toHaveLength(exceptions);
  expect({
    collections: world.server.snapshot().collections.length,
    tokens: world.server.context.tokens.size,
    vmos: world.server.context.vmos.size,
    serverHandles: world.serverProcess.openHandleCount,
    clientHandles: world.clientProcess.openHandleCount,
    memory: world.serverProcess.usedMemoryBytes,
    claimed: world.serverProcess.claimedMemoryBytes,
  }).toEqual({ collections: 0, tokens: 0, vmos: 0, serverHandles: 0, clientHandles: 0, memory: 0, claimed: 0 });
}

/** For `test.extend`: every test gets a world of its own, which is held to having kept nothing. */
export const worldFixture = {
  world: async (
    { task: _task }: { readonly task: unknown },
    use: (world: FakeWorld) => Promise<void>,
  ): Promise<void> => {
    const world = fakeWorld();
    await use(world);
    await endWorld(world);
  },
};
