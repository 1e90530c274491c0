/** The conformance vectors: their shape, and where they come from. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface HandleDefinition {
  readonly id: number;
  readonly object_type: "event" | "channel";
  readonly rights: number;
}

/** One case; see the README of the vectors. */
export interface GidlCase {
  readonly index: number;
  readonly name: string;
  readonly kind: "success" | "encode_success" | "decode_success" | "fails_to_encode" | "fails_to_decode";
  readonly type: string;
  readonly value?: unknown;
  readonly bytes?: string;
  readonly handle_defs?: readonly HandleDefinition[];
  readonly handles?: readonly number[];
  readonly handle_dispositions?: readonly HandleDefinition[];
  readonly handles_closed_by_decoder?: readonly number[];
  readonly error?: string;
  readonly profile: string;
}

export interface GidlSuite {
  readonly suite: string;
  readonly cases: readonly GidlCase[];
}

export const VECTORS: string = join(import.meta.dirname, "vectors");

/** Reads every suite in a directory, in the order of their names. */
export function readSuites(directory: string): GidlSuite[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(directory, name), "utf8")) as GidlSuite);
}
