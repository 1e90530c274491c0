/** What one image format of one participant must obey, and what its fields do to one another: N1 to N8 of section 2.4.2. */
import { describe, expect, test } from "vitest";
import { type Environment, type ReasonCode } from "#negotiate";
import { code, image, type JsonConstraints, picture, plain, solve } from "./support.ts";

const MAX32 = 0xffff_ffff;
const size = (width: number, height: number): { width: number; height: number } => ({ width, height });
/** Where only 32 bits are in the way. */
const caps: Environment = {
  ...plain,
  rules: { maxBytesPerBuffer: 2 ** 40, maxBytesPerCollection: 2 ** 40 },
};
const offering = (...formats: JsonConstraints[]): JsonConstraints => ({
  usage: { vulkan: 4 },
  min_buffer_count: 1,
  image_format_constraints: formats,
});
const smallest = { min_size: size(8, 8) };

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
