/** FIDL wire runtime and bindings. Loads no FFI and nothing that a browser lacks. */
export {
  type Channel,
  type EventHandle,
  type EventPairHandle,
  type Handle,
  ObjectType,
  Rights,
  type Result,
  Status,
  type VmoHandle,
  err,
  ok,
} from "#base";
export * from "./annotate/index.ts";
export * from "./bindings/types.ts";
export * from "./codec-types.ts";
export * from "./descriptors.ts";
export * from "./endpoints.ts";
export * from "./errors.ts";
export * from "./json/index.ts";
export * from "./trace/index.ts";
export {
  MESSAGE_DIAGNOSTICS_CHANNEL,
  type TracedMessage,
  type Tracer,
  setTracer,
} from "./tracer.ts";
export { bitsType, enumType, struct, table, union } from "./types.ts";
export { type HandlersOf, protocol, serveAny } from "./bindings/protocol.ts";
export { type CodeGeneration, setCodeGeneration } from "./wire/compile/index.ts";
