/** What Node itself has: `v8.serialize` (also behind `fork` with advanced serialization and `postMessage`) and JSON. */
import v8 from "node:v8";
import { constraints, info, walkers, withIntegers } from "./content.mjs";

export function v8Serialize() {
  const { walkConstraints, walkInfo } = walkers();
  return {
    label: "v8.serialize",
    constraints: { encode: () => v8.serialize(constraints), decode: (bytes) => walkConstraints(v8.deserialize(bytes)) },
    info: { encode: () => v8.serialize(info), decode: (bytes) => walkInfo(v8.deserialize(bytes)) },
    call: { encode: (message) => v8.serialize(message), decode: (bytes) => v8.deserialize(bytes) },
  };
}

/** JSON has no 64-bit integers: they are strings from the start, which is the fastest way there is. */
export function json() {
  const { walkConstraints, walkInfo } = walkers();
  const own = { constraints: withIntegers(constraints, String), info: withIntegers(info, String) };
  const encode = (value) => Buffer.from(JSON.stringify(value));
  const decode = (bytes) => JSON.parse(bytes.toString());
  return {
    label: "JSON",
    constraints: { encode: () => encode(own.constraints), decode: (bytes) => walkConstraints(decode(bytes)) },
    info: { encode: () => encode(own.info), decode: (bytes) => walkInfo(decode(bytes)) },
    call: { ordinal: String, encode, decode },
  };
}
