import { describe, expect, it } from "vitest";
import { isSysmemError, MAX_OUTSTANDING_CALLS } from "#base";
import {
  DEFERRED,
  type Deferred,
  err,
  type Handle,
  ObjectType,
  ok,
  type Responder,
  type ServeOptions,
  type ServingClosed,
  Status,
  type UnknownMethod,
} from "#fidl";
import { MemoryHandle, settle } from "../../support/memory-channel.ts";
import { bytes, word } from "../wire/harness.ts";
import { plainHandlers } from "./handlers.ts";
import { type LampError, type LampServer, type Level, makeLamp, ORDINALS, type Parcel } from "./lamp.ts";
import { EPITAPH, header, inlined, RawEnd } from "./raw.ts";

type Openness = "open" | "ajar" | "closed";

function serve(overrides: Partial<LampServer> = {}, options: ServeOptions = {}, openness: Openness = "open") {
  const raw = new RawEnd();
  const closed: ServingClosed[] = [];
  const unknown: UnknownMethod[] = [];
  const serving = makeLamp(openness).serve(
    raw.bound,
    plainHandlers({ unknownMethod: (method) => void unknown.push(method), ...overrides }),
    { onClosed: (info) => void closed.push(info), ...options },
  );
  return { raw, serving, closed, unknown };
}

const epitaph = (status: number) => `${header({ ordinal: EPITAPH })}${word(BigInt.asUintN(32, BigInt(status)))}`;
const emptyParcel = `${word(0)}ffffffffffffffff`;

describe("answers on the wire", () => {
  it("are as the worked examples say", async () => {
    const { raw } = serve({ dim: () => err(2) });
    await raw.send("0100000002008001545b57cf5525ac11");
    await raw.send(`${header({ txid: 7, isFlexible: true, ordinal: ORDINALS.dim })}${word(1)}`);
    expect(raw.received).toEqual([
      "0100000002008001545b57cf5525ac1101000000000000000000000000000100",
      "07000000020080014e40614b3400230602000000000000000200000000000100",
    ]);
  });

  it("of strict methods without error are bare, and empty without payload", async () => {
    const { raw } = serve();
    await raw.send(header({ txid: 3, ordinal: ORDINALS.strictSync }));
    await raw.send(header({ txid: 0x8000_0001, ordinal: ORDINALS.getLevel }));
    expect(raw.received).toEqual([
      header({ txid: 3, ordinal: ORDINALS.strictSync }),
      header({ txid: 0x8000_0001, ordinal: ORDINALS.getLevel }) + word(1),
    ]);
  });

  it("of strict methods with error are a union of two", async () => {
    const { raw } = serve();
    await raw.send(`${header({ txid: 3, ordinal: ORDINALS.strictDim })}${word(6)}`);
    expect(raw.received).toEqual([`${header({ txid: 3, ordinal: ORDINALS.strictDim })}${word(1)}${inlined(6)}`]);
  });

  it("are sent before the next message is looked at, when the handler returns them", async () => {
    const order: string[] = [];
    const { raw } = serve({
      getLevel: () => ({ level: raw.bound.sent.length }),
      setLevel: () => void order.push(`sent ${raw.bound.sent.length}`),
    });
    raw.channel.write(bytes(header({ txid: 1, ordinal: ORDINALS.getLevel })), []);
    raw.channel.write(bytes(`${header({ ordinal: ORDINALS.setLevel })}${word(1)}`), []);
    await settle();
    expect(order).toEqual(["sent 1"]);
  });

  it("do not depend on the flexible bit of the request", async () => {
    const { raw } = serve();
    await raw.send(header({ txid: 1, isFlexible: true, ordinal: ORDINALS.strictSync }));
    await raw.send(header({ txid: 2, isFlexible: false, ordinal: ORDINALS.sync }));
    expect(raw.received).toEqual([
      header({ txid: 1, ordinal: ORDINALS.strictSync }),
      `${header({ txid: 2, isFlexible: true, ordinal: ORDINALS.sync })}${word(1)}${inlined(0)}`,
    ]);
  });

  it("may come later and in any order", async () => {
    const kept: Responder<Level>[] = [];
    const { raw } = serve({
      getLevel(call) {
        kept.push(call.responder);
        return DEFERRED;
      },
      strictSync: () => Promise.resolve(),
    });
    await raw.send(header({ txid: 1, ordinal: ORDINALS.getLevel }));
    await raw.send(header({ txid: 2, ordinal: ORDINALS.getLevel }));
    await raw.send(header({ txid: 3, ordinal: ORDINALS.strictSync }));
    expect(raw.received).toEqual([header({ txid: 3, ordinal: ORDINALS.strictSync })]);
    expect(kept[1]!.isSent).toBe(false);
    expect(kept[1]!.reply({ level: 2 })).toBe(true);
    expect(kept[1]!.isSent).toBe(true);
    expect(kept[0]!.reply({ level: 1 })).toBe(true);
    await settle();
    expect(raw.received.slice(1)).toEqual([
      header({ txid: 2, ordinal: ORDINALS.getLevel }) + word(2),
      header({ txid: 1, ordinal: ORDINALS.getLevel }) + word(1),
    ]);
  });
});

