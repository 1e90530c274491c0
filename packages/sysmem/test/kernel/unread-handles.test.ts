/** Handles that the kernel has and nobody has read: who answers for them, and what becomes of everybody else's. */
import { spawnSync } from "node:child_process";
import { describe, expect } from "vitest";
import { MAX_MESSAGE_HANDLES, MIN_PACKET_COST_BYTES, MAX_UNREAD_MESSAGES_UNSEEN, type SendBudget } from "#base";
import { createLinuxKernel, type LinuxKernel } from "#kernel";
import { SIOCOUTQ } from "../../src/kernel/ffi/constants.ts";
import { type Libc, loadLibc, nativeBuffer } from "../../src/kernel/ffi/libc.ts";
import { UnreadHandles } from "../../src/kernel/ffi/unread-handles.ts";
import { Accounts } from "../../src/server/accounts/accounts.ts";
import { test } from "../support/leaks.ts";
import { collect, eventually, message } from "./collect.ts";
import { nodeArguments } from "./spawn.ts";

interface Counted extends SendBudget {
  readonly handles: number;
  look(): void;
}

/** A budget of so many handles. */
function budgetOf(most: number): Counted {
  let handles = 0;
  const looks = new Set<() => void>();
  return {
    get handles() {
      return handles;
    },
    look: () => looks.forEach((look) => look()),
    take(_bytes, more) {
      if (handles + more > most) return "the budget is used up";
      handles += more;
      return undefined;
    },
    give(_bytes, fewer) {
      handles -= fewer;
    },
    watch(look) {
      looks.add(look);
      return () => looks.delete(look);
    },
  };
}

async function withKernel(body: (kernel: LinuxKernel) => Promise<void>): Promise<void> {
  const kernel = createLinuxKernel();
  try {
    await body(kernel);
  } finally {
    kernel.close();
  }
}

const events = (kernel: LinuxKernel, count: number) => Array.from({ length: count }, () => kernel.createEvent());

