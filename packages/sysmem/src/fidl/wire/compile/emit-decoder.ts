/** Straight-line code that decodes. Every fault is a `MISS` (see `support.ts`). */
import { MAX_OUT_OF_LINE_DEPTH } from "#base";
import type {
  EnumDescriptor,
  StructDescriptor,
  TableDescriptor,
  TypeDescriptor,
  UnionDescriptor,
  VectorDescriptor,
} from "../../descriptors.ts";
import {
  align8,
  type Gap,
  inlineSize,
  isInlined,
  mayCarryHandles,
  mayHoldUnknownData,
  resolve,
  structLayout,
} from "../layout.ts";
import { bitsMask } from "../scalars.ts";
import { cell, LOCAL_VIEWS, unknownValue, VIEWS } from "./emit-encoder.ts";
import { extentOf, localExtentOf } from "./extent.ts";
import { isCalled, type Unit } from "./unit.ts";

/** Parameters of every decode function. */
export const DECODE_PARAMETERS = "d, at, depth";

/** Body of the decode function of a struct, table or union (optional or not). */
export function emitDecoder(unit: Unit, type: TypeDescriptor): string {
  const writer = new DecodeWriter(unit);
  writer.line(`const ${LOCAL_VIEWS} = d, length = d.length;`);
  if (!Number.isFinite(extentOf(type))) {
    writer.line(`if (depth > ${MAX_OUT_OF_LINE_DEPTH - localExtentOf(type)}) throw MISS;`);
  }
  writer.line(`return ${writer.aggregate(type, "at", 0, 0)};`);
  return writer.text;
}

class DecodeWriter {
  text = "";
  readonly #unit: Unit;

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  line(text: string): void {
    this.text += `${text}\n`;
  }

