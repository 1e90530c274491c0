/** The part of the conformance suite about channels. */
import { describe, expect } from "vitest";
import {
  type Channel,
  type Handle,
  InvariantError,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_HANDLES,
  MAX_PACKETS_PER_TURN,
  MAX_QUEUED_SEND_BYTES,
  MAX_QUEUED_SEND_HANDLES,
  ObjectType,
  type SendBudget,
} from "#base";
import { asEvent, isVmo } from "#kernel";
import { collect, eventually, message, numberOf, someTurns } from "./collect.ts";
import { type It, NAMES } from "./conformance-kit.ts";

export function describeChannels(it: It): void {
  describe("channels", () => {
    it("deliver packets whole and in order", async (kernel) => {
      const [left, right] = kernel.createChannel();
      const received = collect(right);
      const sizes = [16, 17, 4_096, MAX_MESSAGE_BYTES];
      for (const [index, size] of sizes.entries()) expect(left.write(message(index, size), [])).toBe(true);
      await received.packet(sizes.length - 1);
      expect(received.packets.map(({ bytes }) => [numberOf(bytes), bytes.length])).toEqual([...sizes.entries()]);
      left.close();
      received.close();
    });

    it("copy the bytes of a message before write returns", async (kernel) => {
      const [left, right] = kernel.createChannel();
      const bytes = message(1);
      left.write(bytes, []);
      bytes.fill(9);
      const received = collect(right);
      expect(numberOf((await received.packet(0)).bytes)).toBe(1);
      left.close();
      received.close();
    });

    it("deliver nothing before the current turn is over", async (kernel) => {
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

    it("never call a handler from within a handler", async (kernel) => {
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

    it("have identities that the other end can ask for", async (kernel) => {
      const [left, right] = kernel.createChannel();
      expect(left.koid).not.toBe(right.koid);
      expect(left.relatedKoid()).toBe(right.koid);
      expect(right.relatedKoid()).toBe(left.koid);
      right.close();
      expect(left.relatedKoid()).toBe(0);
      left.close();
    });

    it("keep their identity when they are sent", async (kernel) => {
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

    it("carry every kind of object, in order, and know what arrived", async (kernel) => {
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

    it("report the peer's end once, after everything it had sent", async (kernel) => {
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

    it("deliver what a peer had sent although it closed with our messages unread", async (kernel) => {
      const [left, right] = kernel.createChannel();
      right.write(message(7), []);
      left.write(message(1), []);
      left.write(message(2), []);
      left.close();
      const received = collect(right);
      expect(await received.closed()).toEqual({ kind: "peer-closed" });
      expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([1, 2]);
    });

    it("say that the peer is gone when writing to it, and close the handles", async (kernel) => {
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

    it("take no more writes once their owner closed them", (kernel) => {
      const [left, right] = kernel.createChannel();
      const event = kernel.createEvent();
      left.close();
      expect(() => left.write(message(1), [event])).toThrow(InvariantError);
      expect(event.isClosed).toBe(true);
      expect(left.isClosed).toBe(true);
      left.close();
      right.close();
    });

    it("refuse what is no message as a mistake of ours, and close its handles", (kernel) => {
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

    it("carry as many handles as a message may have", async (kernel) => {
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

    it("have one handler for life", (kernel) => {
      const [left, right] = kernel.createChannel();
      const handler = { onMessage() {}, onClosed() {} };
      left.start(handler);
      expect(() => left.start(handler)).toThrow(InvariantError);
      left.close();
      right.close();
    });

    it("pause and resume without losing anything", async (kernel) => {
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

    it("deliver nothing after they were closed within a handler", async (kernel) => {
      const [left, right] = kernel.createChannel();
      const received = collect(right, () => right.close());
      for (let number = 0; number < 3; number += 1) left.write(message(number), []);
      await received.packet(0);
      await someTurns();
      expect(received.packets).toHaveLength(1);
      expect(received.closings).toHaveLength(0);
      left.close();
    });

    it("deliver more than one turn's worth of packets", async (kernel) => {
      const [left, right] = kernel.createChannel();
      const received = collect(right);
      const count = 3 * MAX_PACKETS_PER_TURN + 1;
      for (let number = 0; number < count; number += 1) left.write(message(number), []);
      await received.packet(count - 1);
      expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([...Array(count).keys()]);
      left.close();
      received.close();
    });

    it("keep what a slow peer does not read yet, within the bound", async (kernel) => {
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

    it("close themselves, and only themselves, when a peer does not read: bytes", async (kernel) => {
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

    it("close themselves when a peer does not read: handles", async (kernel) => {
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

    it("share a budget for what they keep: who exceeds it closes, and what is sent or given up is given back", async (kernel) => {
      const kept = { bytes: 0, handles: 0 };
      const looks = new Set<() => void>();
      const budget: SendBudget = {
        take(bytes, handles) {
          if (kept.bytes + bytes > 4 * MAX_MESSAGE_BYTES) return "the budget is used up";
          kept.bytes += bytes;
          kept.handles += handles;
          return undefined;
        },
        give(bytes, handles) {
          kept.bytes -= bytes;
          kept.handles -= handles;
        },
        watch: (look) => {
          looks.add(look);
          return () => looks.delete(look);
        },
      };
      const [left, right] = kernel.createChannel();
      const [other, otherPeer] = kernel.createChannel();
      for (const channel of [left, other]) channel.setSendBudget(budget);
      const sent = collect(left);
      let written = 0;
      const keepOne = (channel: Channel) => {
        const before = kept.bytes;
        for (; kept.bytes === before; written += 1) {
          channel.write(message(written, MAX_MESSAGE_BYTES), [kernel.createEvent()]);
        }
      };
      for (let count = 0; count < 2; count += 1) for (const channel of [left, other]) keepOne(channel);
      expect(kept.bytes).toBe(4 * MAX_MESSAGE_BYTES);
      expect(left.write(message(0), [kernel.createEvent()])).toBe(false);
      expect(await sent.closed()).toEqual({ kind: "overflow", detail: "the budget is used up" });
      expect(kept.bytes).toBe(2 * MAX_MESSAGE_BYTES);
      // What the kernel has of it is counted until it is read, or nobody is left to read it.
      right.close();
      const received = collect(otherPeer);
      await eventually(() => {
        for (const look of looks) look();
        return kept.bytes === 0 && kept.handles === 0;
      });
      for (const each of [received, other]) each.close();
    });

    it("go on existing where they were sent, with what had been written to them before", async (kernel) => {
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

    it("close what travels in them when they are closed unread", async (kernel) => {
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
}