describe("handles that nobody has read", () => {
  test("are counted until they are read, message by message", () =>
    withKernel(async (kernel) => {
      const budget = budgetOf(100);
      const [left, right] = kernel.createChannel();
      left.setSendBudget(budget);
      for (let number = 0; number < 3; number += 1) left.write(message(number, 4_096), events(kernel, 10));
      budget.look();
      expect(budget.handles).toBe(30);
      const received = collect(right);
      await received.packet(0);
      right.pause();
      await received.packet(2);
      budget.look();
      expect(budget.handles).toBe(0);
      for (const each of [received, left]) each.close();
    }));

  test("are as many as the last messages with what may be unread, and never too few", () =>
    withKernel(async (kernel) => {
      const budget = budgetOf(10_000);
      const [left, right] = kernel.createChannel();
      left.setSendBudget(budget);
      left.write(message(0, 4_096), events(kernel, 5));
      const count = 2 * MAX_UNREAD_MESSAGES_UNSEEN;
      for (let number = 1; number <= count; number += 1) left.write(message(number), []);
      budget.look();
      expect(budget.handles).toBe(5);
      right.close();
      budget.look();
      expect(budget.handles).toBe(0);
      left.close();
    }));

  test("may be unread while the kernel holds as much as the least packet takes, and not while it holds less", () => {
    for (const [unreadBytes, expected] of [
      [MIN_PACKET_COST_BYTES, 1],
      [MIN_PACKET_COST_BYTES - 1, 0],
    ] as const) {
      const libc = {
        ioctl(_fd: number, _request: number, argument: Uint8Array) {
          new DataView(argument.buffer).setInt32(0, unreadBytes, true);
          return 0;
        },
      };
      const budget = budgetOf(1);
      const unread = new UnreadHandles(libc as Libc, budget);
      expect(unread.take(0, 1)).toBeUndefined();
      unread.sent(0, 16, 1);
      unread.look();
      expect([budget.handles, unread.isEmpty]).toEqual([expected, expected === 0]);
    }
  });

  test("in the smallest message take as much of the kernel's memory as is reckoned with", () =>
    withKernel(async (kernel) => {
      const [left, right] = kernel.createChannel();
      left.write(message(0), []);
      const answer = nativeBuffer(4);
      loadLibc().ioctl(kernel.descriptorOf(left), SIOCOUTQ, answer);
      const costBytes = new DataView(answer.buffer).getInt32(0, true);
      expect(costBytes).toBeGreaterThanOrEqual(MIN_PACKET_COST_BYTES);
      for (const each of [left, right]) each.close();
    }));

  test("end the channel of whoever has too many of them, and nobody else's", () =>
    withKernel(async (kernel) => {
      const budget = budgetOf(2 * MAX_MESSAGE_HANDLES);
      const [left, right] = kernel.createChannel();
      const [other, otherRight] = kernel.createChannel();
      left.setSendBudget(budget);
      other.setSendBudget(budgetOf(MAX_MESSAGE_HANDLES));
      const sent = collect(left);
      for (let count = 0; count < 2; count += 1) {
        expect(left.write(message(count), events(kernel, MAX_MESSAGE_HANDLES))).toBe(true);
      }
      expect(left.write(message(2), events(kernel, 1))).toBe(false);
      expect(await sent.closed()).toEqual({ kind: "overflow", detail: "the budget is used up" });
      expect(other.write(message(3), events(kernel, 1))).toBe(true);
      const received = collect(otherRight);
      await received.packet(0);
      for (const each of [received, other, right]) each.close();
    }));

  test("stay counted when their channel is closed, until they are read; the peer reads them and then the end", () =>
    withKernel(async (kernel) => {
      const budget = budgetOf(MAX_MESSAGE_HANDLES);
      const [left, right] = kernel.createChannel();
      left.setSendBudget(budget);
      left.write(message(0), events(kernel, 7));
      left.close();
      budget.look();
      expect(budget.handles).toBe(7);
      expect(right.write(message(1), [])).toBe(false);
      const received = collect(right);
      expect((await received.packet(0)).handles).toHaveLength(7);
      expect((await received.closed()).kind).toBe("peer-closed");
      await eventually(() => budget.handles === 0);
      received.close();
    }));

  test("stay counted when their channel is closed, until the peer is gone or the kernel object is", async () => {
    for (const isPeerFirst of [true, false]) {
      const kernel = createLinuxKernel();
      const budget = budgetOf(MAX_MESSAGE_HANDLES);
      const [left, right] = kernel.createChannel();
      left.setSendBudget(budget);
      left.write(message(0), events(kernel, 7));
      left.close();
      if (isPeerFirst) {
        right.close();
        await eventually(() => budget.handles === 0);
      }
      kernel.close();
      expect(budget.handles).toBe(0);
      right.close();
    }
  });

  test("are looked at before an account refuses for them", () =>
    withKernel(async (kernel) => {
      const accounts = new Accounts({ perProcess: { descriptors: MAX_MESSAGE_HANDLES } });
      const account = accounts.of({ pid: 5, uid: 6, gid: 7 });
      const pairs = [kernel.createChannel(), kernel.createChannel()] as const;
      for (const [left, right] of pairs) {
        left.setSendBudget(account.sendBudget);
        expect(left.write(message(0), events(kernel, MAX_MESSAGE_HANDLES))).toBe(true);
        expect(account.check({ nodes: 1 })).toMatchObject({ kind: "descriptors", used: MAX_MESSAGE_HANDLES });
        const received = collect(right);
        await received.packet(0);
        expect(account.check({ nodes: 1 })).toBeUndefined();
        received.close();
      }
      expect(accounts.usage()).toEqual([]);
      for (const [left] of pairs) left.close();
    }));
});

const isRoot = process.getuid?.() === 0;
/** As somebody to whom the kernel's limit applies, with few descriptors. */
const LIMITED = [
  ...["prlimit", "--nofile=256:256", "--"],
  ...(isRoot ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"] : []),
] as const;
const canLimit = spawnSync(LIMITED[0], [...LIMITED.slice(1), "true"]).status === 0;

describe.skipIf(!canLimit)(`where the kernel takes no more (needs prlimit${isRoot ? " and setpriv" : ""})`, () => {
  const run = (mode: string) => {
    const [command, ...rest] = LIMITED;
    const program = [process.execPath, ...nodeArguments("in-flight.ts"), mode];
    const { status, stdout, stderr } = spawnSync(command, [...rest, ...program], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    return JSON.parse(stdout) as object;
  };

  test("messages of others wait, and arrive when the one who read nothing has read", () => {
    expect(run("unlimited")).toEqual({ isDelayed: true, arrived: 1, isCulpritOpen: true });
  });

  test("nobody waits where each has a budget", () => {
    expect(run("budget")).toEqual({ isDelayed: false, arrived: 1, isCulpritOpen: false });
  });
});
