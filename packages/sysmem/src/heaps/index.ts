export * from "./errors.ts";
export * from "./port.ts";
export * from "./registry.ts";
export * from "./system-ram.ts";
