/** Demands in words. */
import { colorSpaceName, pixelFormatName } from "../formats.ts";
import { heapText } from "../memory.ts";
import { modifierName } from "../modifiers.ts";
import { describePair, type FormatPair } from "../reasons.ts";
import { describeUsage, hasRealUsage } from "../usage.ts";
import type { BufferUsage, ColorSpace, Heap, SizeU } from "../wire-types.ts";
import {
  type ChangedFormats,
  type Demand,
  type DemandValue,
  FORMATS,
  isSamePair,
  pairsOf,
  type Subject,
} from "./demands.ts";

/** A value of the kind that JSON has. 64-bit integers are decimal strings, enums their FIDL names. */
export type PlainValue = number | string | boolean | readonly PlainValue[] | { readonly [key: string]: PlainValue };

/** Names of formats in a sentence before it says how many more there are. */
const MAX_LISTED = 6;

/** What a demand asks for, to go after "requires". */
export function demandText(subject: Subject, demand: Demand, value: DemandValue = demand.value): string {
  return TEXTS[demand.what]?.(value, subject) ?? demand.what;
}

/** What a participant does that takes a demand back, to go after its name. */
export function withoutText(subject: Subject, demand: Demand): string {
  return WITHOUT_TEXTS[demand.what] ?? `does not require ${demandText(subject, demand)}`;
}

const WITHOUT_TEXTS: Readonly<Record<string, string>> = {
  cpu_domain_supported: "supports the CPU domain",
  ram_domain_supported: "supports the RAM domain",
  inaccessible_domain_supported: "supports the INACCESSIBLE domain",
  permitted_heaps: "permits any heap",
  color_spaces: "accepts any color space",
  is_alpha_present: "does not say whether alpha is present",
  max_buffer_count: "does not limit the number of buffers",
  max_size_bytes: "does not limit the size of buffers",
  max_bytes_per_row: "does not limit bytes_per_row",
  max_width_times_height: "does not limit the number of pixels",
  "max_size.width": "does not limit the width",
  "max_size.height": "does not limit the height",
};

/** What a participant does that changes a list, to go after its name; undefined where it is no list. */
export function changeText(demand: Demand, value: DemandValue): string | undefined {
  switch (demand.what) {
    case FORMATS: {
      const { also, without } = value as ChangedFormats;
      if (also !== undefined) return `also offers pixel format ${describePair(also)}`;
      return without === undefined ? undefined : `does not offer pixel format ${describePair(without)}`;
    }
    case "color_spaces":
      return `also accepts color space ${colorSpaceName((value as ColorSpace[]).at(-1) ?? 0)}`;
    case "permitted_heaps":
      return `also permits heap ${heapText((value as Heap[]).at(-1) ?? {})}`;
    default:
      return undefined;
  }
}

const n = (value: DemandValue): string => (value as number | bigint).toString();
const buffers = (value: DemandValue): string => (n(value) === "1" ? "1 buffer" : `${n(value)} buffers`);
const bytes = (value: DemandValue): string => (n(value) === "1" ? "1 byte" : `${n(value)} bytes`);

const TEXTS: Readonly<Record<string, (value: DemandValue, subject: Subject) => string>> = {
  usage: usageText,
  min_buffer_count_for_camping: (value) => `${buffers(value)} to hold at a time (min_buffer_count_for_camping)`,
  min_buffer_count_for_dedicated_slack: (value) =>
    `${buffers(value)} of slack of its own (min_buffer_count_for_dedicated_slack)`,
  min_buffer_count_for_shared_slack: (value) => `${buffers(value)} of shared slack (min_buffer_count_for_shared_slack)`,
  min_buffer_count: (value) => `at least ${buffers(value)} (min_buffer_count)`,
  max_buffer_count: (value) => `at most ${buffers(value)} (max_buffer_count)`,
  min_size_bytes: (value) => `at least ${bytes(value)} a buffer (min_size_bytes)`,
  max_size_bytes: (value) => `at most ${bytes(value)} a buffer (max_size_bytes)`,
  min_physical_base_alignment: (value) => `physical addresses divisible by ${n(value)} (min_physical_base_alignment)`,
  physically_contiguous_required: () => "physically contiguous memory (physically_contiguous_required)",
  secure_required: () => "secure memory (secure_required)",
  cpu_domain_supported: () => "the CPU domain to be left out (cpu_domain_supported false)",
  ram_domain_supported: () => "the RAM domain to be left out (ram_domain_supported false)",
  inaccessible_domain_supported: () => "the INACCESSIBLE domain to be left out (inaccessible_domain_supported false)",
  permitted_heaps: (value) => `heap ${listed((value as Heap[]).map(heapText))} (permitted_heaps)`,
  image_format_constraints: (value, subject) => `pixel format ${formatsText(value, subject)}`,
  color_spaces: (value) => `color space ${listed((value as ColorSpace[]).map(colorSpaceName))}`,
  min_bytes_per_row: (value) => `bytes_per_row of at least ${n(value)}`,
  max_bytes_per_row: (value) => `bytes_per_row of at most ${n(value)}`,
  bytes_per_row_divisor: (value) => `bytes_per_row divisible by ${n(value)}`,
  require_bytes_per_row_at_pixel_boundary: () =>
    "rows that end at whole pixels (require_bytes_per_row_at_pixel_boundary)",
  start_offset_divisor: (value) => `a start offset divisible by ${n(value)} (start_offset_divisor)`,
  max_width_times_height: (value) => `at most ${n(value)} pixels (max_width_times_height)`,
  is_alpha_present: (value) => (value === true ? "alpha to be present" : "alpha to be absent"),
  pad_beyond_image_size_bytes: (value) => `${bytes(value)} of padding behind the image (pad_beyond_image_size_bytes)`,
  "min_size.width": (value) => `a width of at least ${n(value)} (min_size)`,
  "min_size.height": (value) => `a height of at least ${n(value)} (min_size)`,
  "max_size.width": (value) => `a width of at most ${n(value)} (max_size)`,
  "max_size.height": (value) => `a height of at most ${n(value)} (max_size)`,
  "size_alignment.width": (value) => `a width divisible by ${n(value)} (size_alignment)`,
  "size_alignment.height": (value) => `a height divisible by ${n(value)} (size_alignment)`,
  "display_rect_alignment.width": (value) =>
    `a display rectangle divisible by ${n(value)} in width (display_rect_alignment)`,
  "display_rect_alignment.height": (value) =>
    `a display rectangle divisible by ${n(value)} in height (display_rect_alignment)`,
  "required_min_size.width": (value) => `images with a width of ${n(value)} to be allowed (required_min_size)`,
  "required_min_size.height": (value) => `images with a height of ${n(value)} to be allowed (required_min_size)`,
  "required_max_size.width": (value) => `images with a width of ${n(value)} to fit (required_max_size)`,
  "required_max_size.height": (value) => `images with a height of ${n(value)} to fit (required_max_size)`,
  required_max_size_list: (value) => `images of ${sizeText(value as SizeU)} to fit (required_max_size_list)`,
  "pad_for_block_size.width": (value) => `padding to blocks ${n(value)} wide (pad_for_block_size)`,
  "pad_for_block_size.height": (value) => `padding to blocks ${n(value)} high (pad_for_block_size)`,
};

