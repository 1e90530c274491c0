import { describe, expect, it } from "vitest";
import { MAX_QUEUED_EVENTS } from "#base";
import {
  CanceledError,
  type ClientClosed,
  DecodeError,
  EpitaphError,
  LocalClosedError,
  PeerClosedError,
  ProtocolError,
  Status,
  TimeoutError,
  TooManyCallsError,
  TransportError,
  type UnknownEvent,
  UnknownMethodError,
} from "#fidl";
import { ClientCore } from "../../../src/fidl/bindings/client.ts";
import { Method, OrdinalTable } from "../../../src/fidl/bindings/method.ts";
import { createMemoryChannel, MemoryHandle, settle } from "../../support/memory-channel.ts";
import { bytes, PRESENT, thrownBy, word } from "../wire/harness.ts";
import { type LampBindOptions, type Level, makeLamp, ORDINALS } from "./lamp.ts";
import { EPITAPH, header, inlined, RawEnd } from "./raw.ts";

function bind(options: LampBindOptions = {}, openness: "open" | "ajar" | "closed" = "open") {
  const raw = new RawEnd();
  const unknown: UnknownEvent[] = [];
  const lamp = makeLamp(openness).bind(raw.bound, { onUnknownEvent: (event) => void unknown.push(event), ...options });
  const ends: ClientClosed[] = [];
  void lamp.closed.then((end) => ends.push(end));
  return { raw, lamp, unknown, ends };
}

/** The error of a promise that must be rejected. */
async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    (value) => {
      throw new TypeError(`resolved with ${String(value)}`);
    },
    (error) => error as Error,
  );
}

const epitaph = (status: number) => `${header({ ordinal: EPITAPH })}${word(BigInt.asUintN(32, BigInt(status)))}`;
const answer = (txid: number, level: number) => `${header({ txid, ordinal: ORDINALS.getLevel })}${word(level)}`;

describe("requests on the wire", () => {
  it("are as the worked examples say", async () => {
    const { raw, lamp } = bind();
    void lamp.sync();
    lamp.setLevel({ level: 5 });
    lamp.reset();
    await settle();
    expect(raw.received).toEqual([
      "0100000002008001545b57cf5525ac11",
      `${header({ ordinal: ORDINALS.setLevel })}${word(5)}`,
      header({ isFlexible: true, ordinal: ORDINALS.reset }),
    ]);
  });

  it("are sent in the order of the calls, whatever their kind", async () => {
    const { raw, lamp } = bind();
    const calls = [lamp.getLevel(), lamp.strictSync(), lamp.getLevel()];
    await settle();
    expect(raw.received.map((message) => message.slice(0, 8))).toEqual(["01000000", "02000000", "03000000"]);
    await raw.send(answer(3, 30));
    await raw.send(header({ txid: 2, ordinal: ORDINALS.strictSync }));
    await raw.send(answer(1, 10));
    expect(await Promise.all(calls)).toEqual([{ level: 10 }, undefined, { level: 30 }]);
  });

  it("that cannot be encoded fail by themselves", async () => {
    const { raw, lamp } = bind();
    const handle = new MemoryHandle();
    const error = await rejection(lamp.exchange({ name: "much too long", content: handle }));
    expect(error).toMatchObject({ code: "STRING_TOO_LONG", path: "request.name" });
    expect(handle.closeCount).toBe(1);
    expect(thrownBy(() => lamp.setLevel({ level: -1 }))).toMatchObject({
      code: "VALUE_OUT_OF_RANGE",
      path: "request.level",
    });
    expect([raw.received, lamp.isClosed]).toEqual([[], false]);
  });

  it("move typed ends out of the payload", async () => {
    const { raw, lamp } = bind();
    const [, b] = createMemoryChannel();
    const child = makeLamp("open").serverEnd(b);
    lamp.give({ child });
    await settle();
    expect([child.isClosed, raw.handles]).toEqual([true, [b]]);
  });
});

