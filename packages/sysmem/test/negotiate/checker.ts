/**
 * Whether settings satisfy a participant, written from the meaning of the fields and without any part of the engine
 * except where bytes of an image lie.
 */
import type { BufferCollectionConstraints, ImageFormatConstraints, SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import { imageFormatFromConstraints, imageLayout } from "#negotiate";

const ANY_FORMAT = 0xffff_fffe;
const ANY_MODIFIER = 0x00ff_ffff_ffff_fffen;

/** What is wrong with the settings for this participant; empty when nothing is. */
export function violations(
  settings: SingleBufferSettings,
  bufferCount: number,
  wants: BufferCollectionConstraints,
): string[] {
  const wrong: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) wrong.push(what);
  };
  const got = settings.bufferSettings ?? {};
  const memory = wants.bufferMemoryConstraints ?? {};
  const cpu = (wants.usage?.cpu ?? 0) !== 0;
  must(bufferCount >= (wants.minBufferCount ?? 0), "min_buffer_count");
  must(bufferCount <= (wants.maxBufferCount ?? 0xffff_ffff), "max_buffer_count");
  must(bufferCount >= (wants.minBufferCountForCamping ?? 0) + (wants.minBufferCountForDedicatedSlack ?? 0), "camping");
  must((got.sizeBytes ?? 0n) >= (memory.minSizeBytes ?? 1n), "min_size_bytes");
  must((got.sizeBytes ?? 0n) <= (memory.maxSizeBytes ?? 2n ** 64n), "max_size_bytes");
  must((got.rawVmoSize ?? 0n) >= (got.sizeBytes ?? 0n) && (got.rawVmoSize ?? 0n) % 4096n === 0n, "raw_vmo_size");
  must(memory.physicallyContiguousRequired !== true || got.isPhysicallyContiguous === true, "contiguous");
  must(memory.secureRequired !== true || got.isSecure === true, "secure");
  const supported = [
    memory.cpuDomainSupported ?? memory.secureRequired !== true,
    memory.ramDomainSupported ?? !(memory.secureRequired === true || cpu),
    memory.inaccessibleDomainSupported ?? !cpu,
  ];
  must(supported[got.coherencyDomain ?? 3] === true, "coherency domain");
  const heaps = memory.permittedHeaps;
  const isHeap = (type?: string, id?: bigint): boolean => type === got.heap?.heapType && (id ?? 0n) === got.heap?.id;
  must(heaps === undefined || heaps.some(({ heapType, id }) => isHeap(heapType, id)), "heap");
  const formats = wants.imageFormatConstraints ?? [];
  const image = settings.imageFormatConstraints;
  if (formats.length === 0) return wrong;
  if (image === undefined) return [...wrong, "image format"];
  const realUsage =
    cpu || [wants.usage?.vulkan, wants.usage?.display, wants.usage?.video].some((bits) => (bits ?? 0) !== 0);
  const mine = formats.filter((format) => isAbout(format, image, realUsage));
  const complaints = mine.map((format) => imageViolations(image, format, got.sizeBytes ?? 0n));
  if (!complaints.some((list) => list.length === 0)) wrong.push(...(complaints[0] ?? ["image format"]));
  return wrong;
}

function isAbout(format: ImageFormatConstraints, image: ImageFormatConstraints, realUsage: boolean): boolean {
  const fits = (pixelFormat: number | undefined, modifier: bigint | undefined): boolean =>
    (pixelFormat === ANY_FORMAT || pixelFormat === image.pixelFormat) &&
    (modifier === ANY_MODIFIER || modifier === image.pixelFormatModifier);
  const implied = format.pixelFormat === ANY_FORMAT || !realUsage ? ANY_MODIFIER : 0n;
  if (format.pixelFormat !== undefined && fits(format.pixelFormat, format.pixelFormatModifier ?? implied)) return true;
  return (format.pixelFormatAndModifiers ?? []).some((pair) => fits(pair.pixelFormat, pair.pixelFormatModifier));
}