describe("responders", () => {
  function deferred(ordinal: bigint, options: ServeOptions = {}) {
    let responder: Responder<Parcel, LampError> | undefined;
    const keep = (call: { responder: unknown }): Deferred => {
      responder = call.responder as Responder<Parcel, LampError>;
      return DEFERRED;
    };
    const served = serve({ exchange: (_parcel, call) => keep(call), getLevel: (call) => keep(call) }, options);
    const request = `${header({ txid: 9, isFlexible: true, ordinal })}${ordinal === ORDINALS.exchange ? emptyParcel : ""}`;
    return { ...served, request, responder: () => responder! };
  }

  it("carry domain errors", async () => {
    const { raw, request, responder } = deferred(ORDINALS.exchange);
    await raw.send(request);
    responder().fail(2);
    await settle();
    expect(raw.received).toEqual([
      `${header({ txid: 9, isFlexible: true, ordinal: ORDINALS.exchange })}${word(2)}${inlined(2)}`,
    ]);
  });

  it("may be used once", async () => {
    const { raw, request, responder } = deferred(ORDINALS.exchange);
    await raw.send(request);
    responder().reply({});
    expect(() => responder().reply({})).toThrow("answered twice");
    expect(() => responder().fail(1)).toThrow("answered twice");
    await settle();
    expect(raw.received.length).toBe(1);
    expect(raw.isClosed).toBe(false);
  });

  it("of methods without error cannot fail", async () => {
    const { raw, request, responder } = deferred(ORDINALS.getLevel);
    await raw.send(request);
    expect(() => responder().fail(1)).toThrow("has no error type");
  });

  it("drop answers to a peer that has gone, and close their handles", async () => {
    const { raw, request, responder, closed } = deferred(ORDINALS.exchange);
    await raw.send(request);
    raw.channel.close();
    await settle();
    expect(closed).toEqual([{ kind: "peer-closed", detail: "the client closed its end" }]);
    expect(responder().isSent).toBe(true);
    const handle = new MemoryHandle();
    expect(responder().reply({ content: handle })).toBe(false);
    expect(handle.closeCount).toBe(1);
  });

  it("can close with an epitaph instead", async () => {
    const { raw, request, responder, closed } = deferred(ORDINALS.exchange);
    await raw.send(request);
    responder().close(Status.ERR_BAD_STATE);
    await settle();
    expect(raw.received).toEqual([epitaph(-20)]);
    expect(raw.isClosed).toBe(true);
    expect(closed).toEqual([{ kind: "local", detail: "closed on this side", epitaph: -20 }]);
  });

  it("may be used within the handler, which then returns nothing", async () => {
    const { raw } = serve({
      getLevel(call) {
        call.responder.reply({ level: 4 });
        return undefined as never;
      },
    });
    await raw.send(header({ txid: 1, ordinal: ORDINALS.getLevel }));
    expect(raw.received).toEqual([header({ txid: 1, ordinal: ORDINALS.getLevel }) + word(4)]);
  });
});

