import { InvariantError } from "#base";

/** Whether a call breaks a rule of its own caller's. */
export function isInvariant(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch (error) {
    return error instanceof InvariantError;
  }
}
