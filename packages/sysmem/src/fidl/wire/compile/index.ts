/**
 * Generated codecs: compiled once per type and direction, where the host allows it.
 *
 * Why both: on a message of 1.3 kB (constraints with four image formats; 2 cores, Node 20) generated code took 1.5 us to
 * encode and 1.6 us to decode, the reflective codec 12 and 8 us, and code written by hand without any validation 4.0 and
 * 1.8 us. Compiling that type takes a few milliseconds.
 */
import { MAX_OUT_OF_LINE_DEPTH } from "#base";
import type { TypeDescriptor } from "../../descriptors.ts";
import { isLittleEndianHost } from "../memory.ts";
import { DECODE_PARAMETERS, emitDecoder } from "./emit-decoder.ts";
import { emitEncoder, ENCODE_PARAMETERS } from "./emit-encoder.ts";
import { extentOf } from "./extent.ts";
import { type Compiled, type Emitter, Unit } from "./unit.ts";

export { MISS } from "./support.ts";
export type { Compiled } from "./unit.ts";

/**
 * - `lazy` (default): a type's code is generated when it has been used a few times;
 * - `eager`: on first use;
 * - `never`: everything goes through the reflective codec, as it does where code generation is forbidden.
 */
export type CodeGeneration = "lazy" | "eager" | "never";

/** Uses of a type before its code is generated: a process that exchanges three messages should not compile thirty types. */
const LAZY_USES = 16;

let mode: CodeGeneration = "lazy";
let isForbidden = !isLittleEndianHost;

/** Sets how codecs are made from now on, for the whole process. */
export function setCodeGeneration(next: CodeGeneration): void {
  mode = next;
}

/** True when a type that was used so many times is due. */
export function isDue(uses: number): boolean {
  return !isForbidden && mode !== "never" && (mode === "eager" || uses >= LAZY_USES);
}

/** True when generated code may run. */
export function mayRun(): boolean {
  return mode !== "never";
}

const encoders: WeakMap<TypeDescriptor, Compiled> = new WeakMap();
const decoders: WeakMap<TypeDescriptor, Compiled> = new WeakMap();

/** The function that encodes the type; undefined where none can be generated. */
export function compileEncoder(type: TypeDescriptor): Compiled | undefined {
  return compile(type, encoders, emitEncoder, ENCODE_PARAMETERS);
}

/** The function that decodes the type; undefined where none can be generated. */
export function compileDecoder(type: TypeDescriptor): Compiled | undefined {
  return compile(type, decoders, emitDecoder, DECODE_PARAMETERS);
}

function compile(
  type: TypeDescriptor,
  done: WeakMap<TypeDescriptor, Compiled>,
  emit: Emitter,
  parameters: string,
): Compiled | undefined {
  const known = done.get(type);
  if (known !== undefined || isForbidden) return known;
  // Depth is not counted in code for types that cannot nest too deeply; this one would have to be.
  const extent = extentOf(type);
  if (Number.isFinite(extent) && extent > MAX_OUT_OF_LINE_DEPTH) return undefined;
  const unit = new Unit(emit, parameters, done);
  unit.functionOf(type);
  try {
    unit.compile();
  } catch (error) {
    // A content security policy, or `--disallow-code-generation-from-strings`.
    if (!(error instanceof EvalError)) throw error;
    isForbidden = true;
  }
  return done.get(type);
}
