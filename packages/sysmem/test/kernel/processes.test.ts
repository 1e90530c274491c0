/** Kernels in processes and threads: what keeps them alive, what they inherit, what they leave. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect } from "vitest";
import { ObjectType } from "#base";
import { createLinuxKernel, type EventPair, KernelError, probeLinuxKernel } from "#kernel";
import { test } from "../support/leaks.ts";
import { collect, message, numberOf } from "./collect.ts";
import { withFewDescriptors } from "./raw.ts";
import { nodeArguments, startProgram } from "./spawn.ts";

describe("a process", () => {
  const ending: [string, boolean][] = [
    ["nothing", true],
    ["reading, not kept alive", true],
    ["reading, not kept alive, with something to read at the end", true],
    ["paused", true],
    ["closed later", true],
    ["reading", false],
    ["waiting for an eventpair", false],
  ];
  for (const [what, endsByItself] of ending) {
    test(`with ${what} ${endsByItself ? "ends by itself" : "stays"}`, async () => {
      const child = spawn(process.execPath, [...nodeArguments("idle.ts"), what], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exit = once(child, "exit") as Promise<[number | null]>;
      await once(child.stdout, "data");
      if (!endsByItself) {
        const outcome = await Promise.race([exit, new Promise((resolve) => setTimeout(resolve, 200, "alive"))]);
        expect(outcome).toBe("alive");
        child.kill("SIGKILL");
      }
      const [code] = await exit;
      expect(code).toBe(endsByItself ? 0 : null);
    });
  }
});

describe("a descriptor", () => {
  test("that is not open cannot be taken", () => {
    const kernel = createLinuxKernel();
    for (const fd of [-1, 1.5, Number.NaN, 1_000_000]) expect(() => kernel.adoptDescriptor(fd)).toThrow(KernelError);
    kernel.close();
  });

  test("is the handle's, and moves with it", async () => {
    const kernel = createLinuxKernel();
    const [left, right] = kernel.createEventPair();
    const fd = kernel.descriptorOf(left);
    const { koid } = left;
    const [channel, peer] = kernel.createChannel();
    channel.write(message(1), [left]);
    expect(() => kernel.descriptorOf(left)).toThrow(/closed or moved/);
    const received = collect(peer);
    const [arrived] = (await received.packet(0)).handles as [EventPair];
    expect(arrived.objectType).toBe(ObjectType.EVENTPAIR);
    expect(arrived.koid).toBe(koid);
    expect(fd).toBeGreaterThan(2);
    for (const each of [arrived, right, channel]) each.close();
    received.close();
    kernel.close();
  });
});

describe("a machine", () => {
  test("is found to have what is required, and leaves nothing of the trial", async () => {
    const capabilities = await probeLinuxKernel();
    const names = [
      "system-calls",
      "unix-diag",
      "event-identity",
      "memory-files",
      "child-events",
      "huge-pages",
      "dma-heaps",
      "udmabuf",
    ];
    expect(capabilities.map(({ name }) => name)).toEqual(names);
    for (const { name, isRequired, isPresent, detail } of capabilities) {
      expect(isPresent || !isRequired, `${name}: ${detail}`).toBe(true);
      expect(detail).not.toBe("");
    }
  });

  test("that has too few descriptors is found wanting", async () => {
    let names: string[] = [];
    await withFewDescriptors(0, async () => {
      names = (await probeLinuxKernel()).filter(({ isPresent }) => !isPresent).map(({ name }) => name);
    });
    expect(names).toEqual(["system-calls"]);
  });
});

describe("a worker thread", () => {
  for (const readiness of ["auto", "thread"]) {
    test(`has a kernel of its own, ready by ${readiness}, and ends with its last channel`, async () => {
      const kernel = createLinuxKernel();
      const { channel, received, ended } = startProgram(kernel, "worker-host.ts", readiness, "end");
      await received.packet(0);
      channel.write(message(9), []);
      expect(numberOf((await received.packet(1)).bytes)).toBe(9);
      received.close();
      expect(await ended()).toBe(0);
      kernel.close();
    });

    test(`can be terminated while it waits by ${readiness}`, async () => {
      const kernel = createLinuxKernel();
      const { received, ended } = startProgram(kernel, "worker-host.ts", readiness, "terminate");
      await received.packet(0);
      expect(await ended()).toBe(0);
      expect(await received.closed()).toEqual({ kind: "peer-closed" });
      kernel.close();
    });
  }
});
