/** Structs, tables and unions. */
import { assert, MAX_TABLE_ORDINAL } from "#base";
import { unknownOrdinals } from "../codec-types.ts";
import type { StructDescriptor, TableDescriptor, UnionDescriptor } from "../descriptors.ts";
import { decodeContent, encodeEnvelope, isAbsentEnvelope, skipUnknown } from "./envelope.ts";
import { resolve, structLayout } from "./layout.ts";
import type { Linker } from "./sequences.ts";
import { PRESENT } from "./text.ts";
import { describe, isAbsent, type Part, requireObject, type WireType } from "./wire-type.ts";

type Fields = Record<string, unknown>;

/** Reads a member. One that is named like a method of every object (`toString`) counts only when the value itself has it. */
function readMember(object: Fields, name: string): unknown {
  return name in Object.prototype && !Object.hasOwn(object, name) ? undefined : object[name];
}

/** Reads a member for closing: a getter that throws hides nothing that we could close. */
function peek(value: unknown, name: string): unknown {
  try {
    return typeof value === "object" && value !== null ? (value as Fields)[name] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Members one after another, each at its offset, zeros between them. A struct without members takes one byte of zero.
 */
export function structType(type: StructDescriptor, link: Linker): WireType {
  const layout = structLayout(type);
  const isEmpty = layout.fields.length === 0;
  const result: WireType = {
    size: layout.size,
    encode(e, value, at, depth) {
      const object = requireObject(e, value, at, `struct ${type.name}`) as Fields;
      for (const field of layout.fields) {
        e.path.push(field.member.name);
        link(field.type).encode(e, readMember(object, field.member.name), at + field.offset, depth);
        e.path.pop();
      }
    },
    decode(d, at, depth) {
      if (isEmpty && d.u8[at] !== 0) d.fail("INVALID_EMPTY_STRUCT", at, "0", String(d.u8[at]));
      for (const gap of layout.gaps) d.checkZero(at + gap.start, at + gap.end);
      const object: Fields = {};
      for (const field of layout.fields) {
        d.path.push(field.member.name);
        object[field.member.name] = link(field.type).decode(d, at + field.offset, depth);
        d.path.pop();
      }
      return object;
    },
  };
  if (type.isResource) {
    result.close = (value, rest) => {
      for (const field of layout.fields) rest.push([link(field.type), peek(value, field.member.name)]);
    };
  }
  return result;
}

/** Lists an ordinal that the declaration does not know on a decoded table. */
export function noteUnknownOrdinal(object: object, ordinal: number): void {
  const noted = (object as { [unknownOrdinals]?: number[] })[unknownOrdinals];
  if (noted !== undefined) noted.push(ordinal);
  else Object.defineProperty(object, unknownOrdinals, { value: [ordinal], enumerable: false });
}

/**
 * Envelopes by ordinal, up to the highest that is present. Ordinals that the declaration does not know are passed
 * over, and noted in the value.
 */
export function tableType(type: TableDescriptor, link: Linker): WireType {
  const members = type.members.map((member) => ({ ...member, type: resolve(member.type) }));
  const byOrdinal = new Map(members.map((member) => [member.ordinal, member]));
  assert(
    members.every(
      (member, i) => member.ordinal > (members[i - 1]?.ordinal ?? 0) && member.ordinal <= MAX_TABLE_ORDINAL,
    ),
    `ordinals of table ${type.name} ascend from 1 to ${MAX_TABLE_ORDINAL}`,
  );
  const result: WireType = {
    size: 16,
    encode(e, value, at, depth) {
      const object = requireObject(e, value, at, `table ${type.name}`) as Fields;
      let highest = 0;
      for (const member of members) if (!isAbsent(readMember(object, member.name))) highest = member.ordinal;
      const start = e.reserve(highest * 8, depth + 1, at);
      e.view.setUint32(at, highest, true);
      e.view.setUint32(at + 8, PRESENT, true);
      e.view.setUint32(at + 12, PRESENT, true);
      for (const member of members) {
        const content = readMember(object, member.name);
        if (isAbsent(content)) continue;
        e.path.push(member.name);
        encodeEnvelope(e, link(member.type), content, start + (member.ordinal - 1) * 8, depth + 1);
        e.path.pop();
      }
    },
    decode(d, at, depth) {
      const presence = d.view.getUint32(at + 8, true);
      if (presence !== d.view.getUint32(at + 12, true) || (presence !== 0 && presence !== PRESENT)) {
        d.fail("INVALID_PRESENCE_INDICATOR", at + 8, "all ones");
      }
      if (presence === 0) d.fail("NON_NULLABLE_TYPE_WITH_NULL_VALUE", at + 8);
      if (d.view.getUint32(at + 4, true) !== 0) d.fail("TABLE_COUNT_EXCEEDS_32_BIT_LIMIT", at);
      const count = d.view.getUint32(at, true);
      const start = d.enter(count * 8, depth + 1, at);
      const object: Fields = {};
      for (let ordinal = 1; ordinal <= count; ordinal++) {
        const envelope = start + (ordinal - 1) * 8;
        if (isAbsentEnvelope(d, envelope)) continue;
        const member = byOrdinal.get(ordinal);
        if (member === undefined) {
          d.path.push(`$${ordinal}`);
          skipUnknown(d, envelope, depth + 1);
          d.path.pop();
          noteUnknownOrdinal(object, ordinal);
          continue;
        }
        d.path.push(member.name);
        object[member.name] = decodeContent(d, link(member.type), envelope, depth + 1);
        d.path.pop();
      }
      return object;
    },
  };
  if (type.isResource) {
    result.close = (value, rest) => {
      for (const member of members) rest.push([link(member.type), peek(value, member.name)]);
    };
  }
  return result;
}

/** An ordinal and one envelope. Unknown ordinals are an error of a strict union, and `$unknown` of a flexible one. */
export function unionType(type: UnionDescriptor, optional: boolean, link: Linker): WireType {
  const members = type.members.map((member) => ({ ...member, type: resolve(member.type) }));
  const byName = new Map(members.map((member) => [member.name, member]));
  const byOrdinal = new Map(members.map((member) => [member.ordinal, member]));
  const result: WireType = {
    size: 16,
    encode(e, value, at, depth) {
      if (optional && isAbsent(value)) return;
      const object = requireObject(e, value, at, `union ${type.name}`) as Fields;
      const kind = object["kind"];
      if (isAbsent(kind)) return e.fail("UNION_FIELD_NOT_SET", at, "kind", describe(kind));
      const member = byName.get(kind as string);
      if (member === undefined) {
        if (kind === "$unknown" && object["ordinal"] === 0n) return e.fail("UNION_FIELD_NOT_SET", at);
        if (type.isStrict) return e.fail("STRICT_UNION_UNKNOWN_FIELD", at, undefined, describe(kind));
        if (kind === "$unknown") return e.fail("FLEXIBLE_UNION_UNKNOWN_FIELD", at);
        return e.fail("INVALID_VALUE", at, `a variant of ${type.name}`, describe(kind));
      }
      e.view.setUint32(at, member.ordinal, true);
      e.path.push(member.name);
      encodeEnvelope(e, link(member.type), object["value"], at + 8, depth);
      e.path.pop();
    },
    decode(d, at, depth) {
      const ordinal = d.view.getUint32(at, true);
      const ordinalHigh = d.view.getUint32(at + 4, true);
      if (ordinal === 0 && ordinalHigh === 0) {
        if (!isAbsentEnvelope(d, at + 8)) return d.fail("UNION_FIELD_NOT_SET", at);
        if (!optional) return d.fail("NON_NULLABLE_TYPE_WITH_NULL_VALUE", at);
        return null;
      }
      const member = ordinalHigh === 0 ? byOrdinal.get(ordinal) : undefined;
      if (member === undefined) {
        const whole = (BigInt(ordinalHigh) << 32n) | BigInt(ordinal);
        if (type.isStrict) return d.fail("STRICT_UNION_UNKNOWN_FIELD", at, undefined, String(whole));
        skipUnknown(d, at + 8, depth);
        return { kind: "$unknown", ordinal: whole };
      }
      if (isAbsentEnvelope(d, at + 8)) return d.fail("UNION_FIELD_NOT_SET", at + 8);
      d.path.push(member.name);
      const content = decodeContent(d, link(member.type), at + 8, depth);
      d.path.pop();
      return { kind: member.name, value: content };
    },
  };
  if (type.isResource) {
    // Every variant's type gets to see the content: `kind` may be wrong in a value that failed to encode.
    result.close = (value, rest) => {
      const content = peek(value, "value");
      const named = byName.get(peek(value, "kind") as string);
      for (const member of named === undefined ? members : [named]) rest.push([link(member.type), content] as Part);
    };
  }
  return result;
}