describe("messages that close the channel", () => {
  const known = header({ txid: 1, ordinal: ORDINALS.strictSync });
  it.each([
    ["a message shorter than its header", known.slice(0, 30)],
    ["an empty message", ""],
    ["another magic", header({ txid: 1, ordinal: ORDINALS.strictSync, flags: "02000002" })],
    ["another wire format", header({ txid: 1, ordinal: ORDINALS.strictSync, flags: "00000001" })],
    ["ordinal 0", header({ isFlexible: true, ordinal: 0n })],
    ["a two-way method without txid", header({ ordinal: ORDINALS.strictSync })],
    ["a one-way method with txid", `${header({ txid: 1, ordinal: ORDINALS.setLevel })}${word(1)}`],
  ])("%s", async (_name, message) => {
    const { raw, closed } = serve({
      unknownMethod: () => {
        throw new RangeError("must not be called");
      },
    });
    const handle = new MemoryHandle();
    await raw.send(message, [handle]);
    expect(raw.isClosed).toBe(true);
    expect(raw.received).toEqual([]);
    expect(handle.closeCount).toBe(1);
    expect(closed.map(({ kind }) => kind)).toEqual(["protocol-violation"]);
  });

  it("ignores unknown flag bits", async () => {
    const { raw } = serve();
    await raw.send(header({ txid: 1, ordinal: ORDINALS.strictSync, flags: "ffff7f01" }));
    expect(raw.received.length).toBe(1);
  });

  it("an epitaph from a client", async () => {
    const { raw, closed, unknown } = serve();
    await raw.send(epitaph(0));
    expect([raw.isClosed, closed[0]?.kind, unknown]).toEqual([true, "unknown-interaction", []]);
  });

  it("an event sent to a server, like any unknown method", async () => {
    const { raw, closed } = serve();
    await raw.send(`${header({ ordinal: ORDINALS.onChange })}${word(1)}`);
    expect(closed[0]?.kind).toBe("unknown-interaction");
  });

  it.each([
    ["a body that does not decode", `${header({ ordinal: ORDINALS.give, isFlexible: true })}${word(0)}${word(1)}`],
    ["a body for a method without payload", `${header({ ordinal: ORDINALS.reset })}${word(0)}`],
    ["no body for a method with payload", header({ ordinal: ORDINALS.setLevel })],
  ])("%s", async (_name, message) => {
    const { raw, closed } = serve();
    const handle = new MemoryHandle();
    await raw.send(message, [handle]);
    expect([raw.isClosed, raw.received, handle.closeCount]).toEqual([true, [], 1]);
    expect(closed).toMatchObject([{ kind: "decode-error", error: { brand: "sysmem.error" } }]);
  });

  it("with an epitaph that the decode hook chose", async () => {
    const seen: unknown[] = [];
    const { raw, closed } = serve(
      {},
      {
        onDecodeError(error, control, method) {
          seen.push([error.code, error.path, method.name]);
          control.close(Status.ERR_INVALID_ARGS);
        },
      },
    );
    await raw.send(`${header({ ordinal: ORDINALS.setLevel })}0100000001000000`);
    expect(seen).toEqual([["INVALID_PADDING_BYTE", "request", "setLevel"]]);
    expect(raw.received).toEqual([epitaph(-10)]);
    expect(closed).toMatchObject([{ kind: "decode-error", epitaph: -10 }]);
  });

  it("and nothing that follows is looked at", async () => {
    let calls = 0;
    const { raw } = serve({ setLevel: () => void calls++ });
    const handle = new MemoryHandle();
    raw.channel.write(bytes(header({ ordinal: ORDINALS.strictSync })), []);
    raw.channel.write(bytes(`${header({ ordinal: ORDINALS.setLevel })}${word(1)}`), [handle]);
    await settle();
    expect([calls, handle.closeCount]).toEqual([0, 1]);
  });
});

