import { describe, expect, it } from "vitest";
import { err, ok, type Protocol } from "#fidl";
import { memoryChannels, settle } from "../../support/memory-channel.ts";
import { plainHandlers } from "./handlers.ts";
import { Lamp, type LampClient, LampError, type LampServer } from "./lamp.ts";

function connect(overrides: Partial<LampServer> = {}, lamp: Protocol<LampClient, LampServer> = Lamp) {
  const { proxy, server } = lamp.createProxy(memoryChannels);
  return { proxy, serving: lamp.serve(server, plainHandlers(overrides)) };
}

describe("calls", () => {
  it("brings a one-way call to its handler", async () => {
    const levels: number[] = [];
    const { proxy } = connect({ setLevel: ({ level }) => void levels.push(level) });
    proxy.setLevel({ level: 7 });
    proxy.setLevel({ level: 8 });
    await settle();
    expect(levels).toEqual([7, 8]);
  });

  it("answers every form of two-way method", async () => {
    const { proxy } = connect({ dim: ({ level }) => (level > 3 ? err(LampError.COLD) : ok()) });
    expect(await proxy.getLevel()).toEqual({ level: 1 });
    expect(await proxy.sync()).toBeUndefined();
    expect(await proxy.strictSync()).toBeUndefined();
    expect(await proxy.strictDim({ level: 4 })).toEqual({ ok: true, value: { level: 4 } });
    expect(await proxy.dim({ level: 1 })).toEqual({ ok: true, value: {} });
    expect(await proxy.dim({ level: 9 })).toEqual({ ok: false, error: LampError.COLD });
    expect(await proxy.exchange({ name: "box" })).toEqual({ ok: true, value: { name: "box" } });
  });

  it("delivers events to handlers attached in the turn of bind", async () => {
    const { proxy, serving } = connect();
    const seen: unknown[] = [];
    proxy.on("onChange", (level) => seen.push(level));
    proxy.on("onIdle", () => seen.push("idle"));
    expect(serving.control.send.onChange({ level: 5 })).toBe(true);
    serving.control.send.onIdle();
    await settle();
    expect(seen).toEqual([{ level: 5 }, "idle"]);
  });
});
