/** Rules on image formats: which are meant, what one entry must obey, which of several is chosen (sections 2.4, 3, 4). */
import { describe, expect, test } from "vitest";
import { MAX_DO_NOT_CARE_FAN_OUT } from "#base";
import {
  allModifiers,
  allPixelFormats,
  ColorSpace,
  colorSpaceName,
  describeReason,
  isColorSpaceCompatible,
  isPairSupported,
  modifierName,
  type Outcome,
  pixelFormatName,
  type ReasonCode,
} from "#negotiate";
import { code, costs, image, type JsonConstraints, picture, plain, raw, solve, withSecure } from "./support.ts";

const MAX32 = 0xffff_ffff;
const size = (width: number, height: number): { width: number; height: number } => ({ width, height });
const smallest = { min_size: size(8, 8) };

/** `NV12 LINEAR REC709`, or why there is none. */
function chosen(outcome: Outcome): string {
  if (!outcome.ok) return outcome.reason.code;
  const format = outcome.settings.imageFormatConstraints;
  if (format?.pixelFormat === undefined || format.pixelFormatModifier === undefined) return "no image";
  const spaces = (format.colorSpaces ?? []).map(colorSpaceName).join("+");
  return `${pixelFormatName(format.pixelFormat)} ${modifierName(format.pixelFormatModifier)} ${spaces}`;
}

const offering = (...formats: JsonConstraints[]): JsonConstraints => ({
  usage: { vulkan: 4 },
  min_buffer_count: 1,
  image_format_constraints: formats,
});
const pair = (pixel_format: string, pixel_format_modifier: string, more: JsonConstraints = {}): JsonConstraints =>
  image(pixel_format, { pixel_format_modifier, ...smallest, ...more });

describe("2.4.1 which formats an entry is about", () => {
  const listed = [
    { pixel_format: "B8G8R8A8", pixel_format_modifier: "LINEAR" },
    { pixel_format: "R8G8B8A8", pixel_format_modifier: "INTEL_I915_X_TILED" },
  ];
  const several = { ...smallest, color_spaces: ["SRGB"], pixel_format_and_modifiers: listed };

  test("a list stands for one entry each, and the entry's own pair for one more", () => {
    const only = (format: JsonConstraints): string => chosen(solve(plain, offering(several), offering(format)));
    expect(only(pair("B8G8R8A8", "LINEAR"))).toBe("B8G8R8A8 LINEAR SRGB");
    expect(only(pair("R8G8B8A8", "INTEL_I915_X_TILED"))).toBe("R8G8B8A8 INTEL_I915_X_TILED SRGB");
    expect(only(pair("R8G8B8A8", "LINEAR"))).toBe("no-common-format");
    const own = { ...several, pixel_format: "R5G6B5" };
    expect(chosen(solve(plain, offering(own), offering(pair("R5G6B5", "LINEAR"))))).toBe("R5G6B5 LINEAR SRGB");
    expect(chosen(solve(plain, offering(own), offering(pair("R8G8B8A8", "INTEL_I915_X_TILED"))))).toBe(
      "R8G8B8A8 INTEL_I915_X_TILED SRGB",
    );
  });

  test("an empty list is none, and a modifier needs a format even beside a list", () => {
    expect(chosen(solve(plain, offering({ ...several, pixel_format_and_modifiers: [] })))).toBe("format-missing");
    expect(chosen(solve(plain, offering({ ...several, pixel_format_modifier: "LINEAR" })))).toBe(
      "modifier-without-format",
    );
  });

  test("any format with an un-set modifier is any modifier as well", () => {
    const any = { ...smallest, pixel_format: "DO_NOT_CARE", color_spaces: ["SRGB"] };
    expect(chosen(solve(plain, offering(any), offering(pair("R8G8B8A8", "INTEL_I915_X_TILED"))))).toBe(
      "R8G8B8A8 INTEL_I915_X_TILED SRGB",
    );
  });
});

