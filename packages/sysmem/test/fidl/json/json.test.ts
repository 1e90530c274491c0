import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_JSON_DEPTH, MAX_JSON_FAULTS, ObjectType, type VmoHandle } from "#base";
import { formatJsonFault, fromJson, struct, table, toJson, type TypeCodec, union } from "#fidl";
import { PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import * as sysmem2 from "#gen/fuchsia_sysmem2";
import * as zx from "#gen/zx";

const CONSTRAINTS_JSON = {
  usage: { cpu: 3 },
  min_buffer_count_for_camping: 2,
  buffer_memory_constraints: {
    min_size_bytes: "18446744073709551615",
    permitted_heaps: [{ heap_type: "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM", id: "0" }],
  },
  image_format_constraints: [
    {
      pixel_format: "NV12",
      pixel_format_modifier: "LINEAR",
      color_spaces: ["REC709"],
      min_size: { width: 16, height: 16 },
      is_alpha_present: false,
    },
  ],
};

function faultsOf(type: Parameters<typeof fromJson>[0], json: unknown): string[] {
  const result = fromJson(type, json);
  return result.ok ? [] : result.error.map(formatJsonFault);
}

describe("fromJson", () => {
  it("makes a value of TypeScript names from FIDL names", () => {
    const result = fromJson(sysmem2.BufferCollectionConstraints, CONSTRAINTS_JSON);
    expect(result).toMatchObject({
      ok: true,
      value: {
        usage: { cpu: 3 },
        minBufferCountForCamping: 2,
        bufferMemoryConstraints: {
          minSizeBytes: 0xffff_ffff_ffff_ffffn,
          permittedHeaps: [{ heapType: "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM", id: 0n }],
        },
        imageFormatConstraints: [
          { pixelFormat: PixelFormat.NV12, pixelFormatModifier: PixelFormatModifier.LINEAR, isAlphaPresent: false },
        ],
      },
    });
  });

  it("gives values that encode, and come back from toJson as they were", () => {
    const result = fromJson(sysmem2.BufferCollectionConstraints, CONSTRAINTS_JSON);
    if (!result.ok) expect.fail(result.error.map(formatJsonFault).join("\n"));
    const { bytes } = sysmem2.BufferCollectionConstraints.encode(result.value);
    const decoded = sysmem2.BufferCollectionConstraints.decode(bytes);
    expect(toJson(sysmem2.BufferCollectionConstraints, decoded)).toEqual(CONSTRAINTS_JSON);
  });

  it("takes 64-bit integers as decimal strings, exact numbers and bigints", () => {
    expect(fromJson(sysmem2.Heap, { id: 2n ** 63n })).toEqual({ ok: true, value: { id: 2n ** 63n } });
    expect(faultsOf(sysmem2.Heap, { id: -1n })).toEqual(["id: expected uint64 (0 to 18446744073709551615), got -1"]);
    expect(fromJson(sysmem2.Heap, { id: 7 })).toEqual({ ok: true, value: { id: 7n } });
    expect(fromJson(sysmem2.Heap, { id: "9007199254740993" })).toEqual({ ok: true, value: { id: 9007199254740993n } });
    expect(faultsOf(sysmem2.Heap, { id: 2 ** 53 })).toEqual([
      "id: expected uint64 as a decimal string, since JSON numbers this large lose digits, got 9007199254740992",
    ]);
    expect(faultsOf(sysmem2.Heap, { id: "18446744073709551616" })).toEqual([
      'id: expected uint64 (0 to 18446744073709551615), got "18446744073709551616"',
    ]);
  });

  it("refuses integers out of range, fractions, and numbers that are not numbers", () => {
    const path = "min_buffer_count";
    for (const [json, actual] of [
      [-1, "-1"],
      [2 ** 32, "4294967296"],
      [1.5, "1.5"],
      ["x", '"x"'],
      [true, "true"],
      [{}, "an object"],
    ] as const) {
      const [fault] = faultsOf(sysmem2.BufferCollectionConstraints, { [path]: json });
      expect(fault).toMatch(new RegExp(`^${path}: expected uint32.*, got `));
      expect(fault?.endsWith(actual)).toBe(true);
    }
  });

  it("takes enum members by name or number, and unknown numbers only where the enum is flexible", () => {
    expect(fromJson(sysmem2.CoherencyDomain, "RAM")).toEqual({ ok: true, value: 1 });
    expect(fromJson(sysmem2.CoherencyDomain, 77)).toEqual({ ok: true, value: 77 });
    expect(faultsOf(sysmem2.CoherencyDomain, "ROM")[0]).toMatch(/CoherencyDomain.*CPU, RAM, INACCESSIBLE.*"ROM"/);
    expect(faultsOf(sysmem2.CoherencyDomain, "constructor")).toHaveLength(1);
    expect(fromJson(zx.ObjType, 3)).toEqual({ ok: true, value: 3 });
    expect(faultsOf(zx.ObjType, 9999)[0]).toMatch(/a member of zx\/ObjType/);
  });

  it("takes bits as names, one name or a number", () => {
    expect(fromJson(zx.Rights, ["READ", "WRITE"])).toEqual({ ok: true, value: 12 });
    expect(fromJson(zx.Rights, "SAME_RIGHTS")).toEqual({ ok: true, value: 0x8000_0000 });
    expect(fromJson(zx.Rights, 5)).toEqual({ ok: true, value: 5 });
    expect(faultsOf(zx.Rights, ["READ", "WRIT"])[0]).toMatch(/members of zx\/Rights .*got "WRIT"/);
  });

  it("names the field it does not know, and the one that was meant", () => {
    expect(faultsOf(sysmem2.BufferCollectionConstraints, { minBufferCount: 1 })).toEqual([
      'minBufferCount: expected "min_buffer_count", got the unknown field "minBufferCount"',
    ]);
    expect(faultsOf(sysmem2.Heap, { size: 1 })).toEqual([
      'size: expected a field of fuchsia.sysmem2/Heap (heap_type, id), got the unknown field "size"',
    ]);
  });

  it("names the path of every fault, up to a limit", () => {
    const heap = { heap_type: 1, id: "x" };
    expect(faultsOf(sysmem2.BufferMemoryConstraints, { permitted_heaps: [{}, heap] })).toEqual([
      "permitted_heaps[1].heap_type: expected a string, got 1",
      'permitted_heaps[1].id: expected uint64, got "x"',
    ]);
    const atLimit = Array.from({ length: MAX_JSON_FAULTS / 2 }, () => heap);
    expect(faultsOf(sysmem2.BufferMemoryConstraints, { permitted_heaps: atLimit })).toHaveLength(MAX_JSON_FAULTS);
    const beyond = [...atLimit, heap];
    expect(faultsOf(sysmem2.BufferMemoryConstraints, { permitted_heaps: beyond })).toHaveLength(MAX_JSON_FAULTS);
  });

  it("holds strings and vectors to their bounds", () => {
    const ok = { heap_type: "ä".repeat(64) };
    expect(faultsOf(sysmem2.Heap, ok)).toEqual([]);
    expect(faultsOf(sysmem2.Heap, { heap_type: `${ok.heap_type}a` })).toEqual([
      "heap_type: expected at most 128 bytes, got 129 bytes",
    ]);
    expect(faultsOf(sysmem2.Heap, { heap_type: "\ud800" })[0]).toMatch(/well-formed/);
    const heaps = (count: number): unknown => ({ permitted_heaps: Array.from({ length: count }, () => ({})) });
    expect(faultsOf(sysmem2.BufferMemoryConstraints, heaps(64))).toEqual([]);
    expect(faultsOf(sysmem2.BufferMemoryConstraints, heaps(65))).toEqual([
      "permitted_heaps: expected at most 64 elements, got 65",
    ]);
  });

  it("cannot make handles", () => {
    expect(faultsOf(sysmem2.VmoBuffer, { vmo: 3 })).toEqual([
      "vmo: expected nothing, since JSON cannot carry handles, got 3",
    ]);
  });

  it("counts levels of nesting", () => {
    interface List {
      next?: List | null | undefined;
    }
    const list: TypeCodec<List> = struct<List>({
      name: "test/List",
      isResource: false,
      members: [{ name: "next", fidlName: "next", type: { kind: "box", element: () => list.descriptor } }],
    });
    const nested = (levels: number): unknown => {
      let json: unknown = {};
      for (let i = 1; i < levels; i++) json = { next: json };
      return json;
    };
    expect(faultsOf(list, nested(MAX_JSON_DEPTH))).toEqual([]);
    const [fault] = faultsOf(list, nested(MAX_JSON_DEPTH + 1));
    expect(fault).toMatch(/at most 128 levels/);
  });
});

describe("fromJson of anything", () => {
  it("gives a value that encodes, or says what is wrong", () => {
    const keys = fc.constantFrom("usage", "cpu", "min_size_bytes", "permitted_heaps", "heap_type", "pixel_format", "x");
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 5 },
        fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.string(), fc.constant("7")),
        fc.array(tie("json"), { maxLength: 3 }),
        fc.dictionary(keys, tie("json"), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(json, (item) => {
        const result = fromJson(sysmem2.BufferCollectionConstraints, item);
        if (result.ok) sysmem2.BufferCollectionConstraints.encode(result.value);
        else expect(result.error.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe("toJson", () => {
  const choice = union<{ kind: "theVmo"; value: VmoHandle } | { kind: "$unknown"; ordinal: bigint }>({
    name: "test/Choice",
    isStrict: false,
    isResource: true,
    members: [
      { ordinal: 1, name: "theVmo", fidlName: "the_vmo", type: { kind: "handle", objectType: 3, rights: 0x80000000 } },
    ],
  });

  it("describes handles without touching them", () => {
    let closed = 0;
    const close = (): void => {
      closed++;
    };
    const vmo: VmoHandle = { objectType: ObjectType.VMO, isClosed: false, close, [Symbol.dispose]: close };
    expect(toJson(choice, { kind: "theVmo", value: vmo })).toEqual({ the_vmo: "<vmo>" });
    expect(toJson(choice, { kind: "theVmo", value: vmo }, { handle: () => 42 })).toEqual({ the_vmo: 42 });
    expect(closed).toBe(0);
  });

  it("shows unknown variants, unknown enum values and unknown bits as numbers", () => {
    expect(toJson(choice, { kind: "$unknown", ordinal: 9n })).toEqual({ $unknown: "9" });
    expect(toJson(sysmem2.CoherencyDomain, sysmem2.CoherencyDomain.from(77))).toBe(77);
    expect(toJson(PixelFormatModifier, PixelFormatModifier.from(5n))).toBe("5");
    expect(toJson(zx.Rights, zx.Rights.READ | zx.Rights.MAP)).toEqual(["READ", "MAP"]);
    expect(toJson(zx.Rights, 0xffff_ffff)).toBe(0xffff_ffff);
  });

  it("writes numbers that JSON lacks as strings", () => {
    const numbers = table<{ f?: number; big?: BigInt64Array }>({
      name: "test/Numbers",
      isResource: false,
      members: [
        { ordinal: 1, name: "f", fidlName: "f", type: { kind: "float64" } },
        { ordinal: 2, name: "big", fidlName: "big", type: { kind: "vector", element: { kind: "int64" } } },
      ],
    });
    const json = toJson(numbers, { f: Number.NEGATIVE_INFINITY, big: BigInt64Array.of(-1n) });
    expect(json).toEqual({ f: "-Infinity", big: ["-1"] });
    expect(fromJson(numbers, json)).toEqual({
      ok: true,
      value: { f: Number.NEGATIVE_INFINITY, big: BigInt64Array.of(-1n) },
    });
  });
});
