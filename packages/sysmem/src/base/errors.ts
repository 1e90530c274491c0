/** Errors of our own making, and the base of what each layer throws about the world. */

/** Marks our errors; a string, so that two copies of the package recognise each other's. */
const BRAND = "sysmem.error";

/**
 * Base of all errors that layers throw about the world (kinds (a) in CONTRIBUTING.md are values, never thrown).
 * Each layer declares its subclasses in its own `errors.ts`, with a literal `code` that users may match on.
 */
export abstract class SysmemError extends globalThis.Error {
  /** See `isSysmemError`. */
  readonly brand: string = BRAND;
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Recognises our errors across copies of the package, which `instanceof` would not. */
export function isSysmemError(value: unknown): value is SysmemError {
  return typeof value === "object" && value !== null && "brand" in value && value.brand === BRAND;
}

/** We broke one of our own rules. No peer and no input may be able to cause it. */
export class InvariantError extends SysmemError {
  readonly code = "INVARIANT";
}

/** States what must hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Marks a place that the types say cannot be reached. */
export function unreachable(value: never, message = "unreachable"): never {
  throw new InvariantError(`${message}: ${String(value)}`);
}
