import { SysmemError } from "#base";

/** The JSON IR given to the generator is not what `fidlc` writes. */
export class InvalidIrError extends SysmemError {
  readonly code = "INVALID_IR";
  /** The declaration concerned, `library/Name`, or the library's name. */
  readonly declaration: string;

  constructor(declaration: string, why: string) {
    super(`cannot generate code for ${declaration}: ${why}`);
    this.declaration = declaration;
  }
}
