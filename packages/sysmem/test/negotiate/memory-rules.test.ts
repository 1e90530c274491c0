/** Rules on memory: which heap, which coherency domain, when it is secure (section 5). */
import { describe, expect, test } from "vitest";
import {
  CoherencyDomain,
  type DomainSupport,
  type Environment,
  type HeapInfo,
  type Outcome,
  SYSTEM_RAM,
} from "#negotiate";
import { code, type JsonConstraints, plain, secureHeap, solve, systemRam, withSecure } from "./support.ts";

const NOTHING: DomainSupport = { cpu: false, ram: false, inaccessible: false };
const ALL: DomainSupport = { cpu: true, ram: true, inaccessible: true };
const heap = (heapType: string, domains: Partial<DomainSupport> = ALL, more: Partial<HeapInfo> = {}): HeapInfo => ({
  heapType,
  id: 0n,
  secure: false,
  ...more,
  domains: { ...NOTHING, ...domains },
});
const permitting = (...heaps: (string | { heap_type: string; id: number })[]): JsonConstraints => ({
  permitted_heaps: heaps.map((one) => (typeof one === "string" ? { heap_type: one } : one)),
});
const memory = (fields: JsonConstraints, usage: JsonConstraints = { vulkan: 4 }): JsonConstraints => ({
  usage,
  min_buffer_count: 1,
  buffer_memory_constraints: { min_size_bytes: 1, ...fields },
});
const registered = (...heaps: HeapInfo[]): Environment => ({ ...plain, heaps: [systemRam, ...heaps] });

/** `heap_type id`, or why there is none. */
function heapOf(outcome: Outcome): string {
  if (!outcome.ok) return outcome.reason.code;
  expect(outcome.settings.bufferSettings.heap).toEqual(outcome.heap);
  return `${outcome.heap.heapType} ${outcome.heap.id}`;
}

function domainOf(outcome: Outcome): string {
  if (!outcome.ok) return outcome.reason.code;
  const domain = outcome.settings.bufferSettings.coherencyDomain;
  return Object.entries(CoherencyDomain).find(([, value]) => value === domain)?.[0] ?? "unknown";
}

describe("5.2 the heap", () => {
  const here = registered(heap("A"), heap("B"), heap("C"));

  test("SYSTEM_RAM wherever it is permitted, also last in the list; its id is 0", () => {
    expect(heapOf(solve(here, memory({})))).toBe(`${SYSTEM_RAM} 0`);
    expect(heapOf(solve(here, memory(permitting("A", SYSTEM_RAM))))).toBe(`${SYSTEM_RAM} 0`);
    expect(heapOf(solve(here, memory(permitting({ heap_type: SYSTEM_RAM, id: 1 }, "A"))))).toBe("A 0");
    const second = registered({ ...systemRam, id: 1n });
    expect(heapOf(solve(second, memory(permitting({ heap_type: SYSTEM_RAM, id: 1 }))))).toBe(`${SYSTEM_RAM} 1`);
  });

  test("the first of those that all permit, in the order of the first list, the last moved up for each that goes", () => {
    expect(heapOf(solve(here, memory(permitting("B", "A"))))).toBe("B 0");
    expect(heapOf(solve(here, memory(permitting("A", "B")), memory(permitting("B", "A"))))).toBe("A 0");
    expect(heapOf(solve(here, memory(permitting("A", "B", "C")), memory(permitting("B", "C"))))).toBe("C 0");
    expect(heapOf(solve(here, memory({}), memory(permitting("B"))))).toBe("B 0");
    expect(heapOf(solve(here, memory(permitting("B")), memory({})))).toBe("B 0");
    expect(heapOf(solve(here, memory(permitting("A")), memory(permitting("B"))))).toBe("no-common-heap");
  });

  test("an id that is not set is 0, and another id is another heap", () => {
    const ids = registered(heap("A", ALL, { id: 7n }), heap("A"));
    expect(heapOf(solve(ids, memory(permitting({ heap_type: "A", id: 7 }))))).toBe("A 7");
    expect(heapOf(solve(ids, memory(permitting("A")), memory(permitting({ heap_type: "A", id: 0 }))))).toBe("A 0");
    expect(heapOf(solve(ids, memory(permitting({ heap_type: "A", id: 7 })), memory(permitting("A"))))).toBe(
      "no-common-heap",
    );
    expect(heapOf(solve(ids, memory(permitting({ heap_type: "A", id: 8 }))))).toBe("no-usable-heap");
  });

  test("heaps that are not registered, and those without an allowed domain, are passed over", () => {
    const one = (domain: keyof DomainSupport): Environment => registered(heap("A", { [domain]: true }), heap("B"));
    const wants = (fields: JsonConstraints, usage?: JsonConstraints): JsonConstraints =>
      memory({ ...permitting("absent", "A", "B"), ...fields }, usage);
    for (const domain of ["cpu", "ram", "inaccessible"] as const) {
      expect(heapOf(solve(one(domain), wants({})))).toBe("A 0");
      expect(heapOf(solve(one(domain), wants({ [`${domain}_domain_supported`]: false })))).toBe("B 0");
    }
    expect(heapOf(solve(registered(heap("A", {}), heap("B")), wants({})))).toBe("B 0");
    expect(heapOf(solve(registered(heap("A", {})), wants({})))).toBe("no-usable-heap");
  });

  test("physically contiguous memory of SYSTEM_RAM has an allocator of its own; other heaps are told", () => {
    const contiguous = { physically_contiguous_required: true };
    const pool: Environment = { heaps: [{ ...systemRam, domains: NOTHING }, heap("A")], contiguousSystemRam: ALL };
    expect(heapOf(solve(pool, memory(contiguous)))).toBe(`${SYSTEM_RAM} 0`);
    expect(domainOf(solve(pool, memory({})))).toBe("no-coherency-domain");
    const without: Environment = { heaps: [systemRam, heap("A")] };
    expect(heapOf(solve(without, memory(contiguous)))).toBe("no-allocator");
    expect(solve(without, memory({ ...contiguous, ...permitting("A") }))).toMatchObject({
      ok: true,
      contiguous: true,
      heap: { heapType: "A", id: 0n },
      settings: { bufferSettings: { isPhysicallyContiguous: true } },
    });
    // Without SYSTEM_RAM itself its contiguous part does not count either.
    expect(heapOf(solve({ heaps: [heap("A")], contiguousSystemRam: ALL }, memory(contiguous)))).toBe("no-allocator");
  });
});