describe("answers", () => {
  it("that are domain errors are values", async () => {
    const { raw, lamp } = bind();
    const dim = lamp.dim({ level: 1 });
    await raw.send(`${header({ txid: 1, isFlexible: true, ordinal: ORDINALS.dim })}${word(2)}${inlined(1)}`);
    expect(await dim).toEqual({ ok: false, error: 1 });
  });

  it("of an unknown method fail that call alone", async () => {
    const { raw, lamp } = bind();
    const sync = rejection(lamp.sync());
    await raw.send(`${header({ txid: 1, isFlexible: true, ordinal: ORDINALS.sync })}0300000000000000feffffff00000100`);
    expect(await sync).toBeInstanceOf(UnknownMethodError);
    expect(await sync).toMatchObject({ code: "UNKNOWN_METHOD", method: "example/Lamp.Sync" });
    expect(lamp.isClosed).toBe(false);
  });

  it.each([
    ["another framework error", "sync", `${word(3)}${inlined(-3)}`, "STRICT_ENUM_UNKNOWN_VALUE"],
    ["a framework error of a strict method", "strictDim", `${word(3)}${inlined(-2)}`, "STRICT_UNION_UNKNOWN_FIELD"],
    ["a domain error where none is declared", "sync", `${word(2)}${inlined(1)}`, "STRICT_UNION_UNKNOWN_FIELD"],
    ["an undeclared domain error", "dim", `${word(2)}${inlined(3)}`, "STRICT_ENUM_UNKNOWN_VALUE"],
    ["a bare payload where a union belongs", "sync", "", "TOO_FEW_BYTES_IN_PRIMARY_OBJECT"],
    ["a union where a bare payload belongs", "getLevel", `${word(1)}${inlined(1)}`, "TOO_MANY_BYTES_IN_MESSAGE"],
  ] as const)("that do not decode fail the call and the channel: %s", async (_name, method, body, code) => {
    const { raw, lamp, ends } = bind();
    const call = rejection(method === "dim" || method === "strictDim" ? lamp[method]({ level: 1 }) : lamp[method]());
    const other = rejection(lamp.getLevel());
    const handle = new MemoryHandle();
    await raw.send(`${header({ txid: 1, ordinal: ORDINALS[method] })}${body}`, [handle]);
    expect(await call).toBeInstanceOf(DecodeError);
    expect(await call).toMatchObject({ code });
    expect(await other).toBe(await call);
    expect([raw.isClosed, handle.closeCount]).toEqual([true, 1]);
    expect(ends).toMatchObject([{ cause: "error", error: { code } }]);
  });

  it.each([
    ["to no call", answer(9, 1)],
    ["of another method", header({ txid: 1, ordinal: ORDINALS.strictSync })],
    ["of an unknown method", header({ txid: 1, isFlexible: true, ordinal: 0x7777n })],
  ])("%s close the channel", async (_name, message) => {
    const { raw, lamp, ends } = bind();
    const call = rejection(lamp.getLevel());
    const handle = new MemoryHandle();
    await raw.send(message, [handle]);
    expect(await call).toBeInstanceOf(ProtocolError);
    expect([raw.isClosed, handle.closeCount, ends[0]?.cause]).toEqual([true, 1, "error"]);
  });

  it("twice to one call close the channel", async () => {
    const { raw, lamp } = bind();
    const call = lamp.getLevel();
    await raw.send(answer(1, 4));
    expect(await call).toEqual({ level: 4 });
    await raw.send(answer(1, 4));
    expect(lamp.isClosed).toBe(true);
  });
});

describe("messages that close a client", () => {
  it.each([
    ["a message shorter than its header", "01000000"],
    ["another magic", header({ ordinal: ORDINALS.onIdle, flags: "02000000" })],
    ["another wire format", header({ ordinal: ORDINALS.onIdle, flags: "00000001" })],
    ["an epitaph with handles or of another size", header({ ordinal: EPITAPH })],
    ["a method of its own as an event", `${header({ ordinal: ORDINALS.setLevel })}${word(1)}`],
  ])("%s", async (_name, message) => {
    const { raw, lamp, ends } = bind();
    await raw.send(message);
    expect([raw.isClosed, lamp.isClosed, ends[0]?.cause, ends[0]?.status]).toEqual([true, true, "error", -43]);
    expect(ends[0]?.error).toBeInstanceOf(ProtocolError);
  });
});

