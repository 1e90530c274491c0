/** The bounds of what a channel keeps for a slow peer, and how it waits. */
import { describe, expect, test } from "vitest";
import { MAX_QUEUED_SEND_BYTES, MAX_QUEUED_SEND_HANDLES, MAX_READY_PER_TURN, SEND_RETRY_MS } from "#base";
import { createLinuxKernel } from "#kernel";
import type { Libc } from "../../src/kernel/ffi/libc.ts";
import { loadLibc } from "../../src/kernel/ffi/libc.ts";
import { PacketIo, Sent } from "../../src/kernel/ffi/packet-io.ts";
import { type PendingMove, SendQueue } from "../../src/kernel/ffi/send-queue.ts";
import { test as guarded } from "../support/leaks.ts";
import { collect, eventually, message, numberOf } from "./collect.ts";

/** A queue over a kernel that answers as told. */
function queueWith(answers: Sent[]): { queue: SendQueue; sent: number[]; closed: number[] } {
  const sent: number[] = [];
  const closed: number[] = [];
  const io = {
    send(_fd: number, bytes: Uint8Array): Sent {
      const answer = answers.shift() ?? Sent.DONE;
      if (answer === Sent.DONE) sent.push(numberOf(bytes));
      return answer;
    },
  };
  const libc = {
    close(fd: number) {
      closed.push(fd);
      return 0;
    },
  };
  return { queue: new SendQueue(libc as Libc, io as unknown as PacketIo), sent, closed };
}

describe("the send queue", () => {
  test("holds as many bytes as its bound, and no more", () => {
    const { queue } = queueWith([]);
    queue.push(new Uint8Array(MAX_QUEUED_SEND_BYTES - 16), [], []);
    expect(queue.excess(16, 0)).toBeUndefined();
    expect(queue.excess(17, 0)).toMatch(/bytes/);
    queue.flush(0);
    expect(queue.excess(MAX_QUEUED_SEND_BYTES, 0)).toBeUndefined();
  });

  test("holds as many handles as its bound, and no more", () => {
    const { queue, closed } = queueWith([]);
    const descriptors = Array.from({ length: MAX_QUEUED_SEND_HANDLES - 1 }, (_, index) => index);
    queue.push(message(1), descriptors, []);
    expect(queue.excess(16, 1)).toBeUndefined();
    expect(queue.excess(16, 2)).toMatch(/handles/);
    queue.drop();
    expect(closed).toEqual(descriptors);
    expect(queue.excess(16, MAX_QUEUED_SEND_HANDLES)).toBeUndefined();
  });

  test("sends in order and stops where the kernel does", () => {
    const { queue, sent, closed } = queueWith([Sent.DONE, Sent.WOULD_BLOCK, Sent.SHORTAGE, Sent.DONE, Sent.PEER_GONE]);
    for (let number = 0; number < 3; number += 1) queue.push(message(number), [number + 10], []);
    expect(queue.flush(0)).toBe("blocked");
    expect(queue.flush(0)).toBe("shortage");
    expect(queue.flush(0)).toBe("peer-gone");
    expect(sent).toEqual([0, 1]);
    expect(closed).toEqual([10, 11]);
    expect(queue.isEmpty).toBe(false);
    queue.drop();
    expect(closed).toEqual([10, 11, 12]);
    expect(queue.flush(0)).toBe("empty");
  });

  test("waits for a channel that still has messages of its own, and gives it up when dropped", () => {
    const { queue, sent } = queueWith([]);
    const move: PendingMove & { isPending: boolean; isAbandoned: boolean } = {
      isPending: true,
      isAbandoned: false,
      abandon() {
        this.isAbandoned = true;
      },
    };
    queue.push(message(1), [5], [move]);
    queue.push(message(2), [], []);
    expect(queue.flush(0)).toBe("waiting");
    expect(sent).toEqual([]);
    move.isPending = false;
    expect(queue.flush(0)).toBe("empty");
    expect(sent).toEqual([1, 2]);
    move.isPending = true;
    queue.push(message(3), [6], [move]);
    queue.drop();
    expect(move.isAbandoned).toBe(true);
  });
});

describe("a shortage", () => {
  test("is told from a full queue and from a peer that is gone", () => {
    const outcomes: [number, Sent][] = [
      [11, Sent.WOULD_BLOCK],
      [12, Sent.SHORTAGE],
      [105, Sent.SHORTAGE],
      [109, Sent.SHORTAGE],
      [32, Sent.PEER_GONE],
      [104, Sent.PEER_GONE],
      [107, Sent.PEER_GONE],
    ];
    for (const [errno, outcome] of outcomes) {
      const io = new PacketIo({ ...loadLibc(), send: () => -1, sendmsg: () => -1, errno: () => errno });
      expect(io.send(0, message(1), [])).toBe(outcome);
      expect(io.send(0, message(1), [3])).toBe(outcome);
    }
    let calls = 0;
    const interrupted = new PacketIo({ ...loadLibc(), send: () => (calls++ === 0 ? -1 : 16), errno: () => 4 });
    expect(interrupted.send(0, message(1), [])).toBe(Sent.DONE);
  });

  guarded("of the kernel is waited out", async () => {
    const libc = loadLibc();
    const { send } = libc;
    const kernel = createLinuxKernel();
    const [left, right] = kernel.createChannel();
    const received = collect(right);
    // The kernel has nothing to give for a few attempts; nothing says when it has again.
    let refusals = 3;
    const real = libc as { send: Libc["send"]; errno: Libc["errno"] };
    const { errno } = real;
    real.send = (...args) => (refusals-- > 0 ? -1 : send(...args));
    real.errno = () => (refusals >= 0 ? 105 : errno());
    try {
      const startedAt = performance.now();
      expect(left.write(message(1), [])).toBe(true);
      expect(left.write(message(2), [])).toBe(true);
      await received.packet(1);
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(SEND_RETRY_MS - 1);
      expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([1, 2]);
    } finally {
      real.send = send;
      real.errno = errno;
    }
    left.close();
    received.close();
    kernel.close();
  });
});

describe("a turn", () => {
  for (const count of [MAX_READY_PER_TURN, MAX_READY_PER_TURN + 1, 3 * MAX_READY_PER_TURN]) {
    guarded(`serves ${count} channels that are ready at once`, async () => {
      const kernel = createLinuxKernel();
      const pairs = Array.from({ length: count }, () => kernel.createChannel());
      const received = pairs.map(([left, right], index) => {
        left.write(message(index), []);
        return collect(right);
      });
      await eventually(() => received.every(({ packets }) => packets.length === 1));
      expect(received.map(({ packets }) => numberOf(packets[0]?.bytes ?? new Uint8Array(4)))).toEqual([
        ...Array(count).keys(),
      ]);
      for (const [index, [left]] of pairs.entries()) {
        left.close();
        received[index]?.close();
      }
      kernel.close();
    });
  }
});
