import { SysmemError } from "#base";

/** A server cannot tell what was asked. */
export class InspectionError extends SysmemError {
  readonly code: "NO_COLLECTION" | "AMBIGUOUS" | "REFUSED" | "GONE";

  constructor(code: InspectionError["code"], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
