/** Rules on sizes: rows, images, padding, what a VMO takes (sections 3.5, 5.4, 5.5). */
import { describe, expect, test } from "vitest";
import { describeReason, type Environment, type Outcome, type ReasonCode } from "#negotiate";
import { code, image, type JsonConstraints, picture, plain, raw, solve } from "./support.ts";

const size = (width: number, height: number): { width: number; height: number } => ({ width, height });
const exactly = (width: number, height: number): JsonConstraints => ({
  min_size: size(width, height),
  max_size: size(width, height),
});

/** `size_bytes/raw_vmo_size`, or why there is none. */
function bytesOf(outcome: Outcome): string {
  if (!outcome.ok) return outcome.reason.code;
  const { sizeBytes, rawVmoSize } = outcome.settings.bufferSettings;
  return `${sizeBytes}/${rawVmoSize}`;
}

const bytes = (format: string, fields: JsonConstraints, ...others: JsonConstraints[]): string =>
  bytesOf(solve(plain, picture(image(format, fields)), ...others));
const bounded = (max_size_bytes: number): JsonConstraints => ({
  usage: { cpu: 1 },
  buffer_memory_constraints: { max_size_bytes },
});

describe("5.4 size_bytes", () => {
  test("is the largest of min_size_bytes, the smallest image and those that must fit", () => {
    const R8 = { min_size: size(10, 10) };
    expect(bytes("R8", R8)).toBe("100/4096");
    expect(bytes("R8", R8, raw(99))).toBe("100/4096");
    expect(bytes("R8", R8, raw(101))).toBe("101/4096");
    expect(bytes("R8", { ...R8, required_max_size_list: [size(50, 2), size(2, 60)] })).toBe("600/4096");
    expect(bytes("R8", { ...R8, required_max_size_list: [size(2, 60), size(70, 2)] })).toBe("700/4096");
    expect(bytes("R8", { ...R8, required_max_size: size(20, 20) })).toBe("400/4096");
    // The list alone may be smaller than the smallest image.
    expect(bytes("R8", { ...R8, required_max_size_list: [size(1, 1)] })).toBe("100/4096");
  });

  test("what must fit is rounded up like everything else", () => {
    const entry = { min_size: size(8, 8), size_alignment: size(16, 32), bytes_per_row_divisor: 64 };
    expect(bytes("R8", entry)).toBe("2048/4096");
    expect(bytes("R8", { ...entry, required_max_size_list: [size(65, 33)] })).toBe("8192/8192");
    expect(bytes("R8", { ...entry, required_max_size_list: [size(65, 33)], min_bytes_per_row: 200 })).toBe(
      "16384/16384",
    );
  });

  test("a row is as long as min_bytes_per_row wants, and no longer than max_bytes_per_row, inclusive", () => {
    const wide = { min_size: size(1, 10), required_max_size_list: [size(100, 10)] };
    expect(bytes("R8", { ...wide, max_bytes_per_row: 100 })).toBe("1000/4096");
    expect(bytes("R8", { ...wide, max_bytes_per_row: 99 })).toBe("image-row-above-max");
    expect(bytes("R8", { ...wide, min_bytes_per_row: 150 })).toBe("1500/4096");
    // What nothing bounds may be rounded up past 32 bits, and both directions are looked at.
    for (const [item, size_alignment, axis] of [
      [size(0xffff_ffff, 1), size(2, 1), "width"],
      [size(1, 0xffff_ffff), size(1, 2), "height"],
    ] as const) {
      const entry = { min_size: size(1, 1), required_max_size_list: [item], size_alignment };
      expect(solve(plain, picture(image("R8", entry)))).toMatchObject({
        reason: { code: "image-size-above-max", values: { axis, value: 2 ** 32 } },
      });
    }
    // Pixels of four bytes: past 32 bits before and after rounding.
    const huge = (width: number, divisor = 4): string =>
      bytes("R8G8B8A8", {
        min_size: size(1, 1),
        required_max_size_list: [size(width, 1)],
        bytes_per_row_divisor: divisor,
      });
    expect(huge(2 ** 30 - 1)).toBe("collection-too-big");
    expect(huge(2 ** 30)).toBe("image-row-above-max");
    expect(huge(2 ** 30 - 1, 8)).toBe("image-row-above-max");
  });

  test("the area is bounded by max_width_times_height and by 32 bits, both inclusive", () => {
    const area = (max: number | undefined, ...list: JsonConstraints[]): string =>
      bytes("R8", { min_size: size(1, 1), required_max_size_list: list, max_width_times_height: max });
    expect(area(6400, size(100, 64))).toBe("6400/8192");
    expect(area(6399, size(100, 64))).toBe("image-area-above-max");
    expect(area(undefined, size(65_535, 65_537))).toBe("collection-too-big");
    const past = picture(image("R8", { min_size: size(1, 1), required_max_size_list: [size(65_536, 65_536)] }));
    const outcome = solve(plain, past);
    expect(outcome.ok ? "" : describeReason(outcome.reason)).toBe(
      "R8 LINEAR: images of 4294967296 pixels are needed, which is past 32 bits",
    );
  });

  test("an image fits max_size_bytes, inclusive; min_size_bytes alone counts as well", () => {
    expect(bytes("R8", { min_size: size(10, 10) }, bounded(100))).toBe("100/4096");
    expect(bytes("R8", { min_size: size(10, 10) }, bounded(99))).toBe("image-above-max-size-bytes");
    expect(bytesOf(solve(plain, raw(4097)))).toBe("4097/8192");
    expect(bytesOf(solve(plain, raw(4096), bounded(4096)))).toBe("4096/4096");
  });
});

