import { channel as diagnosticsChannel } from "node:diagnostics_channel";
import { afterEach, describe, expect, it } from "vitest";
import {
  type Client,
  type IncomingRequest,
  MESSAGE_DIAGNOSTICS_CHANNEL,
  type Protocol,
  protocol,
  type Reply,
  serveAny,
  type ServerCall,
  type ServerControl,
  setTracer,
  type TracedMessage,
} from "#fidl";
import { memoryChannels, MemoryHandle, settle } from "../../support/memory-channel.ts";
import { bytes, word } from "../wire/harness.ts";
import { plainHandlers } from "./handlers.ts";
import { Lamp, Level, makeLamp, ORDINALS } from "./lamp.ts";
import { header, RawEnd } from "./raw.ts";

interface OldLampClient extends Client<{ onFade: Level }, "example/OldLamp"> {
  setLevel(payload: Level): void;
  getLevel(): Promise<Level>;
}
interface OldLampServer {
  setLevel(payload: Level, control: ServerControl<{ onFade: Level }>): void;
  getLevel(call: ServerCall<Level>): Reply<Level>;
}

function makeOldLamp(openness: "open" | "closed"): Protocol<OldLampClient, OldLampServer> {
  const base = (name: string, ordinal: bigint) => ({
    name,
    fidlName: name,
    selector: `example/OldLamp.${name}`,
    ordinal,
  });
  const level = () => Level.descriptor;
  return protocol<OldLampClient, OldLampServer>({
    name: "example/OldLamp",
    openness,
    methods: [
      { ...base("setLevel", 0x51n), kind: "one-way", isStrict: true, request: level },
      { ...base("getLevel", 0x52n), kind: "two-way", isStrict: true, response: level },
      { ...base("onFade", 0x53n), kind: "event", isStrict: true, request: level },
    ],
  });
}
const OldLamp = makeOldLamp("closed");

describe("serveAny", () => {
  it("answers two sets of ordinals on one channel, by a list of handlers", async () => {
    const raw = new RawEnd();
    const seen: unknown[] = [];
    const serving = serveAny([Lamp, OldLamp], raw.bound, [
      plainHandlers({ setLevel: ({ level }, control) => void seen.push([control.protocol, level]) }),
      {
        setLevel: ({ level }, control) => void seen.push([control.protocol, level]),
        getLevel: (call) => ({ level: call.protocol.length }),
      },
    ]);
    await raw.send(`${header({ ordinal: ORDINALS.setLevel })}${word(1)}`);
    await raw.send(`${header({ ordinal: 0x51n })}${word(2)}`);
    await raw.send(header({ txid: 1, ordinal: 0x52n }));
    await raw.send(header({ txid: 2, ordinal: ORDINALS.getLevel }));
    expect(seen).toEqual([
      ["example/Lamp", 1],
      ["example/OldLamp", 2],
    ]);
    expect(raw.received).toEqual([
      header({ txid: 1, ordinal: 0x52n }) + word("example/OldLamp".length),
      header({ txid: 2, ordinal: ORDINALS.getLevel }) + word(1),
    ]);
    expect(serving.controls.map((control) => control.protocol)).toEqual(["example/Lamp", "example/OldLamp"]);
    (serving.controls[1] as ServerControl<{ onFade: Level }>).send.onFade({ level: 9 });
    await settle();
    expect(raw.received[2]).toBe(header({ ordinal: 0x53n }) + word(9));
  });

  it("takes one object for all protocols", async () => {
    const raw = new RawEnd();
    const seen: string[] = [];
    serveAny(
      [OldLamp, Lamp],
      raw.bound,
      plainHandlers({ setLevel: (_payload, { protocol: name }) => void seen.push(name) }),
    );
    await raw.send(`${header({ ordinal: ORDINALS.setLevel })}${word(1)}`);
    await raw.send(`${header({ ordinal: 0x51n })}${word(1)}`);
    expect(seen).toEqual(["example/Lamp", "example/OldLamp"]);
  });

  it("judges unknown interactions by the most open of them", async () => {
    const open = new RawEnd();
    const unknown: unknown[] = [];
    serveAny(
      [OldLamp, Lamp],
      open.bound,
      plainHandlers({ unknownMethod: (_m, { protocol: name }) => void unknown.push(name) }),
    );
    await open.send(header({ isFlexible: true, ordinal: 0x99n }));
    expect([open.isClosed, unknown]).toEqual([false, ["example/Lamp"]]);
    const closed = new RawEnd();
    serveAny([OldLamp, makeLamp("closed")], closed.bound, plainHandlers());
    await closed.send(header({ isFlexible: true, ordinal: 0x99n }));
    expect(closed.isClosed).toBe(true);
  });
});

