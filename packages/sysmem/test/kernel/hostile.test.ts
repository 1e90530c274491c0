/** Peers that break the rules of the transport, written with bare system calls. Source: transport contract, sections 1 and 2. */
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import {
  type Channel,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_HANDLES,
  MAX_PACKETS_PER_TURN,
  MAX_STRAY_READS_PER_TURN,
  ObjectType,
  Rights,
} from "#base";
import { createLinuxKernel, type EventPair, type LinuxKernel, type Vmo } from "#kernel";
import {
  F_ADD_SEALS,
  F_GET_SEALS,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
} from "../../src/kernel/ffi/constants.ts";
import { loadLibc } from "../../src/kernel/ffi/libc.ts";
import { parseControl } from "../../src/kernel/ffi/packet-io.ts";
import { test } from "../support/leaks.ts";
import { collect, eventually, message, numberOf, someTurns } from "./collect.ts";
import { openDescriptors, sendRaw, setsockopt, shutdown } from "./raw.ts";

const SHUT_RD = 0;
const SHUT_WR = 1;
const SO_PASSCRED = 16;
const SO_PASSPIDFD = 76;
const AF_INET = 2;
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const O_PATH = 0o10000000;

/** A kernel, a channel of it that is received from, and the descriptor at the other end. */
async function withPeer(
  body: (scene: { kernel: LinuxKernel; channel: Channel; peer: number; dropPeer(): void }) => Promise<void>,
): Promise<void> {
  const kernel = createLinuxKernel();
  const [channel, theirs] = kernel.createChannel();
  const peer = kernel.descriptorOf(theirs);
  try {
    await body({ kernel, channel, peer, dropPeer: () => theirs.close() });
  } finally {
    theirs.close();
    channel.close();
    kernel.close();
  }
}

describe("a packet that is no message closes the channel and everything that came with it", () => {
  const cases: [string, number, number][] = [
    ["no bytes", 0, 0],
    ["no bytes with handles", 0, 3],
    ["one byte less than a header", 15, 0],
    ["one byte less than a header with handles", 15, 2],
    ["one byte too many", MAX_MESSAGE_BYTES + 1, 0],
    ["one byte too many with handles", MAX_MESSAGE_BYTES + 1, 2],
    ["one handle too many", 16, MAX_MESSAGE_HANDLES + 1],
    ["as many handles as the system lets through", 16, 253],
  ];
  for (const [name, bytes, handles] of cases) {
    test(name, () =>
      withPeer(async ({ channel, peer }) => {
        const descriptors = openDescriptors(handles);
        sendRaw(peer, new Uint8Array(bytes), descriptors);
        for (const descriptor of descriptors) closeSync(descriptor);
        const received = collect(channel);
        expect((await received.closed()).kind).toBe("malformed");
        expect(received.packets).toHaveLength(0);
        expect(channel.isClosed).toBe(true);
      }),
    );
  }

  test("but what came before it is delivered, and other channels go on", () =>
    withPeer(async ({ kernel, channel, peer }) => {
      const [left, right] = kernel.createChannel();
      const other = collect(right);
      sendRaw(peer, message(1), []);
      sendRaw(peer, new Uint8Array(3), []);
      const received = collect(channel);
      expect((await received.closed()).kind).toBe("malformed");
      expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([1]);
      left.write(message(2), []);
      expect(numberOf((await other.packet(0)).bytes)).toBe(2);
      left.close();
      other.close();
    }));

  test("and the largest that is one is delivered", () =>
    withPeer(async ({ channel, peer }) => {
      const descriptors = openDescriptors(MAX_MESSAGE_HANDLES);
      sendRaw(peer, message(4, MAX_MESSAGE_BYTES), descriptors);
      sendRaw(peer, message(5), []);
      for (const descriptor of descriptors) closeSync(descriptor);
      const received = collect(channel);
      await received.packet(1);
      expect(received.packets[0]?.bytes.length).toBe(MAX_MESSAGE_BYTES);
      expect(received.packets[0]?.handles).toHaveLength(MAX_MESSAGE_HANDLES);
      received.close();
    }));
});

