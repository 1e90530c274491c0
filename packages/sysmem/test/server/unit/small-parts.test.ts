import { describe, expect, test } from "vitest";
import { silentLogger } from "#base";
import { LifetimeTrackers } from "../../../src/server/buffers/lifetime-trackers.ts";
import { sameSettings } from "../../../src/server/buffers/same-settings.ts";
import { vmoName } from "../../../src/server/buffers/vmo-name.ts";
import { Gate } from "../../../src/server/collection/gate.ts";
import { FailureLog } from "../../../src/server/debug/failure-log.ts";
import { StallWarning } from "../../../src/server/debug/stall-warning.ts";
import { epitaphFor, v1Status, v2Error } from "../../../src/server/domain-error.ts";
import { Observers } from "../../../src/server/events.ts";
import { Turns } from "../../../src/server/turns.ts";
import { uniqueIds } from "../../../src/server/ids.ts";
import type { EventPair } from "#kernel";
import { SimulatedClock } from "../support/simulated-clock.ts";

describe("turns", () => {
  test("an input arriving within a turn waits until its tasks are done", () => {
    const log: string[] = [];
    const turns = new Turns(() => log.push("exception"));
    turns.enter(() => {
      turns.post(() => log.push("task"));
      turns.enter(() => log.push("nested"));
      log.push("input");
    });
    expect(log).toEqual(["input", "task", "nested"]);
  });

  test("an exception ends its input and nothing else", () => {
    const seen: unknown[] = [];
    const turns = new Turns((exception) => seen.push(exception));
    const boom = new RangeError("boom");
    turns.enter(() => {
      turns.post(() => seen.push("after"));
      throw boom;
    });
    turns.enter(() => seen.push("next"));
    expect(seen).toEqual([boom, "after", "next"]);
  });
});

test("a closed gate keeps inputs in order, and a gate closed again while opening stops there", () => {
  const gate = new Gate();
  const log: number[] = [];
  gate.close();
  gate.pass(() => log.push(1));
  gate.pass(() => {
    log.push(2);
    gate.close();
  });
  gate.pass(() => log.push(3));
  gate.open();
  expect(log).toEqual([1, 2]);
  gate.open();
  expect(log).toEqual([1, 2, 3]);
});

