/** Protocol Buffers: protobufjs (code made at run time by reflection) and protobuf-es (generated, BigInt). */
import { readFileSync } from "node:fs";
import { constraints, info, walkers, withIntegers } from "../../../bench/codec/content.mjs";

export async function protobufEs() {
  const { create, fromBinary, toBinary } = await import("@bufbuild/protobuf");
  const S = await import("../generated/messages_pb.js");
  const { walkConstraints, walkInfo } = walkers();
  const own = { constraints: create(S.ConstraintsSchema, constraints), info: create(S.InfoSchema, info) };
  const kinds = { request: S.DuplicateRequestSchema, response: S.DuplicateResponseSchema };
  return {
    label: "protobuf-es",
    constraints: {
      encode: () => toBinary(S.ConstraintsSchema, own.constraints),
      decode: (bytes) => walkConstraints(fromBinary(S.ConstraintsSchema, bytes)),
    },
    info: {
      encode: () => toBinary(S.InfoSchema, own.info),
      decode: (bytes) => walkInfo(fromBinary(S.InfoSchema, bytes)),
    },
    call: {
      encode: (message, kind) => toBinary(kinds[kind], create(kinds[kind], message)),
      decode: (bytes, kind) => fromBinary(kinds[kind], bytes),
    },
  };
}

export async function protobufjs() {
  const { default: protobuf } = await import("protobufjs");
  const text = readFileSync(new URL("../generated/messages.proto", import.meta.url), "utf8");
  const { root } = protobuf.parse(text);
  const type = (name) => root.lookupType(`bench.${name}`);
  const { Long } = protobuf.util;
  const toLong = (value) => Long.fromString(String(value), true);
  // The library's own conversion divides; this reads the halves.
  const { walkConstraints, walkInfo } = walkers((long) =>
    typeof long === "number" ? long : (long.high >>> 0) * 4294967296 + (long.low >>> 0),
  );
  const Constraints = type("Constraints");
  const Info = type("Info");
  const own = {
    constraints: Constraints.create(withIntegers(constraints, toLong)),
    info: Info.create(withIntegers(info, toLong)),
  };
  const kinds = { request: type("DuplicateRequest"), response: type("DuplicateResponse") };
  return {
    label: "protobufjs",
    constraints: {
      encode: () => Constraints.encode(own.constraints).finish(),
      decode: (bytes) => walkConstraints(Constraints.decode(bytes)),
    },
    info: { encode: () => Info.encode(own.info).finish(), decode: (bytes) => walkInfo(Info.decode(bytes)) },
    call: {
      ordinal: toLong,
      key: (long) => long.low,
      encode: (message, kind) => kinds[kind].encode(message).finish(),
      decode: (bytes, kind) => kinds[kind].decode(bytes),
    },
  };
}
