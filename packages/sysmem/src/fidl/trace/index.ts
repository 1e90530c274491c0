/** Captures of messages: writing and reading them. */
export {
  type CapturedMessage,
  createTraceWriter,
  parseTraceLine,
  TRACE_FORMAT,
  TRACE_VERSION,
  type TraceLine,
} from "./capture.ts";
export { fromHex, toHex } from "./hex.ts";