describe("5.3 the coherency domain", () => {
  const only = (domains: Partial<DomainSupport>): Environment => ({
    heaps: [{ ...systemRam, domains: { ...NOTHING, ...domains } }],
  });

  test.each<[string, Partial<DomainSupport>]>([
    ["CPU", { cpu: true, ram: true, inaccessible: true }],
    ["CPU", { cpu: true, inaccessible: true }],
    ["RAM", { ram: true, inaccessible: true }],
    ["INACCESSIBLE", { inaccessible: true }],
    ["no-coherency-domain", {}],
  ])("%s of an allocator for %j", (domain, domains) => {
    expect(domainOf(solve(only(domains), memory({})))).toBe(domain);
  });

  test.each<[string, Partial<DomainSupport>]>([
    ["CPU", { cpu: true, ram: true, inaccessible: true }],
    ["RAM", { ram: true, inaccessible: true }],
    ["INACCESSIBLE", { inaccessible: true }],
  ])("%s for participants that allow %j", (domain, { cpu = false, ram = false, inaccessible = false }) => {
    const fields = {
      cpu_domain_supported: cpu,
      ram_domain_supported: ram,
      inaccessible_domain_supported: inaccessible,
    };
    expect(domainOf(solve(plain, memory(fields)))).toBe(domain);
    expect(domainOf(solve(plain, memory({}), memory(fields)))).toBe(domain);
  });

  test("the two have to agree", () => {
    expect(domainOf(solve(only({ ram: true }), memory({ ram_domain_supported: false })))).toBe("no-coherency-domain");
    expect(domainOf(solve(only({ cpu: true }), memory({ cpu_domain_supported: false })))).toBe("no-coherency-domain");
    expect(domainOf(solve(only({ inaccessible: true }), memory({}, { cpu: 1 })))).toBe("no-coherency-domain");
  });

  test.each<[string, DomainSupport]>([
    ["system RAM", ALL],
    ["a protected pool, a fixed secure range", { cpu: false, ram: false, inaccessible: true }],
    ["the CPU's cache alone", { cpu: true, ram: false, inaccessible: false }],
  ])("whoever displays gets RAM where all allow it, whatever %s says", (_, domains) => {
    expect(domainOf(solve(only(domains), memory({}, { display: 1 })))).toBe("RAM");
    expect(domainOf(solve(only(domains), memory({}, { display: 2 }), memory({})))).toBe("RAM");
    const without = domains.cpu ? "CPU" : "INACCESSIBLE";
    expect(domainOf(solve(only(domains), memory({ ram_domain_supported: false }, { display: 1 })))).toBe(without);
  });
});

