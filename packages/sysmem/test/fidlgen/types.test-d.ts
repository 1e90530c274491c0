/**
 * What the types of generated code admit and refuse. Nothing here runs: `tsc -p packages/sysmem/test` is the test, and an
 * expected error that does not come is an error.
 */
import { err, ok, type Result } from "#base";
import type { ClientEnd } from "#fidl";
import * as features from "./goldens/test_features.ts";
import * as base from "./goldens/test_base.ts";

declare const lamp: features.LampClient;
declare const dimmer: features.DimmerClient;

/** Fails to compile unless both types are the same. */
function same<A>() {
  return <B>(..._proof: [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never]): void => {};
}

// Constants have literal types and need no codec.
same<64>()<64>();
export const mask: 0xff00 = features.MASK;
export const big: 0xffffffffffffffffn = features.BIG;
export const favorite: base.Color = features.FAVORITE;

// Strict enums are their literals; flexible ones admit numbers only through `from`.
export const cold: features.Level = -1;
// @ts-expect-error 2 is no member.
export const noLevel: features.Level = 2;
export const red: base.Color = 1;
const unknownColor: base.Color = base.Color.from(77);
// @ts-expect-error a bare number may be anything.
export const notAColor: base.Color = 77 as number;
void (unknownColor satisfies number);
export function describeLevel(level: features.Level): string {
  switch (level) {
    case features.Level.COLD:
      return "cold";
    case features.Level.WARM:
      return "warm";
  }
}

// Bits are plain numbers; members in the way of helpers have an underscore.
export const flags: features.Flags = features.Flags.READ | features.Flags.mask_ | features.Flags.of_;
export const all: features.Flags = features.Flags.mask;
export const wide: base.Wide = base.Wide.LOW | base.Wide.HIGH;

// Structs need all members; optionals may be left out.
export const tree: features.Tree = {};
export const deep: features.Tree = { left: { value: { kind: "number", value: 1n } }, right: null };
// @ts-expect-error `y` is missing.
export const halfPoint: base.Point = { x: 1 };
// @ts-expect-error there is no `z`.
export const point: base.Point = { x: 1, y: 2, z: 3 };

// Tables need nothing, and admit undefined.
export const options: features.Options = { name: undefined, retryCount: 3 };
// @ts-expect-error snake case is FIDL's.
export const wrongOptions: features.Options = { retry_count: 3 };

// Typed arrays and plain ones are accepted; frozen lists as well.
export const lists: Partial<features.Lists> = {
  times: [1n, 2n],
  floats: Float32Array.of(1, 2, 3),
  colors: [base.Color.RED] as const,
  bytes: new Uint8Array(4),
};

// Unions are told apart by kind, the unknown variant included.
export function describeValue(value: features.Value): string {
  switch (value.kind) {
    case "number":
      return String(value.value + 1n);
    case "nothing":
      return "nothing";
    case "tree":
      return describeValue(value.value.value ?? { kind: "nothing", value: {} });
    case "urlLoader":
      return value.value;
    case "$unknown":
      return String(value.ordinal);
  }
}

// Clients: results, payloads, events.
same<Promise<features.LampGetResponse>>()<ReturnType<typeof lamp.get>>();
same<Promise<Result<Record<never, never>, features.Error>>>()<ReturnType<typeof lamp.set>>();
same<Promise<void>>()<ReturnType<typeof lamp.sync>>();
same<void>()<ReturnType<typeof lamp.close_>>();
export const stop: () => void = lamp.on("onChange", ({ level, at }) => describeLevel(level) + String(at + 1n));
dimmer.on("onEmpty", () => undefined);
dimmer.on("onGone", () => undefined);
// @ts-expect-error a lamp does not send this event.
lamp.on("onGone", () => undefined);
// @ts-expect-error one-way methods take their payload.
dimmer.dim();
// Composed methods, of either library, with the types of where they were declared.
same<Promise<Result<base.CloserAskResponse, number>>>()<ReturnType<typeof dimmer.ask>>();
void dimmer.exchange({ kind: "plain", value: 3 }).then((choice) => choice.kind === "yes" && choice.value);

// What composes a protocol is not it, but has its methods.
export const methods: features.LampMethods = dimmer;
// @ts-expect-error another protocol.
export const notALamp: features.LampClient = dimmer;

// Ends of different protocols do not mix.
declare const lampEnd: ClientEnd<features.LampClient>;
features.Lamp.bind(lampEnd);
// @ts-expect-error another protocol's end.
features.Dimmer.bind(lampEnd);

// Servers: every method, with its answer.
export const server: features.LampServer = {
  close_(control) {
    control.send.onEmpty();
    control.send.onChange({ level: features.Level.WARM, at: 1n });
  },
  then_({ handles }) {
    handles.vmo.close();
  },
  get: ({ id }, call) => (id === 1n || call.control.isClosed ? {} : { level: -1 }),
  exchange: async (parcel) => (parcel.kind === "plain" ? { kind: "yes", value: true } : { kind: "no", value: "" }),
  ping() {},
  sync: async () => {},
  set: (value) => (value.kind === "tree" ? ok() : err(features.Error.BAD)),
  measure: (call) => {
    call.responder.fail(features.LampMeasureError.from(9));
    return err(features.LampMeasureError.DARK);
  },
  newName() {},
  unknownMethod({ ordinal }, control) {
    if (ordinal === 1n) control.close();
  },
};
// @ts-expect-error methods are missing.
export const lazyServer: features.LampServer = { newName() {} };
// Services are names.
export const kitchen: "test.features/Lamp" = features.Lighting.members.kitchen;
