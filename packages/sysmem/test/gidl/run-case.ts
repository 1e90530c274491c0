/** What each kind of case demands of a codec. */
import { expect } from "vitest";
import { ObjectType, Rights } from "#base";
import { DecodeError, EncodeError, type TypeCodec } from "#fidl";
import type { GidlCase, HandleDefinition } from "./cases.ts";
import { FakeHandle } from "./fake-handle.ts";
import { hexBytes, toValue, type ValueContext } from "./values.ts";

/** Exports of a generated module, by name. */
export type GeneratedModule = Readonly<Record<string, unknown>>;

const OBJECT_TYPES = { event: ObjectType.EVENT, channel: ObjectType.CHANNEL } as const;

function makeHandles(definitions: readonly HandleDefinition[] = []): Map<number, FakeHandle> {
  return new Map(
    definitions.map(({ id, object_type, rights }) => [
      id,
      // "Same rights" in a definition means those that a new object of the type has.
      new FakeHandle(id, OBJECT_TYPES[object_type], rights === Rights.SAME_RIGHTS ? NEW_OBJECT_RIGHTS : rights),
    ]),
  );
}

/** Transfer, duplicate, wait, inspect, read, write, signal, signal peer: no declaration of the vectors asks for more. */
const NEW_OBJECT_RIGHTS = 0xf00f;

class Runner implements ValueContext {
  readonly test: GidlCase;
  readonly handles: Map<number, FakeHandle>;
  readonly #module: GeneratedModule;
  readonly #codec: TypeCodec<unknown>;

  constructor(test: GidlCase, module: GeneratedModule) {
    this.test = test;
    this.#module = module;
    this.handles = makeHandles(test.handle_defs);
    this.#codec = this.codec(test.type);
  }

  codec(name: string): TypeCodec<unknown> {
    const codec = this.#module[name.slice(name.indexOf("/") + 1)] as TypeCodec<unknown> | undefined;
    if (codec === undefined) throw new globalThis.Error(`the generated module has no ${name}`);
    return codec;
  }

  #value(): unknown {
    return toValue(this.#codec.descriptor, this.test.value, this);
  }