function imageViolations(image: ImageFormatConstraints, wants: ImageFormatConstraints, sizeBytes: bigint): string[] {
  const wrong: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) wrong.push(what);
  };
  const axes = ["width", "height"] as const;
  const spaces = wants.colorSpaces ?? [];
  must(image.colorSpaces?.length === 1, "one color space");
  must(spaces.includes(ANY_FORMAT) || spaces.includes(image.colorSpaces?.[0] as never), "color space");
  for (const axis of axes) {
    const min = image.minSize?.[axis] ?? 0;
    const max = image.maxSize?.[axis] ?? 0;
    const align = image.sizeAlignment?.[axis] ?? 0;
    must(min >= (wants.minSize?.[axis] ?? 0) && min > 0, `min_size.${axis}`);
    must(max <= (wants.maxSize?.[axis] ?? 0xffff_ffff) && max >= min, `max_size.${axis}`);
    must(align % (wants.sizeAlignment?.[axis] ?? 1) === 0 && min % align === 0, `size_alignment.${axis}`);
    must(
      (image.displayRectAlignment?.[axis] ?? 0) % (wants.displayRectAlignment?.[axis] ?? 1) === 0,
      "display_rect_alignment",
    );
    must((wants.requiredMinSize?.[axis] ?? 0xffff_ffff) >= min, `required_min_size.${axis}`);
    must(
      (image.padForBlockSize?.[axis] ?? 0) % (wants.padForBlockSize?.[axis] ?? 1) === 0,
      `pad_for_block_size.${axis}`,
    );
  }
  const divisor = image.bytesPerRowDivisor ?? 0;
  must(divisor % (wants.bytesPerRowDivisor ?? 1) === 0, "bytes_per_row_divisor");
  must((image.minBytesPerRow ?? 0) >= (wants.minBytesPerRow ?? 0), "min_bytes_per_row");
  must((image.minBytesPerRow ?? 1) % divisor === 0, "min_bytes_per_row divisible");
  must((image.maxBytesPerRow ?? 0) <= (wants.maxBytesPerRow ?? 0xffff_ffff), "max_bytes_per_row");
  must((image.maxWidthTimesHeight ?? 0n) <= (wants.maxWidthTimesHeight ?? 2n ** 64n), "max_width_times_height");
  must((image.startOffsetDivisor ?? 0) % (wants.startOffsetDivisor ?? 1) === 0, "start_offset_divisor");
  must((image.padBeyondImageSizeBytes ?? 0n) >= (wants.padBeyondImageSizeBytes ?? 0n), "pad_beyond_image_size_bytes");
  const alpha = image.isAlphaPresent;
  must(alpha === undefined || wants.isAlphaPresent === undefined || alpha === wants.isAlphaPresent, "is_alpha_present");
  // Rows of Intel tilings are rounded to tiles in one place and to the divisor in another, as in the original: where
  // neither divides the other, the shortest row that is allowed is longer than the one that was counted.
  const isIntel = (image.pixelFormatModifier ?? 0n) >> 56n === 1n;
  if (isIntel && divisor % 512 !== 0 && 128 % divisor !== 0) return wrong;
  const required = [...(wants.requiredMaxSizeList ?? []), ...(wants.requiredMaxSize ? [wants.requiredMaxSize] : [])];
  for (const size of [...required, image.minSize ?? { width: 0, height: 0 }]) {
    const up = (value: number, axis: "width" | "height"): number => {
      const align = image.sizeAlignment?.[axis] ?? 1;
      return Math.ceil(Math.max(value, image.minSize?.[axis] ?? 0) / align) * align;
    };
    const whole = { width: up(size.width, "width"), height: up(size.height, "height") };
    const fitting = imageFormatFromConstraints(image, whole);
    if (fitting === undefined) wrong.push(`an image of ${size.width}x${size.height} is not allowed`);
    else
      must(
        BigInt(imageLayout(fitting)?.sizeBytes ?? 2 ** 60) <= sizeBytes,
        `an image of ${size.width}x${size.height} fits`,
      );
  }
  return wrong;
}
