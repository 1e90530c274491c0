/** A FIDL result, and every other outcome that a peer or user may cause: a value, never an exception. */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

/** Done: with `value`, or with nothing to tell, as methods with an empty success struct have it. */
export function ok(): { readonly ok: true; readonly value: Record<never, never> };
export function ok<T>(value: T): { readonly ok: true; readonly value: T };
export function ok(...value: readonly [] | readonly [unknown]): { readonly ok: true; readonly value: unknown } {
  // Not a default value: `ok(undefined)` carries undefined.
  return { ok: true, value: value.length === 0 ? {} : value[0] };
}

/** Refused, and why. */
export function err<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}