describe("stall warnings (9.3)", () => {
  const start = () => {
    const clock = new SimulatedClock();
    const at: number[] = [];
    const begin = clock.nowNs();
    const warning = new StallWarning(clock, () => at.push((clock.nowNs() - begin) / 1e9));
    return { clock, at, warning, begin };
  };

  test("L146: exactly two, at 5 s and 35 s", () => {
    const { clock, at } = start();
    clock.advance(400e9);
    expect(at).toEqual([5, 35]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("L147: a deadline of 1 s moves them to 1 s and 31 s", () => {
    const { clock, at, warning, begin } = start();
    warning.setDeadline(begin + 1e9);
    clock.advance(400e9);
    expect(at).toEqual([1, 31]);
  });

  test("L148: a deadline after the first warning, or after the result, has no effect", () => {
    const { clock, at, warning, begin } = start();
    clock.advance(6e9);
    warning.setDeadline(begin + 7e9);
    clock.advance(60e9);
    expect(at).toEqual([5, 35]);
    const other = start();
    other.warning.cancel();
    other.warning.setDeadline(other.begin + 1e9);
    other.clock.advance(60e9);
    expect(other.at).toEqual([]);
  });

  test("a deadline in the past fires promptly", () => {
    const { clock, at, warning } = start();
    warning.setDeadline(0);
    clock.advance(0);
    expect(at).toEqual([0]);
  });
});

test("lifetime trackers close once no more than their number exists", () => {
  const closed: string[] = [];
  const end = (name: string) => ({ close: () => closed.push(name) }) as unknown as EventPair;
  const trackers = new LifetimeTrackers();
  trackers.add(end("0"), 0);
  trackers.add(end("2"), 2);
  trackers.add(end("2 again"), 2);
  trackers.evaluate(3);
  expect(closed).toEqual([]);
  trackers.evaluate(2);
  expect(closed).toEqual(["2", "2 again"]);
  expect(trackers.count).toBe(1);
  trackers.closeAll();
  expect(closed).toEqual(["2", "2 again", "0"]);
});

test("VMO names keep the index within 31 bytes", () => {
  expect(vmoName("abcdefghijkl", 1)).toBe("abcdefghijkl:1");
  expect(vmoName("n".repeat(64), 12)).toBe(`${"n".repeat(28)}:12`);
  expect(vmoName("abcdefghijkl\0mnop", 1)).toBe("abcdefghijkl:1");
  expect(vmoName(undefined, 0)).toBe("Sysmem-core");
});

test("settings are compared by content, with or without the sizes", () => {
  const one = { bufferSettings: { sizeBytes: 1n, heap: { heapType: "a", id: 0n } } };
  const two = { bufferSettings: { sizeBytes: 2n, heap: { heapType: "a", id: 0n } } };
  expect(sameSettings(one, structuredClone(one), false)).toBe(true);
  expect(sameSettings(one, two, false)).toBe(false);
  expect(sameSettings(one, two, true)).toBe(true);
  expect(sameSettings(one, { bufferSettings: { sizeBytes: 1n, heap: { heapType: "b", id: 0n } } }, true)).toBe(false);
  expect(
    sameSettings({ imageFormatConstraints: { colorSpaces: [1] } }, { imageFormatConstraints: undefined }, true),
  ).toBe(false);
});

test("errors on the wire (1.1): v2 numbers, v1 statuses, and one epitaph for every v2 close", () => {
  expect(v2Error("UNSPECIFIED")).toBe(1);
  expect(v2Error("NO_MORE_STRONG_VMO_HANDLES")).toBe(9);
  expect(v1Status("CONSTRAINTS_INTERSECTION_EMPTY")).toBe(-2);
  expect(v1Status("TOO_MANY_GROUP_CHILD_COMBINATIONS")).toBe(-14);
  expect(epitaphFor("CONSTRAINTS_INTERSECTION_EMPTY", "v2")).toBe(-1);
  expect(epitaphFor("CONSTRAINTS_INTERSECTION_EMPTY", "v1")).toBe(-2);
});

test("an observer that throws disturbs neither the server nor other observers", () => {
  const observers = new Observers(silentLogger);
  const seen: string[] = [];
  observers.add(() => {
    throw new RangeError("broken observer");
  });
  const stop = observers.add((event) => seen.push(event.type));
  observers.emit({ type: "collection-gone", collectionId: 2n, atNs: 0 });
  stop();
  observers.emit({ type: "collection-gone", collectionId: 2n, atNs: 0 });
  expect(seen).toEqual(["collection-gone"]);
});

test("collection ids of a server started a millisecond later are not those of the earlier one", () => {
  const [a, b] = [uniqueIds(1_000), uniqueIds(1_001)];
  expect(a.nextCollectionId()).toBe(1_000_000n);
  expect(b.nextCollectionId() - a.nextCollectionId()).toBe(999n);
});

test("failures are kept up to a number, trees with the newest, and explanations with the small ones of these", () => {
  const log = new FailureLog({ rememberedFailures: 3, rememberedExplanations: 2, maxExplainedParticipants: 1 });
  const someone = { nodeId: 1, client: "", clientId: 0n };
  const add = (participants: number) =>
    log.add(
      {
        collectionId: 2n,
        name: undefined,
        atNs: 0,
        attempt: "initial",
        error: "CONSTRAINTS_INTERSECTION_EMPTY",
        reason: "r",
        participants: Array.from({ length: participants }, () => someone),
      },
      { nodes: [], isShortened: false },
      { explain: () => ({ ok: false, summary: "explained", children: [] }) },
    ).failureId;
  const ids = [add(1), add(1), add(1), add(2), add(1)];
  expect(log.records.map((record) => record.failureId)).toEqual(ids.slice(2));
  expect(ids.map((id) => log.inquiry(id)?.explain().summary)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    "explained",
  ]);
  expect(ids.map((id) => log.tree(id) !== undefined)).toEqual([false, false, false, true, true]);
});
