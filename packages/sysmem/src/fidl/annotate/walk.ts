/**
 * Walks an encoded body by its descriptor, in the order of the wire format, and says what every byte is. Unlike the
 * decoder it keeps what it has found when it meets a fault, and needs no handles, only their number.
 */
import { MAX_OUT_OF_LINE_DEPTH } from "#base";
import type {
  BitsDescriptor,
  EndpointDescriptor,
  EnumDescriptor,
  HandleDescriptor,
  IntegerKind,
  OrdinalMember,
  StringDescriptor,
  StructDescriptor,
  TypeDescriptor,
  UnionDescriptor,
  VectorDescriptor,
} from "../descriptors.ts";
import { objectTypeName } from "../json/describe-handle.ts";
import { align8, inlineSize, isInlined, resolve, structLayout } from "../wire/layout.ts";
import { bitsMask } from "../wire/scalars.ts";
import { type Annotation, AnnotationFault } from "./annotation.ts";
import type { Shown, ShownList } from "./shown.ts";

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

export class Walker {
  readonly annotations: Annotation[] = [];
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #handleCount: number | undefined;
  /** Where the next out-of-line object begins. */
  #next: number;
  #nextHandle = 0;
  #level = 0;

  /** `start`: where the body begins. `handleCount`: undefined when nobody knows it. */
  constructor(bytes: Uint8Array, start: number, handleCount: number | undefined) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#next = start;
    this.#handleCount = handleCount;
  }

  /** Walks a whole body. @throws AnnotationFault */
  body(type: TypeDescriptor, label: string): Shown {
    const size = inlineSize(type);
    const at = this.#enter(size, 0, this.#next, label);
    const shown = this.#value(type, at, 0, label);
    this.#padding(at + size, at + align8(size));
    this.finish();
    return shown;
  }

  /** Nothing may be left over. @throws AnnotationFault */
  finish(): void {
    const bytesLeft = this.#bytes.length - this.#next;
    if (bytesLeft > 0) throw new AnnotationFault(this.#next, "end", `${bytesLeft} bytes too many`);
    const handlesLeft = (this.#handleCount ?? this.#nextHandle) - this.#nextHandle;
    if (handlesLeft > 0) throw new AnnotationFault(this.#next, "end", `${handlesLeft} handles too many`);
  }

  /** Handles that are left; without end when their number is not known. */
  get #handlesLeft(): number {
    return this.#handleCount === undefined ? Number.POSITIVE_INFINITY : this.#handleCount - this.#nextHandle;
  }

  #note(offset: number, length: number, label: string, meaning: string): void {
    if (length > 0) this.annotations.push({ offset, length, level: this.#level, label, meaning });
  }

  #padding(start: number, end: number): void {
    if (start >= end) return;
    const isZero = this.#bytes.subarray(start, end).every((byte) => byte === 0);
    this.#note(start, end - start, "padding", isZero ? `${end - start}` : "NOT ZERO");
    if (!isZero) throw new AnnotationFault(start, "padding", "must be zero");
  }

  /** Takes room for an object. */
  #enter(size: number, depth: number, referrer: number, label: string): number {
    if (depth > MAX_OUT_OF_LINE_DEPTH) {
      throw new AnnotationFault(referrer, label, `deeper than ${MAX_OUT_OF_LINE_DEPTH} levels`);
    }
    const at = this.#next;
    if (at + align8(size) > this.#bytes.length) {
      throw new AnnotationFault(referrer, label, `needs ${align8(size)} bytes, ${this.#bytes.length - at} are left`);
    }
    this.#next = at + align8(size);
    return at;
  }

  #value(type: TypeDescriptor, at: number, depth: number, label: string): Shown {
    switch (type.kind) {
      case "struct":
        return this.#struct(type, at, depth, label);
      case "array":
        return this.#elements(resolve(type.element), type.count, at, depth, label);
      case "string":
        return this.#string(type, at, depth, label);
      case "vector":
        return this.#vector(type, at, depth, label);
      case "box":
        return this.#box(resolve(type.element), at, depth, label);
      case "table":
        return this.#table(type.members, type.name, at, depth, label);
      case "union":
        return this.#union(type, false, at, depth, label);
      case "optional-union":
        return this.#union(resolve(type.element) as UnionDescriptor, true, at, depth, label);
      case "handle":
      case "endpoint":
        return this.#handle(type, at, label);
      default: {
        const text = this.#scalar(type, at);
        this.#note(at, inlineSize(type), label, text);
        return text;
      }
    }
  }

  #struct(type: StructDescriptor, at: number, depth: number, label: string): Shown {
    const { fields, gaps } = structLayout(type);
    const shown: ShownList = { open: "{", parts: [] };
    if (fields.length === 0) {
      if (this.#bytes[at] !== 0) throw new AnnotationFault(at, label, "an empty struct must be zero");
      this.#note(at, 1, label, "empty struct");
    }
    for (const field of fields) {
      const name = field.member.fidlName;
      shown.parts.push({ name, value: this.#value(field.type, at + field.offset, depth, `${label}.${name}`) });
    }
    for (const gap of gaps) this.#padding(at + gap.start, at + gap.end);
    return shown;
  }

  #scalar(type: TypeDescriptor, at: number): string {
    const view = this.#view;
    switch (type.kind) {
      case "bool": {
        const byte = view.getUint8(at);
        if (byte > 1) throw new AnnotationFault(at, "bool", `must be 0 or 1, is ${byte}`);
        return byte === 1 ? "true" : "false";
      }
      case "float32":
        return String(view.getFloat32(at, true));
      case "float64":
        return String(view.getFloat64(at, true));
      case "enum":
        return enumText(type, this.#integer(type.subtype, at), at);
      case "bits":
        return bitsText(type, this.#integer(type.subtype, at), at);
      default:
        return String(this.#integer(type.kind as IntegerKind, at));
    }
  }

  #integer(kind: IntegerKind, at: number): bigint {
    const size = inlineSize({ kind });
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[at + i] as number);
    return kind.startsWith("u") ? value : BigInt.asIntN(8 * size, value);
  }

  /** Reads the count and presence words of a string or vector; undefined when absent. */
  #sequence(
    at: number,
    label: string,
    what: string,
    maxCount: number | undefined,
    isOptional: boolean,
  ): number | undefined {
    const count = this.#view.getBigUint64(at, true);
    const isPresent = this.#presence(at + 8, label);
    this.#note(at, 8, label, isPresent ? `${what}, ${count}` : `absent ${what}`);
    this.#note(at + 8, 8, label, isPresent ? "present" : "absent");
    if (!isPresent && !isOptional) throw new AnnotationFault(at, label, `an absent ${what} that is not optional`);
    if (maxCount !== undefined && count > BigInt(maxCount)) {
      throw new AnnotationFault(at, label, `a count of ${count}, at most ${maxCount} are allowed`);
    }
    if (!isPresent && count !== 0n) throw new AnnotationFault(at, label, `absent, but with a count of ${count}`);
    // A message cannot hold as many of anything as it has not bytes.
    if (count > BigInt(this.#bytes.length))
      throw new AnnotationFault(at, label, `a count of ${count}, more than there are bytes`);
    return isPresent ? Number(count) : undefined;
  }

  #presence(at: number, label: string): boolean {
    const word = this.#view.getBigUint64(at, true);
    if (word !== 0n && word !== ALL_ONES) throw new AnnotationFault(at, label, "a presence word must be 0 or all ones");
    return word === ALL_ONES;
  }

  #string(type: StringDescriptor, at: number, depth: number, label: string): Shown {
    const count = this.#sequence(at, label, "string", type.maxBytes, type.optional === true);
    if (count === undefined) return "null";
    const start = this.#enter(count, depth + 1, at, label);
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
        this.#bytes.subarray(start, start + count),
      );
    } catch {
      throw new AnnotationFault(start, label, "must be UTF-8");
    }
    const shown = JSON.stringify(text);
    this.#inside(() => {
      this.#note(start, count, label, shown);
      this.#padding(start + count, start + align8(count));
    });
    return shown;
  }

  #vector(type: VectorDescriptor, at: number, depth: number, label: string): Shown {
    const element = resolve(type.element);
    const count = this.#sequence(at, label, "vector", type.maxCount, type.optional === true);
    if (count === undefined) return "null";
    const size = count * inlineSize(element);
    const start = this.#enter(size, depth + 1, at, label);
    return this.#inside(() => {
      const shown = this.#elements(element, count, start, depth + 1, label);
      this.#padding(start + size, start + align8(size));
      return shown;
    });
  }

  #elements(element: TypeDescriptor, count: number, start: number, depth: number, label: string): Shown {
    const size = inlineSize(element);
    if (element.kind === "uint8") {
      const hex = Array.from(this.#bytes.subarray(start, start + count), (byte) => byte.toString(16).padStart(2, "0"));
      this.#note(start, count, label, `${count} bytes`);
      return `0x${hex.join("")}`;
    }
    const shown: ShownList = { open: "[", parts: [] };
    for (let i = 0; i < count; i++) {
      shown.parts.push({ value: this.#value(element, start + i * size, depth, `${label}[${i}]`) });
    }
    return shown;
  }

  #box(element: TypeDescriptor, at: number, depth: number, label: string): Shown {
    const isPresent = this.#presence(at, label);
    this.#note(at, 8, label, isPresent ? "box, present" : "box, absent");
    if (!isPresent) return "null";
    const size = inlineSize(element);
    const start = this.#enter(size, depth + 1, at, label);
    return this.#inside(() => {
      const shown = this.#value(element, start, depth + 1, label);
      this.#padding(start + size, start + align8(size));
      return shown;
    });
  }

  #table(members: readonly OrdinalMember[], name: string, at: number, depth: number, label: string): Shown {
    const maxOrdinal = this.#view.getBigUint64(at, true);
    this.#note(at, 8, label, `table ${shortName(name)}, highest ordinal ${maxOrdinal}`);
    if (!this.#presence(at + 8, label)) throw new AnnotationFault(at + 8, label, "a table cannot be absent");
    this.#note(at + 8, 8, label, "present");
    if (maxOrdinal * 8n > BigInt(this.#bytes.length)) {
      throw new AnnotationFault(at, label, `ordinal ${maxOrdinal} needs more bytes than there are`);
    }
    const start = this.#enter(Number(maxOrdinal) * 8, depth + 1, at, label);
    const shown: ShownList = { open: "{", parts: [] };
    this.#inside(() => {
      for (let ordinal = 1; ordinal <= Number(maxOrdinal); ordinal++) {
        const envelope = start + (ordinal - 1) * 8;
        const member = members.find((item) => item.ordinal === ordinal);
        const path = `${label}.${member?.fidlName ?? `#${ordinal}`}`;
        if (this.#view.getBigUint64(envelope, true) === 0n) {
          this.#note(envelope, 8, path, "absent");
          continue;
        }
        const value = this.#envelope(member, envelope, depth + 1, path);
        shown.parts.push({ name: member?.fidlName ?? `#${ordinal}`, value });
      }
    });
    return shown;
  }

  #union(type: UnionDescriptor, isOptional: boolean, at: number, depth: number, label: string): Shown {
    const ordinal = this.#view.getBigUint64(at, true);
    const member = type.members.find((item) => BigInt(item.ordinal) === ordinal);
    const isAbsentEnvelope = this.#view.getBigUint64(at + 8, true) === 0n;
    const what = member?.fidlName ?? `unknown ordinal ${ordinal}`;
    this.#note(at, 8, label, ordinal === 0n ? "union, absent" : `union ${shortName(type.name)}, ${what}`);
    if ((ordinal === 0n) !== isAbsentEnvelope)
      throw new AnnotationFault(at, label, "either ordinal or envelope is zero");
    if (ordinal === 0n && !isOptional) throw new AnnotationFault(at, label, "an absent union that is not optional");
    if (ordinal !== 0n && member === undefined && type.isStrict) {
      throw new AnnotationFault(at, label, `an ordinal that the strict union does not declare: ${ordinal}`);
    }
    if (ordinal === 0n) {
      this.#note(at + 8, 8, label, "no envelope");
      return "null";
    }
    const key = member?.fidlName ?? `#${ordinal}`;
    return { open: "{", parts: [{ name: key, value: this.#envelope(member, at + 8, depth, `${label}.${key}`) }] };
  }

  #envelope(member: OrdinalMember | undefined, at: number, depth: number, label: string): Shown {
    const numHandles = this.#view.getUint16(at + 4, true);
    const flags = this.#view.getUint16(at + 6, true);
    if (flags > 1) throw new AnnotationFault(at + 6, label, `unknown envelope flags ${flags}`);
    const handlesBefore = this.#nextHandle;
    let shown: Shown;
    if (member === undefined) shown = this.#unknown(at, flags === 1, numHandles, depth, label);
    else {
      const type = resolve(member.type);
      if (isInlined(type) !== (flags === 1)) {
        throw new AnnotationFault(at + 6, label, `the content must ${isInlined(type) ? "" : "not "}be inlined`);
      }
      shown = isInlined(type) ? this.#inlined(type, at, depth, label) : this.#outOfLine(type, at, depth, label);
    }
    if (this.#nextHandle - handlesBefore !== numHandles) {
      throw new AnnotationFault(at + 4, label, `counts ${numHandles} handles, has ${this.#nextHandle - handlesBefore}`);
    }
    return shown;
  }

  #inlined(type: TypeDescriptor, at: number, depth: number, label: string): Shown {
    const shown = this.#value(type, at, depth, label);
    this.#padding(at + inlineSize(type), at + 4);
    this.#note(at + 4, 4, label, `envelope, inlined${handlesText(this.#view.getUint16(at + 4, true))}`);
    return shown;
  }

  #outOfLine(type: TypeDescriptor, at: number, depth: number, label: string): Shown {
    const numBytes = this.#view.getUint32(at, true);
    this.#note(at, 8, label, `envelope, ${numBytes} bytes${handlesText(this.#view.getUint16(at + 4, true))}`);
    const before = this.#next;
    const start = this.#enter(inlineSize(type), depth + 1, at, label);
    const shown = this.#inside(() => {
      const value = this.#value(type, start, depth + 1, label);
      this.#padding(start + inlineSize(type), start + align8(inlineSize(type)));
      return value;
    });
    if (this.#next - before !== numBytes) {
      throw new AnnotationFault(at, label, `counts ${numBytes} bytes, has ${this.#next - before}`);
    }
    return shown;
  }

  #unknown(at: number, isInline: boolean, numHandles: number, depth: number, label: string): Shown {
    const numBytes = isInline ? 0 : this.#view.getUint32(at, true);
    this.#note(
      at,
      8,
      label,
      `envelope of an unknown member, ${isInline ? "inlined" : `${numBytes} bytes`}${handlesText(numHandles)}`,
    );
    if (numBytes % 8 !== 0) throw new AnnotationFault(at, label, `counts ${numBytes} bytes, no multiple of 8`);
    if (!isInline) {
      const start = this.#enter(numBytes, depth + 1, at, label);
      this.#inside(() => this.#note(start, numBytes, label, "unknown"));
    }
    if (numHandles > this.#handlesLeft) {
      throw new AnnotationFault(at + 4, label, `counts ${numHandles} handles, ${this.#handlesLeft} are left`);
    }
    this.#nextHandle += numHandles;
    return "unknown";
  }

  #handle(type: HandleDescriptor | EndpointDescriptor, at: number, label: string): Shown {
    const word = this.#view.getUint32(at, true);
    if (word !== 0 && word !== 0xffff_ffff) throw new AnnotationFault(at, label, "a handle word must be 0 or all ones");
    if (word === 0 && type.optional !== true)
      throw new AnnotationFault(at, label, "an absent handle that is not optional");
    if (word === 0) {
      this.#note(at, 4, label, "no handle");
      return "null";
    }
    if (this.#handlesLeft < 1) throw new AnnotationFault(at, label, "there are too few handles");
    const what = type.kind === "endpoint" ? `${type.role} end of ${type.protocol}` : objectTypeName(type.objectType);
    const text = `<${what}, handle ${this.#nextHandle}>`;
    this.#nextHandle++;
    this.#note(at, 4, label, text);
    return text;
  }

  #inside<T>(action: () => T): T {
    this.#level++;
    const result = action();
    this.#level--;
    return result;
  }
}

function handlesText(count: number): string {
  return count === 0 ? "" : `, ${count} ${count === 1 ? "handle" : "handles"}`;
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

function enumText(type: EnumDescriptor, value: bigint, at: number): string {
  const member = Object.entries(type.members).find(([, known]) => BigInt(known) === value);
  if (member !== undefined) return member[0];
  if (type.isStrict)
    throw new AnnotationFault(at, type.name, `a value that the strict enum does not declare: ${value}`);
  return String(value);
}

function bitsText(type: BitsDescriptor, value: bigint, at: number): string {
  const names = Object.entries(type.members)
    .filter(([, bit]) => (value & BigInt(bit)) !== 0n)
    .map(([name]) => name);
  const unknown = value & ~BigInt(bitsMask(type));
  if (unknown !== 0n && type.isStrict) {
    throw new AnnotationFault(at, type.name, `bits that the strict type does not declare: 0x${unknown.toString(16)}`);
  }
  if (unknown !== 0n || names.length === 0) names.push(`0x${unknown.toString(16)}`);
  return names.join(" | ");
}
