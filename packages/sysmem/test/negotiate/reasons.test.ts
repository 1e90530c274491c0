/** Every check of negotiation: constraints that it refuses, and what it says of them. */
import { describe, expect, test } from "vitest";
import {
  describeReason,
  type Environment,
  negotiate,
  negotiateLate,
  negotiateTree,
  type Participant,
  type ReasonCode,
  type ReasonKind,
  reasonKind,
} from "#negotiate";
import {
  code,
  image,
  type JsonConstraints,
  participant,
  picture,
  plain,
  raw,
  secureHeap,
  solve,
  systemRam,
  withSecure,
} from "./support.ts";

interface Case {
  readonly text: string;
  readonly kind: ReasonKind;
  readonly environment?: Environment;
  readonly from: readonly JsonConstraints[];
}

const MAX_UINT32 = 0xffff_ffff;
const rgb = (more: JsonConstraints = {}): JsonConstraints => picture(image("R8G8B8A8", more));
const memory = (fields: JsonConstraints, usage: JsonConstraints = { cpu: 8 }): JsonConstraints =>
  raw(1, { usage, buffer_memory_constraints: fields });
const secure = memory({ secure_required: true }, { video: 1 });
const many = (count: number): JsonConstraints => ({ min_buffer_count_for_camping: count });
const list = (from: number, to: number): JsonConstraints =>
  rgb({
    required_max_size_list: Array.from({ length: to - from }, (_, at) => ({
      width: from + at,
      height: 900 - at - from,
    })),
  });

