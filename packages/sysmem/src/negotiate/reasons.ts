/**
 * Why an attempt stopped: one code for each check, its numbers, and a sentence. A reason is what the failing check
 * saw; who brought the numbers there is the business of `explain`.
 */
import { MAX_UINT32 } from "./arithmetic.ts";
import { colorSpaceName, pixelFormatName } from "./formats.ts";
import { modifierName } from "./modifiers.ts";

/**
 * `conflict`: two demands exclude each other. `invalid`: one participant's demands break a rule of their own.
 * `missing`: nobody said something that somebody has to say. `limit`: a limit of the server. `state`: not about
 * constraints at all.
 */
export type ReasonKind = "conflict" | "invalid" | "missing" | "limit" | "state";

/** Names of the checks. */
export type ReasonCode =
  | "secure-memory-lost"
  | "secure-memory-not-ready"
  | "no-participants"
  | "no-size-bound"
  | "no-usage-bit"
  | "none-with-other-usage"
  | "permit-allocation-without-none"
  | "only-none-usage"
  | "max-buffer-count-zero"
  | "min-above-max-buffer-count"
  | "base-alignment-without-contiguous"
  | "base-alignment-not-power-of-two"
  | "min-above-max-size-bytes"
  | "empty-permitted-heaps"
  | "heap-without-type"
  | "no-common-heap"
  | "secure-not-permitted"
  | "cpu-usage-without-domain"
  | "cpu-usage-with-secure"
  | "secure-with-cpu-domain"
  | "format-missing"
  | "modifier-without-format"
  | "invalid-format"
  | "unsupported-format"
  | "not-a-power-of-two"
  | "zero-required-max-size"
  | "divisor-zero"
  | "divisor-overflow"
  | "rounding-overflow"
  | "no-color-space"
  | "min-above-max-size"
  | "min-above-max-bytes-per-row"
  | "area-above-max"
  | "start-offset-divisor"
  | "color-spaces-mixed"
  | "color-space-incompatible"
  | "required-min-size"
  | "required-max-size"
  | "padding-format"
  | "padding-unbounded"
  | "duplicate-format"
  | "combineable-formats"
  | "fan-out-limit"
  | "no-common-format"
  | "required-max-size-list-limit"
  | "no-specific-format"
  | "no-specific-color-space"
  | "count-above-max"
  | "count-above-limit"
  | "zero-buffers"
  | "no-usable-heap"
  | "no-allocator"
  | "no-coherency-domain"
  | "no-protected-format"
  | "image-size-above-max"
  | "image-row-above-max"
  | "image-area-above-max"
  | "image-above-max-size-bytes"
  | "padding-undefined"
  | "padding-above-max-size-bytes"
  | "collection-too-big"
  | "buffer-too-big"
  | "allocation-too-big"
  | "existing-differs"
  | "too-many-combinations";

/** A pixel format and modifier, as a reason names it. */
export interface FormatPair {
  readonly pixelFormat: number;
  readonly pixelFormatModifier: bigint;
}

/** Numbers of a reason: bytes, pixels and counts. */
export type ReasonValues = Readonly<Record<string, number | bigint | string>>;

/** What a failing check saw. */
export interface Reason {
  readonly code: ReasonCode;
  /** The participant whose own constraints failed, before any were combined. */
  readonly participant?: string | undefined;
  /** The image format that the check was about. */
  readonly format?: FormatPair | undefined;
  readonly values: ReasonValues;
}

interface ReasonFacts {
  readonly kind: ReasonKind;
  readonly text: (values: ReasonValues) => string;
}

const show = (value: ReasonValues[string] | undefined): string => String(value);

/** What is wrong with what is needed, where the bound may be that of 32 bits. */
const allowed = (max: ReasonValues[string] | undefined): string =>
  max === MAX_UINT32 ? ", which is past 32 bits" : ` and at most ${show(max)} are allowed`;

const bytes = (value: ReasonValues[string] | undefined): string => `${show(value)} byte${value === 1 ? "" : "s"}`;

/** Bounds that have been rounded say to what: nobody has asked for just these numbers. */
const rounded = (multiple: ReasonValues[string] | undefined): string =>
  Number(multiple) > 1 ? `, in multiples of ${show(multiple)}` : "";

