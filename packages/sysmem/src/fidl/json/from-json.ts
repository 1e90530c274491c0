/** JSON to FIDL values, checked as strictly as the encoder checks them. */
import { err, MAX_JSON_DEPTH, MAX_JSON_FAULTS, ok, type Result } from "#base";
import type {
  ArrayDescriptor,
  BitsDescriptor,
  EnumDescriptor,
  IntegerKind,
  OrdinalMember,
  StringDescriptor,
  StructDescriptor,
  StructMember,
  TableDescriptor,
  TypeDescriptor,
  UnionDescriptor,
  VectorDescriptor,
} from "../descriptors.ts";
import { resolve } from "../wire/layout.ts";
import { bitsMask, INTEGER_RANGES } from "../wire/scalars.ts";
import { NUMBER_ARRAYS } from "../wire/sequences.ts";
import { describeJson, descriptorOf, formatJsonPath, type JsonFault, type JsonType } from "./fault.ts";

/**
 * Makes a value from parsed JSON. Fields have their FIDL names; enum members are given by name or number; bits by an
 * array of names, one name or a number; 64-bit integers by decimal strings, exact numbers or bigints; a union is an object
 * with the one member that is set. `null` and a missing field both mean absent. Handles cannot be given.
 * @returns the value, or what is wrong with the JSON (up to `MAX_JSON_FAULTS` faults).
 */
export function fromJson<T>(type: JsonType<T>, json: unknown): Result<T, readonly JsonFault[]> {
  const reader = new Reader();
  const value = reader.read(descriptorOf(type), json, 0);
  return reader.faults.length === 0 ? ok(value as T) : err(reader.faults);
}

/** Stands where a value could not be made. It never leaves `fromJson`: there is a fault then. */
const INVALID = undefined;

class Reader {
  readonly faults: JsonFault[] = [];
  readonly #path: (string | number)[] = [];

  #fail(expected: string, actual: string): undefined {
    if (this.faults.length < MAX_JSON_FAULTS) {
      this.faults.push({ path: formatJsonPath(this.#path), expected, actual });
    }
    return INVALID;
  }

  #at(step: string | number, type: TypeDescriptor, json: unknown, depth: number): unknown {
    this.#path.push(step);
    const value = this.read(type, json, depth);
    this.#path.pop();
    return value;
  }

  /** `depth` counts the objects and arrays around this one, which hostile text could drive past the stack. */
  read(type: TypeDescriptor, json: unknown, depth: number): unknown {
    if (depth >= MAX_JSON_DEPTH && typeof json === "object" && json !== null) {
      return this.#fail(`at most ${MAX_JSON_DEPTH} levels`, "deeper nesting");
    }
    const isAbsent = json === null || json === undefined;
    switch (type.kind) {
      case "bool":
        return typeof json === "boolean" ? json : this.#fail("true or false", describeJson(json));
      case "float32":
      case "float64":
        return this.#float(json);
      case "string":
        return isAbsent && type.optional === true ? null : this.#string(type, json);
      case "vector":
        return isAbsent && type.optional === true ? null : this.#list(type, json, depth);
      case "array":
        return this.#list(type, json, depth);
      case "handle":
      case "endpoint":
        if (isAbsent && type.optional === true) return null;
        return this.#fail("nothing, since JSON cannot carry handles", describeJson(json));
      case "box":
      case "optional-union":
        return isAbsent ? null : this.read(resolve(type.element), json, depth);
      case "struct":
        return this.#struct(type, json, depth);
      case "table":
        return this.#table(type, json, depth);
      case "union":
        return this.#union(type, json, depth);
      case "enum":
        return this.#enum(type, json);
      case "bits":
        return this.#bits(type, json);
      default:
        return this.#integer(type.kind, json, type.kind);
    }
  }

  #float(json: unknown): unknown {
    if (typeof json === "number") return json;
    if (json === "NaN" || json === "Infinity" || json === "-Infinity") return Number(json);
    return this.#fail('a number, "NaN", "Infinity" or "-Infinity"', describeJson(json));
  }

