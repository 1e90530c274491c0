/**
 * Cases of the conformance vectors that our runtime does not fulfil, each with the reason. A case listed here that
 * passes is a failure as well: the list must not outlive its reasons.
 */

/** Whole profiles that do not apply to us. */
export const PROFILES_NOT_APPLICABLE: Readonly<Record<string, string>> = {
  "stores-unknown-data": "for bindings that keep the bytes of unknown members; ours drop them",
};

/** By case name. */
export const KNOWN_EXCEPTIONS: Readonly<Record<string, string>> = {};