describe("2.4.2 what one entry must obey", () => {
  /** Both sides of a bound of one participant's entry. */
  const refused = (fields: JsonConstraints): ReasonCode | "ok" =>
    code(solve(plain, picture(image("R8G8B8A8", fields))));

  test("N1: INVALID is refused on either side, also beside DO_NOT_CARE", () => {
    expect(refused({ pixel_format: "INVALID", pixel_format_modifier: "DO_NOT_CARE" })).toBe("invalid-format");
    expect(refused({ pixel_format: "DO_NOT_CARE", pixel_format_modifier: "INVALID" })).toBe("invalid-format");
  });

  test.each(["size_alignment", "display_rect_alignment", "pad_for_block_size"])(
    "N2, N7, N8: %s is powers of two",
    (field) => {
      const bounded = { max_size: size(4096, 4096) };
      for (const good of [1, 2, 16])
        expect(refused({ ...bounded, [field]: size(good, good) }), String(good)).toBe("ok");
      for (const bad of [0, 3, 24]) {
        for (const wrong of [size(bad, 4), size(4, bad)]) {
          const outcome = solve(plain, picture(image("R8G8B8A8", { ...bounded, [field]: wrong })));
          expect(outcome, JSON.stringify(wrong)).toMatchObject({
            ok: false,
            reason: { code: "not-a-power-of-two", values: { field, value: bad }, participant: "p0" },
          });
        }
      }
    },
  );

  test("N3: min_size is at least the alignment", () => {
    const outcome = solve(plain, picture(image("R8", { min_size: size(1, 1), size_alignment: size(16, 4) })));
    expect(outcome).toMatchObject({ settings: { imageFormatConstraints: { minSize: size(16, 4) } } });
  });

  test("N4: required_max_size_list has no empty item", () => {
    for (const item of [size(0, 64), size(64, 0), size(0, 0)]) {
      expect(refused({ required_max_size_list: [size(64, 64), item] })).toBe("zero-required-max-size");
    }
    expect(refused({ required_max_size_list: [size(1, 1)] })).toBe("ok");
  });

  test("N5: the format's divisors, sample alignment and shortest row", () => {
    const outcome = solve(plain, picture(image("NV12", { min_size: size(33, 33), color_spaces: ["REC709"] })));
    expect(outcome).toMatchObject({
      settings: {
        imageFormatConstraints: {
          sizeAlignment: size(2, 2),
          minSize: size(34, 34),
          bytesPerRowDivisor: 2,
          startOffsetDivisor: 2,
          minBytesPerRow: 34,
        },
      },
    });
    // DO_NOT_CARE gets them when it has become a format.
    const open = offering(image("NV12", { ...smallest, pixel_format_modifier: "DO_NOT_CARE" }));
    const linear = offering(image("NV12", { pixel_format_modifier: "LINEAR", min_size: size(33, 33) }));
    expect(solve(plain, open, linear)).toMatchObject({
      settings: { imageFormatConstraints: { sizeAlignment: size(2, 2), minSize: size(34, 34) } },
    });
  });

  test("N5: rows end at whole pixels where it is required", () => {
    const divisor = (...list: [number, boolean][]): unknown => {
      const outcome = solve(
        plain,
        ...list.map(([bytes_per_row_divisor, require_bytes_per_row_at_pixel_boundary]) =>
          picture(image("B8G8R8", { bytes_per_row_divisor, require_bytes_per_row_at_pixel_boundary })),
        ),
      );
      return outcome.ok && outcome.settings.imageFormatConstraints?.bytesPerRowDivisor;
    };
    expect(divisor([32, false])).toBe(32);
    expect(divisor([32, true])).toBe(96);
    expect(divisor([32, false], [20, true])).toBe(480);
    expect(divisor([32, false], [32, false])).toBe(32);
    expect(
      code(
        solve(
          plain,
          picture(image("B8G8R8", { bytes_per_row_divisor: 2 ** 31, require_bytes_per_row_at_pixel_boundary: true })),
        ),
      ),
    ).toBe("divisor-overflow");
  });

  test.each([
    ["min_size.width", { min_size: size(MAX32, 1), size_alignment: size(2, 1) }],
    ["min_size.height", { min_size: size(1, MAX32), size_alignment: size(1, 2) }],
    ["min_bytes_per_row", { min_bytes_per_row: MAX32, bytes_per_row_divisor: 8 }],
  ])("N6: %s rounded up past 32 bits", (field, fields) => {
    expect(solve(plain, picture(image("R8", fields)))).toMatchObject({
      ok: false,
      reason: { code: "rounding-overflow", values: { field } },
    });
  });

  test("N6: the largest 32-bit numbers are numbers", () => {
    const caps = {
      ...plain,
      rules: {
        ...(plain.rules as NonNullable<typeof plain.rules>),
        maxBytesPerBuffer: 2 ** 34,
        maxBytesPerCollection: 2 ** 34,
      },
    };
    const R8 = (fields: JsonConstraints): JsonConstraints => picture(image("R8", fields));
    expect(code(solve(caps, R8({ min_size: size(MAX32, 1) })))).toBe("ok");
    expect(code(solve(caps, R8({ min_size: size(1, MAX32) })))).toBe("ok");
    expect(code(solve(caps, R8({ min_size: size(1, 1), min_bytes_per_row: MAX32 })))).toBe("ok");
    // An area of 32 bits, and one more.
    expect(code(solve(caps, R8({ min_size: size(65_535, 65_537) })))).toBe("ok");
    expect(code(solve(caps, R8({ min_size: size(65_536, 65_536) })))).toBe("area-above-max");
    expect(solve(caps, R8({ min_size: size(65_536, 65_536) }))).toMatchObject({
      reason: { values: { area: 2 ** 32, max: MAX32 } },
    });
  });

  test("N6: upper bounds are rounded down, except where there is none", () => {
    const outcome = solve(
      plain,
      picture(
        image("R8G8B8A8", {
          max_size: size(103, 105),
          size_alignment: size(16, 8),
          max_bytes_per_row: 1000,
          bytes_per_row_divisor: 64,
        }),
      ),
    );
    expect(outcome).toMatchObject({
      settings: { imageFormatConstraints: { maxSize: size(96, 104), maxBytesPerRow: 960 } },
    });
    const open = solve(plain, picture(image("R8G8B8A8", { size_alignment: size(16, 8), bytes_per_row_divisor: 64 })));
    expect(open).toMatchObject({
      settings: { imageFormatConstraints: { maxSize: size(MAX32, MAX32), maxBytesPerRow: MAX32 } },
    });
  });

  test("N7: bounds that meet are fine, and one step beyond is not", () => {
    expect(refused({ max_size: size(64, 64) })).toBe("ok");
    for (const [max_size, axis] of [
      [size(63, 64), "width"],
      [size(64, 63), "height"],
    ] as const) {
      expect(solve(plain, picture(image("R8G8B8A8", { max_size })))).toMatchObject({
        reason: { code: "min-above-max-size", values: { axis, min: 64, max: 63 } },
      });
    }
    expect(refused({ max_bytes_per_row: 256 })).toBe("ok");
    // Its own shortest row does not count where it is not possible; the combined bounds do.
    expect(refused({ min_bytes_per_row: 260, max_bytes_per_row: 259 })).toBe("min-above-max-bytes-per-row");
    expect(refused({ max_width_times_height: 4096 })).toBe("ok");
    expect(solve(plain, picture(image("R8G8B8A8", { max_width_times_height: 4095 })))).toMatchObject({
      reason: { code: "area-above-max", values: { area: 4096, max: 4095n } },
    });
    expect(refused({ start_offset_divisor: 4096 })).toBe("ok");
    expect(solve(plain, picture(image("R8G8B8A8", { start_offset_divisor: 8192 })))).toMatchObject({
      reason: { code: "start-offset-divisor", values: { value: 8192 } },
    });
    expect(code(solve({ ...plain, pageSize: 8192 }, picture(image("R8G8B8A8", { start_offset_divisor: 8192 }))))).toBe(
      "ok",
    );
  });

  test("N7: the order of the checks", () => {
    // Each entry breaks this rule and all that follow.
    const broken: JsonConstraints = {
      pixel_format: "R8G8B8A8",
      color_spaces: ["SRGB", "DO_NOT_CARE"],
      min_size: size(64, 64),
      max_size: size(63, 64),
      min_bytes_per_row: 512,
      max_bytes_per_row: 400,
      max_width_times_height: 1,
      start_offset_divisor: 12,
      required_min_size: size(1, 1),
      pad_for_block_size: size(4, 4),
    };
    const repaired: [ReasonCode, JsonConstraints][] = [
      ["no-color-space", { color_spaces: [] }],
      ["min-above-max-size", { color_spaces: ["SRGB", "DO_NOT_CARE"] }],
      ["min-above-max-bytes-per-row", { max_size: size(64, 64) }],
      ["area-above-max", { max_bytes_per_row: 512 }],
      ["start-offset-divisor", { max_width_times_height: 4096 }],
      ["color-spaces-mixed", { start_offset_divisor: 4 }],
      ["color-space-incompatible", { color_spaces: ["REC709"] }],
      ["required-min-size", { color_spaces: ["SRGB"] }],
      ["padding-unbounded", { required_min_size: size(64, 64), max_size: undefined }],
    ];
    let entry = broken;
    for (const [expected, change] of repaired) {
      entry = { ...entry, ...change };
      expect(code(solve(plain, offering(entry)))).toBe(expected);
    }
  });

  test.each([
    ["width", size(63, 64), size(64, 64)],
    ["height", size(64, 63), size(64, 64)],
  ])("N7: required_min_size is not below min_size: %s", (axis, below, equal) => {
    expect(refused({ required_min_size: equal })).toBe("ok");
    expect(solve(plain, picture(image("R8G8B8A8", { required_min_size: below })))).toMatchObject({
      reason: { code: "required-min-size", values: { axis, value: 63, min: 64 } },
    });
    const zero = { width: 64, height: 64, [axis]: 0 };
    expect(solve(plain, picture(image("R8G8B8A8", { required_min_size: zero })))).toMatchObject({
      reason: { code: "required-min-size", values: { axis, value: 0 } },
    });
  });

  test.each([
    ["width", size(97, 10), size(96, 10)],
    ["height", size(10, 97), size(10, 96)],
  ])("N7: what must fit is not above max_size: %s", (axis, above, equal) => {
    const bounded = { max_size: size(96, 96) };
    for (const field of ["required_max_size", "required_max_size_list"]) {
      const value = (one: JsonConstraints): unknown => (field === "required_max_size" ? one : [size(8, 8), one]);
      expect(refused({ ...bounded, [field]: value(equal) })).toBe("ok");
      expect(solve(plain, picture(image("R8G8B8A8", { ...bounded, [field]: value(above) })))).toMatchObject({
        reason: { code: "required-max-size", values: { axis, value: 97, max: 96 } },
      });
    }
  });

  test("N8: block padding is for linear formats of one plane", () => {
    const block = (pixel_format: string, modifier: string, width: number, height: number): ReasonCode | "ok" =>
      code(
        solve(
          plain,
          picture(
            image(pixel_format, {
              pixel_format_modifier: modifier,
              color_spaces: ["PASSTHROUGH"],
              pad_for_block_size: size(width, height),
              max_size: size(64, 64),
            }),
          ),
        ),
      );
    expect(block("R8G8B8A8", "LINEAR", 4, 4)).toBe("ok");
    expect(block("P010", "LINEAR", 4, 4)).toBe("ok");
    for (const format of ["NV12", "I420", "YUY2"]) expect(block(format, "LINEAR", 4, 4), format).toBe("padding-format");
    for (const modifier of ["INTEL_I915_X_TILED", "ARM_AFBC_16X16", "DO_NOT_CARE"]) {
      expect(block("R8G8B8A8", modifier, 4, 4), modifier).toBe("padding-format");
    }
    expect(block("DO_NOT_CARE", "LINEAR", 2, 1)).toBe("padding-format");
    // Only the width is asked for, as in the original.
    expect(block("NV12", "LINEAR", 1, 16)).toBe("ok");
  });

  test("N8: high blocks need a bound on the width, below 2^31 when all is combined", () => {
    const caps = {
      ...plain,
      rules: {
        ...(plain.rules as NonNullable<typeof plain.rules>),
        maxBytesPerBuffer: 2 ** 40,
        maxBytesPerCollection: 2 ** 40,
      },
    };
    const block = (width: number): ReasonCode | "ok" =>
      code(solve(caps, picture(image("R8", { max_size: size(width, 64), pad_for_block_size: size(4, 4) }))));
    expect(block(0x7fff_ffff)).toBe("ok");
    expect(block(0x8000_0000)).toBe("padding-unbounded");
    // Another's bound comes too late for a participant's own check.
    const bounded = picture(image("R8", { max_size: size(64, 64) }));
    const own = (width: number): JsonConstraints =>
      picture(image("R8", { max_size: size(width, 64), pad_for_block_size: size(4, 4) }));
    expect(code(solve(caps, bounded, own(0xffff_fffe)))).toBe("ok");
    expect(code(solve(caps, bounded, own(MAX32)))).toBe("padding-unbounded");
  });
});

