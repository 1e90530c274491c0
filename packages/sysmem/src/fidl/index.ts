export * from "./descriptors.ts";
