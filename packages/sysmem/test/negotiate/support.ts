/** What the tests of negotiation share: JSON in FIDL names to constraints, and an environment. */
import { fromJson } from "#fidl";
import { BufferCollectionConstraints, FormatCostEntry, SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import {
  type CostTable,
  costTable,
  type Environment,
  type HeapInfo,
  negotiate,
  type Outcome,
  type Participant,
  type ReasonCode,
  SYSTEM_RAM,
} from "#negotiate";
import formatFacts from "./data/pixel-formats.json" with { type: "json" };

/** Constraints as the examples write them. */
export type JsonConstraints = Record<string, unknown>;

export function constraints(json: JsonConstraints): BufferCollectionConstraints {
  const result = fromJson(BufferCollectionConstraints, json);
  if (!result.ok) throw new TypeError(JSON.stringify(result.error));
  return result.value;
}

export function settings(json: unknown): SingleBufferSettings {
  const result = fromJson(SingleBufferSettings, json);
  if (!result.ok) throw new TypeError(JSON.stringify(result.error));
  return result.value;
}

export function participant(name: string, json: JsonConstraints): Participant {
  return { name, constraints: constraints(json) };
}

/** Image constraints of one format, sRGB unless the format is not RGB. */
export function image(pixel_format: string, more: JsonConstraints = {}): JsonConstraints {
  const isRgb = /[RGB]\d/.test(pixel_format);
  return { pixel_format, color_spaces: [isRgb ? "SRGB" : "REC709"], ...more };
}

const ALL_DOMAINS = { cpu: true, ram: true, inaccessible: true };

export const systemRam: HeapInfo = { heapType: SYSTEM_RAM, id: 0n, domains: ALL_DOMAINS, secure: false };

/** Secure memory that is there: a heap that nobody but hardware touches. */
export const secureHeap: HeapInfo = {
  heapType: "b.sysmem.heap.HEAP_TYPE.SECURE",
  id: 3n,
  domains: { cpu: false, ram: false, inaccessible: true },
  secure: true,
};

/** The environment of the examples: one heap, no costs. */
export const plain: Environment = {
  heaps: [systemRam],
  contiguousSystemRam: ALL_DOMAINS,
};

/** With the secure heap. */
export const withSecure: Environment = { ...plain, heaps: [systemRam, secureHeap], secureMemory: "ready" };

/** The same, and padded collections can be joined. */
export const joinable: Environment = { ...plain, rules: { lateAttachmentWithPadding: true } };

/** Cost files of pixel-formats.json, layered in this order. */
export function costs(...names: string[]): CostTable {
  const files = formatFacts.cost_files as Record<string, { entries: unknown[] } | undefined>;
  return costTable(
    ...names.map((name) =>
      (files[name]?.entries ?? []).map((entry) => {
        const result = fromJson(FormatCostEntry, entry);
        if (!result.ok) throw new TypeError(JSON.stringify(result.error));
        return result.value;
      }),
    ),
  );
}

/** Negotiates for participants p0, p1, …. */
export function solve(environment: Environment, ...list: JsonConstraints[]): Outcome {
  return negotiate(
    list.map((json, at) => participant(`p${at}`, json)),
    environment,
  );
}

/** The check that failed. */
export function code(outcome: Outcome): ReasonCode | "ok" {
  return outcome.ok ? "ok" : outcome.reason.code;
}

/** A participant that writes so many bytes, whatever they mean. */
export function raw(bytes: number, more: JsonConstraints = {}): JsonConstraints {
  return {
    usage: { cpu: 8 },
    min_buffer_count: 1,
    ...more,
    buffer_memory_constraints: { min_size_bytes: bytes, ...(more.buffer_memory_constraints as object) },
  };
}

/** A participant that writes images of 64x64 in one format. */
export function picture(format: JsonConstraints, more: JsonConstraints = {}): JsonConstraints {
  return {
    usage: { cpu: 8 },
    min_buffer_count: 1,
    image_format_constraints: [{ min_size: { width: 64, height: 64 }, ...format }],
    ...more,
  };
}