describe("2.4.3, 2.4.4 DO_NOT_CARE", () => {
  const any = { color_spaces: ["DO_NOT_CARE"], ...smallest };

  test("one participant names a pair once, and none that its others could stand for", () => {
    const distinct = (...pairs: [string, string][]): string =>
      chosen(
        solve(
          plain,
          offering(
            ...pairs.map(([pixel_format, pixel_format_modifier]) => ({ pixel_format, pixel_format_modifier, ...any })),
          ),
          offering(pair("R8G8B8A8", "LINEAR")),
        ),
      );
    expect(distinct(["R8G8B8A8", "LINEAR"], ["R8G8B8A8", "LINEAR"])).toBe("duplicate-format");
    expect(distinct(["R8G8B8A8", "DO_NOT_CARE"], ["R8G8B8A8", "DO_NOT_CARE"])).toBe("duplicate-format");
    expect(distinct(["R8G8B8A8", "LINEAR"], ["R8G8B8A8", "DO_NOT_CARE"])).toBe("combineable-formats");
    expect(distinct(["DO_NOT_CARE", "LINEAR"], ["R8G8B8A8", "LINEAR"])).toBe("combineable-formats");
    expect(distinct(["DO_NOT_CARE", "LINEAR"], ["R8G8B8A8", "DO_NOT_CARE"])).toBe("combineable-formats");
    expect(distinct(["DO_NOT_CARE", "DO_NOT_CARE"], ["R8G8B8A8", "LINEAR"])).toBe("combineable-formats");
    expect(distinct(["DO_NOT_CARE", "DO_NOT_CARE"], ["DO_NOT_CARE", "LINEAR"])).toBe("combineable-formats");
    // What they would make together does not exist, so that neither stands for the other.
    expect(distinct(["R8G8B8A8", "LINEAR"], ["DO_NOT_CARE", "INTEL_I915_X_TILED"])).toBe("R8G8B8A8 LINEAR SRGB");
    expect(distinct(["I420", "DO_NOT_CARE"], ["DO_NOT_CARE", "INTEL_I915_X_TILED"], ["R8G8B8A8", "LINEAR"])).toBe(
      "R8G8B8A8 LINEAR SRGB",
    );
    expect(distinct(["R8G8B8A8", "DO_NOT_CARE"], ["B8G8R8A8", "LINEAR"])).toBe("R8G8B8A8 LINEAR SRGB");
  });

  test("formats that no table knows make nothing with anything", () => {
    const unknown = (pixel_format: unknown, pixel_format_modifier: unknown): JsonConstraints =>
      offering({ pixel_format, pixel_format_modifier, ...any });
    const open = unknown("DO_NOT_CARE", "LINEAR");
    const modifier = unknown("R8G8B8A8", "DO_NOT_CARE");
    expect(chosen(solve(plain, unknown(7777, "DO_NOT_CARE"), open))).toBe("no-common-format");
    expect(chosen(solve(plain, unknown("MJPEG", "DO_NOT_CARE"), open))).toBe("no-common-format");
    expect(chosen(solve(plain, unknown("DO_NOT_CARE", "7777"), modifier))).toBe("no-common-format");
    // Open against open stays open.
    expect(chosen(solve(plain, unknown(7777, "DO_NOT_CARE"), unknown("DO_NOT_CARE", "DO_NOT_CARE")))).toBe(
      "no-specific-format",
    );
    expect(chosen(solve(plain, unknown("DO_NOT_CARE", "7777"), unknown("DO_NOT_CARE", "DO_NOT_CARE")))).toBe(
      "no-specific-format",
    );
    expect(chosen(solve(plain, unknown(7777, "DO_NOT_CARE"), unknown(7777, "DO_NOT_CARE")))).toBe("no-specific-format");
    expect(chosen(solve(plain, unknown(7777, "DO_NOT_CARE"), unknown(7778, "DO_NOT_CARE")))).toBe("no-common-format");
    expect(chosen(solve(plain, unknown("DO_NOT_CARE", "7777"), unknown("DO_NOT_CARE", "7778")))).toBe(
      "no-common-format",
    );
  });

  test("both halves of a pair may come from different participants", () => {
    const half = (pixel_format: string, modifier: string): JsonConstraints =>
      offering({ pixel_format, pixel_format_modifier: modifier, ...any });
    const named = (a: JsonConstraints, b: JsonConstraints, c: JsonConstraints): string[] => [
      chosen(solve(plain, a, b, c)),
      chosen(solve(plain, c, b, a)),
    ];
    const colored = offering({ ...any, pixel_format: "DO_NOT_CARE", color_spaces: ["SRGB", "REC709"] });
    expect(named(half("R8G8B8A8", "DO_NOT_CARE"), half("DO_NOT_CARE", "INTEL_I915_X_TILED"), colored)).toEqual([
      "R8G8B8A8 INTEL_I915_X_TILED SRGB",
      "R8G8B8A8 INTEL_I915_X_TILED SRGB",
    ]);
    expect(named(half("NV12", "DO_NOT_CARE"), half("DO_NOT_CARE", "LINEAR"), colored)).toEqual([
      "NV12 LINEAR REC709",
      "NV12 LINEAR REC709",
    ]);
  });

  test("color spaces that do not fit are dropped from what DO_NOT_CARE becomes, and with the last of them the format", () => {
    const specific = offering(pair("R8G8B8A8", "LINEAR", { color_spaces: ["PASSTHROUGH", "SRGB"] }));
    const open = (...color_spaces: string[]): JsonConstraints =>
      offering({ ...any, pixel_format: "DO_NOT_CARE", color_spaces });
    expect(chosen(solve(plain, specific, open("REC709", "SRGB")))).toBe("R8G8B8A8 LINEAR SRGB");
    expect(chosen(solve(plain, open("REC709", "SRGB"), specific))).toBe("R8G8B8A8 LINEAR SRGB");
    expect(chosen(solve(plain, specific, open("REC709")))).toBe("no-common-format");
    expect(chosen(solve(plain, specific, open("DO_NOT_CARE")))).toBe("R8G8B8A8 LINEAR SRGB");
    const either = offering(
      pair("R8G8B8A8", "LINEAR", { color_spaces: ["DO_NOT_CARE"] }),
      pair("NV12", "LINEAR", { color_spaces: ["DO_NOT_CARE"] }),
    );
    expect(chosen(solve(plain, either, open("REC709")))).toBe("NV12 LINEAR REC709");
    expect(chosen(solve(plain, open("REC709"), either))).toBe("NV12 LINEAR REC709");
    // Said of a specific format it fails everything, even where another format would do.
    const wrong = offering(pair("R8G8B8A8", "LINEAR"), pair("NV12", "LINEAR", { color_spaces: ["REC709", "SRGB"] }));
    expect(chosen(solve(plain, specific, wrong))).toBe("color-space-incompatible");
  });

  test("one that stands for several takes part in each with its own demands", () => {
    const several = offering(pair("R8G8B8A8", "LINEAR"), pair("B8G8R8A8", "LINEAR", { bytes_per_row_divisor: 64 }));
    const open = offering({ ...any, pixel_format: "DO_NOT_CARE", bytes_per_row_divisor: 24 });
    const only = (format: string): unknown => {
      const outcome = solve(plain, several, open, offering(pair(format, "LINEAR")));
      return outcome.ok && outcome.settings.imageFormatConstraints?.bytesPerRowDivisor;
    };
    expect(only("R8G8B8A8")).toBe(24);
    expect(only("B8G8R8A8")).toBe(192);
  });

  test("what is left of an unfinished list is dropped at the end, and only then is it missing", () => {
    const half = { ...any, pixel_format: "NV12", pixel_format_modifier: "DO_NOT_CARE" };
    const mixed = offering(half, pair("R8G8B8A8", "LINEAR"));
    expect(chosen(solve(plain, mixed))).toBe("R8G8B8A8 LINEAR SRGB");
    expect(chosen(solve(plain, mixed, mixed))).toBe("R8G8B8A8 LINEAR SRGB");
    expect(chosen(solve(plain, offering(half)))).toBe("no-specific-format");
    const colorless = offering(pair("I420", "LINEAR", { color_spaces: ["DO_NOT_CARE"] }), pair("R8G8B8A8", "LINEAR"));
    expect(chosen(solve(plain, colorless))).toBe("R8G8B8A8 LINEAR SRGB");
    expect(chosen(solve(plain, offering(pair("I420", "LINEAR", { color_spaces: ["DO_NOT_CARE"] }))))).toBe(
      "no-specific-color-space",
    );
  });
});

