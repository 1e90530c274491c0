/** Tokens given to other processes and to threads. */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, expect } from "vitest";
import {
  ALLOCATOR_VARIABLE,
  attachChannel,
  ConnectError,
  detachChannel,
  inheritedChannel,
  spawnWithChannels,
  Sysmem,
  TOKEN_VARIABLE,
} from "#client";
import { processKernel } from "../../src/client/process-kernel.ts";
import { ignoreDescriptorsOf, test } from "../support/leaks.ts";
import { raw, WRITE } from "./worlds.ts";

// These use the one kernel of the process, as applications do.
ignoreDescriptorsOf(processKernel());
afterAll(() => processKernel().close());

const source = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const FLAGS = ["--conditions=sysmem:source", "--import", fileURLToPath(import.meta.resolve("tsx"))];

async function waitFor<T>(child: { once(event: string, listener: (value: T) => void): unknown }, event: string) {
  return (await once(child as never, event))[0] as T;
}

test("a child process takes part with a token and an Allocator that it inherits", async () => {
  const sysmem = await Sysmem.embedded({ name: "writer" });
  const token = sysmem.allocateSharedCollection();
  const forChild = await token.duplicate();
  const child = spawnWithChannels(
    process.execPath,
    [...FLAGS, source("reader.ts")],
    { [ALLOCATOR_VARIABLE]: sysmem.newAllocatorChannel(), [TOKEN_VARIABLE]: forChild },
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  expect(forChild.isUsedUp).toBe(true);
  const collection = sysmem.bind(token).setConstraints(raw(WRITE));
  const buffers = await collection.waitForBuffers();
  buffers.at(0).bytes().set(new TextEncoder().encode("to a child"));
  let said = "";
  child.stdout?.on("data", (data) => (said += data));
  child.stdin?.end("go");
  expect(await waitFor(child, "close")).toBe(0);
  expect(said).toBe("to a child");
  buffers.close();
  collection.release();
  await sysmem.shutdown();
});

test("a child that dies with its token takes its failure domain along, and an error names it", async () => {
  const sysmem = await Sysmem.embedded();
  const token = sysmem.allocateSharedCollection();
  const forChild = (await token.duplicate()).setDebugClientInfo("child");
  await forChild.sync();
  const child = spawnWithChannels(process.execPath, ["-e", "process.kill(process.pid, 'SIGKILL')"], {
    [TOKEN_VARIABLE]: forChild,
  });
  const collection = sysmem.bind(token).setConstraints(raw(WRITE));
  await expect(collection.waitForBuffers()).rejects.toThrow(/child.* went without Release/);
  if (child.exitCode === null && child.signalCode === null) await waitFor(child, "exit");
  collection.release();
  await sysmem.shutdown();
});

test("standard streams and descriptors of the caller's own are kept beside the channels", async () => {
  const sysmem = await Sysmem.embedded();
  const variables = ["ONE", "TWO"];
  const program = `process.stdout.write(JSON.stringify([process.env.ONE, process.env.TWO]))`;
  const start = (stdio?: "pipe" | "ignore" | ("pipe" | "ignore")[]) =>
    spawnWithChannels(
      process.execPath,
      ["-e", program],
      Object.fromEntries(variables.map((name) => [name, sysmem.newAllocatorChannel()])),
      stdio === undefined ? {} : { stdio },
    );
  for (const [stdio, numbers] of [
    ["pipe", ["3", "4"]],
    [
      ["ignore", "pipe"],
      ["3", "4"],
    ],
    [
      ["ignore", "pipe", "ignore", "pipe"],
      ["4", "5"],
    ],
  ] as const) {
    const child = start(typeof stdio === "string" ? stdio : [...stdio]);
    let said = "";
    child.stdout?.on("data", (data) => (said += data));
    expect(await waitFor(child, "close")).toBe(0);
    expect(JSON.parse(said)).toEqual(numbers);
  }
  await sysmem.shutdown();
});

test("a program that does not exist leaves no channel open", async () => {
  const sysmem = await Sysmem.embedded();
  const token = sysmem.allocateSharedCollection();
  const channel = (await token.duplicate()).take();
  const child = spawnWithChannels("/does/not/exist", [], { [TOKEN_VARIABLE]: channel });
  expect(await waitFor<NodeJS.ErrnoException>(child, "error")).toMatchObject({ code: "ENOENT" });
  expect(channel.isClosed).toBe(true);
  await token.closed;
  token.release();
  await sysmem.shutdown();
});

test("what was not inherited is named", () => {
  for (const [value, why] of [
    [undefined, "is not set"],
    ["", "not a descriptor number"],
    ["3x", "not a descriptor number"],
    ["-1", "not a descriptor number"],
    ["1", "a standard stream"],
    ["99999", "a descriptor that is not open"],
  ] as const) {
    const env: NodeJS.ProcessEnv = value === undefined ? {} : { CHANNEL: value };
    expect(() => inheritedChannel("CHANNEL", env)).toThrow(why);
    expect(() => inheritedChannel("CHANNEL", env)).toThrow("CHANNEL is not set");
  }
  const [pair, far] = processKernel().createEventPair();
  far.close();
  const env = { CHANNEL: String(processKernel().takeDescriptor(pair)) };
  expect(() => inheritedChannel("CHANNEL", env)).toThrow("a descriptor that is no channel");
  expect(() => Sysmem.inherited()).toThrow(ConnectError);
});

test("a worker thread takes part with a token and an Allocator that it is given, and leaves nothing", async () => {
  const host = spawnWithChannels(
    process.execPath,
    [...FLAGS, source("thread-host.ts")],
    {},
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let said = "";
  host.stdout?.on("data", (data) => (said += data));
  expect(await waitFor(host, "close")).toBe(0);
  expect(JSON.parse(said)).toEqual({
    refusal: expect.stringMatching(/cannot attach a channel of another thread: descriptor 999999 is not open/),
    text: "from a thread",
    hasLeft: false,
  });
});

test("a token is detached once", async () => {
  const sysmem = await Sysmem.embedded();
  const token = sysmem.allocateSharedCollection();
  await token.sync();
  const detached = detachChannel(token);
  expect(() => detachChannel(token)).toThrow("take() on a token that was bound, released or handed over");
  const back = sysmem.adoptToken(attachChannel(detached));
  await back.sync();
  back.release();
  await sysmem.shutdown();
});

test("what is attached must be a channel", () => {
  const [pair, far] = processKernel().createEventPair();
  far.close();
  const channelDescriptor = processKernel().takeDescriptor(pair);
  expect(() => attachChannel({ channelDescriptor })).toThrow(`descriptor ${channelDescriptor} is no channel`);
});