  #wireHandles(): FakeHandle[] {
    return (this.test.handles ?? []).map((id) => this.handles.get(id) as FakeHandle);
  }

  encodes(): void {
    const { bytes, handles } = this.#codec.encodeEtc(this.#value());
    expect(Buffer.from(bytes).toString("hex")).toBe(this.test.bytes);
    const expected = this.test.handle_dispositions;
    if (expected !== undefined) {
      expect(
        handles.map((item) => ({
          id: (item.handle as FakeHandle).id,
          object_type: item.objectType === ObjectType.EVENT ? "event" : "channel",
          rights: item.rights,
        })),
      ).toEqual(expected);
    } else {
      expect(handles.map((item) => (item.handle as FakeHandle).id)).toEqual(this.test.handles ?? []);
    }
    // The encoder moved them: nobody has closed them.
    for (const { handle } of handles) expect((handle as FakeHandle).closeCount).toBe(0);
  }

  failsToEncode(): void {
    // Building the value may itself take and close handles, in cases that decode first.
    const value = this.#value();
    expectFault(EncodeError, this.test, () => this.#codec.encode(value));
    for (const handle of this.handles.values()) expect(handle.current.closeCount, `handle ${handle.id}`).toBe(1);
  }

  decodes({ reencodes }: { readonly reencodes: boolean }): void {
    const value = this.#codec.decode(hexBytes(this.test.bytes as string), this.#wireHandles());
    const dropped = this.test.handles_closed_by_decoder ?? [];
    for (const handle of this.handles.values()) {
      expect(handle.current.closeCount, `handle ${handle.id}`).toBe(dropped.includes(handle.id) ? 1 : 0);
    }
    expect(comparable(value)).toEqual(comparable(this.#value()));
    expectRights(this.test.value, this.handles);
    if (!reencodes) return;
    const again = this.#codec.encode(value);
    expect(Buffer.from(again.bytes).toString("hex")).toBe(this.test.bytes);
    expect(again.handles.map((handle) => (handle as FakeHandle).id)).toEqual(this.test.handles ?? []);
  }

  decodesOrFails(bytes: Uint8Array, mustFail: boolean): void {
    const handles = this.#wireHandles();
    let value: unknown;
    try {
      value = this.#codec.decode(bytes, handles);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      for (const handle of handles) expect(handle.current.isClosed, `handle ${handle.id}`).toBe(true);
      return;
    }
    expect(mustFail).toBe(false);
    this.#codec.closeHandles(value);
    for (const handle of handles) expect(handle.current.isClosed, `handle ${handle.id}`).toBe(true);
  }

  failsToDecode(): void {
    const handles = this.#wireHandles();
    expectFault(DecodeError, this.test, () => this.#codec.decode(hexBytes(this.test.bytes as string), handles));
    for (const handle of handles) expect(handle.current.closeCount, `handle ${handle.id}`).toBe(1);
  }
}

/**
 * Decodes the case's message cut at every multiple of 8, and with every single bit inverted in turn (of long messages,
 * in every so manyth): what is no message must fail with a `DecodeError`, and every handle must be in the value or closed.
 */
export function runDamaged(test: GidlCase, module: GeneratedModule): void {
  const whole = hexBytes(test.bytes as string);
  const attempt = (bytes: Uint8Array, mustFail: boolean): void => {
    const runner = new Runner(test, module);
    runner.decodesOrFails(bytes, mustFail);
  };
  for (let length = 0; length < whole.length; length += 8) attempt(whole.subarray(0, length), true);
  const step = Math.ceil((whole.length * 8) / MAX_FLIPS);
  for (let bit = 0; bit < whole.length * 8; bit += step) {
    const bytes = whole.slice();
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    attempt(bytes, false);
  }
}

const MAX_FLIPS = 400;

/** Runs the case; throws when the codec does not do what it must. */
export function runCase(test: GidlCase, module: GeneratedModule): void {
  const runner = (): Runner => new Runner(test, module);
  switch (test.kind) {
    case "success":
      runner().encodes();
      runner().decodes({ reencodes: true });
      return;
    case "encode_success":
      runner().encodes();
      return;
    case "decode_success":
      runner().decodes({ reencodes: false });
      return;
    case "fails_to_encode":
      runner().failsToEncode();
      return;
    case "fails_to_decode":
      runner().failsToDecode();
      return;
  }
}

/**
 * A message may have several faults, of which another true one may be reported first. By the expected error; where that
 * would allow too much, by the case's name.
 */
const EQUALLY_TRUE: Readonly<Record<string, readonly string[]>> = {
  // A count of a known member that exceeds the message is also not what its content has used.
  ENVELOPE_HANDLES_EXCEED_MESSAGE_LENGTH: ["INVALID_NUM_HANDLES_IN_ENVELOPE"],
  ENVELOPE_BYTES_EXCEED_MESSAGE_LENGTH: ["INVALID_NUM_BYTES_IN_ENVELOPE"],
  // The envelopes of these have the wrong form besides.
  OptionalXUnionInStructPresentInvalidNumBytes: ["INVALID_INLINE_BIT_IN_ENVELOPE"],
  OptionalXUnionInStructPresentInvalidNumHandles: ["INVALID_INLINE_BIT_IN_ENVELOPE"],
};

function expectFault(kind: typeof DecodeError | typeof EncodeError, test: GidlCase, action: () => unknown): void {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof kind)) expect.fail(`expected ${test.error}, got ${String(thrown)}`);
  const others = [...(EQUALLY_TRUE[test.error ?? ""] ?? []), ...(EQUALLY_TRUE[test.name] ?? [])];
  expect([test.error, ...others]).toContain(thrown.code);
}

/** Handles that a decoded value must have ended up with exactly these rights. */
function expectRights(gidl: unknown, handles: ReadonlyMap<number, FakeHandle>): void {
  if (typeof gidl !== "object" || gidl === null) return;
  if ("$handle" in gidl && "rights" in gidl) {
    expect(handles.get(gidl.$handle as number)?.current.rights).toBe(gidl.rights);
    return;
  }
  for (const item of Object.values(gidl)) expectRights(item, handles);
}

/** A copy in which handles are their ids, NaNs are equal, and absent members are gone. */
function comparable(value: unknown): unknown {
  if (value instanceof FakeHandle) return `handle ${value.id}`;
  if (typeof value === "number" && Number.isNaN(value)) return "NaN";
  if (typeof value !== "object" || value === null) return value;
  if ("channel" in value) return comparable(value.channel);
  if (ArrayBuffer.isView(value)) return [value.constructor.name, ...Array.from(value as Uint8Array, comparable)];
  if (Array.isArray(value)) return value.map(comparable);
  const fields = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return Object.fromEntries(fields.map(([name, item]) => [name, comparable(item)]));
}