describe("2.4.4 how many formats DO_NOT_CARE may stand for", () => {
  const others = allModifiers()
    .filter(({ family }) => family !== "linear")
    .flatMap((modifier) =>
      allPixelFormats()
        .filter((format) => isPairSupported(format, modifier))
        .map((format) => ({ pixel_format: format.value, pixel_format_modifier: String(modifier.value) })),
    );
  const some = { color_spaces: ["PASSTHROUGH"], ...smallest };
  const lists = (pairs: readonly object[]): JsonConstraints[] =>
    Array.from({ length: Math.ceil(pairs.length / 64) }, (_, at) => ({
      ...some,
      pixel_format_and_modifiers: pairs.slice(64 * at, 64 * at + 64),
    }));
  const linear = allPixelFormats().map(({ value }) => ({ pixel_format: value, pixel_format_modifier: "LINEAR" }));
  const open = { ...some, pixel_format: "DO_NOT_CARE", pixel_format_modifier: "LINEAR" };

  test("the copies and what is left beside them are fewer than 512, on either side", () => {
    const beside = (count: number): JsonConstraints => offering(open, ...lists(others.slice(0, count)));
    const all = offering(...lists(linear));
    const room = MAX_DO_NOT_CARE_FAN_OUT - linear.length;
    for (const [count, expected] of [
      [room - 1, "ok"],
      [room, "fan-out-limit"],
    ] as const) {
      expect(code(solve(plain, beside(count), all))).toBe(expected);
      expect(code(solve(plain, all, beside(count)))).toBe(expected);
    }
    const outcome = solve(plain, beside(room), all);
    expect(outcome.ok ? "" : describeReason(outcome.reason)).toBe("DO_NOT_CARE stands for more than 511 image formats");
  });
});