describe("unknown interactions", () => {
  const ordinal = 0x7000_0000_0000_0009n;
  const oneWay = (isFlexible: boolean) => header({ isFlexible, ordinal });
  const twoWay = (isFlexible: boolean) => header({ txid: 5, isFlexible, ordinal });
  const reply = `${header({ txid: 5, isFlexible: true, ordinal })}0300000000000000feffffff00000100`;

  it.each([
    ["open", "strict one-way", oneWay(false), "closes"],
    ["open", "strict two-way", twoWay(false), "closes"],
    ["open", "flexible one-way", oneWay(true), "tells"],
    ["open", "flexible two-way", twoWay(true), "answers"],
    ["ajar", "strict one-way", oneWay(false), "closes"],
    ["ajar", "strict two-way", twoWay(false), "closes"],
    ["ajar", "flexible one-way", oneWay(true), "tells"],
    ["ajar", "flexible two-way", twoWay(true), "closes"],
    ["closed", "strict one-way", oneWay(false), "closes"],
    ["closed", "strict two-way", twoWay(false), "closes"],
    ["closed", "flexible one-way", oneWay(true), "closes"],
    ["closed", "flexible two-way", twoWay(true), "closes"],
  ] as const)("an %s protocol that gets a %s method", async (openness, _kind, message, reaction) => {
    const { raw, unknown, closed } = serve({}, {}, openness);
    const handle = new MemoryHandle();
    // The body need not be well formed.
    await raw.send(`${message}0102030405`, [handle]);
    expect(handle.closeCount).toBe(1);
    expect(raw.isClosed).toBe(reaction === "closes");
    expect(closed.map(({ kind }) => kind)).toEqual(reaction === "closes" ? ["unknown-interaction"] : []);
    expect(raw.received).toEqual(reaction === "answers" ? [reply] : []);
    const kind = reaction === "answers" ? "two-way" : "one-way";
    expect(unknown).toEqual(reaction === "closes" ? [] : [{ ordinal, kind }]);
  });

  it("are all fatal with strictDispatch", async () => {
    const { raw, closed } = serve({}, { strictDispatch: true });
    await raw.send(oneWay(true));
    expect([raw.isClosed, closed[0]?.kind]).toEqual([true, "unknown-interaction"]);
  });

  it("are answered where nobody handles them", async () => {
    const raw = new RawEnd();
    makeLamp("open").serve(raw.bound, plainHandlers());
    await raw.send(twoWay(true));
    expect([raw.received, raw.isClosed]).toEqual([[reply], false]);
  });

  it("may be closed by their handler, and a handler that throws closes", async () => {
    const first = serve({ unknownMethod: (_method, control) => control.close(Status.ERR_NOT_SUPPORTED) });
    await first.raw.send(oneWay(true));
    expect(first.raw.received).toEqual([epitaph(-2)]);
    const second = serve({
      unknownMethod() {
        throw new RangeError("broken");
      },
    });
    await second.raw.send(oneWay(true));
    expect(second.raw.received).toEqual([epitaph(-1)]);
    expect(second.closed).toMatchObject([{ kind: "handler-error", epitaph: -1 }]);
  });
});

describe("faults of handlers", () => {
  const boom = new RangeError("boom");
  const message = header({ txid: 1, ordinal: ORDINALS.getLevel });
  const throwing: [string, Partial<LampServer>, string][] = [
    [
      "a two-way handler that throws",
      {
        getLevel: () => {
          throw boom;
        },
      },
      message,
    ],
    ["a two-way handler whose promise is rejected", { getLevel: () => Promise.reject(boom) }, message],
    [
      "a one-way handler that throws",
      {
        reset: () => {
          throw boom;
        },
      },
      header({ isFlexible: true, ordinal: ORDINALS.reset }),
    ],
    [
      "a one-way handler whose promise is rejected",
      { reset: () => Promise.reject(boom) as never },
      header({ isFlexible: true, ordinal: ORDINALS.reset }),
    ],
  ];
  it.each(throwing)("%s closes with INTERNAL", async (_name, overrides, request) => {
    const { raw, closed } = serve(overrides);
    await raw.send(request);
    expect(raw.received).toEqual([epitaph(-1)]);
    expect(closed).toMatchObject([{ kind: "handler-error", epitaph: -1, error: boom }]);
  });

  it("go to the hook, which may choose another epitaph", async () => {
    const seen: unknown[] = [];
    const { raw, closed } = serve(
      {
        getLevel: () => {
          throw boom;
        },
      },
      {
        onHandlerError(error, control, method) {
          seen.push([error, method.name]);
          control.close(Status.ERR_NO_MEMORY);
        },
      },
    );
    await raw.send(message);
    expect(seen).toEqual([[boom, "getLevel"]]);
    expect(closed).toMatchObject([{ kind: "handler-error", epitaph: -4 }]);
  });

  it("an answer that cannot be encoded closes, with its handles", async () => {
    const handle = new MemoryHandle();
    const { raw, closed } = serve({ exchange: () => ok({ name: "far too long", content: handle }) });
    await raw.send(`${header({ txid: 1, isFlexible: true, ordinal: ORDINALS.exchange })}${emptyParcel}`);
    expect(closed).toMatchObject([{ kind: "encode-error", epitaph: -1, error: { code: "STRING_TOO_LONG" } }]);
    expect((closed[0]?.error as { path: string } | undefined)?.path).toBe("response.value.name");
    expect([raw.isClosed, handle.closeCount]).toEqual([true, 1]);
  });

  it("a handler that is missing closes", async () => {
    const { raw, closed } = serve({ getLevel: undefined as never });
    await raw.send(message);
    expect(closed[0]?.detail).toContain("the handlers have no getLevel");
    expect(isSysmemError(closed[0]?.error)).toBe(true);
    expect(raw.isClosed).toBe(true);
  });

  it("leave other channels alone", async () => {
    const bad = serve({
      getLevel: () => {
        throw boom;
      },
    });
    const good = serve();
    await bad.raw.send(message);
    await good.raw.send(message);
    expect([bad.raw.isClosed, good.raw.isClosed]).toEqual([true, false]);
  });
});

