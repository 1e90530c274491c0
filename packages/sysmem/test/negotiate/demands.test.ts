/** Constraints taken apart: each demand by its field, in words, on its own, and taken out. */
import { describe, expect, test } from "vitest";
import { toJson } from "#fidl";
import { BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import { demandsOf, restrict, type Subject } from "../../src/negotiate/explain/demands.ts";
import { changeText, demandText, plainSetting, plainValue, withoutText } from "../../src/negotiate/explain/words.ts";
import { constraints, type JsonConstraints } from "./support.ts";

const size = (width: number, height: number): { width: number; height: number } => ({ width, height });

/** Everything that can be demanded. */
const EVERYTHING: JsonConstraints = {
  usage: { cpu: 5, display: 1 },
  min_buffer_count_for_camping: 1,
  min_buffer_count_for_dedicated_slack: 2,
  min_buffer_count_for_shared_slack: 3,
  min_buffer_count: 4,
  max_buffer_count: 5,
  buffer_memory_constraints: {
    min_size_bytes: 1,
    max_size_bytes: 1000,
    physically_contiguous_required: true,
    secure_required: true,
    cpu_domain_supported: false,
    ram_domain_supported: false,
    inaccessible_domain_supported: false,
    permitted_heaps: [{ heap_type: "a" }, { heap_type: "b", id: 7 }],
    min_physical_base_alignment: 4096,
  },
  image_format_constraints: [
    {
      pixel_format: "NV12",
      pixel_format_and_modifiers: [{ pixel_format: "R8G8B8A8", pixel_format_modifier: "INTEL_I915_X_TILED" }],
      color_spaces: ["REC709", "REC601_PAL"],
      min_size: size(1, 2),
      max_size: size(300, 400),
      min_bytes_per_row: 5,
      max_bytes_per_row: 600,
      max_width_times_height: 700,
      size_alignment: size(8, 16),
      display_rect_alignment: size(2, 4),
      required_min_size: size(9, 10),
      required_max_size: size(11, 12),
      required_max_size_list: [size(13, 14), size(15, 16)],
      bytes_per_row_divisor: 17,
      start_offset_divisor: 32,
      require_bytes_per_row_at_pixel_boundary: true,
      is_alpha_present: true,
      pad_for_block_size: size(64, 128),
      pad_beyond_image_size_bytes: 18,
    },
  ],
};

/** Field, how it is eased, what it asks for ("requires …"), what takes it back: by default "does not require" the same. */
const DEMANDS: [field: string, easing: string, text: string, without?: string][] = [
  ["usage", "drop", "cpu READ|WRITE, display LAYER usage"],
  ["min_buffer_count_for_camping", "lower", "1 buffer to hold at a time (min_buffer_count_for_camping)"],
  [
    "min_buffer_count_for_dedicated_slack",
    "lower",
    "2 buffers of slack of its own (min_buffer_count_for_dedicated_slack)",
  ],
  ["min_buffer_count_for_shared_slack", "lower", "3 buffers of shared slack (min_buffer_count_for_shared_slack)"],
  ["min_buffer_count", "lower", "at least 4 buffers (min_buffer_count)"],
  ["max_buffer_count", "raise", "at most 5 buffers (max_buffer_count)", "does not limit the number of buffers"],
  ["M.min_size_bytes", "lower", "at least 1 byte a buffer (min_size_bytes)"],
  ["M.max_size_bytes", "raise", "at most 1000 bytes a buffer (max_size_bytes)", "does not limit the size of buffers"],
  ["M.min_physical_base_alignment", "drop", "physical addresses divisible by 4096 (min_physical_base_alignment)"],
  ["M.physically_contiguous_required", "drop", "physically contiguous memory (physically_contiguous_required)"],
  ["M.secure_required", "drop", "secure memory (secure_required)"],
  [
    "M.cpu_domain_supported",
    "drop",
    "the CPU domain to be left out (cpu_domain_supported false)",
    "supports the CPU domain",
  ],
  [
    "M.ram_domain_supported",
    "drop",
    "the RAM domain to be left out (ram_domain_supported false)",
    "supports the RAM domain",
  ],
  [
    "M.inaccessible_domain_supported",
    "drop",
    "the INACCESSIBLE domain to be left out (inaccessible_domain_supported false)",
    "supports the INACCESSIBLE domain",
  ],
  ["M.permitted_heaps", "extend", "heap a or b 7 (permitted_heaps)", "permits any heap"],
  ["image_format_constraints", "extend", "pixel format R8G8B8A8 INTEL_I915_X_TILED or NV12 LINEAR"],
  ["I.color_spaces", "extend", "color space REC709 or REC601_PAL", "accepts any color space"],
  ["I.min_bytes_per_row", "lower", "bytes_per_row of at least 5"],
  ["I.max_bytes_per_row", "raise", "bytes_per_row of at most 600", "does not limit bytes_per_row"],
  [
    "I.max_width_times_height",
    "raise",
    "at most 700 pixels (max_width_times_height)",
    "does not limit the number of pixels",
  ],
  ["I.bytes_per_row_divisor", "divide", "bytes_per_row divisible by 17"],
  ["I.start_offset_divisor", "halve", "a start offset divisible by 32 (start_offset_divisor)"],
  [
    "I.require_bytes_per_row_at_pixel_boundary",
    "drop",
    "rows that end at whole pixels (require_bytes_per_row_at_pixel_boundary)",
  ],
  ["I.is_alpha_present", "drop", "alpha to be present", "does not say whether alpha is present"],
  ["I.pad_beyond_image_size_bytes", "lower", "18 bytes of padding behind the image (pad_beyond_image_size_bytes)"],
  ["I.min_size.width", "lower", "a width of at least 1 (min_size)"],
  ["I.min_size.height", "lower", "a height of at least 2 (min_size)"],
  ["I.max_size.width", "raise", "a width of at most 300 (max_size)", "does not limit the width"],
  ["I.max_size.height", "raise", "a height of at most 400 (max_size)", "does not limit the height"],
  ["I.size_alignment.width", "halve", "a width divisible by 8 (size_alignment)"],
  ["I.size_alignment.height", "halve", "a height divisible by 16 (size_alignment)"],
  ["I.display_rect_alignment.width", "halve", "a display rectangle divisible by 2 in width (display_rect_alignment)"],
  ["I.display_rect_alignment.height", "halve", "a display rectangle divisible by 4 in height (display_rect_alignment)"],
  ["I.required_min_size.width", "raise", "images with a width of 9 to be allowed (required_min_size)"],
  ["I.required_min_size.height", "raise", "images with a height of 10 to be allowed (required_min_size)"],
  ["I.required_max_size.width", "lower", "images with a width of 11 to fit (required_max_size)"],
  ["I.required_max_size.height", "lower", "images with a height of 12 to fit (required_max_size)"],
  ["I.pad_for_block_size.width", "halve", "padding to blocks 64 wide (pad_for_block_size)"],
  ["I.pad_for_block_size.height", "halve", "padding to blocks 128 high (pad_for_block_size)"],
  ["I.required_max_size_list[0]", "shrink", "images of 13x14 to fit (required_max_size_list)"],
  ["I.required_max_size_list[1]", "shrink", "images of 15x16 to fit (required_max_size_list)"],
];

const whole = (field: string): string =>
  field.replace(/^M\./, "buffer_memory_constraints.").replace(/^I\./, "image_format_constraints[0].");

/** The value at a FIDL path. */
function at(json: unknown, field: string): unknown {
  let value = json;
  for (const part of field.split(/[.[\]]+/))
    if (part !== "") value = (value as Record<string, unknown> | undefined)?.[part];
  return value;
}

describe("demands", () => {
  const subject: Subject = { name: "everything", constraints: constraints(EVERYTHING) };
  const demands = demandsOf(subject, 3);
  const formats = demands.find(({ what }) => what === "image_format_constraints");
  const jsonOf = (draft: object): unknown => toJson(BufferCollectionConstraints, draft);

  test("every field is one, with its way of easing and its words; each side of a size is one of its own", () => {
    const found = demands.map((demand) => [
      demand.field,
      demand.easing,
      demandText(subject, demand),
      withoutText(subject, demand),
    ]);
    expect(found).toEqual(
      DEMANDS.map(([field, easing, text, without = `does not require ${text}`]) => [
        whole(field),
        easing,
        text,
        without,
      ]),
    );
    expect(new Set(demands.map(({ participant }) => participant))).toEqual(new Set([3]));
  });

  test("what demands nothing is none", () => {
    const nothing: JsonConstraints = {
      min_buffer_count_for_camping: 0,
      min_buffer_count_for_dedicated_slack: 0,
      min_buffer_count_for_shared_slack: 0,
      min_buffer_count: 0,
      max_buffer_count: 0xffff_ffff,
      buffer_memory_constraints: {
        min_size_bytes: 0,
        max_size_bytes: "18446744073709551615",
        physically_contiguous_required: false,
        secure_required: false,
        cpu_domain_supported: true,
        ram_domain_supported: true,
        inaccessible_domain_supported: true,
      },
      image_format_constraints: [
        {
          pixel_format: "NV12",
          color_spaces: ["DO_NOT_CARE"],
          min_size: size(0, 0),
          max_size: size(0xffff_ffff, 0xffff_ffff),
          min_bytes_per_row: 0,
          max_bytes_per_row: 0xffff_ffff,
          max_width_times_height: "18446744073709551615",
          size_alignment: size(1, 1),
          display_rect_alignment: size(1, 1),
          required_min_size: size(0xffff_ffff, 0xffff_ffff),
          required_max_size: size(0, 0),
          required_max_size_list: [],
          bytes_per_row_divisor: 1,
          start_offset_divisor: 1,
          require_bytes_per_row_at_pixel_boundary: false,
          pad_for_block_size: size(1, 1),
          pad_beyond_image_size_bytes: 0,
        },
      ],
    };
    const own = demandsOf({ name: "modest", constraints: constraints(nothing) }, 0);
    expect(own.map(({ field }) => field)).toEqual(["image_format_constraints"]);
    expect(demandsOf({ name: "silent", constraints: {} }, 0)).toEqual([]);
  });

  test.each(DEMANDS.map(([field]) => whole(field)))("%s alone is that field and no other", (field) => {
    const demand = demands.find((one) => one.field === field);
    if (demand === undefined || formats === undefined) throw new TypeError(field);
    const isFormat = demand.format !== undefined;
    const json = jsonOf(restrict(subject, isFormat ? [demand, formats] : [demand]));
    const place = field.replace(/_list\[\d\]$/, "_list[0]");
    // A size is given as a whole.
    const expected = demand === formats ? undefined : at(jsonOf(subject.constraints), field);
    if (demand !== formats) expect(at(json, place)).toEqual(expected);
    const others = DEMANDS.map(([one]) => whole(one)).filter((one) => one !== field && !one.startsWith(`${field}[`));
    for (const other of others) {
      if (other === "image_format_constraints") continue;
      if (other.endsWith(".color_spaces")) {
        // Formats without demands on their colors take any.
        if (isFormat || demand === formats) expect(at(json, other)).toEqual(["DO_NOT_CARE"]);
        continue;
      }
      if (other.replace(/_list\[\d\]$/, "_list[0]") === place) continue;
      const neighbour = at(json, other);
      const isSameSize = other.replace(/\.(width|height)$/, "") === field.replace(/\.(width|height)$/, "");
      if (!isSameSize) expect(neighbour, other).toBeUndefined();
      else
        expect(
          demandsOf({ name: "", constraints: constraints(json as JsonConstraints) }, 0).map((one) => one.field),
        ).not.toContain(other);
    }
    // Taken out again nothing is left of it.
    const draft = restrict(subject, isFormat ? [demand, formats] : [demand]);
    demand.set(draft, undefined);
    const left = demandsOf({ name: "", constraints: draft }, 0).map((one) => one.field);
    expect(left).toEqual(isFormat ? ["image_format_constraints"] : []);
  });

  test("all together are the constraints again, with formats by their whole names", () => {
    const json = jsonOf(restrict(subject, demands)) as JsonConstraints;
    const [format] = EVERYTHING.image_format_constraints as JsonConstraints[];
    expect(constraints(json)).toEqual(
      constraints({ ...EVERYTHING, image_format_constraints: [{ ...format, pixel_format_modifier: "LINEAR" }] }),
    );
  });

  test("domains that are supported in spite of the usage stay: leaving a demand out never asks for more", () => {
    const open: JsonConstraints = {
      usage: { cpu: 1 },
      buffer_memory_constraints: {
        cpu_domain_supported: true,
        ram_domain_supported: true,
        inaccessible_domain_supported: true,
        min_size_bytes: 9,
      },
    };
    const own: Subject = { name: "open", constraints: constraints(open) };
    expect(jsonOf(restrict(own, []))).toEqual({
      buffer_memory_constraints: {
        cpu_domain_supported: true,
        ram_domain_supported: true,
        inaccessible_domain_supported: true,
      },
    });
    expect(restrict({ name: "silent", constraints: {} }, [])).toEqual({});
  });

  test("values as JSON has them", () => {
    const value = (what: string): unknown => {
      const demand = demands.find((one) => one.what === what);
      return demand && plainValue(subject, demand);
    };
    expect(value("usage")).toEqual({ cpu: 5, display: 1 });
    expect(value("min_size_bytes")).toBe("1");
    expect(value("min_size.width")).toBe(1);
    expect(value("permitted_heaps")).toEqual([{ heap_type: "a" }, { heap_type: "b", id: "7" }]);
    expect(value("color_spaces")).toEqual(["REC709", "REC601_PAL"]);
    expect(value("required_max_size_list")).toEqual({ width: 13, height: 14 });
    expect(value("image_format_constraints")).toEqual([
      { pixel_format: "R8G8B8A8", pixel_format_modifier: "INTEL_I915_X_TILED" },
      { pixel_format: "NV12", pixel_format_modifier: "LINEAR" },
    ]);
  });

  test("formats with one more, and with one less, as JSON and in words", () => {
    if (formats === undefined) throw new TypeError("no formats");
    const tiled = { pixelFormat: 1, pixelFormatModifier: 0x0100_0000_0000_0001n } as const;
    const also = { also: { pixelFormat: 101, pixelFormatModifier: 0n } };
    const names = (value: object): unknown => plainValue(subject, formats, value);
    const [first, second] = [
      { pixel_format: "R8G8B8A8", pixel_format_modifier: "INTEL_I915_X_TILED" },
      { pixel_format: "NV12", pixel_format_modifier: "LINEAR" },
    ];
    expect(names(also)).toEqual([first, second, { pixel_format: "B8G8R8A8", pixel_format_modifier: "LINEAR" }]);
    expect(names({ without: tiled })).toEqual([second]);
    expect(names({ without: { pixelFormat: 104, pixelFormatModifier: 0n } })).toEqual([first]);
    expect(names({ without: { pixelFormat: 104, pixelFormatModifier: 1n } })).toEqual([first, second]);
    expect(changeText(formats, also)).toBe("also offers pixel format B8G8R8A8 LINEAR");
    expect(changeText(formats, { without: tiled })).toBe("does not offer pixel format R8G8B8A8 INTEL_I915_X_TILED");
    expect(changeText(formats, {})).toBeUndefined();
    const heaps = demands.find(({ what }) => what === "permitted_heaps");
    expect(heaps && changeText(heaps, [{ heapType: "a" }, { heapType: "b" }, { heapType: "c", id: 3n }])).toBe(
      "also permits heap c 3",
    );
  });

  test.each<[string, unknown, unknown]>([
    ["buffer_count", 3, 3],
    ["image_format_constraints.pixel_format", 104, "NV12"],
    ["image_format_constraints.pixel_format", 4711, "4711"],
    ["image_format_constraints.pixel_format", undefined, "un-set"],
    ["image_format_constraints.pixel_format_modifier", 0n, "LINEAR"],
    ["image_format_constraints.pixel_format_modifier", undefined, "un-set"],
    ["image_format_constraints.max_width_times_height", 7n, "7"],
    ["image_format_constraints.color_spaces", [6, 9], ["REC709", "PASSTHROUGH"]],
    ["image_format_constraints.color_spaces", undefined, "un-set"],
    ["image_format_constraints.required_max_size_list", [size(1, 2)], [size(1, 2)]],
    ["buffer_settings.coherency_domain", 0, "CPU"],
    ["buffer_settings.coherency_domain", 1, "RAM"],
    ["buffer_settings.coherency_domain", 2, "INACCESSIBLE"],
    ["buffer_settings.coherency_domain", 9, 9],
    ["buffer_settings.is_secure", false, false],
    ["buffer_settings.heap", { heapType: "a", id: 7n }, { heap_type: "a", id: "7" }],
    ["buffer_settings.heap", { heapType: "a", id: undefined }, { heap_type: "a" }],
    ["image_format_constraints", null, "un-set"],
  ])("setting %s (%#)", (setting, value, expected) => {
    expect(plainSetting(setting, value)).toEqual(expected);
  });

  test("CPU usage says that it leaves one domain only where nothing is said of the others", () => {
    const text = (fields: JsonConstraints | undefined, usage: JsonConstraints = { cpu: 1 }): string | undefined => {
      const own: Subject = { name: "p", constraints: constraints({ usage, buffer_memory_constraints: fields }) };
      return demandsOf(own, 0).map((demand) => demandText(own, demand))[0];
    };
    expect(text(undefined)).toBe("cpu READ usage (leaves only the CPU domain)");
    expect(text({ cpu_domain_supported: true })).toBe("cpu READ usage (leaves only the CPU domain)");
    expect(text({ ram_domain_supported: true })).toBe("cpu READ usage");
    expect(text({ inaccessible_domain_supported: true })).toBe("cpu READ usage");
    expect(text(undefined, { video: 1 })).toBe("video HW_DECODER usage");
    expect(text(undefined, { cpu: 0, video: 1 })).toBe("video HW_DECODER usage");
  });

  test("six names are listed, more are counted", () => {
    const heaps = ["a", "b", "c", "d", "e", "f"].map((heap_type) => ({ heap_type }));
    const text = (permitted_heaps: object[]): string | undefined => {
      const own: Subject = { name: "p", constraints: constraints({ buffer_memory_constraints: { permitted_heaps } }) };
      return demandsOf(own, 0).map((demand) => demandText(own, demand))[0];
    };
    expect(text(heaps)).toBe("heap a or b or c or d or e or f (permitted_heaps)");
    expect(text([...heaps, { heap_type: "g" }])).toBe("heap a or b or c or d or e or f or 1 more (permitted_heaps)");
  });

  test("alpha that is to be absent, CPU usage that speaks of no other domain, and more names than fit a sentence", () => {
    const names = ["R8G8B8A8", "B8G8R8A8", "R8G8B8", "B8G8R8", "R5G6B5", "R8", "L8", "R8G8"];
    const own: Subject = {
      name: "many",
      constraints: constraints({
        usage: { cpu: 1 },
        image_format_constraints: names.map((pixel_format) => ({
          pixel_format,
          color_spaces: ["SRGB"],
          is_alpha_present: false,
        })),
      }),
    };
    const texts = demandsOf(own, 0).map((demand) => demandText(own, demand));
    expect(texts).toContain("cpu READ usage (leaves only the CPU domain)");
    expect(texts).toContain("alpha to be absent");
    expect(texts).toContain(
      "pixel format R8G8B8A8 LINEAR or B8G8R8A8 LINEAR or R8G8B8 LINEAR or B8G8R8 LINEAR or R5G6B5 LINEAR or R8 LINEAR or 2 more",
    );
  });
});
