/** Settings of heaps and quotas. */
import type { HeapProperties, ProtectedPool } from "#heaps";
import type { Quotas } from "#server";
import type { Value } from "./settings.ts";

/** `{ bytes = …, buffers = … }`: most of each. */
export function quotas(value: Value): Quotas {
  const section = value.section();
  const quota = (name: keyof Quotas, key: string = name) => section.optional(key, (v) => ({ [name]: v.count() }));
  const read: Quotas = {
    ...quota("connections"),
    ...quota("collections"),
    ...quota("nodes"),
    ...quota("buffers"),
    ...quota("bytes"),
    ...quota("pendingBytes", "pending_bytes"),
    ...quota("descriptors"),
  };
  section.rejectUnknown();
  return read;
}

/** `{ base = …, size = … }` */
export function protectedPool(value: Value): ProtectedPool {
  const section = value.section();
  const pool = { base: section.required("base").count(), sizeBytes: section.required("size").count() };
  section.rejectUnknown();
  return pool;
}

/** `{ heap_type = "…", cpu = true, … }` */
export function v2019Heap(value: Value): [string, Omit<HeapProperties, "isSecure">] {
  const section = value.section();
  const isSet = (name: string) => section.get(name)?.boolean() ?? false;
  const heapType = section.required("heap_type").text();
  const coherencyDomainSupport = { cpu: isSet("cpu"), ram: isSet("ram"), inaccessible: isSet("inaccessible") };
  const properties = { coherencyDomainSupport, needClear: isSet("need_clear"), needFlush: false };
  section.rejectUnknown();
  return [heapType, properties];
}
