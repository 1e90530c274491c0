/** Numbers, times and names for people. */
import type { CollectionSummary, HeapId, HeapState, Json } from "./api.ts";

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** `3.0 MiB`. */
export function bytes(count: number | string | undefined): string {
  let value = Number(count ?? 0);
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${UNITS[unit]}`;
}

/** `1 buffer`, `4 buffers`. */
export function plural(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** `15:04:05`, whatever the browser's language. */
export function timeOfDay(seconds: number): string {
  const time = new Date(seconds * 1000);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** `340 µs`, `12.3 ms`, `4.2 s`, `3 min 5 s`. */
export function duration(ns: number): string {
  const absolute = Math.abs(ns);
  if (absolute < 1e6) return `${(ns / 1e3).toFixed(0)} µs`;
  if (absolute < 1e9) return `${(ns / 1e6).toFixed(1)} ms`;
  if (absolute < 60e9) return `${(ns / 1e9).toFixed(1)} s`;
  const seconds = Math.floor(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** `SYSTEM_RAM`: the last word of a heap's type. */
export function heapName(heap: HeapId | undefined): string {
  const name = heap?.heap_type?.split(".").at(-1) ?? "";
  return heap?.id === undefined || heap.id === "0" ? name : `${name} ${heap.id}`;
}

/** The same for a heap, told from the one that it stands in for. */
export function heapLabel({ heap, is_physically_contiguous }: HeapState): string {
  return is_physically_contiguous === true ? `${heapName(heap)}, contiguous` : heapName(heap);
}

/** What a collection is called. */
export function collectionName({ name, collection_id }: Pick<CollectionSummary, "name" | "collection_id">): string {
  return name ?? `unnamed, …${collection_id.slice(-6)}`;
}

/** What a client calls itself, without what it was called before. */
export function clientName(client: string | undefined): string {
  return (client ?? "").replace(/ \(was .*\)$/, "");
}

/** A sentence that names clients, without what they were called before. */
export function sentence(text: string | undefined): string {
  let short = text ?? "";
  // From the inside out: a client that was renamed twice has one in the other.
  for (let before = ""; before !== short; ) {
    before = short;
    short = short.replaceAll(/ \(was [^()]*\)/g, "");
  }
  return short;
}

/** `ALLOCATION_DECIDED` becomes `allocation decided`. */
export function words(name: string): string {
  return name.toLowerCase().replaceAll("_", " ");
}

/** A value in one line. */
export function shortJson(value: Json | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "heap_type" in value) return heapName(value);
  return JSON.stringify(value);
}

/** A value that the server sent as JSON text. */
export function fromJsonText(text: string): string {
  try {
    return shortJson(JSON.parse(text) as Json);
  } catch {
    return text;
  }
}

/** `SetConstraints`, for what a node still has to do. */
export function awaitedText(awaited: string): string {
  switch (awaited) {
    case "BIND_OR_RELEASE":
      return "bind or release its token";
    case "CLOSE":
      return "close its released token";
    case "END_OF_TOKEN":
      return "let go of its bound token";
    case "SET_CONSTRAINTS":
      return "SetConstraints";
    case "ALL_CHILDREN_PRESENT":
      return "AllChildrenPresent";
    default:
      return "";
  }
}

/** Leaves of a value by their FIDL paths: `image_format_constraints[0].pixel_format`. Lists of plain values stay whole. */
export function leaves(value: Json, path = ""): [string, Json][] {
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    if (items.every((item) => typeof item !== "object" || item === null)) return [[path, value]];
    return items.flatMap((item, at) => leaves(item, `${path}[${at}]`));
  }
  if (typeof value !== "object" || value === null) return [[path, value]];
  const members = Object.entries(value);
  if (members.length === 0 && path !== "") return [[path, "{}"]];
  return members.flatMap(([name, member]) => leaves(member, path === "" ? name : `${path}.${name}`));
}

/** Whether a field's path is the demand's, or lies below it. */
export function isPartOf(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
}