describe("3.5 the shortest row of what is not linear", () => {
  const row = (modifier: string, fields: JsonConstraints): unknown => {
    const outcome = solve(plain, picture(image("R8G8B8A8", { pixel_format_modifier: modifier, ...fields })));
    return outcome.ok ? outcome.settings.imageFormatConstraints?.minBytesPerRow : outcome.reason.code;
  };

  test.each([
    ["INTEL_I915_X_TILED", 512, 1024],
    ["INTEL_I915_Y_TILED", 256, 640],
    ["INTEL_I915_YF_TILED_CCS", 256, 640],
    ["ARM_AFBC_16X16", 256, 576],
    ["ARM_AFBC_32X8", 256, 640],
    ["ARM_AFBC_16X16_YUV_TILED_HEADER", 64, 128],
    ["ARM_LINEAR_TE", 256, 516],
    ["GOOGLE_GOLDFISH_OPTIMAL", 4, 4],
  ])("%s", (modifier, of64, of129) => {
    expect(row(modifier, { min_size: size(64, 64) })).toBe(of64);
    expect(row(modifier, { min_size: size(129, 64) })).toBe(of129);
  });

  test("a row that is not possible does not count", () => {
    expect(row("INTEL_I915_X_TILED", { min_size: size(64, 64), max_bytes_per_row: 511 })).toBe(4);
    expect(row("INTEL_I915_X_TILED", { min_size: size(64, 64), max_bytes_per_row: 512 })).toBe(512);
  });
});

