import type { TypeCodec } from "../codec-types.ts";
import type { TypeDescriptor, TypeRef } from "../descriptors.ts";
import { resolve } from "../wire/layout.ts";

/** One thing that is wrong with a JSON text as a value of a FIDL type. */
export interface JsonFault {
  /** From the root, in FIDL names: `constraints.image_format_constraints[0].pixel_format`. Empty for the root itself. */
  readonly path: string;
  /** What would be right. */
  readonly expected: string;
  /** What is there. */
  readonly actual: string;
}

/** A fault in one line, for people. */
export function formatJsonFault(fault: JsonFault): string {
  return `${fault.path === "" ? "the value" : fault.path}: expected ${fault.expected}, got ${fault.actual}`;
}

/** What names the type of a conversion: a generated constant, or a descriptor. */
export type JsonType<T> = TypeCodec<T> | TypeRef;

/** @internal */
export function descriptorOf<T>(type: JsonType<T>): TypeDescriptor {
  return typeof type === "object" && "descriptor" in type ? type.descriptor : resolve(type);
}

/** @internal Where the conversion is, printed only when something is wrong. */
export type JsonPath = readonly (string | number)[];

/** @internal */
export function formatJsonPath(path: JsonPath): string {
  return path.map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`)).join("");
}

/** What is there instead of what was expected, short. */
export function describeJson(json: unknown): string {
  if (json === undefined) return "nothing";
  if (Array.isArray(json)) return `an array of ${json.length}`;
  if (typeof json === "object" && json !== null) return "an object";
  const text = typeof json === "bigint" ? String(json) : (JSON.stringify(json) ?? typeof json);
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}

const MAX_SHOWN_LENGTH = 60;
