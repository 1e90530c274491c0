/** Collects the functions of one generation, compiles them, and keeps what was compiled before. */
import type { StructDescriptor, TypeDescriptor } from "../../descriptors.ts";
import { extentOf, isNamedAggregate } from "./extent.ts";
import * as support from "./support.ts";

/** A compiled function: encode `(e, value, at, depth)`, decode `(d, at, depth)`. */
// oxlint-disable-next-line typescript/no-explicit-any -- two signatures, called only by generated code and `Body`.
export type Compiled = (...args: any[]) => any;

/** Structs of at most so many members are expanded where they occur. */
const MAX_EXPANDED_MEMBERS = 6;

/** True for types that generated code calls a function for. */
export function isCalled(type: TypeDescriptor): boolean {
  if (type.kind === "struct") return !isExpanded(type);
  return isNamedAggregate(type);
}

function isExpanded(type: StructDescriptor): boolean {
  return type.members.length <= MAX_EXPANDED_MEMBERS && Number.isFinite(extentOf(type));
}

/** Writes the body of the function for a type. Statements only; `u`nits are asked for names. */
export type Emitter = (unit: Unit, type: TypeDescriptor) => string;

/** Functions that are generated, compiled and linked together: a type asked for, and what it consists of. */
export class Unit {
  readonly #emit: Emitter;
  readonly #parameters: string;
  readonly #done: WeakMap<TypeDescriptor, Compiled>;
  readonly #names: Map<TypeDescriptor, string> = new Map();
  readonly #waiting: TypeDescriptor[] = [];
  readonly #constants: unknown[] = [];
  #nextVariable = 0;

  /** `done` is what earlier units compiled; `parameters` those of every function. */
  constructor(emit: Emitter, parameters: string, done: WeakMap<TypeDescriptor, Compiled>) {
    this.#emit = emit;
    this.#parameters = parameters;
    this.#done = done;
  }

  /** A name that nothing else in the unit has. */
  fresh(prefix = "x"): string {
    this.#nextVariable += 1;
    // With an underscore, since `i32` and its like are views of the message.
    return `${prefix}_${this.#nextVariable}`;
  }

  /** Name of a value of ours inside the generated code. */
  constant(value: unknown): string {
    let index = this.#constants.indexOf(value);
    if (index < 0) index = this.#constants.push(value) - 1;
    return `k${index}`;
  }

  /** Name of the function of a type, now or later. */
  functionOf(type: TypeDescriptor): string {
    const done = this.#done.get(type);
    if (done !== undefined) return this.constant(done);
    let name = this.#names.get(type);
    if (name === undefined) {
      name = this.fresh("f");
      this.#names.set(type, name);
      this.#waiting.push(type);
    }
    return name;
  }

  /** Compiles everything asked for so far and everything that needs in turn. Throws where code may not be generated. */
  compile(): void {
    const functions: string[] = [];
    for (let type = this.#waiting.pop(); type !== undefined; type = this.#waiting.pop()) {
      functions.push(`function ${this.functionOf(type)}(${this.#parameters}) {\n${this.#emit(this, type)}}\n`);
    }
    const names = [...this.#names.values()];
    const constants = this.#constants.map((_, i) => `k${i} = K[${i}]`);
    const source = [
      '"use strict";',
      `const { ${Object.keys(support).join(", ")} } = S;`,
      constants.length > 0 ? `const ${constants.join(", ")};` : "",
      ...functions,
      `return [${names.join(", ")}];`,
    ].join("\n");
    // Of our own text only: names and values come in as constants, and where a host forbids this, nothing is generated.
    // oxlint-disable-next-line typescript/no-implied-eval
    const compiled: Compiled[] = new Function("S", "K", source)(support, this.#constants);
    [...this.#names.keys()].forEach((type, i) => this.#done.set(type, compiled[i] as Compiled));
  }
}

/** Reads a property: one that every object has counts only when the value itself has it. */
export function memberAccess(object: string, name: string): string {
  const key = JSON.stringify(name);
  return name in Object.prototype
    ? `(Object.hasOwn(${object}, ${key}) ? ${object}[${key}] : undefined)`
    : `${object}[${key}]`;
}