describe("5.5 padding", () => {
  test("behind the image: the bytes that are asked for, in the VMO and not in size_bytes", () => {
    const beyond = (pad_beyond_image_size_bytes: number, max?: number): string =>
      bytes(
        "R8",
        { min_size: size(64, 64), pad_beyond_image_size_bytes },
        ...(max === undefined ? [] : [bounded(max)]),
      );
    expect(beyond(0)).toBe("4096/4096");
    expect(beyond(1)).toBe("4096/8192");
    expect(beyond(4096)).toBe("4096/8192");
    expect(beyond(4097)).toBe("4096/12288");
    expect(beyond(100, 4196)).toBe("4096/8192");
    expect(beyond(100, 4195)).toBe("padding-above-max-size-bytes");
  });

  test("to whole blocks: what the image of whole blocks takes more", () => {
    // The image of the rules' own example, and of one that needs none.
    const block = (fields: JsonConstraints, width: number, height: number): string =>
      bytes("R8G8B8A8", { ...fields, pad_for_block_size: size(width, height) });
    expect(block({ ...exactly(450, 450), bytes_per_row_divisor: 64 }, 4, 4)).toBe("835200/839680");
    expect(block({ ...exactly(448, 448), bytes_per_row_divisor: 64 }, 64, 64)).toBe("802816/802816");
    expect(block(exactly(448, 448), 64, 64)).toBe("802816/802816");
    expect(block(exactly(100, 40), 1, 64)).toBe("16000/28672");
    expect(block(exactly(100, 40), 64, 1)).toBe("16000/20480");
    expect(block(exactly(100, 40), 64, 64)).toBe("16000/32768");
    expect(block(exactly(100, 40), 1, 1)).toBe("16000/16384");
  });

  test("one row past whole blocks is looked at as well, where it is allowed", () => {
    const block = (max: number): string =>
      bytes("R8", {
        min_size: size(64, 16),
        max_size: size(4096, max),
        pad_for_block_size: size(1, 16),
        required_max_size_list: [size(1024, 16)],
      });
    // 16 rows are whole blocks; 17 take another 15.
    expect(block(16)).toBe("16384/16384");
    expect(block(17)).toBe("16384/32768");
    expect(block(4096)).toBe("16384/32768");
  });

  test("a row past whole blocks that is too narrow for the smallest image adds nothing", () => {
    const block = (width: number): string =>
      bytes("R8", { min_size: size(width, 16), max_size: size(4096, 17), pad_for_block_size: size(1, 16) });
    // 16 rows of 64 are 1024 bytes: at most 60 pixels for each of 17 rows, fewer than 64.
    expect(block(64)).toBe("1024/4096");
    expect(block(512)).toBe("8192/8192");
  });

  test("the two kinds overlap, they do not add up", () => {
    const both = (beyond: number): string =>
      bytes("R8G8B8A8", { ...exactly(100, 40), pad_for_block_size: size(1, 64), pad_beyond_image_size_bytes: beyond });
    // Whole blocks take 25600 bytes.
    expect(both(9600)).toBe("16000/28672");
    expect(both(12_672)).toBe("16000/28672");
    expect(both(12_673)).toBe("16000/32768");
  });

  test("fits max_size_bytes with it, inclusive", () => {
    const block = (max: number): string =>
      bytes("R8G8B8A8", { ...exactly(100, 40), pad_for_block_size: size(1, 64) }, bounded(max));
    expect(block(25_600)).toBe("16000/28672");
    expect(block(25_599)).toBe("padding-above-max-size-bytes");
    const whole = bytes("R8G8B8A8", { ...exactly(100, 64), pad_for_block_size: size(1, 64) }, bounded(25_600));
    expect(whole).toBe("25600/28672");
  });

  test("two that pad share a stride of whole blocks; one alone does not, nor do settings that are there", () => {
    const divisor = (...list: JsonConstraints[]): unknown => {
      const outcome = solve(
        plain,
        ...list.map((fields) => picture(image("R8G8B8A8", { max_size: size(64, 64), ...fields }))),
      );
      return outcome.ok ? outcome.settings.imageFormatConstraints?.bytesPerRowDivisor : outcome.reason.code;
    };
    const block = (width: number): JsonConstraints => ({ pad_for_block_size: size(width, 1) });
    expect(divisor(block(16))).toBe(4);
    expect(divisor(block(16), {})).toBe(64);
    expect(divisor({}, block(16))).toBe(64);
    expect(divisor(block(16), block(4))).toBe(64);
    expect(divisor(block(16), { bytes_per_row_divisor: 24 })).toBe(192);
    expect(divisor({ pad_for_block_size: size(1, 16) }, {})).toBe(4);
  });
});

describe("caps", () => {
  const capped = (rules: Environment["rules"], ...list: JsonConstraints[]): ReasonCode | "ok" =>
    code(solve({ ...plain, rules }, ...list));

  test("count padding, before it is rounded to pages", () => {
    const padded = picture(image("R8", { pad_beyond_image_size_bytes: 4 }), { min_buffer_count: 3 });
    expect(capped({ maxBytesPerBuffer: 4100 }, padded)).toBe("ok");
    expect(capped({ maxBytesPerBuffer: 4099 }, padded)).toBe("buffer-too-big");
    expect(capped({ maxBytesPerCollection: 12_300 }, padded)).toBe("ok");
    expect(capped({ maxBytesPerCollection: 12_299 }, padded)).toBe("collection-too-big");
    // The collection's is looked at first.
    expect(capped({ maxBytesPerCollection: 1, maxBytesPerBuffer: 1 }, padded)).toBe("collection-too-big");
  });

  test("of the number of buffers, inclusive", () => {
    expect(capped({ maxBufferCount: 3 }, raw(1, { min_buffer_count: 3 }))).toBe("ok");
    expect(capped({ maxBufferCount: 3 }, raw(1, { min_buffer_count: 4 }))).toBe("count-above-limit");
  });
});
