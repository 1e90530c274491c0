import { SysmemError } from "#base";

/** Why a heap gave no memory. */
export type HeapErrorCode = "NO_MEMORY" | "HEAP_GONE" | "NOT_SUPPORTED" | "IO";

/** A heap could not do what was asked. Whatever the code, a client sees NO_MEMORY (lifecycle contract 8.2). */
export class HeapError extends SysmemError {
  readonly code: HeapErrorCode;

  constructor(code: HeapErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