const REASONS: Readonly<Record<ReasonCode, ReasonFacts>> = {
  "secure-memory-lost": { kind: "state", text: () => "secure memory was there and is gone" },
  "secure-memory-not-ready": { kind: "state", text: () => "secure memory is expected and not there yet" },
  "no-participants": { kind: "missing", text: () => "no participant has set constraints" },
  "no-size-bound": {
    kind: "missing",
    text: () => "nobody says how big a buffer has to be (min_size_bytes, min_size, required_max_size_list)",
  },
  "no-usage-bit": { kind: "missing", text: () => "constraints without any usage bit" },
  "none-with-other-usage": { kind: "invalid", text: () => "NONE usage beside other usage" },
  "permit-allocation-without-none": {
    kind: "invalid",
    text: () => "NONE_USAGE_PERMIT_ALLOCATION without NONE_USAGE",
  },
  "only-none-usage": {
    kind: "missing",
    text: () => "every participant has NONE usage, so that nobody would use the memory",
  },
  "max-buffer-count-zero": { kind: "invalid", text: () => "max_buffer_count 0 allows no buffer" },
  "min-above-max-buffer-count": {
    kind: "conflict",
    text: (v) => `at least ${show(v.min)} buffers are asked for and at most ${show(v.max)} allowed`,
  },
  "base-alignment-without-contiguous": {
    kind: "invalid",
    text: () => "min_physical_base_alignment without physically_contiguous_required",
  },
  "base-alignment-not-power-of-two": {
    kind: "invalid",
    text: (v) => `min_physical_base_alignment ${show(v.alignment)} is no power of two`,
  },
  "min-above-max-size-bytes": {
    kind: "conflict",
    text: (v) => `buffers of at least ${bytes(v.min)} are asked for and at most ${show(v.max)} allowed`,
  },
  "empty-permitted-heaps": { kind: "invalid", text: () => "permitted_heaps is present and empty" },
  "heap-without-type": { kind: "invalid", text: () => "an entry of permitted_heaps has no heap_type" },
  "no-common-heap": { kind: "conflict", text: () => "no heap is permitted by all" },
  "secure-not-permitted": {
    kind: "conflict",
    text: (v) =>
      v.inaccessible === "no"
        ? "secure memory is required, which only the INACCESSIBLE domain can serve, and that domain is not allowed"
        : "secure memory is required and no registered secure heap is permitted",
  },
  "cpu-usage-without-domain": { kind: "invalid", text: () => "CPU usage without the CPU or the RAM domain" },
  "cpu-usage-with-secure": { kind: "invalid", text: () => "CPU usage of secure memory" },
  "secure-with-cpu-domain": { kind: "invalid", text: () => "secure memory in the CPU or the RAM domain" },
  "format-missing": {
    kind: "invalid",
    text: () => "an image format without pixel_format and pixel_format_and_modifiers",
  },
  "modifier-without-format": { kind: "invalid", text: () => "pixel_format_modifier without pixel_format" },
  "invalid-format": { kind: "invalid", text: () => "pixel format or modifier INVALID" },
  "unsupported-format": { kind: "invalid", text: () => "this pixel format does not exist with this modifier" },
  "not-a-power-of-two": { kind: "invalid", text: (v) => `${show(v.field)} ${show(v.value)} is no power of two` },
  "zero-required-max-size": { kind: "invalid", text: () => "an item of required_max_size_list is empty" },
  "divisor-zero": { kind: "invalid", text: () => "bytes_per_row_divisor 0" },
  "divisor-overflow": {
    kind: "conflict",
    text: (v) => `the common multiple of ${show(v.a)} and ${show(v.b)} is too big for bytes_per_row_divisor`,
  },
  "rounding-overflow": {
    kind: "conflict",
    text: (v) => `${show(v.field)} ${show(v.value)} rounded up to a multiple of ${show(v.multiple)} is past 32 bits`,
  },
  "no-color-space": { kind: "missing", text: () => "an image format without color_spaces" },
  "min-above-max-size": {
    kind: "conflict",
    text: (v) => `the ${show(v.axis)} is at least ${show(v.min)} and at most ${show(v.max)}${rounded(v.multiple)}`,
  },
  "min-above-max-bytes-per-row": {
    kind: "conflict",
    text: (v) => `bytes_per_row is at least ${show(v.min)} and at most ${show(v.max)}${rounded(v.multiple)}`,
  },
  "area-above-max": {
    kind: "conflict",
    text: (v) => `the smallest image has ${show(v.area)} pixels${allowed(v.max)}`,
  },
  "start-offset-divisor": {
    kind: "invalid",
    text: (v) => `start_offset_divisor ${show(v.value)} is no power of two up to a page`,
  },
  "color-spaces-mixed": { kind: "invalid", text: () => "DO_NOT_CARE beside other color_spaces" },
  "color-space-incompatible": {
    kind: "invalid",
    text: (v) => `color space ${colorSpaceName(Number(v.colorSpace))} does not fit the pixel format`,
  },
  "required-min-size": {
    kind: "conflict",
    text: (v) =>
      v.value === 0
        ? `required_min_size has a ${show(v.axis)} of 0`
        : `images with a ${show(v.axis)} of ${show(v.value)} must be allowed, and the smallest allowed is ${show(v.min)}`,
  },
  "required-max-size": {
    kind: "conflict",
    text: (v) => `images with a ${show(v.axis)} of ${show(v.value)} must fit, and at most ${show(v.max)} is allowed`,
  },
  "padding-format": {
    kind: "invalid",
    text: () => "pad_for_block_size with a format that is not linear and of a single plane",
  },
  "padding-unbounded": {
    kind: "conflict",
    text: () => "pad_for_block_size in height without a bound on max_size.width",
  },
  "duplicate-format": { kind: "invalid", text: () => "the same pixel format and modifier twice in one participant" },
  "combineable-formats": { kind: "invalid", text: () => "one participant's image formats overlap through DO_NOT_CARE" },
  "fan-out-limit": { kind: "limit", text: (v) => `DO_NOT_CARE stands for more than ${show(v.limit)} image formats` },
  "no-common-format": { kind: "conflict", text: () => "no image format is possible for all" },
  "required-max-size-list-limit": {
    kind: "limit",
    text: (v) => `required_max_size_list has more than ${show(v.limit)} items when put together`,
  },
  "no-specific-format": { kind: "missing", text: () => "nobody names a specific pixel format and modifier" },
  "no-specific-color-space": { kind: "missing", text: () => "nobody names a specific color space" },
  "count-above-max": {
    kind: "conflict",
    text: (v) =>
      `${show(v.count)} buffers are needed (camping ${show(v.camping)} + dedicated slack ${show(v.dedicated)} + ` +
      `shared slack ${show(v.shared)}, at least ${show(v.min)}) and at most ${show(v.max)} allowed`,
  },
  "count-above-limit": {
    kind: "limit",
    text: (v) => `${show(v.count)} buffers are needed and a collection has at most ${show(v.limit)}`,
  },
  "zero-buffers": { kind: "missing", text: () => "nobody asks for a buffer" },
  "no-usable-heap": {
    kind: "conflict",
    text: (v) =>
      `no heap that all permit can be used: ${show(v.heaps)}; coherency domains that all allow: ${show(v.allowed)}`,
  },
  "no-allocator": { kind: "limit", text: (v) => `nothing can allocate from ${show(v.heap)}${show(v.contiguous)}` },
  "no-coherency-domain": {
    kind: "conflict",
    text: (v) => `no coherency domain is left: all allow ${show(v.allowed)}, and the heap serves ${show(v.served)}`,
  },
  "no-protected-format": { kind: "conflict", text: () => "none of the possible formats can be in secure memory" },
  "image-size-above-max": {
    kind: "conflict",
    // What must fit fits within max_size, until it is rounded up where nothing bounds it.
    text: (v) => `images with a ${show(v.axis)} of ${show(v.value)} are needed, which is past 32 bits`,
  },
  "image-row-above-max": {
    kind: "conflict",
    text: (v) => `a row of ${show(v.width)} pixels takes ${show(v.row)} bytes${allowed(v.max)}`,
  },
  "image-area-above-max": {
    kind: "conflict",
    text: (v) => `images of ${show(v.area)} pixels are needed${allowed(v.max)}`,
  },
  "image-above-max-size-bytes": {
    kind: "conflict",
    text: (v) =>
      `an image of ${show(v.width)}x${show(v.height)} takes ${show(v.size)} bytes and at most ${show(v.max)} are allowed`,
  },
  "padding-undefined": { kind: "conflict", text: () => "the image padded to whole blocks has no defined size" },
  "padding-above-max-size-bytes": {
    kind: "conflict",
    text: (v) => `the image and its padding take ${show(v.size)} bytes and at most ${show(v.max)} are allowed`,
  },
  "collection-too-big": {
    kind: "limit",
    text: (v) =>
      `${show(v.count)} buffers of ${show(v.size)} bytes are more than the ${show(v.limit)} bytes of a collection`,
  },
  "buffer-too-big": {
    kind: "limit",
    text: (v) => `${show(v.size)} bytes are more than the ${show(v.limit)} bytes of a buffer`,
  },
  "allocation-too-big": {
    kind: "limit",
    text: (v) => `${show(v.size)} bytes are more than the server's max_allocation_size ${show(v.limit)}`,
  },
  "existing-differs": {
    kind: "conflict",
    text: (v) =>
      `the buffers exist already and ${show(v.field)} would change from ${show(v.before)} to ${show(v.after)}`,
  },
  "too-many-combinations": {
    kind: "limit",
    text: (v) => `none of the first ${show(v.limit)} combinations of group children works, and there are more`,
  },
};

/** What sort of failure a reason is. */
export function reasonKind(reason: Reason): ReasonKind {
  return REASONS[reason.code].kind;
}

/** A reason as a sentence without a full stop: `R8G8B8A8 LINEAR: the width is at least 1920 and at most 1280`. */
export function describeReason(reason: Reason): string {
  const facts: ReasonFacts = REASONS[reason.code];
  const format = reason.format === undefined ? "" : `${describePair(reason.format)}: `;
  const participant = reason.participant === undefined ? "" : `${reason.participant}: `;
  return `${participant}${format}${facts.text(reason.values)}`;
}

/** `NV12 LINEAR`. */
export function describePair(pair: FormatPair): string {
  return `${pixelFormatName(pair.pixelFormat)} ${modifierName(pair.pixelFormatModifier)}`;
}

const NO_VALUES: ReasonValues = {};

/** Makes a reason. */
export function fail(code: ReasonCode, values: ReasonValues = NO_VALUES, format?: FormatPair): Reason {
  return format === undefined ? { code, values } : { code, values, format };
}
