/**
 * The daemon's configuration file: TOML, or JSON where its name ends in `.json`. Every key is optional; an unknown key
 * or a value of the wrong kind is an error that names the file, the key and the value.
 */
import { readFileSync } from "node:fs";
import { PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import type { FormatCostEntry } from "#gen/fuchsia_sysmem2";
import { DaemonError } from "./errors.ts";

export interface DaemonConfig {
  /** Largest single buffer, in bytes; a larger one does not negotiate. */
  readonly maxAllocationSize?: bigint;
  /** What pixel formats cost under a usage. Lower is better. Numbers are those of fuchsia.images2. */
  readonly formatCosts: readonly FormatCostEntry[];
  /** Mode of the service directory when the daemon creates it. */
  readonly directoryMode: number;
  /** Mode of the sockets that anyone in reach of the directory may connect to. */
  readonly socketMode: number;
  /** Group whose members may register heaps, beside the server's own user. A number. */
  readonly heapGroup?: number;
  /** Group whose members may inspect the server, beside its own user. A number. */
  readonly inspectGroup?: number;
  readonly logLevel: LogLevel;
}

export type LogLevel = (typeof LOG_LEVELS)[number];
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/** What holds without a configuration file. */
export const DEFAULT_CONFIG: DaemonConfig = {
  formatCosts: [],
  directoryMode: 0o700,
  socketMode: 0o666,
  logLevel: "info",
};

type Plain = null | boolean | number | bigint | string | readonly Plain[] | { readonly [key: string]: Plain };

/** Reads and checks a configuration file. Throws `DaemonError` CONFIG. */
export async function loadConfig(path: string): Promise<DaemonConfig> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new DaemonError("CONFIG", `cannot read configuration ${path}: ${(error as Error).message}`, { cause: error });
  }
  return parseConfig(path.endsWith(".json") ? await parseJson(path, text) : await parseToml(path, text), path);
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

/** Checks parsed settings. `where` names their origin in error messages. */
export function parseConfig(settings: Plain, where: string): DaemonConfig {
  const root = new Section(settings, where, "");
  const config: DaemonConfig = {
    ...DEFAULT_CONFIG,
    ...root.optional("max_allocation_size", (v) => ({ maxAllocationSize: BigInt(v.unsigned()) })),
    ...root.optional("format_costs", (v) => ({ formatCosts: v.list().map(formatCost) })),
    ...root.optional("directory_mode", (v) => ({ directoryMode: v.mode() })),
    ...root.optional("socket_mode", (v) => ({ socketMode: v.mode() })),
    ...root.optional("heap_group", (v) => ({ heapGroup: v.uint32() })),
    ...root.optional("inspect_group", (v) => ({ inspectGroup: v.uint32() })),
    ...root.optional("log_level", (v) => ({ logLevel: v.oneOf(LOG_LEVELS) })),
  };
  root.rejectUnknown();
  return config;
}

function formatCost(value: Value): FormatCostEntry {
  const section = value.section();
  const usage = section.get("usage")?.section();
  const bits = (name: string) => {
    const bit = usage?.get(name);
    return bit === undefined ? {} : { [name]: bit.uint32() };
  };
  const entry: FormatCostEntry = {
    key: {
      pixelFormat: PixelFormat.from(section.required("pixel_format").uint32()),
      pixelFormatModifier: PixelFormatModifier.from(BigInt(section.get("pixel_format_modifier")?.unsigned() ?? 0)),
      bufferUsageBits: { ...bits("none"), ...bits("cpu"), ...bits("vulkan"), ...bits("display"), ...bits("video") },
    },
    cost: section.required("cost").number(),
  };
  usage?.rejectUnknown();
  section.rejectUnknown();
  return entry;
}

/** A table of settings, with the keys that were asked for. */
class Section {
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

  get(key: string): Value | undefined {
    this.#known.add(key);
    const value = this.#values[key];
    return value === undefined ? undefined : new Value(value, this.#where, this.#path ? `${this.#path}.${key}` : key);
  }

  optional<T>(key: string, read: (value: Value) => T): T | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : read(value);
  }

  required(key: string): Value {
    const value = this.get(key);
    if (value === undefined) throw new DaemonError("CONFIG", `${this.#where}: ${this.#path}.${key} is missing`);
    return value;
  }

  rejectUnknown(): void {
    for (const key of Object.keys(this.#values)) {
      if (this.#known.has(key)) continue;
      const name = this.#path ? `${this.#path}.${key}` : key;
      const known = [...this.#known].join(", ");
      throw new DaemonError("CONFIG", `${this.#where}: ${name} is not a setting (known here: ${known})`);
    }
  }
}

/** One setting, read as what it should be. */
class Value {
  readonly #value: Plain;
  readonly #where: string;
  readonly #path: string;

  constructor(value: Plain, where: string, path: string) {
    this.#value = value;
    this.#where = where;
    this.#path = path;
  }

  #fail(expected: string): never {
    const shown = typeof this.#value === "bigint" ? String(this.#value) : JSON.stringify(this.#value);
    throw new DaemonError("CONFIG", `${this.#where}: ${this.#path} must be ${expected}, not ${shown}`);
  }

  unsigned(): number | bigint {
    const value = this.#value;
    if (typeof value === "bigint") return value >= 0n && value < 1n << 64n ? value : this.#fail("an unsigned integer");
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
      ? value
      : this.#fail("an unsigned integer");
  }

  uint32(): number {
    const value = Number(this.unsigned());
    return value <= 0xffff_ffff ? value : this.#fail("an integer of 32 bits");
  }

  number(): number {
    return typeof this.#value === "number" ? this.#value : this.#fail("a number");
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
