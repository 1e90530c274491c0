/** Explanations of single conflicts: the smallest set, and every change that would resolve it, in order. */
import { describe, expect, test } from "vitest";
import { type Environment, explainFailure, type Explanation, explainSuccess, explainTree, negotiate } from "#negotiate";
import { minimalFailing, smallestFailing } from "../../src/negotiate/explain/minimal.ts";
import {
  costs,
  image,
  joinable,
  type JsonConstraints,
  participant,
  picture,
  plain,
  raw,
  systemRam,
  withSecure,
} from "./support.ts";

const size = (width: number, height: number): { width: number; height: number } => ({ width, height });

function explain(environment: Environment, ...list: JsonConstraints[]): Explanation {
  const explanation = explainFailure(
    list.map((json, at) => participant("abcdefgh"[at] ?? "z", json)),
    environment,
  );
  if (explanation === undefined) throw new TypeError("there is a result");
  return explanation;
}

const rgb = (fields: JsonConstraints, more: JsonConstraints = {}): JsonConstraints =>
  picture(image("R8G8B8A8", fields), more);
const memory = (fields: JsonConstraints, usage: JsonConstraints = { cpu: 8 }): JsonConstraints =>
  raw(1, { usage, buffer_memory_constraints: fields });
const here: Environment = {
  ...plain,
  heaps: [systemRam, { ...systemRam, heapType: "A" }, { ...systemRam, heapType: "B" }],
};
const bounded = (max_size_bytes: number): JsonConstraints => ({
  usage: { cpu: 1 },
  buffer_memory_constraints: { max_size_bytes },
});

describe("the smallest part that fails", () => {
  const has =
    (...needed: number[]) =>
    (subset: readonly number[]): boolean =>
      needed.every((one) => subset.includes(one));
  const many = Array.from({ length: 50 }, (_, at) => at);

  test("only what is needed is left, in order", () => {
    expect(minimalFailing(many, has(3, 17, 42))).toEqual([3, 17, 42]);
    expect(minimalFailing(many, has(0))).toEqual([0]);
    expect(minimalFailing(many, has(49))).toEqual([49]);
    expect(minimalFailing(many, has(...many))).toEqual(many);
    expect(minimalFailing([7], has(7))).toEqual([7]);
    expect(minimalFailing([], () => true)).toEqual([]);
    expect(minimalFailing([1, 2], () => true)).toEqual([]);
  });

  test("of several ways to fail one is left, and the earlier items go first", () => {
    const either = (subset: readonly number[]): boolean => has(1, 2)(subset) || has(30, 31)(subset);
    expect(minimalFailing(many, either)).toEqual([30, 31]);
  });

  test("what had to stay may go once another has gone: no single item can go in the end", () => {
    // 5 is needed as long as 20 is there.
    const fails = (subset: readonly number[]): boolean =>
      subset.includes(10) && (!subset.includes(20) || subset.includes(5));
    expect(minimalFailing(many, fails)).toEqual([10]);
    const odd = (subset: readonly number[]): boolean =>
      subset.includes(2) && (!subset.includes(3) || subset.includes(1));
    expect(minimalFailing([1, 2, 3], odd)).toEqual([2]);
  });

  test("big pieces go first: far fewer questions than items squared", () => {
    let asked = 0;
    const count = (subset: readonly number[]): boolean => {
      asked++;
      return has(100, 900)(subset);
    };
    expect(
      minimalFailing(
        Array.from({ length: 1000 }, (_, at) => at),
        count,
      ),
    ).toEqual([100, 900]);
    expect(asked).toBeLessThan(100);
  });

  test("one that fails alone comes first, then two together, whatever else fails", () => {
    const fails = (subset: readonly number[]): boolean => has(4)(subset) || has(1, 2)(subset);
    expect(smallestFailing([0, 1, 2, 3, 4], fails)).toEqual([4]);
    const pairs = (subset: readonly number[]): boolean => has(0, 3)(subset) || has(1, 2, 4)(subset);
    expect(smallestFailing([0, 1, 2, 3, 4], pairs)).toEqual([0, 3]);
    expect(smallestFailing([4, 3, 2, 1, 0], pairs)).toEqual([3, 0]);
    // Taking out what is not needed would have found three, up to as many items as all pairs are tried of.
    const three = (subset: readonly number[]): boolean => has(0, 1)(subset) || has(5, 6, 7)(subset);
    for (const [items, expected] of [
      [many.slice(0, 32), [0, 1]],
      [many.slice(0, 33), [5, 6, 7]],
    ] as const) {
      expect(smallestFailing(items, three)).toEqual(expected);
    }
    const last = (subset: readonly number[]): boolean => has(1, 5)(subset) || has(2, 3, 4)(subset);
    expect(smallestFailing([0, 1, 2, 3, 4, 5], last)).toEqual([1, 5]);
    // Where two are not enough, and where there are too many for all pairs.
    expect(smallestFailing([0, 1, 2, 3, 4], has(0, 2, 4))).toEqual([0, 2, 4]);
    expect(smallestFailing(many, has(5, 6))).toEqual([5, 6]);
    let asked = 0;
    smallestFailing(many, (subset) => ++asked > 0 && has(5, 6)(subset));
    expect(asked).toBeLessThan(200);
  });
});

