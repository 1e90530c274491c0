/** So many VMOs of one buffer as the quota allows, on the real kernel, where each of them costs time. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createLinuxKernel } from "#kernel";
import { defaultServerLimits } from "#server";
import { raw } from "../support/constraints.ts";
import { World } from "../support/world.ts";

test("a buffer has as many VMOs as the default quota allows, and every one of them is seen to end", async () => {
  const linux = createLinuxKernel();
  const world = new World({ kernel: linux, clients: linux, give: (channel) => channel, settle: () => sleep(20) });
  const { collection, info } = await world.allocated(raw());
  const infos = [info];
  while (infos.length < defaultServerLimits.maxVmosPerBuffer) infos.push(await world.info(collection));
  expect(await world.wait(collection)).toEqual({ kind: "error", error: "UNSPECIFIED" });
  await world.alive(collection);
  const tracker = world.lifetime(collection, 0);
  await world.alive(collection);
  world.leave(collection);
  for (const each of infos) world.closeVmos(each);
  await new Promise<void>((resolve) => void tracker.onPeerClosed(resolve));
  await world.dispose();
  linux.close();
  // The squared cost of looking at them is why it is no more.
  expect(defaultServerLimits.maxVmosPerBuffer).toBeLessThanOrEqual(1_024);
}, 60_000);
