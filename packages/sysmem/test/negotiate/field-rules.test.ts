/**
 * The tables of the rules of negotiation (sections 2.1, 2.3, 2.4): what each field is when nobody sets it, and what
 * two participants' values of it make together, whoever comes first.
 */
import { describe, expect, test } from "vitest";
import { SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import { toJson } from "#fidl";
import { type Allocation, CoherencyDomain, type Environment } from "#negotiate";
import { code, image, type JsonConstraints, picture, plain, raw, solve } from "./support.ts";

const MAX32 = 0xffff_ffff;
const size = (width: number, height: number): { width: number; height: number } => ({ width, height });

function allocate(environment: Environment, ...list: JsonConstraints[]): Allocation {
  const outcome = solve(environment, ...list);
  if (!outcome.ok) throw new TypeError(`no result: ${outcome.reason.code}`);
  return outcome;
}

/** Settings by their FIDL names. */
function imageOf({ settings }: Allocation): Record<string, unknown> {
  const json = toJson(SingleBufferSettings, settings) as { image_format_constraints?: Record<string, unknown> };
  return json.image_format_constraints ?? {};
}

describe("2.4 image formats", () => {
  test("fields that nobody sets", () => {
    expect(
      imageOf(allocate(plain, picture({ pixel_format: "R8", color_spaces: ["SRGB"], min_size: size(1, 1) }))),
    ).toEqual({
      pixel_format: "R8",
      pixel_format_modifier: "LINEAR",
      color_spaces: ["SRGB"],
      min_size: size(1, 1),
      max_size: size(MAX32, MAX32),
      min_bytes_per_row: 1,
      max_bytes_per_row: MAX32,
      max_width_times_height: "18446744073709551615",
      size_alignment: size(1, 1),
      display_rect_alignment: size(1, 1),
      required_min_size: size(MAX32, MAX32),
      required_max_size: size(0, 0),
      required_max_size_list: [],
      bytes_per_row_divisor: 1,
      start_offset_divisor: 1,
      require_bytes_per_row_at_pixel_boundary: false,
      pad_for_block_size: size(1, 1),
      pad_beyond_image_size_bytes: "0",
    });
  });

  /** Field, one participant's value, the other's, the result. */
  const COMBINED: [field: string, a: unknown, b: unknown, both: unknown][] = [
    ["color_spaces", ["SRGB", "PASSTHROUGH"], ["PASSTHROUGH"], ["PASSTHROUGH"]],
    ["color_spaces", ["DO_NOT_CARE"], ["PASSTHROUGH", "SRGB"], ["SRGB"]],
    ["color_spaces", ["PASSTHROUGH", "SRGB"], ["SRGB", "PASSTHROUGH"], ["SRGB"]],
    ["min_size", size(64, 100), size(100, 64), size(100, 100)],
    ["max_size", size(500, 700), size(700, 500), size(500, 500)],
    ["min_bytes_per_row", 500, 900, 900],
    ["max_bytes_per_row", 5000, 900, 900],
    ["max_width_times_height", 70_000, "9007199254740993", "70000"],
    ["max_width_times_height", "9007199254740993", "9007199254740992", "9007199254740992"],
    ["size_alignment", size(4, 16), size(8, 2), size(8, 16)],
    ["display_rect_alignment", size(4, 16), size(8, 2), size(8, 16)],
    ["required_min_size", size(100, 200), size(200, 100), size(100, 100)],
    ["required_max_size", size(100, 200), size(200, 100), size(200, 200)],
    ["bytes_per_row_divisor", 32, 20, 160],
    ["require_bytes_per_row_at_pixel_boundary", false, true, true],
    ["require_bytes_per_row_at_pixel_boundary", false, false, false],
    ["start_offset_divisor", 2, 512, 512],
    ["is_alpha_present", true, undefined, true],
    ["is_alpha_present", false, undefined, false],
    ["is_alpha_present", true, true, true],
    ["is_alpha_present", false, false, false],
    ["is_alpha_present", undefined, undefined, undefined],
    ["pad_for_block_size", size(4, 1), size(2, 1), size(4, 1)],
    ["pad_for_block_size", size(1, 4), size(1, 2), size(1, 4)],
    ["pad_beyond_image_size_bytes", 10, 70_000, "70000"],
  ];
  test.each(COMBINED)("%s of %j and %j", (field, a, b, both) => {
    // One byte for each pixel and an alpha channel, so that nothing but the field itself matters.
    const wants = (value: unknown): JsonConstraints =>
      picture({
        pixel_format: "R2G2B2X2",
        color_spaces: ["SRGB"],
        ...(value === undefined ? {} : { [field]: value }),
      });
    expect(imageOf(allocate(plain, wants(a), wants(b)))[field]).toEqual(both);
    expect(imageOf(allocate(plain, wants(b), wants(a)))[field]).toEqual(both);
  });

  test("required_max_size_list: one after the other, without what another covers, last first", () => {
    const wants = (...list: JsonConstraints[]): JsonConstraints =>
      picture(image("R8", { required_max_size_list: list }));
    const listed = (...list: JsonConstraints[]): unknown => imageOf(allocate(plain, ...list)).required_max_size_list;
    expect(listed(wants(size(100, 1), size(90, 10)), wants(size(80, 20)))).toEqual([
      size(80, 20),
      size(90, 10),
      size(100, 1),
    ]);
    // Wider and as high, as wide and higher, equal: each covers.
    expect(listed(wants(size(100, 10), size(90, 10)))).toEqual([size(100, 10)]);
    expect(listed(wants(size(100, 9), size(100, 10)))).toEqual([size(100, 10)]);
    expect(listed(wants(size(100, 10), size(100, 10)), wants(size(100, 10)))).toEqual([size(100, 10)]);
    expect(listed(wants(size(10, 10)), wants(size(20, 5), size(20, 20)))).toEqual([size(20, 20)]);
    // Of equal items the earliest stays.
    expect(listed(wants(size(100, 10), size(10, 100), size(100, 10)))).toEqual([size(10, 100), size(100, 10)]);
  });

  test.each([
    [size(200, 300), [size(200, 300), size(150, 310)]],
    [size(200, 0), [size(150, 310)]],
    [size(0, 320), [size(150, 310)]],
  ])("required_max_size %j joins the list where both its components are set", (required_max_size, list) => {
    const format = image("R8", { required_max_size, required_max_size_list: [size(150, 310)] });
    expect(imageOf(allocate(plain, picture(format))).required_max_size_list).toEqual(list);
  });

  test("a conflict in alpha rules out that format alone", () => {
    const two = (present: boolean): JsonConstraints => ({
      ...picture({}),
      image_format_constraints: [
        image("R8G8B8A8", { min_size: size(8, 8), is_alpha_present: present }),
        image("R8G8B8", { min_size: size(8, 8) }),
      ],
    });
    expect(imageOf(allocate(plain, two(true), two(true))).pixel_format).toBe("R8G8B8A8");
    expect(imageOf(allocate(plain, two(true), two(false))).pixel_format).toBe("R8G8B8");
    expect(imageOf(allocate(plain, two(false), two(true))).pixel_format).toBe("R8G8B8");
  });

  test("a divisor past 32 bits rules out that format alone", () => {
    const two = (divisor: number): JsonConstraints => ({
      ...picture({}),
      image_format_constraints: [
        image("R8", { min_size: size(8, 8), bytes_per_row_divisor: divisor }),
        image("R8G8B8", { min_size: size(8, 8) }),
      ],
    });
    // It is possible as long as its rows are, and then wins, although nothing holds that many bytes.
    expect(code(solve(plain, two(65_537), two(65_535)))).toBe("collection-too-big");
    expect(imageOf(allocate(plain, two(65_537), two(65_536))).pixel_format).toBe("R8G8B8");
    const padded = (divisor: number, width: number): JsonConstraints =>
      picture(image("R8G8B8A8", { bytes_per_row_divisor: divisor, pad_for_block_size: size(width, 1) }));
    expect(code(solve(plain, padded(4, 1), padded(2 ** 31 + 4, 2)))).toBe("no-common-format");
  });
});

describe("2.1 counts", () => {
  const count = (a: JsonConstraints, b: JsonConstraints): number | string => {
    const outcome = solve(plain, raw(1, { min_buffer_count: 0, ...a }), raw(1, { min_buffer_count: 0, ...b }));
    return outcome.ok ? outcome.bufferCount : outcome.reason.code;
  };
  const both = (a: JsonConstraints, b: JsonConstraints): unknown => {
    expect(count(b, a)).toBe(count(a, b));
    return count(a, b);
  };

  test("camping and dedicated slack add up, shared slack and min_buffer_count do not", () => {
    expect(both({ min_buffer_count_for_camping: 2 }, { min_buffer_count_for_camping: 3 })).toBe(5);
    expect(both({ min_buffer_count_for_dedicated_slack: 2 }, { min_buffer_count_for_dedicated_slack: 3 })).toBe(5);
    expect(both({ min_buffer_count_for_shared_slack: 2 }, { min_buffer_count_for_shared_slack: 3 })).toBe(3);
    expect(both({ min_buffer_count: 2 }, { min_buffer_count: 3 })).toBe(3);
    const all = {
      min_buffer_count_for_camping: 1,
      min_buffer_count_for_dedicated_slack: 2,
      min_buffer_count_for_shared_slack: 4,
    };
    expect(both(all, {})).toBe(7);
    expect(both(all, { min_buffer_count: 6 })).toBe(7);
    expect(both(all, { min_buffer_count: 8 })).toBe(8);
  });

  test("max_buffer_count: the smallest, inclusive, and never a target", () => {
    expect(both({ min_buffer_count_for_camping: 3, max_buffer_count: 3 }, { max_buffer_count: 9 })).toBe(3);
    expect(both({ min_buffer_count_for_camping: 3, max_buffer_count: 2 }, { max_buffer_count: 9 })).toBe(
      "count-above-max",
    );
    expect(both({ min_buffer_count: 3, max_buffer_count: 3 }, {})).toBe(3);
    expect(both({ min_buffer_count: 3 }, { max_buffer_count: 2 })).toBe("min-above-max-buffer-count");
    expect(both({}, { max_buffer_count: 9 })).toBe("zero-buffers");
  });
});

describe("2.2 usage", () => {
  const usage = (...list: JsonConstraints[]): string =>
    code(solve(plain, ...list.map((one) => raw(1, { usage: one }))));

  test.each(["cpu", "vulkan", "display", "video"])("%s alone is usage, and excludes NONE_USAGE", (field) => {
    expect(usage({ [field]: 1 })).toBe("ok");
    expect(usage({ [field]: 1, none: 1 })).toBe("none-with-other-usage");
    expect(usage({ none: 1 }, { [field]: 1 })).toBe("ok");
  });

  test("NONE_USAGE is for those who leave the use to others; NONE_USAGE_PERMIT_ALLOCATION makes do without", () => {
    expect(usage({ none: 1 })).toBe("only-none-usage");
    expect(usage({ none: 1 }, { none: 1 })).toBe("only-none-usage");
    expect(usage({ none: 3 })).toBe("ok");
    expect(usage({ none: 1 }, { none: 3 })).toBe("ok");
    expect(usage({ none: 3 }, { none: 1 })).toBe("ok");
    expect(usage({ none: 2 })).toBe("permit-allocation-without-none");
    // Other bits mean nothing, and are nobody's mistake.
    expect(usage({ none: 4 })).toBe("only-none-usage");
    expect(usage({ none: 4 }, { cpu: 1 })).toBe("ok");
  });

  test("constraints in which nothing is set are NONE_USAGE, those with any field are not", () => {
    expect(code(solve(plain, raw(1), {}))).toBe("ok");
    expect(code(solve(plain, raw(1), { image_format_constraints: [] }))).toBe("ok");
    const any: JsonConstraints[] = [
      { min_buffer_count_for_camping: 0 },
      { min_buffer_count_for_dedicated_slack: 0 },
      { min_buffer_count_for_shared_slack: 0 },
      { min_buffer_count: 0 },
      { max_buffer_count: 9 },
      { usage: {} },
      { buffer_memory_constraints: {} },
      { image_format_constraints: [image("R8")] },
    ];
    for (const one of any) expect(code(solve(plain, raw(1), one)), JSON.stringify(one)).toBe("no-usage-bit");
  });

  test("an un-set modifier is LINEAR for who uses the memory, and any for who does not", () => {
    const entry = [image("R8G8B8A8", { min_size: size(8, 8) })];
    const tiled = picture(image("R8G8B8A8", { pixel_format_modifier: "INTEL_I915_X_TILED" }));
    for (const field of ["cpu", "vulkan", "display", "video"]) {
      expect(code(solve(plain, tiled, { usage: { [field]: 1 }, image_format_constraints: entry }))).toBe(
        "no-common-format",
      );
    }
    expect(code(solve(plain, tiled, { usage: { none: 1 }, image_format_constraints: entry }))).toBe("ok");
  });
});

describe("2.3 memory", () => {
  const memory = (fields: JsonConstraints, usage: JsonConstraints = { vulkan: 4 }): JsonConstraints => ({
    usage,
    min_buffer_count: 1,
    buffer_memory_constraints: fields,
  });
  const sized = memory({ min_size_bytes: 100 });
  const bufferOf = (...list: JsonConstraints[]): Record<string, unknown> => ({
    ...allocate(plain, ...list).settings.bufferSettings,
  });

  test("fields that nobody sets", () => {
    expect(bufferOf(sized)).toEqual({
      sizeBytes: 100n,
      rawVmoSize: 4096n,
      isPhysicallyContiguous: false,
      isSecure: false,
      coherencyDomain: CoherencyDomain.CPU,
      heap: { heapType: "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM", id: 0n },
    });
  });

  test("sizes: the largest minimum, the smallest maximum, both inclusive, never below 1", () => {
    expect(bufferOf(sized, memory({ min_size_bytes: 200 })).sizeBytes).toBe(200n);
    expect(bufferOf(memory({ min_size_bytes: 200 }), sized).sizeBytes).toBe(200n);
    expect(code(solve(plain, sized, memory({ max_size_bytes: 100 })))).toBe("ok");
    expect(code(solve(plain, sized, memory({ max_size_bytes: 99 })))).toBe("min-above-max-size-bytes");
    expect(code(solve(plain, memory({ max_size_bytes: 99 }), sized))).toBe("min-above-max-size-bytes");
    expect(code(solve(plain, memory({ max_size_bytes: 99 }), memory({ max_size_bytes: 200 }), sized))).toBe(
      "min-above-max-size-bytes",
    );
    expect(code(solve(plain, sized, memory({ max_size_bytes: 0 })))).toBe("min-above-max-size-bytes");
    expect(code(solve(plain, memory({ min_size_bytes: 5, max_size_bytes: 4 })))).toBe("min-above-max-size-bytes");
  });

  test("contiguous and secure: as soon as one requires it", () => {
    const required = memory({ physically_contiguous_required: true });
    for (const list of [
      [sized, required],
      [required, sized],
    ]) {
      expect(bufferOf(...list).isPhysicallyContiguous).toBe(true);
      expect(allocate(plain, ...list).contiguous).toBe(true);
    }
  });

  test("min_physical_base_alignment: the largest of those who set it, at least a page; only with contiguous memory", () => {
    const aligned = (alignment?: number): JsonConstraints =>
      memory({ physically_contiguous_required: true, min_physical_base_alignment: alignment });
    const found = (...list: JsonConstraints[]): number => allocate(plain, sized, ...list).baseAlignment;
    expect(found(aligned(8192))).toBe(8192);
    expect(found(aligned(8192), aligned(65_536))).toBe(65_536);
    expect(found(aligned(65_536), aligned(8192))).toBe(65_536);
    expect(found(aligned(65_536), aligned())).toBe(65_536);
    expect(found(aligned(1))).toBe(4096);
    expect(found(aligned())).toBe(4096);
    expect(found()).toBe(4096);
    for (const alignment of [0, 3, 4095]) {
      expect(code(solve(plain, sized, aligned(alignment)))).toBe("base-alignment-not-power-of-two");
    }
    const alone = { min_physical_base_alignment: 4096 };
    for (const fields of [alone, { ...alone, physically_contiguous_required: false }]) {
      expect(code(solve(plain, sized, memory(fields)))).toBe("base-alignment-without-contiguous");
    }
  });

  /** Domains that one participant allows, as seen through heaps that serve one domain each. */
  const allowed = (fields: JsonConstraints, usage: JsonConstraints): string[] =>
    (["cpu", "ram", "inaccessible"] as const).filter((domain) => {
      const domains = { cpu: false, ram: false, inaccessible: false, [domain]: true };
      const heaps = [{ heapType: "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM", id: 0n, domains, secure: false }];
      return solve({ heaps }, memory({ min_size_bytes: 1, ...fields }, usage)).ok;
    });

  test("domains that nobody speaks about: with CPU usage only the CPU's", () => {
    expect(allowed({}, { vulkan: 1 })).toEqual(["cpu", "ram", "inaccessible"]);
    expect(allowed({}, { none: 3 })).toEqual(["cpu", "ram", "inaccessible"]);
    expect(allowed({}, { cpu: 1 })).toEqual(["cpu"]);
    expect(allowed({}, { cpu: 1, vulkan: 1 })).toEqual(["cpu"]);
  });

  test("domains that are said", () => {
    expect(allowed({ ram_domain_supported: true }, { cpu: 1 })).toEqual(["cpu", "ram"]);
    expect(allowed({ ram_domain_supported: true, cpu_domain_supported: false }, { cpu: 1 })).toEqual(["ram"]);
    expect(allowed({ inaccessible_domain_supported: true }, { cpu: 1 })).toEqual(["cpu", "inaccessible"]);
    expect(allowed({ cpu_domain_supported: false }, { vulkan: 1 })).toEqual(["ram", "inaccessible"]);
    expect(allowed({ ram_domain_supported: false }, { vulkan: 1 })).toEqual(["cpu", "inaccessible"]);
    expect(allowed({ inaccessible_domain_supported: false }, { vulkan: 1 })).toEqual(["cpu", "ram"]);
  });
});