describe("why this format", () => {
  const formats = (...modifiers: string[]): JsonConstraints => ({
    usage: { vulkan: 1 },
    min_buffer_count: 1,
    image_format_constraints: modifiers.map((pixel_format_modifier) =>
      image("R8G8B8A8", { pixel_format_modifier, min_size: size(64, 64) }),
    ),
  });
  const note = (environment: Environment, ...list: JsonConstraints[]): string | undefined =>
    explainSuccess(
      list.map((json, at) => participant(`p${at}`, json)),
      environment,
    )?.find(({ setting }) => setting === "image_format_constraints.pixel_format_modifier")?.note;
  const afbc = formats("LINEAR", "ARM_AFBC_16X16", "ARM_AFBC_16X16_TE");

  test("the only one, the smallest, the cheapest", () => {
    expect(note(plain, afbc, formats("LINEAR", "INTEL_I915_X_TILED"))).toBe(
      "R8G8B8A8 LINEAR is the only format that all can use",
    );
    expect(note(plain, afbc)).toBe(
      "R8G8B8A8 LINEAR is one of 3 that all can use; no cost is configured for any, so the smallest value wins",
    );
    const mali = { ...plain, costs: costs("arm_mali") };
    expect(note(mali, afbc)).toBe(
      "R8G8B8A8 ARM_AFBC_16X16_TE is one of 3 that all can use; its cost of 1600 is the lowest",
    );
    expect(note(mali, afbc, formats("LINEAR", "ARM_AFBC_16X16"))).toBe(
      "R8G8B8A8 ARM_AFBC_16X16 is one of 2 that all can use; its cost of 3600 is the lowest",
    );
  });

  test("what cannot be in secure memory is none that all can use", () => {
    const secure = raw(1, { usage: { video: 1 }, buffer_memory_constraints: { secure_required: true } });
    expect(note(withSecure, afbc, secure)).toMatch(/^R8G8B8A8 LINEAR is one of 2 that all can use/);
    expect(note(withSecure, formats("LINEAR", "ARM_AFBC_16X16_TE"), secure)).toBe(
      "R8G8B8A8 LINEAR is the only format that all can use",
    );
  });
});

describe("what nobody demands", () => {
  test("secure memory that is not there is no conflict, in a list and in a tree", () => {
    const secure = participant(
      "secure",
      raw(1, { usage: { video: 1 }, buffer_memory_constraints: { secure_required: true } }),
    );
    for (const [secureMemory, code] of [
      ["lost", "secure-memory-lost"],
      ["not-ready", "secure-memory-not-ready"],
    ] as const) {
      const environment = { ...withSecure, secureMemory };
      const expected = { code, kind: "state", requirements: [], relaxations: [] };
      expect(explainFailure([secure], environment)).toMatchObject(expected);
      const tree = explainTree({ kind: "participant", participant: secure }, environment);
      expect(tree).toMatchObject({ ok: false, explanation: expected });
    }
  });

  test("whoever says nothing has no must_match_vmo either", () => {
    const made = negotiate([participant("first", raw(4096))], plain);
    if (!made.ok) throw new TypeError("no allocation");
    const silent = { name: "silent", mustMatch: made.settings };
    const explanation = explainFailure([silent, participant("a", raw(5000)), participant("b", bounded(4999))], plain);
    expect(explanation?.requirements.map((one) => one.participant)).toEqual(["a", "b"]);
  });

  test("color_spaces that one participant forgot do not hide what others exclude", () => {
    const explanation = explain(
      here,
      memory({ permitted_heaps: [{ heap_type: "A" }] }),
      memory({ permitted_heaps: [{ heap_type: "B" }] }),
      picture({ pixel_format: "R8" }),
    );
    expect(explanation.code).toBe("no-common-heap");
    expect(explanation.requirements.map((one) => one.participant)).toEqual(["a", "b"]);
  });
});

