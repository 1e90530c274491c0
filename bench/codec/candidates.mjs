/** Everything that is compared, by name: how to make it. */
import { json, v8Serialize } from "./builtin.mjs";

const PEERS = "../../packages/bench/codecs";

export const OURS = "sysmem";
export const CEILING = "hand-written";

export const CANDIDATES = {
  [OURS]: async () => (await import("./ours.mjs")).ours(),
  [CEILING]: async () => (await import("./hand-written.mjs")).handWritten(),
  protobufjs: async () => (await import(`${PEERS}/protobuf.mjs`)).protobufjs(),
  "protobuf-es": async () => (await import(`${PEERS}/protobuf.mjs`)).protobufEs(),
  flatbuffers: async () => (await import(`${PEERS}/flatbuffers.mjs`)).flatbuffers(),
  msgpackr: async () => (await import(`${PEERS}/packed.mjs`)).msgpackr(),
  "msgpackr-maps": async () => (await import(`${PEERS}/packed.mjs`)).msgpackrMaps(),
  "cbor-x": async () => (await import(`${PEERS}/packed.mjs`)).cborX(),
  "capnp-es": async () => (await import(`${PEERS}/capnp.mjs`)).capnpEs(),
  v8: v8Serialize,
  json: json,
};