describe("control data", () => {
  const compose = (...sets: [type: number, descriptors: number[]][]): DataView => {
    const view = new DataView(new ArrayBuffer(512));
    let at = 0;
    for (const [type, descriptors] of sets) {
      view.setUint32(at, 16 + 4 * descriptors.length, true);
      view.setInt32(at + 8, 1, true);
      view.setInt32(at + 12, type, true);
      for (const [index, descriptor] of descriptors.entries()) view.setInt32(at + 16 + 4 * index, descriptor, true);
      at += (16 + 4 * descriptors.length + 7) & ~7;
    }
    return new DataView(view.buffer, 0, at);
  };
  const parse = (view: DataView, length = view.byteLength) => {
    const descriptors: number[] = [];
    const strangers: number[] = [];
    const fault = parseControl(view, 0, length, descriptors, strangers);
    return { descriptors, strangers, fault };
  };

  test("with a second set of handles is at fault, and all handles are known", () => {
    const { descriptors, fault } = parse(compose([1, [5, 6]], [1, [7]]));
    expect(descriptors).toEqual([5, 6, 7]);
    expect(fault).toBeDefined();
  });

  test("that the kernel adds is told from handles", () => {
    const credentials: [number, number[]] = [2, [1, 2, 3]];
    expect(parse(compose(credentials, [1, [5]], [4, [9]]))).toEqual({
      descriptors: [5],
      strangers: [9],
      fault: undefined,
    });
  });

  test("with lengths that make no sense ends there", () => {
    const view = compose([1, [5, 6]]);
    expect(parse(view, 15).descriptors).toEqual([]);
    expect(parse(view, 20).descriptors).toEqual([]);
    view.setUint32(0, 3, true);
    expect(parse(view).descriptors).toEqual([]);
  });

  test("switched on by a peer leaves nothing behind, and the message arrives", () =>
    withPeer(async ({ channel, peer, kernel }) => {
      // A peer can do this to an end before it gives it away.
      const end = kernel.descriptorOf(channel);
      setsockopt(end, SO_PASSCRED, 1);
      setsockopt(end, SO_PASSPIDFD, 1);
      const descriptors = openDescriptors(MAX_MESSAGE_HANDLES);
      sendRaw(peer, message(1), descriptors);
      for (const descriptor of descriptors) closeSync(descriptor);
      const received = collect(channel);
      expect((await received.packet(0)).handles).toHaveLength(MAX_MESSAGE_HANDLES);
      received.close();
    }));
});

describe("a peer that half closes its end", () => {
  test("for receiving is gone as soon as something is sent, after what it had sent", () =>
    withPeer(async ({ channel, peer }) => {
      sendRaw(peer, message(1), []);
      shutdown(peer, SHUT_RD);
      const received = collect(channel);
      await received.packet(0);
      sendRaw(peer, message(2), []);
      expect(channel.write(message(3), [])).toBe(false);
      expect(await received.closed()).toEqual({ kind: "peer-closed" });
      expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([1, 2]);
    }));

  test("for receiving is gone for a channel that was paused, once it resumes", () =>
    withPeer(async ({ channel, peer }) => {
      shutdown(peer, SHUT_RD);
      const received = collect(channel);
      channel.pause();
      expect(channel.write(message(3), [])).toBe(false);
      await someTurns();
      expect(received.closings).toHaveLength(0);
      channel.resume();
      expect(await received.closed()).toEqual({ kind: "peer-closed" });
    }));

  test("for sending is gone", () =>
    withPeer(async ({ channel, peer }) => {
      sendRaw(peer, message(1), []);
      shutdown(peer, SHUT_WR);
      const received = collect(channel);
      expect(await received.closed()).toEqual({ kind: "peer-closed" });
      expect(received.packets).toHaveLength(1);
    }));

  test("that is closed for all is gone although somebody keeps a copy of it, who still hears the answer", () =>
    withPeer(async ({ kernel, channel }) => {
      const libc = loadLibc();
      const [left, right] = kernel.createChannel();
      const kept = kernel.adoptDescriptor(libc.fcntl(kernel.descriptorOf(left), 1030, 0)) as typeof left;
      left.write(message(1), []);
      left.closeForAll();
      expect(left.isClosed).toBe(true);
      left.closeForAll();
      expect(kept.write(message(2), [])).toBe(false);
      const heard = collect(kept);
      expect(right.write(message(3), [])).toBe(true);
      const received = collect(right);
      expect(await received.closed()).toEqual({ kind: "peer-closed" });
      expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([1]);
      await heard.closed();
      expect(heard.packets.map(({ bytes }) => numberOf(bytes))).toEqual([3]);
      expect(channel.isClosed).toBe(false);
    }));

  test("is gone although somebody keeps a copy of our own end", () =>
    withPeer(async ({ kernel, channel, dropPeer }) => {
      const libc = loadLibc();
      const kept = libc.fcntl(kernel.descriptorOf(channel), 1030, 0);
      const received = collect(channel);
      await someTurns();
      dropPeer();
      expect(await received.closed()).toEqual({ kind: "peer-closed" });
      // The kernel's own set must not report the copy for ever.
      await someTurns();
      expect(received.closings).toHaveLength(1);
      closeSync(kept);
    }));
});

