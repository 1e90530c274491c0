/** Runs the same test over both codecs, and looks at generated code without the safety net behind it. */
import { afterAll, beforeAll, describe } from "vitest";
import { type CodeGeneration, type Handle, setCodeGeneration, type TypeDescriptor } from "#fidl";
import { compileDecoder, compileEncoder } from "../../../src/fidl/wire/compile/index.ts";
import { Decoder } from "../../../src/fidl/wire/decoder.ts";
import { Encoder } from "../../../src/fidl/wire/encoder.ts";
import { align8, inlineSize } from "../../../src/fidl/wire/layout.ts";
import { reflect } from "../../../src/fidl/wire/reflect.ts";

/** Declares the tests once for the generated and once for the reflective codec. */
export function describeBoth(title: string, tests: () => void): void {
  for (const mode of ["eager", "never"] satisfies CodeGeneration[]) {
    describe(`${title} (${mode === "eager" ? "generated" : "reflective"})`, () => {
      beforeAll(() => setCodeGeneration(mode));
      afterAll(() => setCodeGeneration("lazy"));
      tests();
    });
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Bytes from hexadecimal digits; blanks and everything after `#` in a line are left out. */
export function bytes(text: string): Uint8Array {
  const digits = text.replace(/#.*$/gm, "").replace(/\s+/g, "");
  return new Uint8Array(Buffer.from(digits, "hex"));
}

/** Little-endian 64-bit word as hexadecimal digits. */
export function word(value: bigint | number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  return hex(new Uint8Array(view.buffer));
}

export const PRESENT = "ffffffffffffffff";

/** What the thunk throws; fails when it throws nothing. */
export function thrownBy(thunk: () => unknown): { code?: string; path?: string; offset?: number; message: string } {
  try {
    thunk();
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new TypeError("nothing was thrown");
}

export type Outcome = { readonly value: unknown } | "refused";

/** Decodes with generated code alone. */
export function decodeGenerated(type: TypeDescriptor, body: Uint8Array, handles: Handle[] = []): Outcome {
  const decode = compileDecoder(type);
  if (decode === undefined) throw new TypeError("no code was generated");
  return attempt(type, body, handles, (d) => decode(d, 0, 0));
}

/** Decodes with the reflective codec alone. */
export function decodeReflective(type: TypeDescriptor, body: Uint8Array, handles: Handle[] = []): Outcome {
  return attempt(type, body, handles, (d) => reflect(type).decode(d, 0, 0));
}

function attempt(type: TypeDescriptor, body: Uint8Array, handles: Handle[], decode: (d: Decoder) => unknown): Outcome {
  // Bytes beyond the end are poison: reading them must not go unnoticed.
  const d = new Decoder(align8(body.length) + 4096);
  d.u8.fill(0xa5);
  d.begin(body, 0, handles, "value");
  const size = inlineSize(type);
  d.next = align8(size);
  try {
    if (d.next > d.length) return "refused";
    d.checkZero(size, d.next);
    const value = decode(d);
    return d.next === d.length && d.nextHandle === handles.length ? { value } : "refused";
  } catch {
    return "refused";
  }
}

/** Encodes with generated code alone. */
export function encodeGenerated(
  type: TypeDescriptor,
  value: unknown,
): { bytes: string; handles: Handle[] } | "refused" {
  const encode = compileEncoder(type);
  if (encode === undefined) throw new TypeError("no code was generated");
  const e = new Encoder();
  e.begin(0, e.limit, "value");
  try {
    encode(e, value, e.reserve(inlineSize(type), 0, 0), 0);
  } catch {
    return "refused";
  }
  return { bytes: hex(e.u8.subarray(0, e.end)), handles: e.handles };
}