describe("events", () => {
  const change = (level: number) => `${header({ ordinal: ORDINALS.onChange })}${word(level)}`;
  const parcel = `${header({ isFlexible: true, ordinal: ORDINALS.onParcel })}${word(2)}${PRESENT}${word(0)}ffffffff01000100`;

  it("go to every handler of their name, in order of attachment, until it is detached", async () => {
    const seen: string[] = [];
    const { raw, lamp } = bind({ on: { onChange: ({ level }) => void seen.push(`option ${level}`) } });
    const off = lamp.on("onChange", ({ level }) => void seen.push(`first ${level}`));
    lamp.on("onChange", ({ level }) => void seen.push(`second ${level}`));
    await raw.send(change(1));
    off();
    off();
    await raw.send(change(2));
    expect(seen).toEqual(["option 1", "first 1", "second 1", "option 2", "second 2"]);
  });

  it("that nobody handles are dropped with their handles", async () => {
    const { raw, lamp } = bind();
    const handle = new MemoryHandle();
    await raw.send(parcel, [handle]);
    expect([handle.closeCount, lamp.isClosed]).toEqual([1, false]);
  });

  it("that do not decode close the channel, handled or not", async () => {
    const { raw, ends } = bind();
    await raw.send(`${header({ ordinal: ORDINALS.onChange })}${word(1n << 40n)}`);
    expect(ends).toMatchObject([{ cause: "error", error: { code: "INVALID_PADDING_BYTE", path: "event" } }]);
  });

  it("whose handler throws go on to the others", async () => {
    const faults: unknown[] = [];
    const boom = new RangeError("boom");
    const { raw, lamp } = bind({ onHandlerError: (error, event) => void faults.push([error, event]) });
    const seen: number[] = [];
    lamp.on("onChange", () => {
      throw boom;
    });
    lamp.on("onChange", ({ level }) => void seen.push(level));
    await raw.send(change(1));
    expect([faults, seen, lamp.isClosed]).toEqual([[[boom, "onChange"]], [1], false]);
  });

  it("of another name cannot be asked for", () => {
    const { lamp } = bind();
    expect(() => lamp.on("onNothing" as never, () => {})).toThrow("has no event onNothing");
  });

  const ordinal = 0x7000_0000_0000_0009n;
  it.each([
    ["open", true, "tells"],
    ["ajar", true, "tells"],
    ["closed", true, "closes"],
    ["open", false, "closes"],
    ["ajar", false, "closes"],
    ["closed", false, "closes"],
  ] as const)("unknown to an %s protocol (flexible: %s): %s", async (openness, isFlexible, reaction) => {
    const { raw, lamp, unknown } = bind({}, openness);
    const handle = new MemoryHandle();
    await raw.send(`${header({ isFlexible, ordinal })}0102`, [handle]);
    expect(handle.closeCount).toBe(1);
    expect([lamp.isClosed, unknown]).toEqual(reaction === "closes" ? [true, []] : [false, [{ ordinal }]]);
  });
});