/** CPU usage takes domains away without a word in the constraints: where that may be the trouble it is said. */
function usageText(value: DemandValue, { constraints }: Subject): string {
  const usage = value as BufferUsage;
  const { ramDomainSupported, inaccessibleDomainSupported } = constraints.bufferMemoryConstraints ?? {};
  const isSilent = ramDomainSupported === undefined && inaccessibleDomainSupported === undefined;
  return `${describeUsage(usage)} usage${isSilent && (usage.cpu ?? 0) !== 0 ? " (leaves only the CPU domain)" : ""}`;
}

/** `1920x1080`. */
export function sizeText({ width, height }: SizeU): string {
  return `${width}x${height}`;
}

function listed(names: readonly string[]): string {
  if (names.length <= MAX_LISTED) return names.join(" or ");
  return `${names.slice(0, MAX_LISTED).join(" or ")} or ${names.length - MAX_LISTED} more`;
}

function formatsText(value: DemandValue, subject: Subject): string {
  return listed(changedPairs(subject, value).map(describePair));
}

/** The pairs of a participant with a change made to them. */
function changedPairs(subject: Subject, value: DemandValue): FormatPair[] {
  const pairs = offeredPairs(subject);
  if (Array.isArray(value)) return pairs;
  const { also, without } = value as ChangedFormats;
  const at = without === undefined ? -1 : pairs.findIndex((pair) => isSamePair(pair, without));
  if (at >= 0) pairs.splice(at, 1);
  return also === undefined ? pairs : [...pairs, also];
}

/** Every pair that a participant offers, with the modifier that stands for an un-set one. */
export function offeredPairs(subject: Subject): FormatPair[] {
  const realUsage = hasRealUsage(subject.constraints.usage ?? {});
  const pairs: FormatPair[] = [];
  for (const format of subject.constraints.imageFormatConstraints ?? []) pairs.push(...pairsOf(format, realUsage));
  return pairs;
}

/** The value of a demand as JSON has it. */
export function plainValue(subject: Subject, demand: Demand, value: DemandValue = demand.value): PlainValue {
  switch (demand.what) {
    case FORMATS:
      return changedPairs(subject, value).map(plainPair);
    case "color_spaces":
      return (value as ColorSpace[]).map(colorSpaceName);
    default:
      return toPlain(value);
  }
}

/** A pair with its FIDL names. */
export function plainPair(pair: FormatPair): PlainValue {
  return {
    pixel_format: pixelFormatName(pair.pixelFormat),
    pixel_format_modifier: modifierName(pair.pixelFormatModifier),
  };
}

/** Any plain value as JSON has it. */
export function toPlain(value: unknown): PlainValue {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== "object" || value === null) return "un-set";
  const plain: Record<string, PlainValue> = {};
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) plain[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = toPlain(member);
  }
  return plain;
}

/** A setting of a result with its FIDL names. `path` as `compareAllocations` has it. */
export function plainSetting(path: string, value: unknown): PlainValue {
  const name = path.split(".").at(-1);
  if (name === "pixel_format" && typeof value === "number") return pixelFormatName(value);
  if (name === "pixel_format_modifier" && typeof value === "bigint") return modifierName(value);
  if (name === "color_spaces" && Array.isArray(value)) return value.map((one) => colorSpaceName(Number(one)));
  if (name === "coherency_domain") return ["CPU", "RAM", "INACCESSIBLE"][Number(value)] ?? toPlain(value);
  return toPlain(value);
}
