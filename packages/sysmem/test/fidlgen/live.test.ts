/** Generated protocols at work: a client and a server in one process, and the capture of what they said. */
import { expect, it } from "vitest";
import { err, ok } from "#base";
import { Conversation, createTraceWriter, formatTurn, MethodIndex, parseTraceLine } from "#fidl";
import { createFakeKernel } from "#kernel/fake";
import { Color } from "./goldens/test_base.ts";
import { Dimmer, type DimmerServer, Error, LampMeasureError, Level } from "./goldens/test_features.ts";

/** Answers in all the ways there are. */
function dimmer(seen: string[]): DimmerServer {
  return {
    close_(control) {
      seen.push("close");
      control.send.onChange({ level: Level.WARM, at: 5n });
    },
    then_: () => void seen.push("then"),
    get: ({ id }) => ({ level: id === 7n ? Level.COLD : Level.WARM }),
    exchange: async (parcel) => ({ kind: "no", value: parcel.kind }),
    ping: () => void seen.push("ping"),
    sync: async () => {},
    set: (value) => (value.kind === "number" ? ok() : err(Error.BAD)),
    measure: () => err(LampMeasureError.DARK),
    newName: () => void seen.push("new name"),
    closed_: ({ reason }) => void seen.push(`closed ${Color.nameOf(reason)}`),
    ask: (call) => (call.control.isClosed ? err(-1) : ok({ id: 3n })),
    rest: () => ok(),
    nap() {},
    dim: ({ percent }) => void seen.push(`dim ${percent}`),
  };
}

it("carries every kind of interaction, own and composed, renamed and not", async () => {
  const kernel = createFakeKernel();
  const seen: string[] = [];
  const lines: string[] = [];
  const tracer = createTraceWriter(
    (line) => void lines.push(line.trimEnd()),
    () => 0,
  );
  const [clientEnd, serverEnd] = Dimmer.createEndpoints(kernel);
  const serving = Dimmer.serve(serverEnd, dimmer(seen));
  const client = Dimmer.bind(clientEnd, { tracer });
  const changed = new Promise<bigint>((resolve) => client.on("onChange", ({ at }) => resolve(at)));

  client.close_();
  client.dim({ percent: 40 });
  client.closed_({ reason: Color.RED });
  client.newName();
  await expect(client.get({ id: 7n })).resolves.toEqual({ level: Level.COLD });
  await expect(client.exchange({ kind: "plain", value: 1 })).resolves.toEqual({ kind: "no", value: "plain" });
  await client.ping();
  await client.sync();
  await expect(client.set({ kind: "number", value: 1n })).resolves.toEqual({ ok: true, value: {} });
  await expect(client.set({ kind: "nothing", value: {} })).resolves.toEqual({ ok: false, error: Error.BAD });
  await expect(client.measure()).resolves.toEqual({ ok: false, error: LampMeasureError.DARK });
  await expect(client.ask()).resolves.toEqual({ ok: true, value: { id: 3n } });
  await expect(client.rest()).resolves.toEqual({ ok: true, value: {} });
  await client.nap();
  await expect(changed).resolves.toBe(5n);
  expect(seen).toEqual(["close", "dim 40", "closed RED", "new name", "ping"]);

  client.close();
  await serving.closed;
  expect(kernel.openHandleCount).toBe(0);
  await expect(`${explainCapture(lines)}\n`).toMatchFileSnapshot("goldens/conversation.txt");
});

/** The capture as `fidl decode` prints it. */
function explainCapture(lines: readonly string[]): string {
  const conversation = new Conversation(new MethodIndex([Dimmer.descriptor]));
  const turns = lines.flatMap((line) => {
    const parsed = parseTraceLine(line);
    if (!parsed.ok) return [parsed.error];
    return parsed.value.kind === "message" ? [formatTurn(conversation.add(parsed.value.message))] : [];
  });
  // koids are the kernel's.
  return turns.join("\n").replaceAll(/ on \d+,/g, " on N,");
}
