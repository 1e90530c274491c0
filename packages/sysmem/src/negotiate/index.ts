export * from "./api.ts";
export type * from "./wire-types.ts";