describe("the control", () => {
  it("closes once, with one epitaph", async () => {
    const { raw, serving, closed } = serve();
    serving.control.close(Status.OK);
    serving.control.close(Status.ERR_INTERNAL);
    serving.close();
    await settle();
    expect(raw.received).toEqual([epitaph(0)]);
    expect([serving.isClosed, serving.control.isClosed, closed.length]).toEqual([true, true, 1]);
    expect(await serving.closed).toEqual({ kind: "local", detail: "closed on this side", epitaph: 0 });
  });

  it("sends events until the channel is closed", async () => {
    const { raw, serving } = serve();
    expect(serving.control.send.onChange({ level: 3 })).toBe(true);
    expect(serving.control.send.onIdle()).toBe(true);
    await settle();
    expect(raw.received).toEqual([
      `${header({ ordinal: ORDINALS.onChange })}${word(3)}`,
      header({ isFlexible: true, ordinal: ORDINALS.onIdle }),
    ]);
    expect(() => serving.control.send.onChange({ level: -1 })).toThrow("VALUE_OUT_OF_RANGE");
    expect(serving.isClosed).toBe(false);
    serving.close();
    const handle = new MemoryHandle();
    expect(serving.control.send.onParcel({ content: handle })).toBe(false);
    expect(handle.closeCount).toBe(1);
  });

  it("knows the identities of the channel and the name of the protocol", () => {
    const { raw, serving } = serve();
    expect(serving.control.koid).toBe(raw.bound.koid);
    expect(serving.control.relatedKoid()).toBe(raw.channel.koid);
    expect(serving.control.protocol).toBe("example/Lamp");
  });

  it("refuses handles of the wrong type when an event is sent", () => {
    const { serving } = serve();
    const handle = new MemoryHandle(ObjectType.VMO);
    expect(() => serving.control.send.onParcel({ content: handle })).toThrow("INCORRECT_HANDLE_TYPE");
    expect(handle.closeCount).toBe(1);
  });
});