describe("events as a stream", () => {
  const change = (level: number) => `${header({ ordinal: ORDINALS.onChange })}${word(level)}`;

  async function collect(stream: AsyncIterable<unknown>): Promise<unknown[]> {
    const seen: unknown[] = [];
    for await (const event of stream) seen.push(event);
    return seen;
  }

  it("come in order and end with the channel", async () => {
    const { raw, lamp } = bind();
    const all = collect(lamp.events());
    await raw.send(change(1));
    await raw.send(header({ isFlexible: true, ordinal: ORDINALS.onIdle }));
    raw.channel.close();
    expect(await all).toEqual([
      { event: "onChange", payload: { level: 1 } },
      { event: "onIdle", payload: undefined },
    ]);
    expect(await collect(lamp.events())).toEqual([]);
  });

  it("end with an error when the channel did", async () => {
    const { raw, lamp } = bind();
    const all = collect(lamp.events());
    await raw.send(epitaph(Status.ERR_NO_MEMORY));
    expect(await rejection(all)).toBeInstanceOf(EpitaphError);
    expect(await rejection(collect(lamp.events()))).toBeInstanceOf(EpitaphError);
  });

  it("keep a bounded number and then stop reading", async () => {
    const { raw, lamp } = bind();
    const stream = lamp.events();
    let sent = 0;
    const send = () => raw.channel.write(bytes(change(sent++)), []);
    while (sent < MAX_QUEUED_EVENTS - 1) send();
    await settle();
    expect(raw.bound.isPaused).toBe(false);
    send();
    await settle();
    expect(raw.bound.isPaused).toBe(true);
    while (sent < MAX_QUEUED_EVENTS + 50) send();
    for (let level = 0; level < sent; level++)
      expect((await stream.next()).value).toMatchObject({ payload: { level } });
    expect(raw.bound.isPaused).toBe(false);
  });

  it("that are left close what was not taken", async () => {
    const { raw, lamp } = bind();
    const stream = lamp.events();
    const handles = [new MemoryHandle(), new MemoryHandle()];
    const parcel = `${header({ isFlexible: true, ordinal: ORDINALS.onParcel })}${word(2)}${PRESENT}${word(0)}ffffffff01000100`;
    for (const handle of handles) await raw.send(parcel, [handle]);
    await stream.next();
    await stream.return?.();
    expect(handles.map((handle) => handle.closeCount)).toEqual([0, 1]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    const late = new MemoryHandle();
    await raw.send(parcel, [late]);
    expect([late.closeCount, lamp.isClosed]).toEqual([1, false]);
  });
});

describe("the end of a client", () => {
  it.each([0, -20, 12345])("by an epitaph of %d, after everything that came before it", async (status) => {
    const { raw, lamp, ends } = bind();
    const [first, second] = [lamp.getLevel(), rejection(lamp.getLevel())];
    raw.channel.write(bytes(answer(1, 3)), []);
    raw.channel.write(bytes(epitaph(status)), []);
    raw.channel.write(bytes(answer(2, 4)), []);
    raw.channel.close();
    expect(await first).toEqual({ level: 3 });
    expect(await second).toBeInstanceOf(EpitaphError);
    expect(await second).toMatchObject({ code: "EPITAPH", status });
    expect(ends).toMatchObject([{ cause: "epitaph", status }]);
    expect(thrownBy(() => lamp.reset())).toBeInstanceOf(EpitaphError);
  });

  it("by a peer that goes without a word", async () => {
    const { raw, lamp, ends } = bind();
    const call = rejection(lamp.getLevel());
    raw.channel.close();
    expect(await call).toBeInstanceOf(PeerClosedError);
    expect(ends).toMatchObject([{ cause: "peer-closed", status: -24 }]);
    const handle = new MemoryHandle();
    expect(await rejection(lamp.exchange({ content: handle }))).toBeInstanceOf(PeerClosedError);
    expect(handle.closeCount).toBe(1);
    expect(() => lamp.give({ content: handle })).toThrow(PeerClosedError);
  });

  it("seen first by a one-way call, which throws", () => {
    const { raw, lamp } = bind();
    raw.channel.close();
    const handle = new MemoryHandle();
    expect(() => lamp.give({ content: handle })).toThrow(PeerClosedError);
    expect(handle.closeCount).toBe(1);
  });

  it("seen first by a two-way call, which waits for the reason", async () => {
    const { raw, lamp } = bind();
    raw.channel.write(bytes(epitaph(-20)), []);
    raw.channel.close();
    expect(await rejection(lamp.getLevel())).toMatchObject({ code: "EPITAPH", status: -20 });
  });

  it("on this side", async () => {
    const { raw, lamp, ends } = bind();
    const call = rejection(lamp.getLevel());
    lamp.close();
    lamp.close();
    expect(await call).toBeInstanceOf(LocalClosedError);
    await settle();
    expect([raw.isClosed, ends]).toMatchObject([true, [{ cause: "local", status: 0 }]]);
    expect(() => lamp.reset()).toThrow(LocalClosedError);
  });

  it("on this side by dispose and by signal", () => {
    const first = bind().lamp;
    first[Symbol.dispose]();
    const controller = new AbortController();
    const second = bind({ signal: controller.signal }).lamp;
    controller.abort();
    expect([first.isClosed, second.isClosed, bind({ signal: AbortSignal.abort() }).lamp.isClosed]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("by the transport", async () => {
    const { raw, lamp, ends } = bind();
    const call = rejection(lamp.getLevel());
    raw.bound.breakWith({ kind: "malformed", detail: "truncated" });
    expect(await call).toBeInstanceOf(TransportError);
    expect(ends).toMatchObject([{ cause: "error", error: { kind: "malformed" } }]);
    const full = bind();
    full.raw.bound.overflowNextWrite = true;
    expect(await rejection(full.lamp.getLevel())).toMatchObject({ code: "TRANSPORT_FAILED", kind: "overflow" });
  });
});

describe("calls that are given up", () => {
  const parcel = `${header({ txid: 1, isFlexible: true, ordinal: ORDINALS.exchange })}${word(1)}3000000001000000${word(2)}${PRESENT}${word(0)}ffffffff01000100`;

  it("by their signal reject, and their answer is dropped with its handles", async () => {
    const { raw, lamp } = bind();
    const controller = new AbortController();
    const call = rejection(lamp.exchange({}, { signal: controller.signal }));
    controller.abort(new RangeError("enough"));
    expect(await call).toBeInstanceOf(CanceledError);
    expect((await call).cause).toBeInstanceOf(RangeError);
    const handle = new MemoryHandle();
    await raw.send(parcel, [handle]);
    expect([handle.closeCount, lamp.isClosed]).toEqual([1, false]);
  });

  it("before they are sent, are not sent", async () => {
    const { raw, lamp } = bind();
    const handle = new MemoryHandle();
    const call = lamp.exchange({ content: handle }, { signal: AbortSignal.abort() });
    expect(await rejection(call)).toBeInstanceOf(CanceledError);
    expect([raw.received, handle.closeCount]).toEqual([[], 1]);
  });

  it("keep their txid until the answer comes", async () => {
    const { raw, lamp } = bind({ maxOutstandingCalls: 1 });
    const controller = new AbortController();
    const call = rejection(lamp.getLevel({ signal: controller.signal }));
    controller.abort();
    await call;
    expect(await rejection(lamp.getLevel())).toBeInstanceOf(TooManyCallsError);
    await raw.send(answer(1, 1));
    const next = lamp.getLevel();
    await raw.send(answer(2, 2));
    expect(await next).toEqual({ level: 2 });
  });

  it("by their deadline, on the clock that was given", async () => {
    let now = 0;
    const timers: { at: number; callback: () => void; isCanceled: boolean }[] = [];
    const clock = {
      nowNs: () => now,
      setTimer(at: number, callback: () => void) {
        const timer = { at, callback, isCanceled: false };
        timers.push(timer);
        return { cancel: () => void (timer.isCanceled = true) };
      },
    };
    const { raw, lamp } = bind({ clock, timeoutMs: 5 });
    const [slow, quick] = [rejection(lamp.getLevel({ timeoutMs: 2 })), lamp.getLevel()];
    await raw.send(answer(2, 1));
    expect(await quick).toEqual({ level: 1 });
    expect(timers.map(({ at, isCanceled }) => [at, isCanceled])).toEqual([
      [2e6, false],
      [5e6, true],
    ]);
    now = 2e6;
    timers[0]!.callback();
    expect(await slow).toBeInstanceOf(TimeoutError);
    expect(lamp.isClosed).toBe(false);
  });

  it("by their deadline, on the host's clock", async () => {
    const { lamp } = bind();
    expect(await rejection(lamp.getLevel({ timeoutMs: 1 }))).toMatchObject({ code: "TIMED_OUT" });
  });
});

describe("bounds of a client", () => {
  it("holds calls to their limit", async () => {
    const { raw, lamp } = bind({ maxOutstandingCalls: 2 });
    const calls = [lamp.getLevel(), lamp.getLevel()];
    const handle = new MemoryHandle();
    expect(await rejection(lamp.exchange({ content: handle }))).toBeInstanceOf(TooManyCallsError);
    expect([handle.closeCount, raw.received.length]).toEqual([1, 2]);
    await raw.send(answer(1, 1));
    calls.push(lamp.getLevel());
    await raw.send(answer(2, 2));
    await raw.send(answer(3, 3));
    expect(await Promise.all(calls)).toEqual([{ level: 1 }, { level: 2 }, { level: 3 }]);
  });

  it("goes round the transaction ids and leaves out those in use", async () => {
    const raw = new RawEnd();
    const declaration = makeLamp("open").descriptor;
    const getLevel = new Method(declaration.methods.find(({ name }) => name === "getLevel")!);
    const shape = {
      name: "example/Lamp",
      openness: "open",
      methods: new OrdinalTable([getLevel]),
      events: new OrdinalTable([]),
      eventsByName: new Map(),
    } as const;
    const core = new ClientCore(shape, raw.bound, {}, 0x7fff_fffe);
    const calls = Array.from({ length: 3 }, () => core.call(getLevel, undefined, undefined) as Promise<Level>);
    await settle();
    const txids = () => raw.received.map((message) => Buffer.from(message, "hex").readUInt32LE(0));
    expect(txids()).toEqual([0x7fff_fffe, 0x7fff_ffff, 1]);
    core.close();
    await Promise.all(calls.map(rejection));

    const again = new RawEnd();
    const second = new ClientCore(shape, again.bound, {}, 0x7fff_ffff);
    const kept = [second.call(getLevel, undefined, undefined), second.call(getLevel, undefined, undefined)];
    await again.send(answer(1, 1));
    expect(await kept[1]).toEqual({ level: 1 });
    second.close();
    await rejection(kept[0]!);
  });
});

describe("unbinding a client", () => {
  it("gives the channel back and loses nothing", async () => {
    const { raw, lamp, ends } = bind();
    const end = lamp.unbind();
    await raw.send(`${header({ ordinal: ORDINALS.onChange })}${word(6)}`);
    const levels: number[] = [];
    const next = makeLamp("open").bind(end, { on: { onChange: ({ level }) => void levels.push(level) } });
    await settle();
    expect([levels, end.isClosed, lamp.isClosed, raw.isClosed]).toEqual([[6], true, true, false]);
    expect(ends).toMatchObject([{ cause: "local" }]);
    next.close();
  });

  it("is refused while calls are outstanding, and when closed", async () => {
    const { raw, lamp } = bind();
    const call = lamp.getLevel();
    expect(() => lamp.unbind()).toThrow("while calls are outstanding");
    await raw.send(answer(1, 1));
    await call;
    lamp.close();
    expect(() => lamp.unbind()).toThrow("a closed client");
  });
});

it("shows its identity and nothing inside", () => {
  const { raw, lamp } = bind();
  expect([lamp.protocol, lamp.koid, lamp.relatedKoid()]).toEqual(["example/Lamp", raw.bound.koid, raw.channel.koid]);
  expect([Object.keys(lamp), lamp.constructor.name]).toEqual([[], "LampClient"]);
  expect(() => makeLamp("open").bind(Object.assign(createMemoryChannel()[0], { isClosed: true }))).toThrow(
    "must be open",
  );
});