/** One for each check that a list of participants can fail. */
const CASES: Readonly<Record<Exclude<ReasonCode, keyof typeof ELSEWHERE>, Case>> = {
  "secure-memory-lost": {
    kind: "state",
    text: "secure memory was there and is gone",
    environment: { ...withSecure, secureMemory: "lost" },
    from: [secure],
  },
  "secure-memory-not-ready": {
    kind: "state",
    text: "secure memory is expected and not there yet",
    environment: { ...withSecure, secureMemory: "not-ready" },
    from: [secure],
  },
  "no-participants": { kind: "missing", text: "no participant has set constraints", from: [] },
  "no-size-bound": {
    kind: "missing",
    text: "nobody says how big a buffer has to be (min_size_bytes, min_size, required_max_size_list)",
    from: [{ usage: { cpu: 1 } }],
  },
  "no-usage-bit": {
    kind: "missing",
    text: "p0: constraints without any usage bit",
    from: [{ buffer_memory_constraints: { min_size_bytes: 1 } }],
  },
  "none-with-other-usage": {
    kind: "invalid",
    text: "p0: NONE usage beside other usage",
    from: [raw(1, { usage: { none: 1, cpu: 1 } })],
  },
  "permit-allocation-without-none": {
    kind: "invalid",
    text: "p0: NONE_USAGE_PERMIT_ALLOCATION without NONE_USAGE",
    from: [raw(1, { usage: { none: 2 } })],
  },
  "only-none-usage": {
    kind: "missing",
    text: "every participant has NONE usage, so that nobody would use the memory",
    from: [raw(1, { usage: { none: 1 } })],
  },
  "max-buffer-count-zero": {
    kind: "invalid",
    text: "p0: max_buffer_count 0 allows no buffer",
    from: [raw(1, { min_buffer_count: 0, max_buffer_count: 0 })],
  },
  "min-above-max-buffer-count": {
    kind: "conflict",
    text: "at least 3 buffers are asked for and at most 2 allowed",
    from: [raw(1, { min_buffer_count: 3 }), raw(1, { max_buffer_count: 2 })],
  },
  "base-alignment-without-contiguous": {
    kind: "invalid",
    text: "p0: min_physical_base_alignment without physically_contiguous_required",
    from: [memory({ min_physical_base_alignment: 4096 })],
  },
  "base-alignment-not-power-of-two": {
    kind: "invalid",
    text: "p0: min_physical_base_alignment 4097 is no power of two",
    from: [memory({ physically_contiguous_required: true, min_physical_base_alignment: 4097 })],
  },
  "min-above-max-size-bytes": {
    kind: "conflict",
    text: "buffers of at least 5000 bytes are asked for and at most 4999 allowed",
    from: [raw(5000), memory({ max_size_bytes: 4999 })],
  },
  "empty-permitted-heaps": {
    kind: "invalid",
    text: "p0: permitted_heaps is present and empty",
    from: [memory({ permitted_heaps: [] })],
  },
  "heap-without-type": {
    kind: "invalid",
    text: "p0: an entry of permitted_heaps has no heap_type",
    from: [memory({ permitted_heaps: [{ id: 1 }] })],
  },
  "no-common-heap": {
    kind: "conflict",
    text: "no heap is permitted by all",
    from: [memory({ permitted_heaps: [{ heap_type: "a" }] }), memory({ permitted_heaps: [{ heap_type: "b" }] })],
  },
  "secure-not-permitted": {
    kind: "conflict",
    text: "p0: secure memory is required and no registered secure heap is permitted",
    from: [secure],
  },
  "cpu-usage-without-domain": {
    kind: "invalid",
    text: "p0: CPU usage without the CPU or the RAM domain",
    from: [memory({ cpu_domain_supported: false })],
  },
  "cpu-usage-with-secure": {
    kind: "invalid",
    text: "p0: CPU usage of secure memory",
    environment: withSecure,
    from: [memory({ secure_required: true, cpu_domain_supported: true, inaccessible_domain_supported: true })],
  },
  "secure-with-cpu-domain": {
    kind: "invalid",
    text: "p0: secure memory in the CPU or the RAM domain",
    environment: withSecure,
    from: [memory({ secure_required: true, ram_domain_supported: true }, { video: 1 })],
  },
  "format-missing": {
    kind: "invalid",
    text: "p0: an image format without pixel_format and pixel_format_and_modifiers",
    from: [picture({ color_spaces: ["SRGB"] })],
  },
  "modifier-without-format": {
    kind: "invalid",
    text: "p0: pixel_format_modifier without pixel_format",
    from: [picture({ color_spaces: ["SRGB"], pixel_format_modifier: "LINEAR" })],
  },
  "invalid-format": {
    kind: "invalid",
    text: "p0: INVALID LINEAR: pixel format or modifier INVALID",
    from: [picture({ pixel_format: "INVALID", color_spaces: ["SRGB"] })],
  },
  "unsupported-format": {
    kind: "invalid",
    text: "p0: I420 INTEL_I915_X_TILED: this pixel format does not exist with this modifier",
    from: [picture(image("I420", { pixel_format_modifier: "INTEL_I915_X_TILED" }))],
  },
  "not-a-power-of-two": {
    kind: "invalid",
    text: "p0: R8G8B8A8 LINEAR: size_alignment 3 is no power of two",
    from: [rgb({ size_alignment: { width: 3, height: 1 } })],
  },
  "zero-required-max-size": {
    kind: "invalid",
    text: "p0: R8G8B8A8 LINEAR: an item of required_max_size_list is empty",
    from: [rgb({ required_max_size_list: [{ width: 64, height: 0 }] })],
  },
  "divisor-zero": {
    kind: "invalid",
    text: "p0: R8G8B8A8 LINEAR: bytes_per_row_divisor 0",
    from: [rgb({ bytes_per_row_divisor: 0 })],
  },
  "divisor-overflow": {
    kind: "conflict",
    text: "p0: R8G8B8A8 LINEAR: the common multiple of 4294967291 and 4 is too big for bytes_per_row_divisor",
    from: [rgb({ bytes_per_row_divisor: 4_294_967_291 })],
  },
  "rounding-overflow": {
    kind: "conflict",
    text: "p0: R8G8B8A8 LINEAR: min_size.width 4294967281 rounded up to a multiple of 32 is past 32 bits",
    from: [rgb({ min_size: { width: MAX_UINT32 - 14, height: 1 }, size_alignment: { width: 32, height: 1 } })],
  },
  "no-color-space": {
    kind: "missing",
    text: "p0: R8G8B8A8 LINEAR: an image format without color_spaces",
    from: [picture({ pixel_format: "R8G8B8A8" })],
  },
  "min-above-max-size": {
    kind: "conflict",
    text: "R8G8B8A8 LINEAR: the width is at least 1920 and at most 1280",
    from: [rgb({ min_size: { width: 1920, height: 1 } }), rgb({ max_size: { width: 1280, height: 4096 } })],
  },
  "min-above-max-bytes-per-row": {
    kind: "conflict",
    text: "R8G8B8A8 LINEAR: bytes_per_row is at least 2000 and at most 1900, in multiples of 4",
    from: [rgb({ min_bytes_per_row: 2000 }), rgb({ max_bytes_per_row: 1900 })],
  },
  "area-above-max": {
    kind: "conflict",
    text: "R8G8B8A8 LINEAR: the smallest image has 4096 pixels and at most 4095 are allowed",
    from: [rgb(), picture(image("R8G8B8A8", { min_size: { width: 1, height: 1 }, max_width_times_height: 4095 }))],
  },
  "start-offset-divisor": {
    kind: "invalid",
    text: "p0: R8G8B8A8 LINEAR: start_offset_divisor 12 is no power of two up to a page",
    from: [rgb({ start_offset_divisor: 12 })],
  },
  "color-spaces-mixed": {
    kind: "invalid",
    text: "p0: R8G8B8A8 LINEAR: DO_NOT_CARE beside other color_spaces",
    from: [rgb({ color_spaces: ["SRGB", "DO_NOT_CARE"] })],
  },
  "color-space-incompatible": {
    kind: "invalid",
    text: "p0: NV12 LINEAR: color space SRGB does not fit the pixel format",
    from: [picture(image("NV12", { color_spaces: ["REC709", "SRGB"] }))],
  },
  "required-min-size": {
    kind: "conflict",
    text: "R8G8B8A8 LINEAR: images with a height of 32 must be allowed, and the smallest allowed is 64",
    from: [rgb(), picture(image("R8G8B8A8", { min_size: undefined, required_min_size: { width: 64, height: 32 } }))],
  },
  "required-max-size": {
    kind: "conflict",
    text: "R8G8B8A8 LINEAR: images with a height of 720 must fit, and at most 600 is allowed",
    from: [
      rgb({ required_max_size_list: [{ width: 1280, height: 720 }] }),
      rgb({ max_size: { width: 1280, height: 600 } }),
    ],
  },
  "padding-format": {
    kind: "invalid",
    text: "p0: NV12 LINEAR: pad_for_block_size with a format that is not linear and of a single plane",
    from: [picture(image("NV12", { pad_for_block_size: { width: 4, height: 1 } }))],
  },
  "padding-unbounded": {
    kind: "conflict",
    text: "p0: R8G8B8A8 LINEAR: pad_for_block_size in height without a bound on max_size.width",
    from: [rgb({ pad_for_block_size: { width: 4, height: 4 } })],
  },
  "duplicate-format": {
    kind: "invalid",
    text: "p0: R8G8B8A8 LINEAR: the same pixel format and modifier twice in one participant",
    from: [
      {
        ...rgb(),
        image_format_constraints: [
          image("R8G8B8A8", { min_size: { width: 1, height: 1 } }),
          image("R8G8B8A8", { pixel_format_modifier: "LINEAR" }),
        ],
      },
    ],
  },
  "combineable-formats": {
    kind: "invalid",
    text: "p0: R8G8B8A8 DO_NOT_CARE: one participant's image formats overlap through DO_NOT_CARE",
    from: [
      {
        ...rgb(),
        image_format_constraints: [
          image("R8G8B8A8", { min_size: { width: 1, height: 1 } }),
          image("R8G8B8A8", { pixel_format_modifier: "DO_NOT_CARE" }),
        ],
      },
    ],
  },
  "no-common-format": {
    kind: "conflict",
    text: "no image format is possible for all",
    from: [rgb(), picture(image("B8G8R8A8"))],
  },
  "required-max-size-list-limit": {
    kind: "limit",
    text: "required_max_size_list has more than 64 items when put together",
    from: [list(100, 150), list(150, 200)],
  },
  "no-specific-format": {
    kind: "missing",
    text: "nobody names a specific pixel format and modifier",
    from: [rgb({ pixel_format_modifier: "DO_NOT_CARE" })],
  },
  "no-specific-color-space": {
    kind: "missing",
    text: "nobody names a specific color space",
    from: [rgb({ color_spaces: ["DO_NOT_CARE"] })],
  },
  "count-above-max": {
    kind: "conflict",
    text: "7 buffers are needed (camping 4 + dedicated slack 1 + shared slack 2, at least 6) and at most 6 allowed",
    from: [
      raw(1, { ...many(3), min_buffer_count: 6, max_buffer_count: 6, min_buffer_count_for_shared_slack: 2 }),
      raw(1, { ...many(1), min_buffer_count_for_dedicated_slack: 1, min_buffer_count_for_shared_slack: 1 }),
    ],
  },
  "count-above-limit": {
    kind: "limit",
    text: "65 buffers are needed and a collection has at most 64",
    from: [raw(1, many(60)), raw(1, many(5))],
  },
  "zero-buffers": { kind: "missing", text: "nobody asks for a buffer", from: [raw(1, { min_buffer_count: 0 })] },
  "no-usable-heap": {
    kind: "conflict",
    text: "no heap that all permit can be used: a is not registered, b 7 serves INACCESSIBLE; coherency domains that all allow: CPU",
    environment: {
      heaps: [{ heapType: "b", id: 7n, domains: { cpu: false, ram: false, inaccessible: true }, secure: false }],
    },
    from: [memory({ permitted_heaps: [{ heap_type: "a" }, { heap_type: "b", id: 7 }] })],
  },
  "no-allocator": {
    kind: "limit",
    text: "nothing can allocate from fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM, physically contiguous",
    environment: { heaps: [systemRam] },
    from: [memory({ physically_contiguous_required: true })],
  },
  "no-coherency-domain": {
    kind: "conflict",
    text: "no coherency domain is left: all allow CPU, and the heap serves RAM, INACCESSIBLE",
    environment: { heaps: [{ ...systemRam, domains: { cpu: false, ram: true, inaccessible: true } }] },
    from: [memory({})],
  },
  "no-protected-format": {
    kind: "conflict",
    text: "none of the possible formats can be in secure memory",
    environment: withSecure,
    from: [
      {
        ...picture(image("R8G8B8A8", { pixel_format_modifier: "ARM_LINEAR_TE" }), { usage: { video: 1 } }),
        buffer_memory_constraints: { secure_required: true },
      },
    ],
  },
  "image-size-above-max": {
    kind: "conflict",
    text: "R8G8B8A8 LINEAR: images with a width of 4294967296 are needed, which is past 32 bits",
    from: [
      rgb({ required_max_size_list: [{ width: MAX_UINT32, height: 64 }], size_alignment: { width: 2, height: 1 } }),
    ],
  },
  "image-row-above-max": {
    kind: "conflict",
    text: "R8G8B8A8 LINEAR: a row of 100 pixels takes 448 bytes and at most 384 are allowed",
    from: [
      rgb({
        required_max_size_list: [{ width: 100, height: 64 }],
        max_bytes_per_row: 440,
        bytes_per_row_divisor: 64,
      }),
    ],
  },
  "image-area-above-max": {
    kind: "conflict",
    text: "R8G8B8A8 LINEAR: images of 6400 pixels are needed and at most 6399 are allowed",
    from: [rgb({ required_max_size_list: [{ width: 100, height: 64 }], max_width_times_height: 6399 })],
  },
  "image-above-max-size-bytes": {
    kind: "conflict",
    text: "R8G8B8A8 LINEAR: an image of 64x64 takes 16384 bytes and at most 16383 are allowed",
    from: [rgb(), memory({ max_size_bytes: 16_383 })],
  },
  "padding-undefined": {
    kind: "conflict",
    text: "R8G8B8A8 GOOGLE_GOLDFISH_OPTIMAL: the image padded to whole blocks has no defined size",
    from: [rgb({ pixel_format_modifier: "GOOGLE_GOLDFISH_OPTIMAL", pad_for_block_size: { width: 1, height: 16 } })],
  },
  "padding-above-max-size-bytes": {
    kind: "conflict",
    text: "R8G8B8A8 LINEAR: the image and its padding take 16392 bytes and at most 16391 are allowed",
    from: [rgb({ pad_beyond_image_size_bytes: 8 }), memory({ max_size_bytes: 16_391 })],
  },
  "collection-too-big": {
    kind: "limit",
    text: "5 buffers of 268435456 bytes are more than the 1073741824 bytes of a collection",
    from: [raw(268_435_456, { min_buffer_count: 5 })],
  },
  "buffer-too-big": {
    kind: "limit",
    text: "268435457 bytes are more than the 268435456 bytes of a buffer",
    from: [raw(268_435_457)],
  },
  "allocation-too-big": {
    kind: "limit",
    text: "8192 bytes are more than the server's max_allocation_size 8191",
    environment: { ...plain, maxAllocationSize: 8191n },
    from: [raw(8192)],
  },
};

