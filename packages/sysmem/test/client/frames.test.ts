/** Frame streams: order, back-pressure, ends, and neighbours that break the rules. See `sysmem.frames` in fidl/. */
import { expect } from "vitest";
import type { Channel } from "#base";
import { FrameReceiver, FrameSender, StreamClosedError } from "#client";
import { FrameStream } from "#gen/sysmem_frames";
import { createLinuxKernel } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { describe } from "vitest";
import { test } from "../support/leaks.ts";
import { rejection } from "./worlds.ts";

const frame = (bufferIndex: number, sequence = 0n) => ({ bufferIndex, sequence, presentationNs: 0n, checksum: 0 });

/** A test over both kernels with the two ends of a stream's channel. */
function overEachKernel(name: string, body: (up: Channel, down: Channel) => Promise<void>): void {
  describe.each(["linux", "fake"])("over the %s kernel", (kind) => {
    test(name, async () => {
      const kernel = kind === "linux" ? createLinuxKernel() : createFakeKernel();
      const ends = kernel.createChannel();
      try {
        await body(...ends);
      } finally {
        for (const end of ends) end.close();
        kernel.close();
      }
    });
  });
}

overEachKernel("5,000 frames arrive in order through four buffers, and every buffer comes back", async (up, down) => {
  const [sender, receiver] = [new FrameSender(up), new FrameReceiver(down, { bufferCount: 4 })];
  let mostHeld = 0;
  const send = async () => {
    sender.begin(30_000, 1_001);
    const free = [0, 1, 2, 3];
    for (let sequence = 0n; sequence < 5_000n; sequence++) {
      const index = free.pop() ?? (await sender.nextReturned());
      if (index === undefined) break;
      sender.send(frame(index, sequence));
    }
    sender.end();
    sender.end();
    let back = free.length;
    while ((await sender.nextReturned()) !== undefined) back++;
    return back;
  };
  const receive = async () => {
    const seen: bigint[] = [];
    for await (const { sequence, bufferIndex } of receiver) {
      seen.push(sequence);
      mostHeld = Math.max(mostHeld, receiver.heldCount);
      receiver.giveBack(bufferIndex);
    }
    return seen;
  };
  const [back, seen] = await Promise.all([send(), receive()]);
  expect(await receiver.frameRate).toEqual({ numerator: 30_000, denominator: 1_001 });
  expect(seen).toEqual(Array.from({ length: 5_000 }, (_, index) => BigInt(index)));
  expect(back).toBe(4);
  expect(mostHeld).toBeLessThanOrEqual(4);
  expect([sender.outstandingCount, receiver.heldCount]).toEqual([0, 0]);
  sender.close();
  receiver.close();
});

overEachKernel("a sender without a free buffer waits; the wait can be given up and repeated", async (up, down) => {
  const [sender, receiver] = [new FrameSender(up), new FrameReceiver(down)];
  sender.begin(25, 1);
  sender.send(frame(0));
  expect(() => sender.send(frame(0))).toThrow("buffer 0 is downstream already");
  const patience = new AbortController();
  const given = rejection(sender.nextReturned({ signal: patience.signal }));
  patience.abort(new TypeError("no patience"));
  expect(await given).toMatchObject({ message: "no patience" });
  const first = await receiver.nextFrame();
  expect(first).toMatchObject({ bufferIndex: 0 });
  receiver.giveBack(0);
  expect(() => receiver.giveBack(0)).toThrow("buffer 0 is not held here");
  expect(await sender.nextReturned()).toBe(0);
  sender.close();
  receiver.close();
});

overEachKernel("an end with frames under way: they arrive, and their buffers come back", async (up, down) => {
  const [sender, receiver] = [new FrameSender(up), new FrameReceiver(down)];
  sender.begin(25, 1);
  for (const index of [0, 1, 2]) sender.send(frame(index, BigInt(index)));
  sender.end();
  expect(() => sender.send(frame(3))).toThrow("no frame follows the end of the stream");
  const seen: number[] = [];
  for await (const { bufferIndex } of receiver) seen.push(bufferIndex);
  expect(seen).toEqual([0, 1, 2]);
  expect(receiver.heldCount).toBe(3);
  for (const index of seen) receiver.giveBack(index);
  const back = [await sender.nextReturned(), await sender.nextReturned(), await sender.nextReturned()];
  expect(back).toEqual([0, 1, 2]);
  expect(await sender.nextReturned()).toBeUndefined();
  receiver.close();
  sender.close();
});

