/** Straight-line code that encodes. Every fault is a `MISS`, and so is every exception (see `support.ts`). */
import { MAX_OUT_OF_LINE_DEPTH } from "#base";
import type {
  IntegerKind,
  TableDescriptor,
  TypeDescriptor,
  UnionDescriptor,
  VectorDescriptor,
} from "../../descriptors.ts";
import { align8, inlineSize, isInlined, mayCarryHandles, resolve, structLayout } from "../layout.ts";
import { bitsMask } from "../scalars.ts";
import { extentOf, localExtentOf } from "./extent.ts";
import { isCalled, memberAccess, type Unit } from "./unit.ts";

/** Parameters of every encode function. */
export const ENCODE_PARAMETERS = "e, v, at, depth";

/** For integers of up to 32 bits: the value as its type would hold it, equal to the value exactly when it is one. */
const COERCIONS: Readonly<Partial<Record<TypeDescriptor["kind"], (x: string) => string>>> = {
  uint8: (x) => `(${x} & 0xff)`,
  int8: (x) => `(${x} << 24 >> 24)`,
  uint16: (x) => `(${x} & 0xffff)`,
  int16: (x) => `(${x} << 16 >> 16)`,
  uint32: (x) => `(${x} >>> 0)`,
  int32: (x) => `(${x} | 0)`,
};

/** The view of the buffer through which a scalar is written, and the binary logarithm of its size. */
export const VIEWS: Readonly<Partial<Record<TypeDescriptor["kind"], readonly [view: string, shift: number]>>> = {
  bool: ["u8", 0],
  uint8: ["u8", 0],
  int8: ["i8", 0],
  uint16: ["u16", 1],
  int16: ["i16", 1],
  uint32: ["u32", 2],
  int32: ["i32", 2],
  uint64: ["u64", 3],
  int64: ["i64", 3],
  float32: ["f32", 2],
  float64: ["f64", 3],
};

/** Typed array class of each view. */
const ARRAYS: Readonly<Record<string, string>> = {
  u8: "Uint8Array",
  i8: "Int8Array",
  u16: "Uint16Array",
  i16: "Int16Array",
  u32: "Uint32Array",
  i32: "Int32Array",
  u64: "BigUint64Array",
  i64: "BigInt64Array",
  f32: "Float32Array",
  f64: "Float64Array",
};

/** Views as locals; the engine drops those that a function does not use. */
export const LOCAL_VIEWS = "{ u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 }";

/** Element access at byte address `at + offset`, which is aligned. */
export function cell(view: string, shift: number, at: string, offset: number): string {
  const address = offset === 0 ? at : `${at} + ${offset}`;
  return shift === 0 ? `${view}[${address}]` : `${view}[${address} >> ${shift}]`;
}

/** Body of the encode function of a struct, table or union (optional or not). */
export function emitEncoder(unit: Unit, type: TypeDescriptor): string {
  const writer = new EncodeWriter(unit);
  writer.line(`const ${LOCAL_VIEWS} = e, limit = e.limit;`);
  if (!Number.isFinite(extentOf(type))) {
    writer.line(`if (depth > ${MAX_OUT_OF_LINE_DEPTH - localExtentOf(type)}) throw MISS;`);
  }
  writer.aggregate(type, "v", "at", 0, 0);
  return writer.text;
}

class EncodeWriter {
  text = "";
  readonly #unit: Unit;

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  line(text: string): void {
    this.text += `${text}\n`;
  }