/** What takes more than a list of participants, or is shown beside other rules. */
const ELSEWHERE = {
  "existing-differs": "below",
  "too-many-combinations": "below",
  "fan-out-limit": "rules.test.ts",
} as const;

describe("each check", () => {
  test.each(Object.entries(CASES))("%s", (name, { kind, text, environment = plain, from }) => {
    const outcome = solve(environment, ...from);
    expect(code(outcome)).toBe(name);
    if (outcome.ok) return;
    expect(describeReason(outcome.reason)).toBe(text);
    expect(reasonKind(outcome.reason)).toBe(kind);
  });

  test("a domain that rules secure memory out is told from a heap that is not there", () => {
    const said = solve(
      withSecure,
      memory({ secure_required: true, inaccessible_domain_supported: false }, { video: 1 }),
    );
    expect(said.ok ? "" : describeReason(said.reason)).toBe(
      "p0: secure memory is required, which only the INACCESSIBLE domain can serve, and that domain is not allowed",
    );
  });

  test("a size of 0 that must be allowed", () => {
    const zero = solve(plain, rgb({ required_min_size: { width: 0, height: 64 } }));
    expect(zero.ok ? "" : describeReason(zero.reason)).toBe("p0: R8G8B8A8 LINEAR: required_min_size has a width of 0");
  });

  test("memory that is not contiguous from a heap that is not there", () => {
    const none = solve({ heaps: [secureHeap] }, raw(1));
    expect(none.ok ? "" : describeReason(none.reason)).toBe(
      "nothing can allocate from fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM",
    );
  });

  test("no domain at all", () => {
    const heap = { ...systemRam, domains: { cpu: false, ram: false, inaccessible: false } };
    const nothing = solve({ heaps: [heap] }, memory({ inaccessible_domain_supported: true }));
    expect(nothing.ok ? "" : describeReason(nothing.reason)).toBe(
      "no coherency domain is left: all allow CPU, INACCESSIBLE, and the heap serves none",
    );
  });
});