describe("5.1 secure memory", () => {
  const secure = (fields: JsonConstraints = {}): JsonConstraints =>
    memory({ secure_required: true, ...fields }, { video: 1 });

  test("the permitted secure heap with the smallest heap_type, in the order of its bytes, then of its id", () => {
    const names = (...list: HeapInfo[]): string =>
      heapOf(solve({ ...plain, heaps: [systemRam, ...list], secureMemory: "ready" }, secure()));
    const named = (heapType: string, id = 0n): HeapInfo => ({ ...secureHeap, heapType, id });
    expect(names(named("b"), named("a"))).toBe("a 0");
    expect(names(named("ab"), named("a"))).toBe("a 0");
    expect(names(named("a"), named("ab"))).toBe("a 0");
    expect(names(named("b"), named("aa"))).toBe("aa 0");
    expect(names(named("aa"), named("b"))).toBe("aa 0");
    expect(names(named("A"), named("a"))).toBe("A 0");
    expect(names(named("a", 5n), named("a", 3n), named("a", 4n))).toBe("a 3");
    expect(names(named("a", 3n), named("a", 5n))).toBe("a 3");
    // UTF-8 orders by code point: U+FF5E comes before U+1F600, whose UTF-16 is smaller.
    expect(names(named("\u{1f600}"), named("\uff5e"))).toBe("\uff5e 0");
    expect(names(named("\uff5e"), named("\u{1f600}"))).toBe("\uff5e 0");
  });

  test("a secure heap that is not permitted, one that is not secure, and none at all", () => {
    const other = heap("a.not.secure", { inaccessible: true });
    const environment: Environment = { ...withSecure, heaps: [systemRam, other, secureHeap] };
    const name = { heap_type: secureHeap.heapType, id: 3 };
    expect(heapOf(solve(environment, secure()))).toBe(`${secureHeap.heapType} 3`);
    expect(heapOf(solve(environment, secure(permitting(name, "a.not.secure"))))).toBe(`${secureHeap.heapType} 3`);
    expect(heapOf(solve(environment, secure(permitting("a.not.secure"))))).toBe("secure-not-permitted");
    expect(heapOf(solve(environment, secure(permitting({ ...name, id: 4 }))))).toBe("secure-not-permitted");
    expect(heapOf(solve(environment, secure(), memory(permitting("a.not.secure"))))).toBe("secure-not-permitted");
    expect(heapOf(solve(environment, memory(permitting("a.not.secure", name)), secure()))).toBe(
      `${secureHeap.heapType} 3`,
    );
    expect(heapOf(solve(plain, secure()))).toBe("secure-not-permitted");
  });

  test("secure memory is out of the CPU's reach, for everybody", () => {
    expect(domainOf(solve(withSecure, secure()))).toBe("INACCESSIBLE");
    expect(domainOf(solve(withSecure, secure(), memory({}, { display: 1 })))).toBe("INACCESSIBLE");
    expect(domainOf(solve(withSecure, secure(), memory({})))).toBe("INACCESSIBLE");
    expect(domainOf(solve(withSecure, secure(), memory({}, { cpu: 1 })))).toBe("secure-not-permitted");
    expect(domainOf(solve(withSecure, memory({}, { cpu: 1 }), secure()))).toBe("secure-not-permitted");
    expect(domainOf(solve(withSecure, secure(), memory({ inaccessible_domain_supported: false })))).toBe(
      "secure-not-permitted",
    );
    const yes = { cpu_domain_supported: true };
    expect(code(solve(withSecure, secure(yes)))).toBe("secure-with-cpu-domain");
    expect(code(solve(withSecure, secure({ ram_domain_supported: true })))).toBe("secure-with-cpu-domain");
    expect(code(solve(withSecure, secure({ ...yes, ram_domain_supported: true })))).toBe("secure-with-cpu-domain");
  });

  test("who uses the CPU needs a domain of its own, and no secure memory", () => {
    const cpu = (fields: JsonConstraints): JsonConstraints => memory(fields, { cpu: 1 });
    expect(code(solve(withSecure, cpu({ cpu_domain_supported: false })))).toBe("cpu-usage-without-domain");
    expect(code(solve(withSecure, cpu({ cpu_domain_supported: false, ram_domain_supported: true })))).toBe("ok");
    expect(code(solve(withSecure, cpu({ cpu_domain_supported: true, ram_domain_supported: false })))).toBe("ok");
    const both = { secure_required: true, inaccessible_domain_supported: true };
    expect(code(solve(withSecure, cpu(both)))).toBe("cpu-usage-without-domain");
    expect(code(solve(withSecure, cpu({ ...both, ram_domain_supported: true })))).toBe("cpu-usage-with-secure");
    expect(code(solve(withSecure, cpu({ secure_required: true })))).toBe("secure-not-permitted");
  });

  test("states of secure memory matter to those who need it, and to nobody else", () => {
    for (const secureMemory of ["not-expected", "not-ready", "ready", "lost"] as const) {
      expect(code(solve({ ...withSecure, secureMemory }, memory({})))).toBe("ok");
      expect(code(solve({ ...withSecure, secureMemory }, memory({ secure_required: false })))).toBe("ok");
    }
    expect(code(solve({ ...withSecure, secureMemory: "not-expected" }, secure()))).toBe("ok");
    expect(code(solve({ ...withSecure, secureMemory: undefined }, secure()))).toBe("ok");
    for (const list of [
      [memory({}), secure()],
      [secure(), memory({})],
    ]) {
      expect(code(solve({ ...withSecure, secureMemory: "lost" }, ...list))).toBe("secure-memory-lost");
    }
  });
});
