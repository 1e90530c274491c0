/**
 * Settings in a file: TOML, or JSON where its name ends in `.json`. An unknown key or a value of the wrong kind is an error
 * that names the file, the key and the value.
 */
import { readFileSync } from "node:fs";
import { systemWords } from "#base";
import type { EnumHelpers } from "#fidl";
import { DaemonError } from "./errors.ts";

/** What both notations can say. */
export type Plain = null | boolean | number | bigint | string | readonly Plain[] | { readonly [key: string]: Plain };

/** Reads a file in either notation. Throws `DaemonError` CONFIG. */
export async function readSettings(path: string): Promise<Plain> {
  const text = readConfigurationFile(path).toString("utf8");
  return path.endsWith(".json") ? parseJson(path, text) : parseToml(path, text);
}

/** The bytes of a file that the configuration consists of. Throws `DaemonError` CONFIG. */
export function readConfigurationFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DaemonError("CONFIG", `cannot read configuration ${path}: ${systemWords(error)}`, { cause: error });
  }
}

/** Integers keep their value whatever their size: pixel format modifiers use all 64 bits. */
async function parseJson(path: string, text: string): Promise<Plain> {
  const { parse } = await import("lossless-json");
  const number = (digits: string) => {
    const value = Number(digits);
    return /^-?\d+$/.test(digits) && !Number.isSafeInteger(value) ? BigInt(digits) : value;
  };
  try {
    return parse(text, null, { parseNumber: number }) as Plain;
  } catch (error) {
    throw new DaemonError("CONFIG", `cannot read configuration ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function parseToml(path: string, text: string): Promise<Plain> {
  const { parse } = await import("smol-toml");
  try {
    return parse(text, { integersAsBigInt: "asNeeded" }) as Plain;
  } catch (error) {
    throw new DaemonError("CONFIG", `cannot read configuration ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** A table of settings, with the keys that were asked for. */
export class Section {
  readonly #values: { readonly [key: string]: Plain };
  readonly #known = new Set<string>();
  readonly #where: string;
  readonly #path: string;

  constructor(values: Plain, where: string, path: string) {
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      throw new DaemonError("CONFIG", `${where}: ${path || "the file"} must be a table of settings`);
    }
    this.#values = values as { readonly [key: string]: Plain };
    this.#where = where;
    this.#path = path;
  }

  #nameOf(key: string): string {
    return this.#path === "" ? key : `${this.#path}.${key}`;
  }

  get(key: string): Value | undefined {
    this.#known.add(key);
    const value = this.#values[key];
    return value === undefined ? undefined : new Value(value, this.#where, this.#nameOf(key));
  }

  optional<T>(key: string, read: (value: Value) => T): T | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : read(value);
  }

  required(key: string): Value {
    const value = this.get(key);
    if (value === undefined) throw new DaemonError("CONFIG", `${this.#where}: ${this.#nameOf(key)} is missing`);
    return value;
  }

  /** Throws `DaemonError` CONFIG about settings of this table that do not go together. */
  fail(what: string): never {
    throw new DaemonError("CONFIG", `${this.#where}: ${what}`);
  }

  rejectUnknown(): void {
    for (const key of Object.keys(this.#values)) {
      if (this.#known.has(key)) continue;
      const name = this.#nameOf(key);
      const known = [...this.#known].join(", ");
      throw new DaemonError("CONFIG", `${this.#where}: ${name} is not a setting (known here: ${known})`);
    }
  }
}

/** One setting, read as what it should be. */
export class Value {
  readonly #value: Plain;
  readonly #where: string;
  readonly #path: string;

  constructor(value: Plain, where: string, path: string) {
    this.#value = value;
    this.#where = where;
    this.#path = path;
  }

  #fail(expected: string): never {
    const isNumber = typeof this.#value === "bigint" || typeof this.#value === "number";
    const shown = isNumber ? String(this.#value) : JSON.stringify(this.#value);
    throw new DaemonError("CONFIG", `${this.#where}: ${this.#path} must be ${expected}, not ${shown}`);
  }

  unsigned(): number | bigint {
    const value = this.#value;
    if (typeof value === "bigint") return value >= 0n && value < 1n << 64n ? value : this.#fail("an unsigned integer");
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
      ? value
      : this.#fail("an unsigned integer");
  }

  /** An unsigned integer that a number holds exactly. */
  count(): number {
    const value = this.unsigned();
    return typeof value === "number" ? value : this.#fail("an integer below 2^53");
  }

  /** An integer within bounds, both included. */
  within(least: number, most: number): number {
    const value = this.#value;
    const isWithin = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
    return isWithin ? value : this.#fail(`an integer from ${least} to ${most}`);
  }

  boolean(): boolean {
    return typeof this.#value === "boolean" ? this.#value : this.#fail("true or false");
  }

  uint32(): number {
    const value = Number(this.unsigned());
    return value <= 0xffff_ffff ? value : this.#fail("an integer of 32 bits");
  }

  number(): number {
    return typeof this.#value === "number" && Number.isFinite(this.#value)
      ? this.#value
      : this.#fail("a finite number");
  }

  text(): string {
    return typeof this.#value === "string" ? this.#value : this.#fail("a string");
  }

  /** A value of an enum, by its FIDL name or its number. */
  member<T extends number | bigint>(type: EnumHelpers<T>): T {
    const value = this.#value;
    if (typeof value !== "string") {
      return type.from(type.descriptor.subtype === "uint64" ? BigInt(this.unsigned()) : this.uint32());
    }
    const found = type.descriptor.members[value];
    return found === undefined ? this.#fail(`a member of ${type.descriptor.name}`) : type.from(found);
  }

  /** A file mode: an octal string such as "0750". */
  mode(): number {
    const value = this.#value;
    return typeof value === "string" && /^0?[0-7]{3}$/.test(value)
      ? Number.parseInt(value, 8)
      : this.#fail('a file mode such as "0750"');
  }

  oneOf<T extends string>(names: readonly T[]): T {
    return names.find((name) => name === this.#value) ?? this.#fail(`one of ${names.join(", ")}`);
  }

  list(): Value[] {
    const value = this.#value;
    if (!Array.isArray(value)) return this.#fail("a list");
    return value.map((item: Plain, index) => new Value(item, this.#where, `${this.#path}[${index}]`));
  }

  section(): Section {
    return new Section(this.#value, this.#where, this.#path);
  }
}
