/** Settings of heaps and quotas. */
import type { DmaBufHeapOptions, HeapProperties, ProtectedPool } from "#heaps";
import type { Quotas } from "#server";
import type { Section, Value } from "./settings.ts";

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

/** `protected_memory = { base = …, size = … }` and what holds for it. */
export function protectedPool(root: Section): { protectedPool?: ProtectedPool } {
  const isDynamicDisabled = root.get("protected_ranges_disable_dynamic")?.boolean();
  const section = root.get("protected_memory")?.section();
  if (section === undefined) {
    if (isDynamicDisabled === undefined) return {};
    return root.fail("protected_ranges_disable_dynamic has no effect without protected_memory");
  }
  const pool = { base: section.required("base").count(), sizeBytes: section.required("size").count() };
  section.rejectUnknown();
  return { protectedPool: { ...pool, ...(isDynamicDisabled !== undefined && { isDynamicDisabled }) } };
}

/** What the configuration says of one DMA-BUF heap of the kernel. */
export type DmaHeapSettings = Pick<DmaBufHeapOptions, "heapType" | "isContiguous">;

/** `{ device = "…", heap_type = "…", contiguous = true }` */
export function dmaHeap(value: Value): [string, DmaHeapSettings] {
  const section = value.section();
  const device = section.required("device").text();
  const settings: DmaHeapSettings = {
    ...section.optional("heap_type", (v) => ({ heapType: v.text() })),
    ...section.optional("contiguous", (v) => ({ isContiguous: v.boolean() })),
  };
  section.rejectUnknown();
  return [device, settings];
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