describe("formats that are ruled out", () => {
  test("are listed with what ruled them out", () => {
    const both = (...each: JsonConstraints[]): JsonConstraints => ({
      ...raw(1, { usage: { vulkan: 1 } }),
      image_format_constraints: each.map((one, at) =>
        image(["R8", "L8", "R8G8", "R5G6B5"][at] ?? "", { color_spaces: ["SRGB"], ...one }),
      ),
    });
    const explanation = explain(
      plain,
      both({ bytes_per_row_divisor: 65_536 }, { is_alpha_present: true }, { color_spaces: ["SRGB"] }, {}),
      both({ bytes_per_row_divisor: 65_537 }, { is_alpha_present: false }, { color_spaces: ["PASSTHROUGH"] }),
    );
    const why = new Map(
      explanation.eliminatedFormats.map(({ format, why }) => [(format as { pixel_format: string }).pixel_format, why]),
    );
    expect(Object.fromEntries(why)).toEqual({
      R8: "divisor",
      L8: "alpha",
      R8G8: "color-space",
      R5G6B5: "not-offered-by-all",
    });
    expect(explanation.summary).toContain("R8 LINEAR has no common bytes_per_row_divisor");
    expect(explanation.summary).toContain("L8 LINEAR has no common is_alpha_present");
    expect(explanation.summary).toContain("R8G8 LINEAR has no common color space");
    expect(explanation.summary).not.toContain("R5G6B5 LINEAR has no common");
  });
});

describe("the formats that a conflict is about", () => {
  const names = ["NV12", "I420", "YV12", "M420", "YUY2"];
  const colored = (count: number, color: string): JsonConstraints => ({
    ...raw(1),
    image_format_constraints: names.slice(0, count).map((name) => image(name, { color_spaces: [color] })),
  });
  test.each([
    [1, "NV12 LINEAR"],
    [3, "NV12 LINEAR and I420 LINEAR and YV12 LINEAR"],
    [4, "NV12 LINEAR and I420 LINEAR and YV12 LINEAR and 1 more"],
    [5, "NV12 LINEAR and I420 LINEAR and YV12 LINEAR and 2 more"],
  ])("%d are named: %s", (count, list) => {
    const { summary } = explain(plain, colored(count, "REC709"), colored(count, "REC601_PAL"));
    expect(summary).toContain(
      `a requires color space REC709 for ${list}; b requires color space REC601_PAL for ${list}: no image format`,
    );
  });
});

describe("buffers that are there, where padded ones can be joined", () => {
  test("their size without padding is a demand as well", () => {
    const made = negotiate(
      [participant("first", picture(image("R8", { pad_beyond_image_size_bytes: 4096 })))],
      joinable,
    );
    if (!made.ok) throw new TypeError("no allocation");
    const like = { ...participant("like", { usage: { cpu: 8 }, min_buffer_count: 1 }), mustMatch: made.settings };
    const taller = participant("taller", {
      usage: { cpu: 1 },
      image_format_constraints: [image("R8", { required_max_size_list: [size(64, 65)] })],
    });
    const explanation = explainFailure([like, taller], joinable);
    expect(explanation?.summary).toBe(
      "taller requires images of 64x65 to fit (required_max_size_list); must_match_vmo of like requires at most 8192 bytes a " +
        "buffer (max_size_bytes): R8 LINEAR: an image of 64x65 takes 4160 bytes and at most 4096 are allowed",
    );
    expect(explanation?.relaxations.map(({ text }) => text)).toContain("must_match_vmo of like is left out");
  });
});

