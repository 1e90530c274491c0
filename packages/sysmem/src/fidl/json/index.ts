/** FIDL values as JSON, by descriptors. */
export { describeHandle, objectTypeName } from "./describe-handle.ts";
export { describeJson, formatJsonFault, type JsonFault, type JsonType } from "./fault.ts";
export { fromJson } from "./from-json.ts";
export { type JsonValue, toJson, type ToJsonOptions } from "./to-json.ts";
