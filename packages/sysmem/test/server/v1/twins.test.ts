/**
 * The scenarios of the lifecycle contract as v1 clients meet them: the same descriptions, run by clients that speak v1. What
 * v1 has no word for is skipped by the first such word.
 */
import { readdirSync } from "node:fs";
import { describe, vi } from "vitest";
import { getCurrentTest } from "vitest/suite";
import type * as fixture from "../support/fixture.ts";
import * as v1 from "#gen/fuchsia_sysmem";
import { clientsOf, skipped } from "./as-v1.ts";

/** What v1 says otherwise on purpose. Each has a test in `v1.test.ts`. */
const DIFFERENT: readonly (readonly [string, string])[] = vi.hoisted(() => [
  ["L33: ", "in v1 a wait before SetConstraints is legal: L34"],
  ["L73: ", "it waits before SetConstraints"],
  ["a root gets its allocator's info", "an Allocator's SetDebugClientInfo does not reach tokens in v1"],
]);

/** Filled below: a factory must not wait for modules that themselves import what it makes. */
const late = vi.hoisted(() => ({ clients: new Map<string, ReturnType<typeof clientsOf>>() }));

vi.mock("#gen/fuchsia_sysmem2", async (importOriginal) => {
  const v2 = await importOriginal<typeof import("#gen/fuchsia_sysmem2")>();
  const speakingV1 = <P extends { readonly name: string }>(protocol: P): P => ({
    ...protocol,
    bind: (end: unknown) => late.clients.get(protocol.name)?.bind(end),
    createProxy: (factory: unknown) => late.clients.get(protocol.name)?.createProxy(factory),
  });
  return {
    ...v2,
    Allocator: speakingV1(v2.Allocator),
    BufferCollection: speakingV1(v2.BufferCollection),
    BufferCollectionToken: speakingV1(v2.BufferCollectionToken),
    BufferCollectionTokenGroup: speakingV1(v2.BufferCollectionTokenGroup),
  };
});

vi.mock("../support/fixture.ts", async (importOriginal) => {
  const original = await importOriginal<typeof fixture>();
  const fakeWorld: typeof original.fakeWorld = (options) => {
    const world = original.fakeWorld(options);
    const { server } = world;
    const serveAllocator = server.serveAllocator.bind(server);
    server.serveAllocator = (channel, more) => serveAllocator(channel, { ...more, version: "v1" });
    return world;
  };
  const endWorld: typeof original.endWorld = async (world, exceptions) => {
    const task = getCurrentTest();
    if (task === undefined || !skipped.has(task)) return original.endWorld(world, exceptions);
    // It was left in the middle of something: there may be VMOs that nobody closes.
    await world.server.shutdown();
  };
  const worldFixture: typeof original.worldFixture = {
    world: async ({ task }, use) => {
      const name = (task as { readonly name: string }).name;
      const difference = DIFFERENT.find(([part]) => name.includes(part));
      if (difference !== undefined) getCurrentTest()?.context.skip(difference[1]);
      const world = fakeWorld();
      await use(world);
      await endWorld(world);
    },
  };
  return { ...original, fakeWorld, endWorld, worldFixture };
});

for (const protocol of [v1.Allocator, v1.BufferCollection, v1.BufferCollectionToken, v1.BufferCollectionTokenGroup]) {
  late.clients.set(protocol.name.replace("fuchsia.sysmem/", "fuchsia.sysmem2/"), clientsOf(protocol));
}

const scenarios = readdirSync(new URL("../scenarios", import.meta.url))
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => name.slice(0, -".test.ts".length));

for (const name of scenarios) {
  describe(`as v1: ${name}`, async () => {
    await import(`../scenarios/${name}.test.ts`);
  });
}