describe("the end of a served channel", () => {
  it("is reported when the transport fails", async () => {
    const { raw, closed } = serve();
    raw.bound.breakWith({ kind: "malformed", detail: "truncated" });
    await settle();
    expect(closed).toEqual([{ kind: "malformed", detail: "truncated" }]);
  });

  it("is reported once when a peer does not read", async () => {
    const { raw, serving, closed } = serve();
    raw.bound.overflowNextWrite = true;
    expect(serving.control.send.onIdle()).toBe(false);
    serving.close();
    await settle();
    expect(closed).toEqual([{ kind: "overflow", detail: "the peer does not read" }]);
  });

  it("comes after everything that was sent", async () => {
    const levels: number[] = [];
    const { raw, closed } = serve({ setLevel: ({ level }) => void levels.push(level) });
    raw.channel.write(bytes(`${header({ ordinal: ORDINALS.setLevel })}${word(1)}`), []);
    raw.channel.write(bytes(`${header({ ordinal: ORDINALS.setLevel })}${word(2)}`), []);
    raw.channel.close();
    await settle();
    expect([levels, closed.length]).toEqual([[1, 2], 1]);
  });

  it("comes when too many requests wait for answers", async () => {
    const { raw, closed } = serve({ getLevel: () => DEFERRED }, { maxOutstandingCalls: 2 });
    for (const txid of [1, 2]) await raw.send(header({ txid, ordinal: ORDINALS.getLevel }));
    expect(closed).toEqual([]);
    await raw.send(header({ txid: 3, ordinal: ORDINALS.getLevel }));
    expect(closed).toMatchObject([{ kind: "overflow" }]);
  });

  it("has a default bound of requests without an answer", async () => {
    const { raw, closed } = serve({ getLevel: () => DEFERRED });
    const ask = (txid: number) => raw.channel.write(bytes(header({ txid, ordinal: ORDINALS.getLevel })), []);
    for (let txid = 1; txid <= MAX_OUTSTANDING_CALLS; txid++) ask(txid);
    await settle();
    expect(closed).toEqual([]);
    ask(MAX_OUTSTANDING_CALLS + 1);
    await settle();
    expect(closed).toMatchObject([{ kind: "overflow" }]);
  });

  it("does not come when answered requests were many", async () => {
    const { raw, closed } = serve({}, { maxOutstandingCalls: 1 });
    for (const txid of [1, 2, 3]) await raw.send(header({ txid, ordinal: ORDINALS.getLevel }));
    expect([closed, raw.received.length]).toEqual([[], 3]);
  });
});

describe("handing a served channel on", () => {
  it("loses no message", async () => {
    const first: number[] = [];
    const second: number[] = [];
    const { raw, serving, closed } = serve({
      setLevel({ level }) {
        first.push(level);
        if (level === 2) {
          const channel = serving.unbind();
          makeLamp("open").serve(channel, plainHandlers({ setLevel: (payload) => void second.push(payload.level) }));
        }
      },
    });
    for (const level of [1, 2, 3, 4])
      raw.channel.write(bytes(`${header({ ordinal: ORDINALS.setLevel })}${word(level)}`), []);
    await settle();
    expect([first, second, closed, raw.isClosed]).toEqual([[1, 2], [3, 4], [], false]);
  });

  it("keeps what the client sends while nobody serves, and its close", async () => {
    const { raw, serving } = serve();
    const channel = serving.unbind();
    await raw.send(`${header({ ordinal: ORDINALS.setLevel })}${word(7)}`);
    const levels: number[] = [];
    const closed: string[] = [];
    makeLamp("open").serve(channel, plainHandlers({ setLevel: ({ level }) => void levels.push(level) }), {
      onClosed: ({ kind }) => void closed.push(kind),
    });
    await settle();
    raw.channel.close();
    await settle();
    expect([levels, closed]).toEqual([[7], ["peer-closed"]]);
  });

  it("voids responders and refuses a second time", async () => {
    const kept: Responder<Level>[] = [];
    const { raw, serving } = serve({
      getLevel(call) {
        kept.push(call.responder);
        return DEFERRED;
      },
    });
    await raw.send(header({ txid: 1, ordinal: ORDINALS.getLevel }));
    serving.unbind();
    expect([kept[0]!.isSent, kept[0]!.reply({ level: 1 }), serving.isClosed]).toEqual([true, false, true]);
    expect(() => serving.unbind()).toThrow("cannot be unbound");
    await settle();
    expect([raw.received, raw.isClosed]).toEqual([[], false]);
  });

  it("is not possible twice at once", () => {
    const { raw } = serve();
    expect(() => makeLamp("open").serve(raw.bound, plainHandlers())).toThrow("bound already");
  });
});

it("handles of requests belong to the handler", async () => {
  let received: Handle | undefined | null;
  const { raw } = serve({ give: ({ content }) => void (received = content) });
  const handle = new MemoryHandle();
  await raw.send(
    `${header({ isFlexible: true, ordinal: ORDINALS.give })}${word(2)}ffffffffffffffff${word(0)}ffffffff01000100`,
    [handle],
  );
  expect(received).toBe(handle);
  expect(handle.closeCount).toBe(0);
});