describe("3.2 pairs", () => {
  test("exactly the pairs of the tables can be had", () => {
    const modifiers = allModifiers().filter(({ family, value }) => family !== "afbc" || value < 0x0800_0000_0000_0003n);
    for (const format of allPixelFormats()) {
      for (const modifier of modifiers) {
        const entry = {
          pixel_format: format.value,
          pixel_format_modifier: String(modifier.value),
          color_spaces: ["PASSTHROUGH"],
        };
        const expected = isPairSupported(format, modifier) ? "ok" : "unsupported-format";
        expect(code(solve(plain, picture(entry))), `${format.name} ${modifierName(modifier.value)}`).toBe(expected);
      }
    }
  });
});

describe("3.4 color spaces", () => {
  const spaces = Object.entries(ColorSpace).filter(([name]) => name !== "INVALID" && name !== "DO_NOT_CARE");

  test("each pixel format takes its own and PASSTHROUGH, and no other", () => {
    for (const format of allPixelFormats()) {
      for (const [name, value] of spaces) {
        const outcome = solve(plain, offering({ ...smallest, pixel_format: format.value, color_spaces: [name] }));
        const expected = isColorSpaceCompatible(value, format)
          ? `${format.name} LINEAR ${name}`
          : "color-space-incompatible";
        expect(chosen(outcome)).toBe(expected);
      }
      for (const wrong of ["INVALID", 4711]) {
        const outcome = solve(plain, offering({ ...smallest, pixel_format: format.value, color_spaces: [wrong] }));
        expect(chosen(outcome)).toBe("color-space-incompatible");
      }
    }
  });

  test("of several the one that ranks first, wherever it stands in the list; the same one twice is no mistake", () => {
    const ranked = [
      "REC709",
      "REC601_PAL_FULL_RANGE",
      "REC601_PAL",
      "REC601_NTSC_FULL_RANGE",
      "REC601_NTSC",
      "PASSTHROUGH",
    ];
    for (let from = 0; from < ranked.length; from++) {
      const list = ranked.slice(from);
      const best = `NV12 LINEAR ${list[0]}`;
      for (const order of [list, list.toReversed(), [...list, ...list]]) {
        expect(chosen(solve(plain, offering(image("NV12", { ...smallest, color_spaces: order }))))).toBe(best);
      }
    }
    const hdr = ["REC2100", "REC2020", "REC709", "PASSTHROUGH"];
    expect(chosen(solve(plain, offering(image("P010", { ...smallest, color_spaces: hdr.toReversed() }))))).toBe(
      "P010 LINEAR REC2100",
    );
    expect(
      chosen(solve(plain, offering(image("P010", { ...smallest, color_spaces: hdr.slice(1).toReversed() })))),
    ).toBe("P010 LINEAR REC2020");
  });

  test("DO_NOT_CARE stands alone", () => {
    for (const color_spaces of [
      ["DO_NOT_CARE", "SRGB"],
      ["SRGB", "DO_NOT_CARE"],
      ["DO_NOT_CARE", "DO_NOT_CARE"],
    ]) {
      expect(chosen(solve(plain, offering(pair("R8G8B8A8", "LINEAR", { color_spaces }))))).toBe("color-spaces-mixed");
      expect(chosen(solve(plain, offering(pair("R8G8B8A8", "DO_NOT_CARE", { color_spaces }))))).toBe(
        "color-spaces-mixed",
      );
    }
  });

  test("without a common one the format is impossible", () => {
    const nv12 = (...color_spaces: string[]): JsonConstraints => offering(image("NV12", { ...smallest, color_spaces }));
    expect(chosen(solve(plain, nv12("REC709", "REC601_PAL"), nv12("REC601_NTSC")))).toBe("no-common-format");
    expect(chosen(solve(plain, nv12("REC709", "REC601_PAL"), nv12("REC601_NTSC", "REC601_PAL")))).toBe(
      "NV12 LINEAR REC601_PAL",
    );
  });
});