describe("the pull form", () => {
  it("yields requests in order, to be answered in any", async () => {
    const { proxy, server } = Lamp.createProxy(memoryChannels);
    const requests = Lamp.requests(server);
    proxy.setLevel({ level: 3 });
    const [first, second] = [proxy.getLevel(), proxy.dim({ level: 1 })];
    const taken: IncomingRequest[] = [];
    for await (const request of requests) {
      taken.push(request);
      if (taken.length === 3) break;
      // Leaving the loop closes the channel, so answers come first.
      if (request.method === "getLevel") request.responder?.reply({ level: 5 });
    }
    expect(taken.map(({ method, payload }) => [method, payload])).toEqual([
      ["setLevel", { level: 3 }],
      ["getLevel", undefined],
      ["dim", { level: 1 }],
    ]);
    expect(await first).toEqual({ level: 5 });
    await expect(second).rejects.toMatchObject({ code: "PEER_CLOSED" });
  });

  it("ends with the channel and closes what was not taken", async () => {
    const raw = new RawEnd();
    const requests = Lamp.requests(raw.bound);
    const handles = [new MemoryHandle(), new MemoryHandle()];
    const give = `${header({ isFlexible: true, ordinal: ORDINALS.give })}${word(2)}ffffffffffffffff${word(0)}ffffffff01000100`;
    for (const handle of handles) await raw.send(give, [handle]);
    expect((await requests.next()).value).toMatchObject({ method: "give", payload: { content: handles[0] } });
    await requests.return?.();
    await settle();
    expect([handles.map((handle) => handle.closeCount), raw.isClosed]).toEqual([[0, 1], true]);

    const gone = new RawEnd();
    const rest = Lamp.requests(gone.bound);
    gone.channel.close();
    expect(await rest.next()).toEqual({ done: true, value: undefined });
  });

  it("reads no further than its bound", async () => {
    const raw = new RawEnd();
    const requests = Lamp.requests(raw.bound);
    for (let i = 0; i < 300; i++) raw.channel.write(bytes(`${header({ ordinal: ORDINALS.setLevel })}${word(i)}`), []);
    await settle();
    expect(raw.bound.isPaused).toBe(true);
    for (let level = 0; level < 300; level++)
      expect((await requests.next()).value).toMatchObject({ payload: { level } });
    await requests.return?.();
  });
});

describe("tracing", () => {
  afterEach(() => setTracer(undefined));

  async function exchange(tracers: { client?: (m: TracedMessage) => void; server?: (m: TracedMessage) => void } = {}) {
    const { proxy, server } = Lamp.createProxy(memoryChannels, { tracer: tracers.client });
    const serving = Lamp.serve(server, plainHandlers(), { tracer: tracers.server });
    await proxy.getLevel();
    serving.close(-20);
    await settle();
  }

  const describeMessage = ({ direction, side, method, txid, ordinal, bytes: message, handleCount }: TracedMessage) => {
    return [side, direction, method, txid, ordinal, message.length, handleCount];
  };
  const EPITAPH = 0xffff_ffff_ffff_ffffn;
  const expected = [
    ["client", "sent", "GetLevel", 1, ORDINALS.getLevel, 16, 0],
    ["server", "received", "GetLevel", 1, ORDINALS.getLevel, 16, 0],
    ["server", "sent", "GetLevel", 1, ORDINALS.getLevel, 24, 0],
    ["client", "received", "GetLevel", 1, ORDINALS.getLevel, 24, 0],
    ["server", "sent", undefined, 0, EPITAPH, 24, 0],
    ["client", "received", undefined, 0, EPITAPH, 24, 0],
  ];

  it("shows every message to the tracer of the process", async () => {
    const seen: unknown[] = [];
    setTracer((message) => void seen.push(describeMessage(message)));
    await exchange();
    expect(seen).toEqual(expected);
  });

  it("shows the messages of one binding to its own tracer", async () => {
    const [client, server]: unknown[][] = [[], []];
    await exchange({
      client: (message) => void client!.push(describeMessage(message)),
      server: (message) => void server!.push(describeMessage(message)),
    });
    expect(client).toEqual(expected.filter(([side]) => side === "client"));
    expect(server).toEqual(expected.filter(([side]) => side === "server"));
  });

  it("publishes on a diagnostics channel", async () => {
    const seen: unknown[] = [];
    const listener = (message: unknown) => void seen.push(describeMessage(message as TracedMessage));
    const diagnostics = diagnosticsChannel(MESSAGE_DIAGNOSTICS_CHANNEL);
    diagnostics.subscribe(listener);
    await exchange();
    diagnostics.unsubscribe(listener);
    await exchange();
    expect(seen).toEqual(expected);
  });
});
