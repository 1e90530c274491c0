/**
 * What every kernel must do, whatever it is made of. Source: `port.ts`, `handle.ts` and the transport contract.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "vitest";
import {
  type Handle,
  InvariantError,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_HANDLES,
  MAX_PACKETS_PER_TURN,
  MAX_QUEUED_SEND_BYTES,
  MAX_QUEUED_SEND_HANDLES,
  ObjectType,
  Rights,
} from "#base";
import { asEvent, asEventPair, asVmo, type BufferMemory, isVmo, type Kernel, KernelError, type Vmo } from "#kernel";
import { test } from "../support/leaks.ts";
import { collect, eventually, message, numberOf, someTurns } from "./collect.ts";

const NAMES = { name: "conformance" };

export function describeKernel(name: string, createKernel: () => Kernel): void {
  describe(name, () => {
    let kernel: Kernel;
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "sysmem-kernel-"));
    });
    afterEach(() => {
      rmSync(folder, { recursive: true, force: true });
    });

    /** Runs a body with a kernel of its own, within the leak guard. */
    const it = (behaviour: string, body: () => Promise<void> | void) =>
      test(behaviour, async () => {
        kernel = createKernel();
        try {
          await body();
        } finally {
          kernel.close();
        }
      });

    const codeOf = (act: () => unknown): string => {
      try {
        act();
      } catch (error) {
        if (error instanceof KernelError) return error.code;
        throw error;
      }
      return "no error";
    };

    describe("channels", () => {
      it("deliver packets whole and in order", async () => {
        const [left, right] = kernel.createChannel();
        const received = collect(right);
        const sizes = [16, 17, 4_096, MAX_MESSAGE_BYTES];
        for (const [index, size] of sizes.entries()) expect(left.write(message(index, size), [])).toBe(true);
        await received.packet(sizes.length - 1);
        expect(received.packets.map(({ bytes }) => [numberOf(bytes), bytes.length])).toEqual([...sizes.entries()]);
        left.close();
        received.close();
      });

      it("copy the bytes of a message before write returns", async () => {
        const [left, right] = kernel.createChannel();
        const bytes = message(1);
        left.write(bytes, []);
        bytes.fill(9);
        const received = collect(right);
        expect(numberOf((await received.packet(0)).bytes)).toBe(1);
        left.close();
        received.close();
      });

      it("deliver nothing before the current turn is over", async () => {
        const [left, right] = kernel.createChannel();
        left.write(message(1), []);
        const received = collect(right);
        left.write(message(2), []);
        left.close();
        expect(received.packets).toHaveLength(0);
        expect(received.closings).toHaveLength(0);
        await received.closed();
        expect(received.packets).toHaveLength(2);
        received.close();
      });

      it("never call a handler from within a handler", async () => {
        const [left, right] = kernel.createChannel();
        let depth = 0;
        let deepest = 0;
        const echo = (end: typeof left) => {
          end.start({
            onMessage(bytes) {
              depth += 1;
              deepest = Math.max(deepest, depth);
              if (numberOf(bytes) < 50) end.write(message(numberOf(bytes) + 1), []);
              else end.close();
              depth -= 1;
            },
            onClosed() {
              deepest = Math.max(deepest, depth + 1);
              end.close();
            },
          });
        };
        echo(left);
        echo(right);
        left.write(message(0), []);
        await eventually(() => left.isClosed && right.isClosed);
        expect(deepest).toBe(1);
      });

      it("have identities that the other end can ask for", async () => {
        const [left, right] = kernel.createChannel();
        expect(left.koid).not.toBe(right.koid);
        expect(left.relatedKoid()).toBe(right.koid);
        expect(right.relatedKoid()).toBe(left.koid);
        right.close();
        expect(left.relatedKoid()).toBe(0);
        left.close();
      });

      it("keep their identity when they are sent", async () => {
        const [left, right] = kernel.createChannel();
        const [near, far] = kernel.createChannel();
        const { koid } = far;
        const received = collect(right);
        left.write(message(1), [far]);
        expect(far.isClosed).toBe(true);
        const [arrived] = (await received.packet(0)).handles;
        expect(arrived?.objectType).toBe(ObjectType.CHANNEL);
        expect((arrived as typeof far).koid).toBe(koid);
        expect(near.relatedKoid()).toBe(koid);
        near.close();
        left.close();
        received.close();
      });

      it("carry every kind of object, in order, and know what arrived", async () => {
        const [left, right] = kernel.createChannel();
        const memory = await kernel.createMemory(4_096, NAMES);
        const child = memory.handOut({ writable: false }).vmo;
        const [channel, otherChannel] = kernel.createChannel();
        const [pair, otherPair] = kernel.createEventPair();
        const event = kernel.createEvent();
        const koids = [channel.koid, pair.koid, event.koid, child.koid];
        const received = collect(right);
        left.write(message(1), [channel, pair, event, child]);
        const { handles } = await received.packet(0);
        expect(handles.map((handle) => handle.objectType)).toEqual([
          ObjectType.CHANNEL,
          ObjectType.EVENTPAIR,
          ObjectType.EVENT,
          ObjectType.VMO,
        ]);
        expect(handles.map((handle) => (handle as { koid?: unknown }).koid)).toEqual(koids);
        expect(handles.map(isVmo)).toEqual([false, false, false, true]);
        for (const handle of [otherChannel, otherPair, left]) handle.close();
        memory.close();
        received.close();
      });

      it("report the peer's end once, after everything it had sent", async () => {
        const [left, right] = kernel.createChannel();
        for (let number = 0; number < 3; number += 1) left.write(message(number), []);
        left.close();
        const received = collect(right);
        expect(await received.closed()).toEqual({ kind: "peer-closed" });
        await someTurns();
        expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([0, 1, 2]);
        expect(received.closings).toHaveLength(1);
        expect(right.isClosed).toBe(true);
      });

      it("deliver what a peer had sent although it closed with our messages unread", async () => {
        const [left, right] = kernel.createChannel();
        right.write(message(7), []);
        left.write(message(1), []);
        left.write(message(2), []);
        left.close();
        const received = collect(right);
        expect(await received.closed()).toEqual({ kind: "peer-closed" });
        expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([1, 2]);
      });

      it("say that the peer is gone when writing to it, and close the handles", async () => {
        const [left, right] = kernel.createChannel();
        const [near, far] = kernel.createEventPair();
        right.close();
        expect(left.write(message(1), [far])).toBe(false);
        expect(far.isClosed).toBe(true);
        expect(near.isPeerClosed()).toBe(true);
        const received = collect(left);
        expect(await received.closed()).toEqual({ kind: "peer-closed" });
        expect(left.write(message(2), [near])).toBe(false);
        expect(near.isClosed).toBe(true);
      });

      it("take no more writes once their owner closed them", () => {
        const [left, right] = kernel.createChannel();
        const event = kernel.createEvent();
        left.close();
        expect(() => left.write(message(1), [event])).toThrow(InvariantError);
        expect(event.isClosed).toBe(true);
        expect(left.isClosed).toBe(true);
        left.close();
        right.close();
      });

      it("refuse what is no message as a mistake of ours, and close its handles", () => {
        const [left, right] = kernel.createChannel();
        const refuse = (bytes: Uint8Array, handles: Handle[]) => {
          expect(() => left.write(bytes, handles)).toThrow(InvariantError);
          expect(handles.every((handle) => handle === left || handle.isClosed)).toBe(true);
        };
        const events = (count: number) => Array.from({ length: count }, () => kernel.createEvent());
        refuse(new Uint8Array(15), events(1));
        refuse(new Uint8Array(MAX_MESSAGE_BYTES + 1), events(1));
        refuse(message(1), events(MAX_MESSAGE_HANDLES + 1));
        const [closed, twice] = events(2) as Handle[] as [Handle, Handle];
        closed.close();
        refuse(message(1), [closed, ...events(1)]);
        refuse(message(1), [twice, twice]);
        refuse(message(1), [left]);
        expect(left.isClosed).toBe(false);
        left.close();
        right.close();
      });

      it("carry as many handles as a message may have", async () => {
        const [left, right] = kernel.createChannel();
        const received = collect(right);
        const events = Array.from({ length: MAX_MESSAGE_HANDLES }, () => kernel.createEvent());
        const koids = events.map((event) => event.koid);
        left.write(message(1, MAX_MESSAGE_BYTES), events);
        const { handles } = await received.packet(0);
        expect(handles.map((handle) => asEvent(handle as never).koid)).toEqual(koids);
        left.close();
        received.close();
      });

      it("have one handler for life", () => {
        const [left, right] = kernel.createChannel();
        const handler = { onMessage() {}, onClosed() {} };
        left.start(handler);
        expect(() => left.start(handler)).toThrow(InvariantError);
        left.close();
        right.close();
      });

      it("pause and resume without losing anything", async () => {
        const [left, right] = kernel.createChannel();
        const received = collect(right, ({ bytes }) => {
          if (numberOf(bytes) === 1) right.pause();
        });
        for (let number = 0; number < 5; number += 1) left.write(message(number), []);
        left.close();
        await received.packet(1);
        right.pause();
        await someTurns();
        expect(received.packets).toHaveLength(2);
        expect(received.closings).toHaveLength(0);
        right.resume();
        right.resume();
        await received.closed();
        expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([0, 1, 2, 3, 4]);
      });

      it("deliver nothing after they were closed within a handler", async () => {
        const [left, right] = kernel.createChannel();
        const received = collect(right, () => right.close());
        for (let number = 0; number < 3; number += 1) left.write(message(number), []);
        await received.packet(0);
        await someTurns();
        expect(received.packets).toHaveLength(1);
        expect(received.closings).toHaveLength(0);
        left.close();
      });

      it("deliver more than one turn's worth of packets", async () => {
        const [left, right] = kernel.createChannel();
        const received = collect(right);
        const count = 3 * MAX_PACKETS_PER_TURN + 1;
        for (let number = 0; number < count; number += 1) left.write(message(number), []);
        await received.packet(count - 1);
        expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([...Array(count).keys()]);
        left.close();
        received.close();
      });

      it("keep what a slow peer does not read yet, within the bound", async () => {
        const [left, right] = kernel.createChannel();
        const count = Math.floor(MAX_QUEUED_SEND_BYTES / MAX_MESSAGE_BYTES);
        for (let number = 0; number < count; number += 1) {
          expect(left.write(message(number, MAX_MESSAGE_BYTES), [kernel.createEvent()])).toBe(true);
        }
        const received = collect(right);
        await received.packet(count - 1);
        expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([...Array(count).keys()]);
        left.close();
        received.close();
      });

      it("close themselves, and only themselves, when a peer does not read: bytes", async () => {
        const [left, right] = kernel.createChannel();
        const [other, otherPeer] = kernel.createChannel();
        const sent = collect(left);
        const otherReceived = collect(otherPeer);
        let isTaken = true;
        for (let count = 0; isTaken; count += 1) {
          expect(count * MAX_MESSAGE_BYTES).toBeLessThan(2 * MAX_QUEUED_SEND_BYTES);
          isTaken = left.write(message(count, MAX_MESSAGE_BYTES), []);
          expect(sent.closings).toHaveLength(0);
        }
        expect(left.isClosed).toBe(true);
        expect((await sent.closed()).kind).toBe("overflow");
        expect(left.write(message(0), [])).toBe(false);
        expect(other.write(message(5), [])).toBe(true);
        expect(numberOf((await otherReceived.packet(0)).bytes)).toBe(5);
        other.close();
        otherReceived.close();
        right.close();
      });

      it("close themselves when a peer does not read: handles", async () => {
        const [left, right] = kernel.createChannel();
        const sent = collect(left);
        // Fill the kernel's own queue, so that everything after it is ours to keep.
        const [near, far] = kernel.createEventPair();
        let handles = 0;
        for (let count = 0; count < 8; count += 1) left.write(message(0, MAX_MESSAGE_BYTES), []);
        const write = () => {
          const batch = Array.from({ length: MAX_MESSAGE_HANDLES }, () => near.duplicate());
          handles += batch.length;
          return left.write(message(0), batch);
        };
        while (write()) expect(handles).toBeLessThanOrEqual(MAX_QUEUED_SEND_HANDLES);
        expect(handles).toBe(MAX_QUEUED_SEND_HANDLES + MAX_MESSAGE_HANDLES);
        expect((await sent.closed()).kind).toBe("overflow");
        right.close();
        near.close();
        expect(far.isPeerClosed()).toBe(true);
        far.close();
      });

      it("go on existing where they were sent, with what had been written to them before", async () => {
        const [left, right] = kernel.createChannel();
        const [near, far] = kernel.createChannel();
        collect(near);
        // More than the kernel takes: the rest is still queued when the end is sent away.
        const count = 10;
        for (let number = 0; number < count; number += 1) near.write(message(number, MAX_MESSAGE_BYTES), []);
        expect(left.write(message(100), [near])).toBe(true);
        expect(left.write(message(101), [])).toBe(true);
        expect(near.isClosed).toBe(true);
        const received = collect(right);
        const farReceived = collect(far);
        const moved = (await received.packet(0)).handles[0] as typeof near;
        expect(numberOf((await received.packet(1)).bytes)).toBe(101);
        moved.write(message(count), []);
        await farReceived.packet(count);
        expect(farReceived.packets.map(({ bytes }) => numberOf(bytes))).toEqual([...Array(count + 1).keys()]);
        for (const each of [received, farReceived, moved, left]) each.close();
      });

      it("close what travels in them when they are closed unread", async () => {
        const [left, right] = kernel.createChannel();
        const [near, far] = kernel.createEventPair();
        left.write(message(1), [far]);
        left.close();
        expect(near.isPeerClosed()).toBe(false);
        right.close();
        await eventually(() => near.isPeerClosed());
        near.close();
      });
    });

    describe("eventpairs", () => {
      it("know each other and are told apart", () => {
        const [left, right] = kernel.createEventPair();
        expect(left.relatedKoid()).toBe(right.koid);
        expect(right.relatedKoid()).toBe(left.koid);
        const duplicate = left.duplicate();
        expect(duplicate.koid).toBe(left.koid);
        left.close();
        expect(right.isPeerClosed()).toBe(false);
        duplicate.close();
        expect(right.isPeerClosed()).toBe(true);
        expect(right.relatedKoid()).toBe(0);
        right.close();
      });

      it("report the other end's close once, in a later turn", async () => {
        const [left, right] = kernel.createEventPair();
        let count = 0;
        left.onPeerClosed(() => {
          count += 1;
        });
        await someTurns();
        expect(count).toBe(0);
        right.close();
        expect(count).toBe(0);
        await eventually(() => count === 1);
        await someTurns();
        expect(count).toBe(1);
        left.close();
      });

      it("report it to those who ask afterwards, too", async () => {
        const [left, right] = kernel.createEventPair();
        right.close();
        let count = 0;
        left.onPeerClosed(() => {
          count += 1;
        });
        expect(count).toBe(0);
        await eventually(() => count === 1);
        left.close();
      });

      it("report nothing to those who cancelled, or closed their end", async () => {
        const [left, right] = kernel.createEventPair();
        const [third, fourth] = kernel.createEventPair();
        const reports: string[] = [];
        left.onPeerClosed(() => reports.push("cancelled")).cancel();
        left.onPeerClosed(() => reports.push("kept"));
        third.onPeerClosed(() => reports.push("closed"));
        third.close();
        right.close();
        fourth.close();
        await eventually(() => reports.length > 0);
        await someTurns();
        expect(reports).toEqual(["kept"]);
        left.close();
      });
    });

    describe("events", () => {
      it("are recognised by their identity", () => {
        const event = kernel.createEvent();
        const duplicate = event.duplicate();
        const other = kernel.createEvent();
        expect(duplicate.koid).toBe(event.koid);
        expect(other.koid).not.toBe(event.koid);
        for (const each of [event, duplicate, other]) each.close();
      });
    });

    describe("memory", () => {
      it("is zeroed, rounded up to pages, named and shared by all who map it", async () => {
        const memory = await kernel.createMemory(5_000, { name: "camera:0" });
        expect(memory.sizeBytes).toBe(8_192);
        expect(memory.vmo.name).toBe("camera:0");
        expect(memory.koid).toBe(memory.vmo.koid);
        expect(memory.koid.endsWith(`:${memory.inode}`)).toBe(true);
        const { vmo } = memory.handOut({ writable: true });
        const [left, right] = [vmo.map(), memory.vmo.map({ writable: false })];
        expect(left.bytes.length).toBe(8_192);
        expect(right.bytes.every((byte) => byte === 0)).toBe(true);
        left.bytes[4_999] = 42;
        expect(right.bytes[4_999]).toBe(42);
        for (const mapping of [left, right]) mapping.unmap();
        expect(left.isMapped).toBe(false);
        left.unmap();
        vmo.close();
        memory.close();
      });

      it("cannot be of no size, or of a size that is none", async () => {
        for (const size of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
          await expect(kernel.createMemory(size, NAMES)).rejects.toMatchObject({ code: "INVALID_ARGS" });
        }
      });

      it("has the rights it was handed out with", async () => {
        const memory = await kernel.createMemory(4_096, NAMES);
        const reader = memory.handOut({ writable: false }).vmo;
        const writer = memory.handOut({ writable: true }).vmo;
        expect(reader.rights & (Rights.READ | Rights.WRITE | Rights.MAP)).toBe(Rights.READ | Rights.MAP);
        expect(writer.rights & (Rights.READ | Rights.WRITE | Rights.MAP)).toBe(Rights.READ | Rights.WRITE | Rights.MAP);
        expect(codeOf(() => reader.map({ writable: true }))).toBe("ACCESS_DENIED");
        reader.map().unmap();
        for (const each of [reader, writer, memory]) each.close();
      });

      it("knows which handed-out VMO a handle is", async () => {
        const memory = await kernel.createMemory(4_096, NAMES);
        const other = await kernel.createMemory(4_096, NAMES);
        const first = memory.handOut({ writable: true });
        const second = memory.handOut({ writable: false });
        const foreign = other.handOut({ writable: true });
        expect(first.childId).not.toBe(second.childId);
        const duplicate = first.vmo.duplicate();
        expect(memory.identify(first.vmo)).toBe(first.childId);
        expect(memory.identify(duplicate)).toBe(first.childId);
        expect(memory.identify(second.vmo)).toBe(second.childId);
        expect(memory.identify(memory.vmo)).toBeUndefined();
        expect(memory.identify(foreign.vmo)).toBeUndefined();
        for (const each of [first.vmo, duplicate, second.vmo, foreign.vmo, memory, other]) each.close();
      });

      it("reports each handed-out VMO that is gone, and only then", async () => {
        const memory = await kernel.createMemory(4_096, NAMES);
        const gone: number[] = [];
        memory.onChildGone((childId) => gone.push(childId));
        const first = memory.handOut({ writable: true });
        const second = memory.handOut({ writable: true });
        expect([...memory.liveChildren]).toEqual([first.childId, second.childId]);
        const duplicate = first.vmo.duplicate();
        first.vmo.close();
        await someTurns();
        expect(gone).toEqual([]);
        duplicate.close();
        expect(gone).toEqual([]);
        await eventually(() => gone.length === 1);
        expect(gone).toEqual([first.childId]);
        expect([...memory.liveChildren]).toEqual([second.childId]);
        second.vmo.close();
        await eventually(() => gone.length === 2);
        expect(memory.liveChildren.size).toBe(0);
        memory.close();
      });

      it("counts a mapping as somebody who holds the VMO", async () => {
        const memory = await kernel.createMemory(4_096, NAMES);
        const gone: number[] = [];
        memory.onChildGone((childId) => gone.push(childId));
        const writable = memory.handOut({ writable: true });
        const readable = memory.handOut({ writable: false });
        const mappings = [writable.vmo.map(), readable.vmo.map()] as const;
        writable.vmo.close();
        readable.vmo.close();
        await someTurns();
        expect(gone).toEqual([]);
        mappings[0].unmap();
        await eventually(() => gone.length === 1);
        expect(gone).toEqual([writable.childId]);
        mappings[1].unmap();
        await eventually(() => gone.length === 2);
        memory.close();
      });

      it("counts a message on its way as somebody who holds the VMO", async () => {
        const memory = await kernel.createMemory(4_096, NAMES);
        const gone: number[] = [];
        memory.onChildGone((childId) => gone.push(childId));
        const [left, right] = kernel.createChannel();
        const { vmo, childId } = memory.handOut({ writable: true });
        left.write(message(1), [vmo]);
        left.close();
        await someTurns();
        expect([...memory.liveChildren]).toEqual([childId]);
        const received = collect(right);
        const [arrived] = (await received.packet(0)).handles;
        expect(memory.identify(asVmo(arrived as Vmo))).toBe(childId);
        received.close();
        await eventually(() => gone.length === 1);
        memory.close();
      });

      it("reports nothing after it was closed, and what was handed out lives on", async () => {
        const memory = await kernel.createMemory(4_096, NAMES);
        const gone: number[] = [];
        memory.onChildGone((childId) => gone.push(childId));
        const { vmo } = memory.handOut({ writable: true });
        memory.close();
        memory.close();
        const mapping = vmo.map();
        mapping.bytes[0] = 1;
        mapping.unmap();
        vmo.close();
        await someTurns();
        expect(gone).toEqual([]);
      });

      it("of somebody else can be handed out as one's own", async () => {
        const made = await kernel.createMemory(4_096, NAMES);
        const given = made.handOut({ writable: false }).vmo;
        const adopted: BufferMemory = kernel.adoptMemory(given);
        expect(adopted.koid).toBe(made.koid);
        const { vmo, childId } = adopted.handOut({ writable: false });
        const gone: number[] = [];
        adopted.onChildGone((id) => gone.push(id));
        expect(adopted.identify(vmo)).toBe(childId);
        // Given for reading, it cannot be handed out for more.
        expect(codeOf(() => adopted.handOut({ writable: true }))).toBe("ACCESS_DENIED");
        vmo.close();
        await eventually(() => gone.length === 1);
        adopted.close();
        made.close();
      });
    });

    describe("services", () => {
      it("connect who asks with who listens, and say who it is", async () => {
        const path = join(folder, "fuchsia.sysmem2.Allocator");
        const accepted: { channel: Handle; pid: number }[] = [];
        const listener = kernel.listen(path, {}, (channel, peer) => {
          accepted.push({ channel, pid: peer.pid });
          expect(kernel.peerCredentials(channel)).toEqual(peer);
          channel.write(message(3), []);
        });
        expect(listener.path).toBe(path);
        const client = kernel.connect(path);
        const received = collect(client);
        expect(numberOf((await received.packet(0)).bytes)).toBe(3);
        expect(accepted).toHaveLength(1);
        expect(accepted[0]?.pid).toBe(kernel.peerCredentials(client)?.pid);
        received.close();
        accepted[0]?.channel.close();
        listener.close();
        listener.close();
        expect(codeOf(() => kernel.connect(path))).toBe("NOT_FOUND");
      });

      it("are taken while somebody listens, and free afterwards", () => {
        const path = join(folder, "service");
        const listener = kernel.listen(path, {}, (channel) => channel.close());
        expect(codeOf(() => kernel.listen(path, {}, () => {}))).toBe("ALREADY_EXISTS");
        listener.close();
        kernel.listen(path, {}, () => {}).close();
        expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
      });

      it("close connections nobody accepted when they stop", async () => {
        const path = join(folder, "service");
        const listener = kernel.listen(path, {}, (channel) => channel.close());
        const client = kernel.connect(path);
        listener.close();
        const received = collect(client);
        expect(await received.closed()).toEqual({ kind: "peer-closed" });
      });
    });

    it("tells what it is given back by type", () => {
      const [left, right] = kernel.createEventPair();
      const event = kernel.createEvent();
      expect(asEventPair(left)).toBe(left);
      expect(asEvent(event)).toBe(event);
      for (const each of [left, right, event]) {
        each.close();
        expect(each.isClosed).toBe(true);
        each.close();
        expect(() => each.koid).not.toThrow(TypeError);
      }
      expect(() => left.duplicate()).toThrow(InvariantError);
      expect(() => left.isPeerClosed()).toThrow(InvariantError);
    });
  });
}