describe("4 the choice", () => {
  const both = (usage: JsonConstraints): JsonConstraints => ({
    ...offering(pair("R8G8B8A8", "LINEAR"), pair("R8G8B8A8", "ARM_AFBC_16X16_TE"), pair("R8G8B8A8", "ARM_AFBC_16X16")),
    usage,
  });

  test("the lowest cost, and without costs the smaller pixel format, then the smaller modifier, in any order", () => {
    const formats = [pair("B8G8R8A8", "LINEAR"), pair("R8G8B8A8", "ARM_AFBC_32X8"), pair("R8G8B8A8", "ARM_AFBC_16X16")];
    for (const list of [formats, formats.toReversed(), [formats[1], formats[0], formats[2]] as JsonConstraints[]]) {
      expect(chosen(solve(plain, offering(...list)))).toBe("R8G8B8A8 ARM_AFBC_16X16 SRGB");
      expect(chosen(solve({ ...plain, costs: costs("arm_mali") }, offering(...list)))).toBe(
        "R8G8B8A8 ARM_AFBC_16X16 SRGB",
      );
    }
    expect(chosen(solve({ ...plain, costs: costs("arm_mali") }, both({ vulkan: 1 })))).toBe(
      "R8G8B8A8 ARM_AFBC_16X16_TE SRGB",
    );
    expect(chosen(solve(plain, both({ vulkan: 1 })))).toBe("R8G8B8A8 LINEAR SRGB");
  });

  test("secure memory leaves out transaction elimination before costs are looked at", () => {
    const secure = raw(1, { usage: { video: 1 }, buffer_memory_constraints: { secure_required: true } });
    const environment = { ...withSecure, costs: costs("arm_mali") };
    expect(chosen(solve(environment, both({ vulkan: 1 }), secure))).toBe("R8G8B8A8 ARM_AFBC_16X16 SRGB");
  });

  test("whether it fits is looked at afterwards, and no other is tried then", () => {
    const formats = offering(
      pair("R8G8B8A8", "LINEAR", { min_size: size(64, 64) }),
      pair("R8", "LINEAR", { min_size: size(64, 64) }),
    );
    const narrow = raw(1, { usage: { vulkan: 1 }, buffer_memory_constraints: { max_size_bytes: 8192 } });
    expect(chosen(solve(plain, formats, narrow))).toBe("image-above-max-size-bytes");
  });
});
