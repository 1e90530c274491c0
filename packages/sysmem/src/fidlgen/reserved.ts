/**
 * Names that the FIDL runtime uses itself where generated code puts names from FIDL. Repeated here because the
 * generator does not depend on the runtime; a test holds the lists together.
 */

/** Beside the members of enum and bits constants. */
export const RESERVED_CONSTANT_NAMES: readonly string[] = [
  "descriptor",
  "encode",
  "encodeEtc",
  "decode",
  "encodePersistent",
  "decodePersistent",
  "closeHandles",
  "isKnown",
  "nameOf",
  "from",
  "mask",
  "unknownBits",
  "namesOf",
  "complement",
  "of",
  "has",
];

/** Beside the methods and events of clients and handlers. */
export const RESERVED_METHOD_NAMES: readonly string[] = [
  "protocol",
  "closed",
  "isClosed",
  "koid",
  "relatedKoid",
  "on",
  "events",
  "close",
  "unbind",
  "unknownMethod",
  "constructor",
  "then",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
  "toLocaleString",
];
