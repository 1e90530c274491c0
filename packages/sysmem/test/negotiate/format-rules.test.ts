/** Rules on image formats: which are meant, what DO_NOT_CARE stands for, which of several is chosen (sections 2.4, 3, 4). */
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
} from "#negotiate";
import { code, costs, image, type JsonConstraints, picture, plain, raw, solve, withSecure } from "./support.ts";

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