overEachKernel("a neighbour that is gone in the middle is an error on either side", async (up, down) => {
  const [sender, receiver] = [new FrameSender(up), new FrameReceiver(down)];
  sender.begin(25, 1);
  sender.send(frame(0));
  await receiver.nextFrame();
  const lost = rejection(receiver.nextFrame());
  const alsoLost = rejection(receiver.nextFrame());
  sender.close();
  expect(await lost).toBeInstanceOf(StreamClosedError);
  expect(await alsoLost).toBeInstanceOf(StreamClosedError);
  receiver.giveBack(0);
  receiver.close();
  expect(await sender.nextReturned()).toBeUndefined();
});

overEachKernel("downstream that goes with buffers in its hands is an error, ended stream or not", async (up, down) => {
  const [sender, receiver] = [new FrameSender(up), new FrameReceiver(down)];
  sender.begin(25, 1);
  sender.send(frame(0));
  sender.end();
  await receiver.nextFrame();
  receiver.close();
  expect(await rejection(sender.nextReturned())).toMatchObject({ code: "STREAM_CLOSED" });
  expect(() => sender.begin(25, 1)).toThrow(StreamClosedError);
  sender.close();
  sender[Symbol.dispose]();
  receiver[Symbol.dispose]();
});

overEachKernel("a stream that ends before it begins has no frame rate", async (up, down) => {
  const receiver = new FrameReceiver(down);
  up.close();
  expect(await rejection(receiver.frameRate)).toMatchObject({ code: "STREAM_CLOSED" });
  expect(await rejection(receiver.nextFrame())).toMatchObject({ code: "STREAM_CLOSED" });
  receiver.close();
});

type Raw = ReturnType<typeof FrameStream.bind>;
const rate = { frameRateNumerator: 25, frameRateDenominator: 1 };
const BREACHES: readonly (readonly [string, RegExp, (stream: Raw) => void])[] = [
  ["begins twice", /begins twice/, (stream) => stream.begin(rate)],
  ["sends a buffer that is here", /buffer 1, which is here already/, (stream) => stream.send({ frame: frame(1) })],
  ["sends a buffer that does not exist", /buffer 3, which is none/, (stream) => stream.send({ frame: frame(3) })],
  [
    "sends after its end",
    /outside of its beginning and end/,
    (stream) => {
      stream.end();
      stream.send({ frame: frame(2) });
    },
  ],
];

for (const [what, why, breach] of BREACHES) {
  overEachKernel(`upstream that ${what} loses the stream`, async (up, down) => {
    const receiver = new FrameReceiver(down, { bufferCount: 3 });
    const stream = FrameStream.bind(up);
    stream.begin(rate);
    stream.send({ frame: frame(1) });
    expect(await receiver.nextFrame()).toMatchObject({ bufferIndex: 1 });
    breach(stream);
    await stream.closed;
    const end = await receiver.nextFrame().catch((error: Error) => error.message);
    // What comes after the end concerns nobody who had all frames.
    if (what === "sends after its end") expect(end).toBeUndefined();
    else expect(end).toMatch(why);
    receiver.close();
  });
}

overEachKernel("upstream whose frame rate is no ratio, or that does not begin, loses the stream", async (up, down) => {
  const receiver = new FrameReceiver(down);
  const stream = FrameStream.bind(up);
  stream.begin({ frameRateNumerator: 25, frameRateDenominator: 0 });
  await stream.closed;
  expect(await rejection(receiver.frameRate)).toMatchObject({ message: expect.stringContaining("frame rate of 25/0") });
  receiver.close();
});

overEachKernel("downstream that gives back what it has not loses the stream", async (up, down) => {
  const sender = new FrameSender(up);
  const serving = FrameStream.serve(down, { begin() {}, send() {}, end() {}, unknownMethod() {} });
  sender.begin(25, 1);
  serving.control.send.onReturned({ bufferIndex: 5 });
  expect(await rejection(sender.nextReturned())).toMatchObject({
    message: "the next participant gave back buffer 5, which it had not",
  });
  expect(() => sender.send(frame(0))).toThrow("which it had not");
  sender.close();
  serving.control.close();
});
