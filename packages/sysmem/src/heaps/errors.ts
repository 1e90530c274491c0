import { SysmemError } from "#base";

/**
 * Why a heap gave no memory. `BAD_ANSWER`: it gave something that cannot be a buffer. `TIMED_OUT`: it did not answer.
 * `NOT_READY`: it waits for the secure side.
 */
export type HeapErrorCode =
  | "NO_MEMORY"
  | "HEAP_GONE"
  | "NOT_SUPPORTED"
  | "NOT_READY"
  | "TIMED_OUT"
  | "BAD_ANSWER"
  | "IO";

/** A heap could not do what was asked. Whatever the code, a client sees NO_MEMORY (lifecycle contract 8.2). */
export class HeapError extends SysmemError {
  readonly code: HeapErrorCode;

  constructor(code: HeapErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