describe("descriptors that are no objects", () => {
  test("arrive as handles of no type, and can be passed on", () =>
    withPeer(async ({ kernel, channel, peer }) => {
      const libc = loadLibc();
      const listening = libc.socket(AF_UNIX, SOCK_SEQPACKET, 0);
      const folder = mkdtempSync(join(tmpdir(), "sysmem-kernel-"));
      const address = Buffer.from(`\u0001\0${join(folder, "listening")}\0`);
      expect(libc.bind(listening, address, address.length)).toBe(0);
      expect(libc.listen(listening, 1)).toBe(0);
      const strangers = [
        openSync("/", "r"),
        openSync("/dev/null", "r"),
        libc.socket(AF_INET, SOCK_STREAM, 0),
        libc.socket(AF_UNIX, SOCK_DGRAM, 0),
        listening,
        libc.epoll_create1(0),
      ];
      sendRaw(peer, message(1), strangers);
      for (const stranger of strangers) closeSync(stranger);
      rmSync(folder, { recursive: true });
      const received = collect(channel);
      const { handles } = await received.packet(0);
      expect(handles.map((handle) => handle.objectType)).toEqual(strangers.map(() => ObjectType.NONE));
      const [left, right] = kernel.createChannel();
      const onward = collect(right);
      left.write(message(2), handles);
      expect((await onward.packet(0)).handles).toHaveLength(strangers.length);
      left.close();
      onward.close();
      received.close();
    }));

  test("of memory without rights arrive as VMOs without rights", () =>
    withPeer(async ({ kernel, channel, peer }) => {
      const memory = await kernel.createMemory(4_096, { name: "path" });
      const path = loadLibc().open(`/proc/self/fd/${kernel.descriptorOf(memory.vmo)}`, O_PATH);
      const writeOnly = openSync(`/proc/self/fd/${kernel.descriptorOf(memory.vmo)}`, 1);
      sendRaw(peer, message(1), [path, writeOnly]);
      closeSync(path);
      closeSync(writeOnly);
      const received = collect(channel);
      const [pathOnly, writable] = (await received.packet(0)).handles as [Vmo, Vmo];
      expect(pathOnly.objectType).toBe(ObjectType.VMO);
      expect(pathOnly.koid).toBe(memory.koid);
      expect(pathOnly.rights).toBe(Rights.NONE);
      expect(memory.identify(pathOnly)).toBeUndefined();
      expect(() => pathOnly.map()).toThrow(/rights/);
      expect(writable.rights & (Rights.READ | Rights.WRITE | Rights.MAP)).toBe(Rights.WRITE);
      expect(() => writable.map()).toThrow(/rights/);
      received.close();
      memory.close();
    }));

  test("of memory whose size is not sealed cannot be mapped", () =>
    withPeer(async ({ channel, peer }) => {
      const libc = loadLibc();
      const open = libc.memfd_create("open", 3);
      libc.ftruncate(open, 4_096);
      sendRaw(peer, message(1), [open]);
      closeSync(open);
      const received = collect(channel);
      const [vmo] = (await received.packet(0)).handles as [Vmo];
      expect(vmo.sizeBytes).toBe(4_096);
      expect(() => vmo.map()).toThrow(/sealed/);
      received.close();
    }));

  for (const [name, seal] of [
    ["F_SEAL_WRITE", F_SEAL_WRITE],
    ["F_SEAL_FUTURE_WRITE", F_SEAL_FUTURE_WRITE],
  ] as const) {
    test(`of memory that has ${name} gives no right to write`, () =>
      withPeer(async ({ channel, peer }) => {
        const sealed = sealedMemory(F_SEAL_SHRINK | seal);
        sendRaw(peer, message(1), [sealed]);
        closeSync(sealed);
        const received = collect(channel);
        const [vmo] = (await received.packet(0)).handles as [Vmo];
        expect(vmo.rights & (Rights.READ | Rights.WRITE | Rights.MAP)).toBe(Rights.READ | Rights.MAP);
        expect(() => vmo.map({ writable: true })).toThrow(/rights/);
        vmo.map().unmap();
        received.close();
      }));
  }
});

