/** Codecs without a schema: msgpackr and cbor-x, with structures that both ends know and without. */
import { constraints, info, walkers } from "../../../bench/codec/content.mjs";

function candidate(label, encode, decode) {
  // Integers that fit come back as numbers.
  const { walkConstraints, walkInfo } = walkers();
  return {
    label,
    constraints: { encode: () => encode(constraints), decode: (bytes) => walkConstraints(decode(bytes)) },
    info: { encode: () => encode(info), decode: (bytes) => walkInfo(decode(bytes)) },
    call: { encode: (message) => encode(message), decode: (bytes) => decode(bytes) },
  };
}

export async function msgpackr() {
  const { Packr } = await import("msgpackr");
  const packr = new Packr({ structures: [], int64AsType: "bigint" });
  return candidate(
    "msgpackr (records)",
    (value) => packr.pack(value),
    (bytes) => packr.unpack(bytes),
  );
}

export async function msgpackrMaps() {
  const { Packr } = await import("msgpackr");
  const packr = new Packr({ useRecords: false, int64AsType: "bigint" });
  return candidate(
    "msgpackr (maps)",
    (value) => packr.pack(value),
    (bytes) => packr.unpack(bytes),
  );
}

export async function cborX() {
  const { Encoder } = await import("cbor-x");
  const encoder = new Encoder({ structures: [], int64AsType: "bigint" });
  return candidate(
    "cbor-x (records)",
    (value) => encoder.encode(value),
    (bytes) => encoder.decode(bytes),
  );
}
