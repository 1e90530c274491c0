export * from "./clock.ts";
export * from "./errors.ts";
export * from "./handle.ts";
export * from "./limits.ts";
export * from "./logger.ts";
export * from "./result.ts";
export * from "./status.ts";
export * from "./system-words.ts";