describe("what takes more than a list of participants", () => {
  test("existing-differs", () => {
    const first = participant("first", rgb());
    const existing = negotiate([first], plain);
    if (!existing.ok) throw new TypeError("no allocation");
    const late: Participant = participant("late", {
      ...rgb({ bytes_per_row_divisor: 8 }),
      min_buffer_count: undefined,
    });
    const tree = { kind: "participant", participant: late } as const;
    const outcome = negotiateLate({ existing, allocated: [first], tree, environment: plain });
    if (outcome.ok) throw new TypeError("it fits");
    expect(describeReason(outcome.reason)).toBe(
      "the buffers exist already and image_format_constraints.bytes_per_row_divisor would change from 4 to 8",
    );
    expect(reasonKind(outcome.reason)).toBe("conflict");
  });

  test("too-many-combinations", () => {
    const child = { kind: "participant", participant: participant("child", raw(1, { min_buffer_count: 65 })) } as const;
    const outcome = negotiateTree({ kind: "group", children: Array.from({ length: 65 }, () => child) }, plain);
    if (outcome.ok) throw new TypeError("it fits");
    expect(describeReason(outcome.reason)).toBe(
      "none of the first 64 combinations of group children works, and there are more",
    );
    expect(reasonKind(outcome.reason)).toBe("limit");
  });
});