  #integer(kind: IntegerKind, json: unknown, expected: string): number | bigint | undefined {
    const [least, greatest] = INTEGER_RANGES[kind];
    let value: bigint;
    // Readers that keep large numbers exact give bigints.
    if (typeof json === "bigint" || (typeof json === "number" && Number.isSafeInteger(json))) value = BigInt(json);
    else if (typeof json === "string" && /^-?[0-9]{1,20}$/.test(json)) value = BigInt(json);
    else if (typeof json === "number" && Number.isInteger(json)) {
      return this.#fail(
        `${expected} as a decimal string, since JSON numbers this large lose digits`,
        describeJson(json),
      );
    } else return this.#fail(expected, describeJson(json));
    if (value < least || value > greatest)
      return this.#fail(`${expected} (${least} to ${greatest})`, describeJson(json));
    return typeof least === "bigint" ? value : Number(value);
  }

  #string(type: StringDescriptor, json: unknown): unknown {
    if (typeof json !== "string") return this.#fail("a string", describeJson(json));
    if (/\p{Surrogate}/u.test(json)) return this.#fail("well-formed Unicode", describeJson(json));
    if (type.maxBytes === undefined || json.length * 3 <= type.maxBytes) return json;
    const length = new TextEncoder().encode(json).length;
    return length <= type.maxBytes ? json : this.#fail(`at most ${type.maxBytes} bytes`, `${length} bytes`);
  }

  #list(type: VectorDescriptor | ArrayDescriptor, json: unknown, depth: number): unknown {
    if (!Array.isArray(json)) return this.#fail("an array", describeJson(json));
    if (type.kind === "array" && json.length !== type.count) {
      return this.#fail(`${type.count} elements`, String(json.length));
    }
    if (type.kind === "vector" && type.maxCount !== undefined && json.length > type.maxCount) {
      return this.#fail(`at most ${type.maxCount} elements`, String(json.length));
    }
    const element = resolve(type.element);
    const before = this.faults.length;
    const values = json.map((item: unknown, index) => this.#at(index, element, item, depth + 1));
    if (this.faults.length > before) return INVALID;
    const Numbers = NUMBER_ARRAYS[element.kind];
    if (Numbers === undefined) return values;
    const numbers = new Numbers(values.length);
    for (const [index, value] of values.entries()) numbers[index] = value as number;
    return numbers;
  }

  #object(
    json: unknown,
    what: string,
    members: readonly StructMember[],
  ): Readonly<Record<string, unknown>> | undefined {
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      return this.#fail(`an object (${what})`, describeJson(json));
    }
    for (const key of Object.keys(json)) {
      if (members.some((member) => member.fidlName === key)) continue;
      this.#path.push(key);
      this.#fail(suggestion(key, members, what), `the unknown field ${JSON.stringify(key)}`);
      this.#path.pop();
    }
    return json as Readonly<Record<string, unknown>>;
  }

  #struct(type: StructDescriptor, json: unknown, depth: number): unknown {
    const fields = this.#object(json, type.name, type.members);
    if (fields === undefined) return INVALID;
    const value: Record<string, unknown> = {};
    for (const member of type.members) {
      value[member.name] = this.#at(member.fidlName, resolve(member.type), own(fields, member.fidlName), depth + 1);
    }
    return value;
  }

  #table(type: TableDescriptor, json: unknown, depth: number): unknown {
    const fields = this.#object(json, type.name, type.members);
    if (fields === undefined) return INVALID;
    const value: Record<string, unknown> = {};
    for (const member of type.members) {
      const field = own(fields, member.fidlName);
      if (field === undefined || field === null) continue;
      value[member.name] = this.#at(member.fidlName, resolve(member.type), field, depth + 1);
    }
    return value;
  }

  #union(type: UnionDescriptor, json: unknown, depth: number): unknown {
    const fields = this.#object(json, type.name, type.members);
    if (fields === undefined) return INVALID;
    const isSet = (member: OrdinalMember): boolean => (own(fields, member.fidlName) ?? null) !== null;
    const [member, ...more] = type.members.filter(isSet);
    if (member === undefined || more.length > 0) {
      const names = type.members.map((item) => item.fidlName).join(", ");
      return this.#fail(`exactly one of ${names}`, `${member === undefined ? "none" : more.length + 1}`);
    }
    const value = this.#at(member.fidlName, resolve(member.type), own(fields, member.fidlName), depth + 1);
    return { kind: member.name, value };
  }

  #enum(type: EnumDescriptor, json: unknown): unknown {
    if (typeof json === "string" && Object.hasOwn(type.members, json)) return type.members[json];
    const expected = `a member of ${type.name} or a number`;
    if (typeof json === "string" && /^[A-Za-z_]/.test(json)) {
      return this.#fail(`${expected} (${list(Object.keys(type.members))})`, describeJson(json));
    }
    const value = this.#integer(type.subtype, json, expected);
    if (value === undefined || !type.isStrict || Object.values(type.members).includes(value)) return value;
    return this.#fail(`a member of ${type.name} (${list(Object.keys(type.members))})`, describeJson(json));
  }

  #bits(type: BitsDescriptor, json: unknown): unknown {
    const isWide = type.subtype === "uint64";
    if (Array.isArray(json) || (typeof json === "string" && /^[A-Za-z_]/.test(json))) {
      let all = 0n;
      for (const name of Array.isArray(json) ? (json as unknown[]) : [json]) {
        if (typeof name !== "string" || !Object.hasOwn(type.members, name)) {
          return this.#fail(`members of ${type.name} (${list(Object.keys(type.members))})`, describeJson(name));
        }
        all |= BigInt(type.members[name] as number | bigint);
      }
      return isWide ? all : Number(all);
    }
    const value = this.#integer(type.subtype, json, `members of ${type.name} or a number`);
    if (value === undefined || !type.isStrict) return value;
    const unknown = BigInt(value) & ~BigInt(bitsMask(type));
    return unknown === 0n ? value : this.#fail(`only bits of ${type.name}`, describeJson(json));
  }
}

/** A field of the object itself: what it inherits (`constructor`, say) does not count. */
function own(fields: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES_SHOWN).join(", ");
  return names.length > MAX_NAMES_SHOWN ? `${shown}, …` : shown;
}

const MAX_NAMES_SHOWN = 12;

/** The right name where only the style of `key` is wrong, else all names. */
function suggestion(key: string, members: readonly StructMember[], what: string): string {
  const bare = (name: string): string => name.replaceAll("_", "").toLowerCase();
  const near = members.find((member) => bare(member.fidlName) === bare(key));
  if (near !== undefined) return JSON.stringify(near.fidlName);
  return `a field of ${what} (${list(members.map((member) => member.fidlName))})`;
}
