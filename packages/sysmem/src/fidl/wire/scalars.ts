/** Numbers, booleans, enums and bits. */
import { unreachable } from "#base";
import type { BitsDescriptor, EnumDescriptor, IntegerKind, PrimitiveDescriptor } from "../descriptors.ts";
import { inlineSize } from "./layout.ts";
import { describe, type WireType } from "./wire-type.ts";

/** Least and greatest value of each integer type. */
export const INTEGER_RANGES: Readonly<Record<IntegerKind, readonly [number, number] | readonly [bigint, bigint]>> = {
  int8: [-0x80, 0x7f],
  uint8: [0, 0xff],
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
  int64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
  uint64: [0n, 0xffff_ffff_ffff_ffffn],
};

type ScalarKind = PrimitiveDescriptor["kind"];

function read(view: DataView, kind: Exclude<ScalarKind, "bool">, at: number): number | bigint {
  switch (kind) {
    case "int8":
      return view.getInt8(at);
    case "uint8":
      return view.getUint8(at);
    case "int16":
      return view.getInt16(at, true);
    case "uint16":
      return view.getUint16(at, true);
    case "int32":
      return view.getInt32(at, true);
    case "uint32":
      return view.getUint32(at, true);
    case "float32":
      return view.getFloat32(at, true);
    case "float64":
      return view.getFloat64(at, true);
    case "int64":
      return view.getBigInt64(at, true);
    case "uint64":
      return view.getBigUint64(at, true);
    default:
      return unreachable(kind);
  }
}

function write(view: DataView, kind: IntegerKind, at: number, value: number | bigint): void {
  switch (kind) {
    case "int8":
    case "uint8":
      return view.setUint8(at, Number(value));
    case "int16":
    case "uint16":
      return view.setUint16(at, Number(value), true);
    case "int32":
    case "uint32":
      return view.setUint32(at, Number(value), true);
    case "int64":
    case "uint64":
      return view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true);
    default:
      return unreachable(kind);
  }
}

/** Codec of an integer type. `check` adds the rules of enums and bits and returns undefined when they are kept. */
function integer(
  kind: IntegerKind,
  check?: (value: number | bigint) => "STRICT_ENUM_UNKNOWN_VALUE" | "STRICT_BITS_UNKNOWN_BIT" | undefined,
): WireType {
  const [least, greatest] = INTEGER_RANGES[kind];
  const jsType = typeof least;
  const what = `${kind} (${jsType})`;
  return {
    size: inlineSize({ kind }),
    encode(e, value, at) {
      if ((typeof value !== "number" && typeof value !== "bigint") || typeof value !== jsType) {
        return e.fail("INVALID_VALUE", at, what, describe(value));
      }
      if (!(value >= least && value <= greatest) || (typeof value === "number" && !Number.isInteger(value))) {
        return e.fail("VALUE_OUT_OF_RANGE", at, `${least} to ${greatest}`, describe(value));
      }
      const fault = check?.(value);
      if (fault !== undefined) return e.fail(fault, at, undefined, describe(value));
      write(e.view, kind, at, value);
    },
    decode(d, at) {
      const value = read(d.view, kind, at);
      const fault = check?.(value);
      if (fault !== undefined) return d.fail(fault, at, undefined, describe(value));
      return value;
    },
  };
}

function float(kind: "float32" | "float64"): WireType {
  return {
    size: inlineSize({ kind }),
    encode(e, value, at) {
      if (typeof value !== "number") return e.fail("INVALID_VALUE", at, `${kind} (number)`, describe(value));
      if (kind === "float32") e.view.setFloat32(at, value, true);
      else e.view.setFloat64(at, value, true);
    },
    decode(d, at) {
      return read(d.view, kind, at);
    },
  };
}

const bool: WireType = {
  size: 1,
  encode(e, value, at) {
    if (typeof value !== "boolean") return e.fail("INVALID_VALUE", at, "boolean", describe(value));
    e.u8[at] = value ? 1 : 0;
  },
  decode(d, at) {
    const byte = d.u8[at];
    if (byte !== 0 && byte !== 1) return d.fail("INVALID_BOOLEAN", at, "0 or 1", String(byte));
    return byte === 1;
  },
};

/** bool, an integer, or a float. */
export function primitiveType(type: PrimitiveDescriptor): WireType {
  if (type.kind === "bool") return bool;
  if (type.kind === "float32" || type.kind === "float64") return float(type.kind);
  return integer(type.kind);
}

/** An enum: its integer, of which a strict one accepts declared values only. */
export function enumWireType(type: EnumDescriptor): WireType {
  if (!type.isStrict) return integer(type.subtype);
  const known = new Set(Object.values(type.members));
  return integer(type.subtype, (value) => (known.has(value) ? undefined : "STRICT_ENUM_UNKNOWN_VALUE"));
}

/** All declared bits. Numbers are kept non-negative. */
export function bitsMask(type: BitsDescriptor): number | bigint {
  if (type.subtype === "uint64") {
    return Object.values(type.members).reduce<bigint>((all, bit) => all | BigInt(bit), 0n);
  }
  return Object.values(type.members).reduce<number>((all, bit) => (all | Number(bit)) >>> 0, 0);
}

/** Bits: their integer, of which a strict one accepts declared bits only. */
export function bitsWireType(type: BitsDescriptor): WireType {
  if (!type.isStrict) return integer(type.subtype);
  const mask = BigInt(bitsMask(type));
  return integer(type.subtype, (value) => ((BigInt(value) & ~mask) === 0n ? undefined : "STRICT_BITS_UNKNOWN_BIT"));
}