describe("what would have worked", () => {
  /** "+": everybody would have agreed then; "-": another conflict is behind this one. */
  const cases: [what: string, environment: Environment, list: JsonConstraints[], relaxations: string[]][] = [
    [
      "counts",
      plain,
      [
        raw(1, { min_buffer_count_for_camping: 5 }),
        raw(1, { min_buffer_count_for_dedicated_slack: 2, max_buffer_count: 6 }),
      ],
      [
        "+ b requires at most 7 buffers (max_buffer_count) instead of 6",
        "+ a requires 4 buffers to hold at a time (min_buffer_count_for_camping) instead of 5",
        "+ b requires 1 buffer of slack of its own (min_buffer_count_for_dedicated_slack) instead of 2",
      ],
    ],
    [
      "a bound on the number of buffers below the other",
      plain,
      [raw(1, { min_buffer_count: 7 }), raw(1, { max_buffer_count: 3 })],
      [
        "+ a requires at least 3 buffers (min_buffer_count) instead of 7",
        "+ b requires at most 7 buffers (max_buffer_count) instead of 3",
      ],
    ],
    [
      "more buffers than a collection may have",
      plain,
      [raw(1, { min_buffer_count_for_camping: 60 }), raw(1, { min_buffer_count_for_camping: 5 })],
      [
        "+ a requires 59 buffers to hold at a time (min_buffer_count_for_camping) instead of 60",
        "+ b requires 4 buffers to hold at a time (min_buffer_count_for_camping) instead of 5",
      ],
    ],
    [
      "bytes of a buffer",
      plain,
      [raw(5000), bounded(4999)],
      [
        "+ a requires at least 4999 bytes a buffer (min_size_bytes) instead of 5000",
        "+ b requires at most 5000 bytes a buffer (max_size_bytes) instead of 4999",
      ],
    ],
    [
      "a bigger buffer than there may be",
      plain,
      [raw(268_435_457)],
      ["+ a requires at least 268435456 bytes a buffer (min_size_bytes) instead of 268435457"],
    ],
    [
      "an image that is too big",
      plain,
      [rgb({ min_size: size(100, 100) }), bounded(20_000)],
      [
        "+ a requires a width of at least 50 (min_size) instead of 100",
        "+ a requires a height of at least 50 (min_size) instead of 100",
        "+ b requires at most 40000 bytes a buffer (max_size_bytes) instead of 20000",
      ],
    ],
    [
      "images that must fit",
      plain,
      [rgb({ required_max_size_list: [size(1920, 1080), size(100, 100)] }), rgb({ max_size: size(1280, 1080) })],
      [
        "+ a requires images of 1280x1080 to fit (required_max_size_list) instead of 1920x1080",
        "+ b requires a width of at most 1920 (max_size) instead of 1280",
      ],
    ],
    [
      "a width above the other's bound",
      plain,
      [rgb({ min_size: size(1920, 1) }), rgb({ max_size: size(1280, 4096) })],
      [
        "+ a requires a width of at least 1280 (min_size) instead of 1920",
        "+ b requires a width of at most 1920 (max_size) instead of 1280",
      ],
    ],
    [
      "rows and a divisor",
      plain,
      [rgb({ min_size: size(75, 1), max_bytes_per_row: 300 }), rgb({ bytes_per_row_divisor: 48 })],
      [
        "+ a requires a width of at least 72 (min_size) instead of 75",
        "+ a requires bytes_per_row of at most 336 instead of 300",
        "+ b requires bytes_per_row divisible by 12 instead of 48",
      ],
    ],
    [
      "an alignment",
      plain,
      [
        rgb({ min_size: size(70, 1), max_size: size(79, 99) }),
        rgb({ min_size: undefined, size_alignment: size(64, 1) }),
      ],
      [
        "+ a requires a width of at least 64 (min_size) instead of 70",
        "+ a requires a width of at most 128 (max_size) instead of 79",
        "+ b requires a width divisible by 8 (size_alignment) instead of 64",
      ],
    ],
    [
      "the number of pixels",
      plain,
      [rgb({ min_size: size(100, 100) }), rgb({ min_size: undefined, max_width_times_height: 9999 })],
      [
        "+ b requires at most 10000 pixels (max_width_times_height) instead of 9999",
        "+ a requires a width of at least 99 (min_size) instead of 100",
        "+ a requires a height of at least 99 (min_size) instead of 100",
      ],
    ],
    [
      "a size that must be allowed",
      plain,
      [rgb({ min_size: size(64, 64) }), rgb({ min_size: undefined, required_min_size: size(64, 32) })],
      [
        "+ a requires a height of at least 32 (min_size) instead of 64",
        "+ b requires images with a height of 64 to be allowed (required_min_size) instead of 32",
      ],
    ],
    [
      "color spaces",
      plain,
      [
        picture(image("NV12", { color_spaces: ["REC709"] })),
        picture(image("NV12", { color_spaces: ["REC601_PAL", "REC601_NTSC"] })),
      ],
      ["+ a also accepts color space REC601_PAL", "+ b also accepts color space REC709"],
    ],
    [
      "formats",
      plain,
      [rgb({}), picture(image("B8G8R8A8"))],
      ["+ a also offers pixel format B8G8R8A8 LINEAR", "+ b also offers pixel format R8G8B8A8 LINEAR"],
    ],
    [
      "one format that nobody can have",
      plain,
      [
        rgb(
          {},
          {
            image_format_constraints: [
              image("R8G8B8A8", { min_size: size(8, 8) }),
              image("I420", { pixel_format_modifier: "INTEL_I915_X_TILED" }),
            ],
          },
        ),
      ],
      ["+ a does not offer pixel format I420 INTEL_I915_X_TILED"],
    ],
    [
      "alpha",
      plain,
      [rgb({ is_alpha_present: true }), rgb({ is_alpha_present: false })],
      ["+ a does not say whether alpha is present", "+ b does not say whether alpha is present"],
    ],
    [
      "a heap that is not here",
      plain,
      [memory({ permitted_heaps: [{ heap_type: "vendor" }] })],
      ["+ a also permits heap fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM"],
    ],
    [
      "heaps",
      here,
      [memory({ permitted_heaps: [{ heap_type: "A" }] }), memory({ permitted_heaps: [{ heap_type: "B", id: 0 }] })],
      ["+ a also permits heap B", "+ b also permits heap A"],
    ],
    [
      "contiguous memory",
      { heaps: [systemRam] },
      [memory({ physically_contiguous_required: true })],
      ["+ a does not require physically contiguous memory (physically_contiguous_required)"],
    ],
    [
      "secure memory and the CPU",
      withSecure,
      [memory({ secure_required: true }, { video: 1 }), memory({}, { cpu: 1 })],
      [
        "+ a does not require secure memory (secure_required)",
        "- b does not require cpu READ usage (leaves only the CPU domain)",
      ],
    ],
    [
      "a domain",
      plain,
      [
        memory({ inaccessible_domain_supported: false, ram_domain_supported: false }, { vulkan: 1 }),
        memory({ cpu_domain_supported: false }, { vulkan: 1 }),
      ],
      ["+ a supports the RAM domain", "+ a supports the INACCESSIBLE domain", "+ b supports the CPU domain"],
    ],
    [
      "usage of two kinds",
      withSecure,
      [raw(1, { usage: { cpu: 1, video: 1 }, buffer_memory_constraints: { secure_required: true } })],
      [
        "+ a requires video HW_DECODER usage instead of cpu READ, video HW_DECODER usage (leaves only the CPU domain)",
        "+ a does not require secure memory (secure_required)",
      ],
    ],
    [
      "NONE beside other usage",
      plain,
      [raw(1, { usage: { none: 1, cpu: 1 } })],
      [
        "+ a requires cpu READ usage (leaves only the CPU domain) instead of NONE_USAGE, cpu READ usage (leaves only the CPU domain)",
      ],
    ],
    [
      "padding",
      plain,
      [rgb({ pad_beyond_image_size_bytes: 5000 }), bounded(20_000)],
      [
        "+ b requires at most 21384 bytes a buffer (max_size_bytes) instead of 20000",
        "+ a requires a width of at least 58 (min_size) instead of 64",
        "+ a requires a height of at least 58 (min_size) instead of 64",
        "+ a requires 3616 bytes of padding behind the image (pad_beyond_image_size_bytes) instead of 5000",
      ],
    ],
    [
      "blocks",
      plain,
      [rgb({ pad_for_block_size: size(1, 128) }), bounded(20_000)],
      [
        "+ a requires a width of at least 39 (min_size) instead of 64",
        "+ a requires padding to blocks 64 high (pad_for_block_size) instead of 128",
        "+ b requires at most 32768 bytes a buffer (max_size_bytes) instead of 20000",
      ],
    ],
    [
      "blocks of a format that has none",
      plain,
      [picture(image("NV12", { pad_for_block_size: size(4, 1) }))],
      ["+ a does not require padding to blocks 4 wide (pad_for_block_size)"],
    ],
    [
      "a start offset",
      plain,
      [rgb({ start_offset_divisor: 16_384 })],
      ["+ a requires a start offset divisible by 4096 (start_offset_divisor) instead of 16384"],
    ],
    [
      "a divisor past 32 bits",
      plain,
      [rgb({ bytes_per_row_divisor: 65_537 }), rgb({ bytes_per_row_divisor: 65_536 })],
      [
        "+ b requires bytes_per_row divisible by 32 instead of 65536",
        "+ a does not require bytes_per_row divisible by 65537",
      ],
    ],
    [
      "another conflict behind the first",
      plain,
      [raw(5000, { min_buffer_count: 9 }), { ...bounded(4000), max_buffer_count: 3 }],
      [
        "- a requires at least 4000 bytes a buffer (min_size_bytes) instead of 5000",
        "- b requires at most 5000 bytes a buffer (max_size_bytes) instead of 4000",
      ],
    ],
  ];
  test.each(cases)("%s", (_, environment, list, relaxations) => {
    const { relaxations: found } = explain(environment, ...list);
    expect(found.map(({ text, isEnough }) => `${isEnough ? "+" : "-"} ${text}`)).toEqual(relaxations);
  });
});
