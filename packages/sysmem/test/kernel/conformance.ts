/**
 * What every kernel must do, whatever it is made of. Source: `port.ts`, `handle.ts` and the transport contract.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { type Handle, InvariantError } from "#base";
import { asEvent, asEventPair, type Kernel } from "#kernel";
import { test } from "../support/leaks.ts";
import { collect, eventually, message, numberOf, someTurns } from "./collect.ts";
import { describeChannels } from "./conformance-channels.ts";
import { codeOf, type It } from "./conformance-kit.ts";
import { describeMemory } from "./conformance-memory.ts";

export function describeKernel(name: string, createKernel: () => Kernel): void {
  const it: It = (behaviour, body) =>
    test(behaviour, async () => {
      const folder = mkdtempSync(join(tmpdir(), "sysmem-kernel-"));
      const kernel = createKernel();
      try {
        await body(kernel, folder);
      } finally {
        kernel.close();
        rmSync(folder, { recursive: true });
      }
    });

  describe(name, () => {
    describeChannels(it);
    describe("eventpairs", () => {
      it("know each other and are told apart", (kernel) => {
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

      it("report the other end's close once, in a later turn", async (kernel) => {
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

      it("report it to those who ask afterwards, too", async (kernel) => {
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

      it("report it where data is dropped, too", async (kernel) => {
        const [left, right] = kernel.createEventPair();
        left.dropData();
        let count = 0;
        const early = left.onPeerClosed(() => {
          count += 10;
        });
        left.onPeerClosed(() => {
          count += 1;
        });
        early.cancel();
        await someTurns();
        expect([count, left.isPeerClosed(), right.isPeerClosed()]).toEqual([0, false, false]);
        right.close();
        expect(left.isPeerClosed()).toBe(true);
        await eventually(() => count === 1);
        left.close();
      });

      it("report nothing to those who cancelled, or closed their end", async (kernel) => {
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
      it("are recognised by their identity", (kernel) => {
        const event = kernel.createEvent();
        const duplicate = event.duplicate();
        const other = kernel.createEvent();
        expect(duplicate.koid).toBe(event.koid);
        expect(other.koid).not.toBe(event.koid);
        for (const each of [event, duplicate, other]) each.close();
      });
    });

    describeMemory(it);

    describe("services", () => {
      it("connect who asks with who listens, and say who it is", async (kernel, folder) => {
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

      it("are taken while somebody listens, and free afterwards", (kernel, folder) => {
        const path = join(folder, "service");
        const listener = kernel.listen(path, {}, (channel) => channel.close());
        expect(codeOf(() => kernel.listen(path, {}, () => {}))).toBe("ALREADY_EXISTS");
        listener.close();
        kernel.listen(path, {}, () => {}).close();
        expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
      });

      it("close connections nobody accepted when they stop", async (kernel, folder) => {
        const path = join(folder, "service");
        const listener = kernel.listen(path, {}, (channel) => channel.close());
        const client = kernel.connect(path);
        listener.close();
        const received = collect(client);
        expect(await received.closed()).toEqual({ kind: "peer-closed" });
      });
    });

    it("tells what it is given back by type", (kernel) => {
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