/** A page of memory with these seals. */
function sealedMemory(seals: number): number {
  const libc = loadLibc();
  const fd = libc.memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  libc.ftruncate(fd, 4_096);
  expect(libc.fcntl(fd, F_ADD_SEALS, seals)).toBe(0);
  return fd;
}

describe("memory of other origin that becomes a buffer", () => {
  const all = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  for (const [name, before, after] of [
    ["whose size was sealed gets its seals sealed", F_SEAL_GROW | F_SEAL_SHRINK, all],
    ["that could still grow cannot any more", F_SEAL_SHRINK, all],
    ["whose seals are sealed stays as it is", F_SEAL_SHRINK | F_SEAL_SEAL, F_SEAL_SHRINK | F_SEAL_SEAL],
  ] as const) {
    test(name, () => {
      const kernel = createLinuxKernel();
      const memory = kernel.adoptMemory(kernel.adoptDescriptor(sealedMemory(before)) as Vmo);
      const { vmo } = memory.handOut({ writable: true });
      const fd = kernel.descriptorOf(vmo);
      expect(loadLibc().fcntl(fd, F_GET_SEALS, 0)).toBe(after);
      // Nobody who has it can forbid the others to write.
      expect(loadLibc().fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE)).toBe(-1);
      for (const each of [vmo, memory, kernel]) each.close();
    });
  }
});

describe("many packets", () => {
  test("on one channel keep no other from its turn", () =>
    withPeer(async ({ kernel, channel, peer }) => {
      const [left, right] = kernel.createChannel();
      const flood = 6 * MAX_PACKETS_PER_TURN;
      for (let count = 0; count < flood; count += 1) sendRaw(peer, message(count), []);
      left.write(message(7), []);
      const received = collect(channel);
      let floodedBefore = -1;
      const other = collect(right, () => {
        floodedBefore = received.packets.length;
      });
      await other.packet(0);
      expect(floodedBefore).toBeLessThanOrEqual(2 * MAX_PACKETS_PER_TURN);
      await received.packet(flood - 1);
      left.close();
      other.close();
    }));

  test("with bytes on an eventpair are nobody's business, and neither they nor what comes with them stays", () =>
    withPeer(async ({ kernel }) => {
      const [left, right] = kernel.createEventPair();
      let isClosed = false;
      left.onPeerClosed(() => {
        isClosed = true;
      });
      await isDropped(kernel, right, 1);
      expect(isClosed).toBe(false);
      right.close();
      await eventually(() => isClosed);
      left.close();
    }));
});

/** Sends a descriptor so many times over an eventpair, and waits until nobody has it any more. */
async function isDropped(kernel: LinuxKernel, eventPair: EventPair, times: number): Promise<void> {
  const [sent, watched] = kernel.createEventPair();
  for (let count = 0; count < times; count += 1) {
    sendRaw(kernel.descriptorOf(eventPair), message(count), [kernel.descriptorOf(sent)]);
  }
  sent.close();
  expect(watched.isPeerClosed()).toBe(false);
  await eventually(() => watched.isPeerClosed());
  watched.close();
}

describe("an eventpair's end that drops data", () => {
  for (const times of [MAX_STRAY_READS_PER_TURN, MAX_STRAY_READS_PER_TURN + 1, 3 * MAX_STRAY_READS_PER_TURN]) {
    test(`keeps nothing of ${times} messages, nor of one that follows`, () =>
      withPeer(async ({ kernel }) => {
        const [left, right] = kernel.createEventPair();
        left.dropData();
        await isDropped(kernel, right, times);
        await isDropped(kernel, right, 1);
        left.close();
        right.close();
      }));
  }

  test("drops what was sent before it did, and what was sent before its peer's end", () =>
    withPeer(async ({ kernel }) => {
      const [left, right] = kernel.createEventPair();
      const [sent, watched] = kernel.createEventPair();
      sendRaw(kernel.descriptorOf(right), message(1), [kernel.descriptorOf(sent)]);
      for (const each of [sent, right]) each.close();
      left.dropData();
      await eventually(() => watched.isPeerClosed());
      for (const each of [left, watched]) each.close();
    }));

  test("goes on when nobody waits for the other end any more", () =>
    withPeer(async ({ kernel }) => {
      const [left, right] = kernel.createEventPair();
      left.dropData();
      left.onPeerClosed(() => {}).cancel();
      await isDropped(kernel, right, 1);
      left.close();
      right.close();
    }));
});