  #let(expression: string, prefix?: string): string {
    const name = this.#unit.fresh(prefix);
    this.line(`const ${name} = ${expression};`);
    return name;
  }

  /** Enters an object of known size; its padding must be zero. */
  #enter(size: number): string {
    const start = this.#let("d.next", "q");
    this.line(`if (${start} + ${align8(size)} > length) throw MISS;`);
    this.line(`d.next = ${start} + ${align8(size)};`);
    this.#zero(start, 0, [{ start: size, end: align8(size) }]);
    return start;
  }

  /** Enters an object of `count` elements. */
  #enterElements(count: string, size: number): string {
    const start = this.#let("d.next", "q");
    const bytes = size === 1 ? count : this.#let(`${count} * ${size}`, "n");
    // Compared before anything is rounded: the product may be far beyond 32 bits.
    this.line(`if (${bytes} > length - ${start}) throw MISS;`);
    if (size % 8 === 0) {
      this.line(`d.next = ${start} + ${bytes};`);
    } else {
      const end = this.#let(`${start} + (${bytes} + 7 & ~7)`, "q");
      this.line(`if (${end} > length) throw MISS;`);
      this.line(`d.next = ${end}; checkTail(d, ${start} + ${bytes}, ${end});`);
    }
    return start;
  }

  /** The bytes of each gap are zero; looked at in the widest aligned pieces. */
  #zero(at: string, offset: number, gaps: readonly Gap[]): void {
    const pieces: string[] = [];
    for (const gap of gaps) {
      let position = offset + gap.start;
      const end = offset + gap.end;
      while (position < end) {
        // The base of a gap is aligned at least as its struct is, and so is every piece within it.
        const shift = position % 4 === 0 && end - position >= 4 ? 2 : position % 2 === 0 && end - position >= 2 ? 1 : 0;
        pieces.push(cell(["u8", "u16", "u32"][shift] as string, shift, at, position));
        position += 1 << shift;
      }
    }
    if (pieces.length > 0) this.line(`if ((${pieces.join(" | ")}) !== 0) throw MISS;`);
  }

  /** Reads a value of `type` at `at + offset`. Gives an expression that may be used once, before anything else is read. */
  value(type: TypeDescriptor, at: string, offset: number, depth: number): string {
    switch (type.kind) {
      case "bool": {
        const byte = this.#let(cell("u8", 0, at, offset));
        this.line(`if (${byte} > 1) throw MISS;`);
        return `${byte} === 1`;
      }
      case "int64":
      case "uint64":
        return `read${type.kind === "int64" ? "Int" : "Uint"}64(d, ${address(at, offset)})`;
      case "enum":
      case "bits":
        return this.#named(type, at, offset);
      case "string":
        return this.#let(
          `decodeString(d, ${address(at, offset)}, ${type.maxBytes ?? "Infinity"}, ${type.optional === true})`,
        );
      case "vector":
        return this.#vector(type, at, offset, depth);
      case "array":
        return this.#elements(resolve(type.element), String(type.count), address(at, offset), depth);
      case "box":
        return this.#box(resolve(type.element), at, offset, depth);
      case "handle":
        return this.#let(`decodeHandle(d, ${this.#unit.constant(type)}, ${address(at, offset)})`);
      case "endpoint":
        return this.#let(`decodeEndpoint(d, ${this.#unit.constant(type)}, ${address(at, offset)})`);
      case "struct":
      case "table":
      case "union":
      case "optional-union": {
        if (!isCalled(type)) return this.aggregate(type, at, offset, depth);
        const deeper = Number.isFinite(extentOf(type)) ? "" : `, depth + ${depth}`;
        return this.#let(`${this.#unit.functionOf(type)}(d, ${address(at, offset)}${deeper})`);
      }
      default: {
        const [view, shift] = VIEWS[type.kind] as readonly [string, number];
        return cell(view, shift, at, offset);
      }
    }
  }

  #named(type: EnumDescriptor | Extract<TypeDescriptor, { kind: "bits" }>, at: string, offset: number): string {
    const value = this.#let(this.value({ kind: type.subtype }, at, offset, 0));
    if (type.isStrict && type.kind === "enum") {
      this.line(`if (${unknownValue(this.#unit, type.members, value)}) throw MISS;`);
    }
    if (type.isStrict && type.kind === "bits") {
      const mask = bitsMask(type);
      this.line(`if (${value} & ~${typeof mask === "bigint" ? `${mask}n` : mask}) throw MISS;`);
    }
    return value;
  }

  /** Declares `variable` for something that may be absent: `isAbsent` says so after `fault` was excluded. */
  #optionally(isAbsent: string, emit: () => string): string {
    const result = this.#unit.fresh();
    this.line(`let ${result} = null;`);
    this.line(`if (!(${isAbsent})) {`);
    this.line(`${result} = ${emit()};`);
    this.line("}");
    return result;
  }

  #vector(type: VectorDescriptor, at: string, offset: number, depth: number): string {
    const count = this.#let(cell("u32", 2, at, offset), "n");
    const presence = this.#let(cell("u32", 2, at, offset + 8), "w");
    this.line(
      `if (${cell("u32", 2, at, offset + 4)} !== 0 || ${cell("u32", 2, at, offset + 12)} !== ${presence}) throw MISS;`,
    );
    const content = (): string => {
      this.line(`if (${presence} !== 0xffffffff) throw MISS;`);
      if (type.maxCount !== undefined) this.line(`if (${count} > ${type.maxCount}) throw MISS;`);
      const element = resolve(type.element);
      return this.#elements(element, count, this.#enterElements(count, inlineSize(element)), depth + 1);
    };
    if (type.optional !== true) return content();
    return this.#optionally(`${presence} === 0 && ${count} === 0`, content);
  }

  #elements(element: TypeDescriptor, count: string, start: string, depth: number): string {
    const view = element.kind === "bool" ? undefined : VIEWS[element.kind];
    if (view !== undefined) {
      const [name, shift] = view;
      const first = shift === 0 ? start : this.#let(`${start} >> ${shift}`, "i");
      return this.#let(`${name}.slice(${first}, ${first} + ${count})`);
    }
    const list = this.#let(`new Array(${count})`);
    const i = this.#unit.fresh("i");
    this.line(`for (let ${i} = 0; ${i} < ${count}; ${i}++) {`);
    const at = this.#let(`${start} + ${i} * ${inlineSize(element)}`, "p");
    this.line(`${list}[${i}] = ${this.value(element, at, 0, depth)};`);
    this.line("}");
    return list;
  }

  #box(element: TypeDescriptor, at: string, offset: number, depth: number): string {
    const presence = this.#let(cell("u32", 2, at, offset), "w");
    this.line(`if (${cell("u32", 2, at, offset + 4)} !== ${presence}) throw MISS;`);
    return this.#optionally(`${presence} === 0`, () => {
      this.line(`if (${presence} !== 0xffffffff) throw MISS;`);
      return this.value(element, this.#enter(inlineSize(element)), 0, depth + 1);
    });
  }

  /** Content of a present envelope whose two words are in `low` and `high`. */
  #envelope(type: TypeDescriptor, low: string, high: string, at: string, offset: number, depth: number): string {
    const hasHandles = mayCarryHandles(type);
    const flag = isInlined(type) ? 1 : 0;
    if (hasHandles) this.line(`if (${high} >>> 16 !== ${flag}) throw MISS;`);
    else this.line(`if (${high} !== ${flag === 1 ? "0x10000" : "0"}) throw MISS;`);
    // A known member without handles may have unknown ones inside that bring some.
    const countsHandles = hasHandles || mayHoldUnknownData(type);
    const before = countsHandles ? this.#let("d.nextHandle", "h") : "";
    let content: string;
    if (flag === 1) {
      const size = inlineSize(type);
      if (size < 4) this.line(`if (${low} >>> ${size * 8} !== 0) throw MISS;`);
      content = this.#let(this.value(type, at, offset, depth));
    } else {
      const start = this.#enter(inlineSize(type));
      content = this.#let(this.value(type, start, 0, depth + 1));
      this.line(`if (d.next - ${start} !== ${low}) throw MISS;`);
    }
    if (countsHandles) this.line(`if (d.nextHandle - ${before} !== (${high} & 0xffff)) throw MISS;`);
    return content;
  }

  aggregate(type: TypeDescriptor, at: string, offset: number, depth: number): string {
    switch (type.kind) {
      case "struct":
        return this.#struct(type, at, offset, depth);
      case "table":
        return this.#table(type, at, offset, depth);
      case "union":
        return this.#union(type, false, at, offset, depth);
      case "optional-union":
        return this.#union(resolve(type.element) as UnionDescriptor, true, at, offset, depth);
      default:
        return this.value(type, at, offset, depth);
    }
  }

  #struct(type: StructDescriptor, at: string, offset: number, depth: number): string {
    const { fields, gaps, size } = structLayout(type);
    this.#zero(at, offset, fields.length === 0 ? [{ start: 0, end: size }] : gaps);
    const members = fields.map((field) => {
      const content = this.#let(this.value(field.type, at, offset + field.offset, depth), "m");
      return `${JSON.stringify(field.member.name)}: ${content}`;
    });
    return this.#let(`{ ${members.join(", ")} }`);
  }

  #table(type: TableDescriptor, at: string, offset: number, depth: number): string {
    const word = (index: number): string => cell("u32", 2, at, offset + index * 4);
    this.line(`if (${word(1)} !== 0 || ${word(2)} !== 0xffffffff || ${word(3)} !== 0xffffffff) throw MISS;`);
    const count = this.#let(word(0), "n");
    const start = this.#enterElements(count, 8);
    const members = new Map(type.members.map((member) => [member.ordinal, member]));
    const last = type.members.at(-1)?.ordinal ?? 0;
    const found: { readonly key: string; readonly value: string }[] = [];
    // Handles are taken in the order of ordinals, so unknown members are passed over where they occur.
    const unknown = this.#unit.fresh("u");
    this.line(`let ${unknown};`);
    for (let ordinal = 1; ordinal <= last; ordinal++) {
      const member = members.get(ordinal);
      const envelope = (ordinal - 1) * 8;
      if (member === undefined) {
        this.line(
          `if (${count} >= ${ordinal}) ${unknown} = decodeUnknownMembers(d, ${unknown}, ${start}, ${ordinal}, ${ordinal});`,
        );
        continue;
      }
      const value = this.#unit.fresh("m");
      this.line(`let ${value};`);
      this.line(`if (${count} >= ${ordinal}) {`);
      const low = this.#let(cell("u32", 2, start, envelope), "w");
      const high = this.#let(cell("u32", 2, start, envelope + 4), "w");
      this.line(`if ((${low} | ${high}) !== 0) {`);
      this.line(`${value} = ${this.#envelope(resolve(member.type), low, high, start, envelope, depth + 1)};`);
      this.line("} }");
      found.push({ key: JSON.stringify(member.name), value });
    }
    this.line(
      `if (${count} > ${last}) ${unknown} = decodeUnknownMembers(d, ${unknown}, ${start}, ${last + 1}, ${count});`,
    );
    return this.#tableObject(found, unknown);
  }

  /** Only members that are present become properties. A full table is made in one piece, which is the fastest. */
  #tableObject(found: readonly { readonly key: string; readonly value: string }[], unknown: string): string {
    const object = this.#unit.fresh("o");
    this.line(`let ${object};`);
    const isFull = found.map(({ value }) => `${value} !== undefined`).join(" && ") || "true";
    this.line(`if (${isFull}) ${object} = { ${found.map(({ key, value }) => `${key}: ${value}`).join(", ")} };`);
    this.line(`else { ${object} = {};`);
    for (const { key, value } of found) this.line(`if (${value} !== undefined) ${object}[${key}] = ${value};`);
    this.line("}");
    this.line(`if (${unknown} !== undefined) noteUnknownOrdinals(${object}, ${unknown});`);
    return object;
  }

  #union(type: UnionDescriptor, isOptional: boolean, at: string, offset: number, depth: number): string {
    const result = this.#unit.fresh("o");
    const ordinal = this.#let(cell("u32", 2, at, offset), "n");
    const low = this.#let(cell("u32", 2, at, offset + 8), "w");
    const high = this.#let(cell("u32", 2, at, offset + 12), "w");
    this.line(`let ${result};`);
    this.line(`switch (${cell("u32", 2, at, offset + 4)} === 0 ? ${ordinal} : -1) {`);
    this.line("case 0:");
    this.line(isOptional ? `if ((${low} | ${high}) !== 0) throw MISS; ${result} = null; break;` : "throw MISS;");
    for (const member of type.members) {
      this.line(`case ${member.ordinal}: {`);
      this.line(`if ((${low} | ${high}) === 0) throw MISS;`);
      const content = this.#envelope(resolve(member.type), low, high, at, offset + 8, depth);
      this.line(`${result} = { kind: ${JSON.stringify(member.name)}, value: ${content} };`);
      this.line("break; }");
    }
    this.line(
      type.isStrict ? "default: throw MISS;" : `default: ${result} = decodeUnknownVariant(d, ${address(at, offset)});`,
    );
    this.line("}");
    return result;
  }
}

function address(at: string, offset: number): string {
  return offset === 0 ? at : `${at} + ${offset}`;
}