  /** Declares a constant for an expression and gives its name. */
  #let(expression: string, prefix?: string): string {
    const name = this.#unit.fresh(prefix);
    this.line(`const ${name} = ${expression};`);
    return name;
  }

  /** Room for an object of known size. */
  #reserve(size: number): string {
    const start = this.#let("e.end", "q");
    this.line(`if (${start} + ${size} > limit) throw MISS;`);
    this.line(`e.end = ${start} + ${align8(size)};`);
    return start;
  }

  /** Room for `count` elements. */
  #reserveElements(count: string, size: number): string {
    const start = this.#let("e.end", "q");
    const bytes = size === 1 ? count : this.#let(`${count} * ${size}`, "n");
    // Not by adding first: a length may be no number at all.
    this.line(`if (!(${bytes} <= limit - ${start})) throw MISS;`);
    this.line(`e.end = ${start} + ${size % 8 === 0 ? bytes : `(${bytes} + 7 & ~7)`};`);
    return start;
  }

  #present(at: string, offset: number): void {
    this.line(`${cell("u32", 2, at, offset)} = 0xffffffff; ${cell("u32", 2, at, offset + 4)} = 0xffffffff;`);
  }

  /** Writes `x` of `type` at `at + offset`; `depth` levels below the function's own value. */
  value(type: TypeDescriptor, x: string, at: string, offset: number, depth: number): void {
    switch (type.kind) {
      case "bool":
        return this.line(`if (typeof ${x} !== "boolean") throw MISS; ${cell("u8", 0, at, offset)} = ${x} ? 1 : 0;`);
      case "float32":
      case "float64":
        return this.#scalar(type.kind, x, at, offset, `typeof ${x} !== "number"`);
      case "enum":
        return this.#integer(
          type.subtype,
          x,
          at,
          offset,
          type.isStrict ? unknownValue(this.#unit, type.members, x) : "",
        );
      case "bits":
        return this.#integer(type.subtype, x, at, offset, type.isStrict ? `(${x} & ~${literal(bitsMask(type))})` : "");
      case "string":
        return this.#unless(type.optional, x, () => {
          this.line(`encodeString(e, ${x}, ${address(at, offset)}, ${type.maxBytes ?? "Infinity"});`);
        });
      case "vector":
        return this.#unless(type.optional, x, () => this.#vector(type, x, at, offset, depth));
      case "array":
        this.line(`if (!isIndexed(${x}) || ${x}.length !== ${type.count}) throw MISS;`);
        return this.#elements(resolve(type.element), x, String(type.count), address(at, offset), depth);
      case "box":
        return this.#unless(true, x, () => {
          this.#present(at, offset);
          const start = this.#reserve(inlineSize(resolve(type.element)));
          this.value(resolve(type.element), x, start, 0, depth + 1);
        });
      case "handle":
        return this.line(`encodeHandle(e, ${this.#unit.constant(type)}, ${x}, ${address(at, offset)});`);
      case "endpoint":
        return this.line(`encodeEndpoint(e, ${this.#unit.constant(type)}, ${x}, ${address(at, offset)});`);
      case "struct":
      case "table":
      case "union":
      case "optional-union":
        if (!isCalled(type)) return this.aggregate(type, x, at, offset, depth);
        return this.line(`${this.#unit.functionOf(type)}(e, ${x}, ${address(at, offset)}${this.#depth(type, depth)});`);
      default:
        return this.#integer(type.kind, x, at, offset, "");
    }
  }

  /** Depth is passed only where it can matter. */
  #depth(type: TypeDescriptor, depth: number): string {
    return Number.isFinite(extentOf(type)) ? "" : `, depth + ${depth}`;
  }

  /** What follows is skipped for an absent value where it may be absent. Otherwise absence runs into a fault there. */
  #unless(isOptional: boolean | undefined, x: string, emit: () => void): void {
    if (isOptional === true) this.line(`if (${x} !== null && ${x} !== undefined) {`);
    emit();
    if (isOptional === true) this.line("}");
  }

  #scalar(kind: TypeDescriptor["kind"], x: string, at: string, offset: number, fault: string): void {
    const [view, shift] = VIEWS[kind] as readonly [string, number];
    this.line(`if (${fault}) throw MISS; ${cell(view, shift, at, offset)} = ${x};`);
  }

  /** `fault` is an expression that is truthy (not 0) for a value that the type does not have, or nothing. */
  #integer(kind: IntegerKind, x: string, at: string, offset: number, fault: string): void {
    const [view, shift] = VIEWS[kind] as readonly [string, number];
    const coercion = COERCIONS[kind];
    if (coercion !== undefined) {
      this.line(`if (${coercion(x)} !== ${x}) throw MISS;`);
      this.line(`${cell(view, shift, at, offset)} = ${x};`);
    } else {
      // A number is refused by the assignment, a bigint out of range comes back changed.
      const target = cell(view, shift, at, offset);
      this.line(`${target} = ${x}; if (${target} !== ${x}) throw MISS;`);
    }
    if (fault !== "") this.line(`if (${fault}) throw MISS;`);
  }

  #vector(type: VectorDescriptor, x: string, at: string, offset: number, depth: number): void {
    const element = resolve(type.element);
    this.line(`if (!isIndexed(${x})) throw MISS;`);
    const count = this.#let(`${x}.length`, "n");
    if (type.maxCount !== undefined) this.line(`if (${count} > ${type.maxCount}) throw MISS;`);
    const start = this.#reserveElements(count, inlineSize(element));
    this.line(`${cell("u32", 2, at, offset)} = ${count};`);
    this.#present(at, offset + 8);
    this.#elements(element, x, count, start, depth + 1);
  }

  #elements(element: TypeDescriptor, list: string, count: string, start: string, depth: number): void {
    const size = inlineSize(element);
    const view = element.kind === "bool" ? undefined : VIEWS[element.kind];
    if (view !== undefined) {
      const [name, shift] = view;
      this.line(`if (${list} instanceof ${ARRAYS[name]}) ${name}.set(${list}, ${start} >> ${shift}); else`);
    }
    const i = this.#unit.fresh("i");
    this.line(`for (let ${i} = 0; ${i} < ${count}; ${i}++) {`);
    const item = this.#let(`${list}[${i}]`);
    const at = this.#let(`${start} + ${i} * ${size}`, "p");
    this.value(element, item, at, 0, depth);
    this.line("}");
  }

  /** The envelope at `at + offset` (aligned to 8) and the content of a member that is present. */
  #envelope(type: TypeDescriptor, x: string, at: string, offset: number, depth: number): void {
    const hasHandles = mayCarryHandles(type);
    const before = hasHandles ? this.#let("e.handles.length", "h") : "";
    const numHandles = hasHandles ? `e.handles.length - ${before}` : "0";
    if (isInlined(type)) {
      this.value(type, x, at, offset, depth);
      this.line(`${cell("u32", 2, at, offset + 4)} = ${hasHandles ? `0x10000 + ${numHandles}` : "0x10000"};`);
      return;
    }
    const start = this.#reserve(inlineSize(type));
    this.value(type, x, start, 0, depth + 1);
    this.line(`${cell("u32", 2, at, offset)} = e.end - ${start};`);
    if (hasHandles) this.line(`${cell("u32", 2, at, offset + 4)} = ${numHandles};`);
  }

  aggregate(type: TypeDescriptor, x: string, at: string, offset: number, depth: number): void {
    switch (type.kind) {
      case "struct":
        this.line(`if (typeof ${x} !== "object" || ${x} === null) throw MISS;`);
        for (const field of structLayout(type).fields) {
          this.line("{");
          const member = this.#let(memberAccess(x, field.member.name), "m");
          this.value(field.type, member, at, offset + field.offset, depth);
          this.line("}");
        }
        return;
      case "table":
        return this.#table(type, x, at, offset, depth);
      case "union":
        return this.#union(type, x, at, offset, depth);
      case "optional-union":
        return this.#unless(true, x, () => this.#union(resolve(type.element) as UnionDescriptor, x, at, offset, depth));
      default:
        return this.value(type, x, at, offset, depth);
    }
  }

  #table(type: TableDescriptor, x: string, at: string, offset: number, depth: number): void {
    this.line(`if (typeof ${x} !== "object" || ${x} === null) throw MISS;`);
    const members = type.members.map((member) => {
      return { ...member, type: resolve(member.type), value: this.#let(memberAccess(x, member.name), "m") };
    });
    const highest = this.#unit.fresh("n");
    this.line(`let ${highest} = 0;`);
    // From the highest down: full tables are settled by the first comparison.
    [...members].reverse().forEach(({ value, ordinal }, i) => {
      this.line(`${i > 0 ? "else " : ""}if (${isPresent(value)}) ${highest} = ${ordinal};`);
    });
    const start = this.#reserveElements(highest, 8);
    this.line(`${cell("u32", 2, at, offset)} = ${highest};`);
    this.#present(at, offset + 8);
    for (const { ordinal, type: memberType, value } of members) {
      this.line(`if (${isPresent(value)}) {`);
      this.#envelope(memberType, value, start, (ordinal - 1) * 8, depth + 1);
      this.line("}");
    }
  }

  #union(type: UnionDescriptor, x: string, at: string, offset: number, depth: number): void {
    this.line(`switch (${x}.kind) {`);
    for (const member of type.members) {
      this.line(`case ${JSON.stringify(member.name)}: {`);
      this.line(`${cell("u32", 2, at, offset)} = ${member.ordinal};`);
      this.#envelope(resolve(member.type), this.#let(`${x}.value`, "m"), at, offset + 8, depth);
      this.line("break; }");
    }
    this.line("default: throw MISS; }");
  }
}

function isPresent(x: string): string {
  return `${x} !== undefined && ${x} !== null`;
}

function address(at: string, offset: number): string {
  return offset === 0 ? at : `${at} + ${offset}`;
}

function literal(value: number | bigint): string {
  return typeof value === "bigint" ? `${value}n` : String(value);
}

/** An expression that is true for a value which the strict enum does not declare. */
export function unknownValue(unit: Unit, members: Readonly<Record<string, number | bigint>>, x: string): string {
  const values = [...new Set(Object.values(members))];
  if (values.length <= 4) return values.map((value) => `${x} !== ${literal(value)}`).join(" && ") || "true";
  return `!${unit.constant(new Set(values))}.has(${x})`;
}
