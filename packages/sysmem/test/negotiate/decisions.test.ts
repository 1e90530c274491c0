/** Who determined what: every setting of whole results, with everybody who had a say in it. */
import { describe, expect, test } from "vitest";
import { type Environment, explainSuccess } from "#negotiate";
import { costs, image, type JsonConstraints, participant, plain, raw, systemRam, withSecure } from "./support.ts";

const size = (width: number, height: number): { width: number; height: number } => ({ width, height });

/** `setting = value: participant field, …`, in order. */
function decided(environment: Environment, participants: Readonly<Record<string, JsonConstraints>>): string[] {
  const decisions = explainSuccess(
    Object.entries(participants).map(([name, json]) => participant(name, json)),
    environment,
  );
  if (decisions === undefined) throw new TypeError("no result");
  return decisions.map(({ setting, value, decidedBy }) => {
    const by = decidedBy.map(
      ({ participant, field }) => `${participant} ${field.replace(/^.*constraints(\[\d\])?\./, "")}`,
    );
    return `${setting.replace("_settings", "").replace("image_format_constraints", "image")} = ${JSON.stringify(value)}${by.length === 0 ? "" : `: ${by.join(", ")}`}`;
  });
}

describe("decisions", () => {
  test("images of several", () => {
    expect(
      decided(plain, {
        camera: {
          usage: { video: 8 },
          min_buffer_count_for_camping: 3,
          buffer_memory_constraints: { physically_contiguous_required: true, cpu_domain_supported: false },
          image_format_constraints: [
            image("NV12", {
              min_size: size(1920, 1080),
              size_alignment: size(16, 16),
              color_spaces: ["REC709", "REC601_PAL"],
            }),
            image("I420", { min_size: size(1920, 1080), color_spaces: ["REC601_PAL"] }),
          ],
        },
        encoder: {
          usage: { video: 2 },
          min_buffer_count_for_camping: 2,
          min_buffer_count_for_shared_slack: 1,
          image_format_constraints: [
            image("NV12", { bytes_per_row_divisor: 128, max_size: size(4096, 2304), max_bytes_per_row: 8192 }),
            image("R8G8B8A8"),
          ],
        },
        any: {
          usage: { none: 1 },
          image_format_constraints: [
            {
              pixel_format: "DO_NOT_CARE",
              pixel_format_and_modifiers: [],
              color_spaces: ["DO_NOT_CARE"],
              required_max_size_list: [size(2048, 1152), size(100, 100)],
              start_offset_divisor: 64,
              pad_beyond_image_size_bytes: 100,
            },
          ],
        },
      }),
    ).toEqual([
      "buffer_count = 6: camera min_buffer_count_for_camping, encoder min_buffer_count_for_camping, encoder min_buffer_count_for_shared_slack",
      'buffer.size_bytes = "3538944": any required_max_size_list[0]',
      "buffer.is_physically_contiguous = true: camera physically_contiguous_required",
      "buffer.is_secure = false",
      'buffer.coherency_domain = "RAM": camera cpu_domain_supported',
      'buffer.heap = {"heap_type":"fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM","id":"0"}',
      'buffer.raw_vmo_size = "3543040": any pad_beyond_image_size_bytes, any required_max_size_list[0]',
      'image.pixel_format = "NV12": camera image_format_constraints, encoder image_format_constraints',
      'image.pixel_format_modifier = "LINEAR": camera image_format_constraints, encoder image_format_constraints',
      'image.color_spaces = ["REC709"]: camera color_spaces, encoder color_spaces',
      "image.min_size.width = 1920: camera min_size.width",
      "image.min_size.height = 1088: camera min_size.height, camera size_alignment.height",
      "image.max_size.width = 4096: encoder max_size.width",
      "image.max_size.height = 2304: encoder max_size.height",
      "image.min_bytes_per_row = 1920: camera min_size.width",
      "image.max_bytes_per_row = 8192: encoder max_bytes_per_row",
      'image.max_width_times_height = "18446744073709551615"',
      "image.size_alignment.width = 16: camera size_alignment.width",
      "image.size_alignment.height = 16: camera size_alignment.height",
      "image.display_rect_alignment.width = 1",
      "image.display_rect_alignment.height = 1",
      "image.required_min_size.width = 4294967295",
      "image.required_min_size.height = 4294967295",
      "image.required_max_size.width = 0",
      "image.required_max_size.height = 0",
      'image.required_max_size_list = [{"width":2048,"height":1152}]: any required_max_size_list[0]',
      "image.bytes_per_row_divisor = 128: encoder bytes_per_row_divisor",
      "image.start_offset_divisor = 64: any start_offset_divisor",
      "image.require_bytes_per_row_at_pixel_boundary = false",
      "image.pad_for_block_size.width = 1",
      "image.pad_for_block_size.height = 1",
      'image.pad_beyond_image_size_bytes = "100": any pad_beyond_image_size_bytes',
    ]);
  });

  test("raw buffers", () => {
    expect(
      decided(
        { ...plain, heaps: [systemRam, { ...systemRam, heapType: "A" }] },
        {
          writer: raw(5000, {
            min_buffer_count: 4,
            buffer_memory_constraints: { permitted_heaps: [{ heap_type: "A" }] },
          }),
          reader: raw(4000, { usage: { cpu: 1 }, min_buffer_count: 4, max_buffer_count: 8 }),
          shower: { usage: { display: 1 }, min_buffer_count_for_camping: 1 },
        },
      ),
    ).toEqual([
      "buffer_count = 4: writer min_buffer_count, reader min_buffer_count",
      'buffer.size_bytes = "5000": writer min_size_bytes',
      "buffer.is_physically_contiguous = false",
      "buffer.is_secure = false",
      'buffer.coherency_domain = "CPU": writer usage, reader usage, shower usage',
      'buffer.heap = {"heap_type":"A","id":"0"}: writer permitted_heaps',
      'buffer.raw_vmo_size = "8192": writer min_size_bytes',
    ]);
  });

  test("secure buffers", () => {
    expect(
      decided(withSecure, {
        decoder: raw(5000, { usage: { video: 1 }, buffer_memory_constraints: { secure_required: true } }),
        other: raw(10, { usage: { video: 1 }, buffer_memory_constraints: { secure_required: true } }),
      }),
    ).toEqual([
      "buffer_count = 1: decoder min_buffer_count, other min_buffer_count",
      'buffer.size_bytes = "5000": decoder min_size_bytes',
      "buffer.is_physically_contiguous = false",
      "buffer.is_secure = true: decoder secure_required, other secure_required",
      'buffer.coherency_domain = "INACCESSIBLE": decoder secure_required, other secure_required',
      'buffer.heap = {"heap_type":"b.sysmem.heap.HEAP_TYPE.SECURE","id":"3"}',
      'buffer.raw_vmo_size = "8192": decoder min_size_bytes',
    ]);
  });

  test("the cheapest format", () => {
    expect(
      decided(
        { ...plain, costs: costs("arm_mali") },
        {
          gpu: {
            usage: { vulkan: 4 },
            min_buffer_count: 1,
            image_format_constraints: ["LINEAR", "ARM_AFBC_16X16", "ARM_AFBC_16X16_TE"].map((pixel_format_modifier) =>
              image("R8G8B8A8", { pixel_format_modifier, min_size: size(64, 64) }),
            ),
          },
          display: {
            usage: { display: 1 },
            image_format_constraints: ["LINEAR", "ARM_AFBC_16X16"].map((pixel_format_modifier) =>
              image("R8G8B8A8", { pixel_format_modifier, color_spaces: ["SRGB", "PASSTHROUGH"] }),
            ),
          },
        },
      ),
    ).toEqual([
      "buffer_count = 1: gpu min_buffer_count",
      'buffer.size_bytes = "17408": gpu min_size.width, gpu min_size.height',
      "buffer.is_physically_contiguous = false",
      "buffer.is_secure = false",
      'buffer.coherency_domain = "RAM": display usage',
      'buffer.heap = {"heap_type":"fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM","id":"0"}',
      'buffer.raw_vmo_size = "20480": gpu min_size.width, gpu min_size.height',
      'image.pixel_format = "R8G8B8A8": display image_format_constraints',
      'image.pixel_format_modifier = "ARM_AFBC_16X16": display image_format_constraints',
      'image.color_spaces = ["SRGB"]: gpu color_spaces, display color_spaces',
      "image.min_size.width = 64: gpu min_size.width",
      "image.min_size.height = 64: gpu min_size.height",
      "image.max_size.width = 4294967295",
      "image.max_size.height = 4294967295",
      "image.min_bytes_per_row = 256: gpu min_size.width",
      "image.max_bytes_per_row = 4294967295",
      'image.max_width_times_height = "18446744073709551615"',
      "image.size_alignment.width = 1",
      "image.size_alignment.height = 1",
      "image.display_rect_alignment.width = 1",
      "image.display_rect_alignment.height = 1",
      "image.required_min_size.width = 4294967295",
      "image.required_min_size.height = 4294967295",
      "image.required_max_size.width = 0",
      "image.required_max_size.height = 0",
      "image.required_max_size_list = []",
      "image.bytes_per_row_divisor = 4",
      "image.start_offset_divisor = 4",
      "image.require_bytes_per_row_at_pixel_boundary = false",
      "image.pad_for_block_size.width = 1",
      "image.pad_for_block_size.height = 1",
      'image.pad_beyond_image_size_bytes = "0"',
    ]);
  });
});
