/**
 * Constraints taken apart into single demands, each of which can be left out or changed on its own. Leaving a demand
 * out never asks for more: what only widens the choice (a coherency domain that is supported although the usage would
 * exclude it) stays with the participant.
 */
import { MAX_UINT32, MAX_UINT64 } from "../arithmetic.ts";
import { ColorSpace, PixelFormat } from "../formats.ts";
import { PixelFormatModifier } from "../modifiers.ts";
import type { Synthetic } from "../participant.ts";
import type { FormatPair } from "../reasons.ts";
import { hasRealUsage } from "../usage.ts";
import type {
  BufferCollectionConstraints,
  ImageFormatConstraints,
  PixelFormatAndModifier,
  SizeU,
} from "../wire-types.ts";

/** How a demand can be eased. */
export type Easing =
  /** A lower bound, or an amount that is asked for: less of it. */
  | "lower"
  /** An upper bound: more of it. */
  | "raise"
  /** A divisor: one that divides it. */
  | "divide"
  /** A power of two: a smaller one. */
  | "halve"
  /** A list of what is possible: one more. */
  | "extend"
  /** A size that must fit: smaller, or not at all. */
  | "shrink"
  /** Only by leaving it out. */
  | "drop";

/** A value of a demand, as it stands in the constraints. */
export type DemandValue = number | bigint | boolean | string | object;

/** Constraints that may be changed. */
export type Draft = Mutable<BufferCollectionConstraints>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One demand of one participant. */
export interface Demand {
  /** Position of the participant in the list that is explained. */
  readonly participant: number;
  /** FIDL path, `image_format_constraints[0].min_size.width`. */
  readonly field: string;
  /** The last parts of the path, without positions: what kind of demand it is. */
  readonly what: string;
  readonly value: DemandValue;
  readonly easing: Easing;
  /** Position of the image format it belongs to; undefined for the others. */
  readonly format?: number | undefined;
  /** Puts a value into a draft; undefined takes the demand out. */
  readonly set: (draft: Draft, value: DemandValue | undefined) => void;
}

/** A participant as explanations see it. */
export interface Subject {
  readonly name: string;
  readonly constraints: BufferCollectionConstraints;
  readonly synthetic?: Synthetic | undefined;
  /** Stands for buffers that exist: what it demands cannot be changed, only not be asked for. */
  readonly exists?: boolean | undefined;
}

type FormatDraft = Mutable<ImageFormatConstraints>;

/** A copy that demands may be put into: they replace members of it and of its image formats, and change no value. */
export function copyConstraints(constraints: BufferCollectionConstraints): Draft {
  const { imageFormatConstraints } = constraints;
  return { ...constraints, imageFormatConstraints: imageFormatConstraints?.map((format) => ({ ...format })) };
}

/** What stays of a participant when all its demands are left out. */
function bareConstraints(subject: Subject): Draft {
  const memory = subject.constraints.bufferMemoryConstraints;
  const bare: Draft = {};
  if (memory === undefined) return bare;
  bare.bufferMemoryConstraints = {
    ...(memory.cpuDomainSupported === true && { cpuDomainSupported: true }),
    ...(memory.ramDomainSupported === true && { ramDomainSupported: true }),
    ...(memory.inaccessibleDomainSupported === true && { inaccessibleDomainSupported: true }),
  };
  return bare;
}

/** Constraints with only these demands of a participant. */
export function restrict(subject: Subject, demands: readonly Demand[]): Draft {
  const draft = bareConstraints(subject);
  const formats = demands.find((demand) => demand.what === FORMATS);
  const base = subject.constraints.imageFormatConstraints;
  // Fields of formats find theirs by position: the formats come first, and changes to their list last.
  if (formats !== undefined && base !== undefined) formats.set(draft, base);
  for (const demand of demands) if (demand !== formats) demand.set(draft, demand.value);
  if (formats !== undefined && formats.value !== base) formats.set(draft, formats.value);
  return draft;
}

/** What names the demand that is about which formats there are. */
export const FORMATS = "image_format_constraints";

/** All demands of a participant; a demand on an image format comes after the one that names its formats. */
export function demandsOf(subject: Subject, participant: number): Demand[] {
  const { constraints } = subject;
  const demands: Demand[] = [];
  const add = (
    field: string,
    value: DemandValue | undefined,
    easing: Easing,
    set: Demand["set"],
    format?: number,
  ): void => {
    if (value === undefined) return;
    const what = field.replace(/\[\d+\]/g, "").replace(/^(buffer_memory|image_format)_constraints\./, "");
    demands.push({ participant, field, what, value, easing, set, format });
  };
  add("usage", constraints.usage, "drop", (draft, value) => put(draft, "usage", value));
  for (const [field, key, easing] of COUNTS) {
    add(field, unless(constraints[key], easing === "raise" ? MAX_UINT32 : 0), easing, (draft, value) =>
      put(draft, key, value),
    );
  }
  const memory = constraints.bufferMemoryConstraints;
  for (const [field, key, easing, neutral] of MEMORY) {
    add(`buffer_memory_constraints.${field}`, unless(memory?.[key], neutral), easing, (draft, value) => {
      draft.bufferMemoryConstraints = { ...draft.bufferMemoryConstraints };
      put(draft.bufferMemoryConstraints, key, value);
    });
  }
  const formats = constraints.imageFormatConstraints ?? [];
  if (formats.length === 0) return demands;
  const realUsage = hasRealUsage(constraints.usage ?? {});
  add(FORMATS, formats, "extend", (draft, value) => setFormats(draft, formats, realUsage, value));
  for (const [at, format] of formats.entries()) addFormat(add, at, format);
  return demands;
}

type Add = (field: string, value: DemandValue | undefined, easing: Easing, set: Demand["set"], format?: number) => void;

const COUNTS = [
  ["min_buffer_count_for_camping", "minBufferCountForCamping", "lower"],
  ["min_buffer_count_for_dedicated_slack", "minBufferCountForDedicatedSlack", "lower"],
  ["min_buffer_count_for_shared_slack", "minBufferCountForSharedSlack", "lower"],
  ["min_buffer_count", "minBufferCount", "lower"],
  ["max_buffer_count", "maxBufferCount", "raise"],
] as const;

const MEMORY = [
  ["min_size_bytes", "minSizeBytes", "lower", 0n],
  ["max_size_bytes", "maxSizeBytes", "raise", MAX_UINT64],
  ["min_physical_base_alignment", "minPhysicalBaseAlignment", "drop", undefined],
  ["physically_contiguous_required", "physicallyContiguousRequired", "drop", false],
  ["secure_required", "secureRequired", "drop", false],
  ["cpu_domain_supported", "cpuDomainSupported", "drop", true],
  ["ram_domain_supported", "ramDomainSupported", "drop", true],
  ["inaccessible_domain_supported", "inaccessibleDomainSupported", "drop", true],
  ["permitted_heaps", "permittedHeaps", "extend", undefined],
] as const;

/** Fields of an image format that are one value: FIDL name, member, easing, what demands nothing. */
const SCALARS = [
  ["min_bytes_per_row", "minBytesPerRow", "lower", 0],
  ["max_bytes_per_row", "maxBytesPerRow", "raise", MAX_UINT32],
  ["max_width_times_height", "maxWidthTimesHeight", "raise", MAX_UINT64],
  ["bytes_per_row_divisor", "bytesPerRowDivisor", "divide", 1],
  ["start_offset_divisor", "startOffsetDivisor", "halve", 1],
  ["require_bytes_per_row_at_pixel_boundary", "requireBytesPerRowAtPixelBoundary", "drop", false],
  ["is_alpha_present", "isAlphaPresent", "drop", undefined],
  ["pad_beyond_image_size_bytes", "padBeyondImageSizeBytes", "lower", 0n],
] as const;

/** Fields that are a size: each of width and height is a demand. */
const SIZES = [
  ["min_size", "minSize", "lower", 0],
  ["max_size", "maxSize", "raise", MAX_UINT32],
  ["size_alignment", "sizeAlignment", "halve", 1],
  ["display_rect_alignment", "displayRectAlignment", "halve", 1],
  ["required_min_size", "requiredMinSize", "raise", MAX_UINT32],
  ["required_max_size", "requiredMaxSize", "lower", 0],
  ["pad_for_block_size", "padForBlockSize", "halve", 1],
] as const;

function addFormat(add: Add, at: number, format: ImageFormatConstraints): void {
  const path = `image_format_constraints[${at}]`;
  const onFormat =
    (change: (entry: FormatDraft, value: DemandValue | undefined) => void): Demand["set"] =>
    (draft, value) => {
      // A format that nobody asks for any more has no demands either.
      const entry = draft.imageFormatConstraints?.[at];
      if (entry !== undefined) change(entry, value);
    };
  const colorSpaces = format.colorSpaces ?? [];
  if (colorSpaces.length > 0 && !(colorSpaces.length === 1 && colorSpaces[0] === ColorSpace.DO_NOT_CARE)) {
    const set = onFormat((entry, value) => put(entry, "colorSpaces", value ?? [ColorSpace.DO_NOT_CARE]));
    add(`${path}.color_spaces`, colorSpaces, "extend", set, at);
  }
  for (const [field, key, easing, neutral] of SCALARS) {
    add(
      `${path}.${field}`,
      unless(format[key], neutral),
      easing,
      onFormat((entry, value) => put(entry, key, value)),
      at,
    );
  }
  for (const [field, key, easing, neutral] of SIZES) {
    for (const axis of ["width", "height"] as const) {
      const set = onFormat((entry, value) => {
        const size: SizeU = { ...(entry[key] ?? { width: neutral, height: neutral }) };
        size[axis] = value === undefined ? neutral : Number(value);
        entry[key] = size;
      });
      add(`${path}.${field}.${axis}`, unless(format[key]?.[axis], neutral), easing, set, at);
    }
  }
  for (const [item, size] of (format.requiredMaxSizeList ?? []).entries()) {
    const set = onFormat((entry, value) => {
      const list = [...(entry.requiredMaxSizeList ?? [])];
      const same = list.findIndex((other) => other.width === size.width && other.height === size.height);
      if (same >= 0) list.splice(same, 1);
      if (value !== undefined) list.push(value as SizeU);
      entry.requiredMaxSizeList = list;
    });
    add(`${path}.required_max_size_list[${item}]`, size, "shrink", set, at);
  }
}

function unless<T extends DemandValue>(value: T | undefined, neutral: T | undefined): T | undefined {
  return value === neutral ? undefined : value;
}

/** Sets a member, or takes it out. The caller pairs keys and values as they belong together. */
function put(table: object, key: string, value: DemandValue | undefined): void {
  const members = table as Record<string, DemandValue>;
  if (value === undefined) delete members[key];
  else members[key] = value;
}

/** A change to the formats of a participant: one pair more, or one less. */
export interface ChangedFormats {
  readonly also?: FormatPair;
  readonly without?: FormatPair;
}

/** Every pair of one image format, with what stands for an un-set modifier. `realUsage` is the participant's. */
export function pairsOf(format: ImageFormatConstraints, realUsage: boolean): PixelFormatAndModifier[] {
  const pairs = [...(format.pixelFormatAndModifiers ?? [])];
  if (format.pixelFormat === undefined) return pairs;
  const isOpen = !realUsage || format.pixelFormat === PixelFormat.DO_NOT_CARE;
  const implied = isOpen ? PixelFormatModifier.DO_NOT_CARE : PixelFormatModifier.LINEAR;
  pairs.push({ pixelFormat: format.pixelFormat, pixelFormatModifier: format.pixelFormatModifier ?? implied });
  return pairs;
}

function setFormats(
  draft: Draft,
  formats: readonly ImageFormatConstraints[],
  realUsage: boolean,
  value: DemandValue | undefined,
): void {
  if (value === undefined) {
    delete draft.imageFormatConstraints;
    return;
  }
  draft.imageFormatConstraints ??= formats.map((format): ImageFormatConstraints => {
    const bare: FormatDraft = {};
    // Named with the modifier it stands for, so that a format does not change with the usage beside it.
    const own = format.pixelFormat === undefined ? undefined : pairsOf(format, realUsage).at(-1);
    if (own !== undefined) bare.pixelFormat = own.pixelFormat;
    const modifier = own?.pixelFormatModifier ?? format.pixelFormatModifier;
    if (modifier !== undefined) bare.pixelFormatModifier = modifier;
    if (format.pixelFormatAndModifiers !== undefined) bare.pixelFormatAndModifiers = format.pixelFormatAndModifiers;
    if ((format.colorSpaces ?? []).length > 0) bare.colorSpaces = [ColorSpace.DO_NOT_CARE];
    return bare;
  });
  if (Array.isArray(value)) return;
  const { also, without } = value as ChangedFormats;
  if (also !== undefined) {
    const extra = { ...also, colorSpaces: [ColorSpace.DO_NOT_CARE] } as ImageFormatConstraints;
    draft.imageFormatConstraints = [...draft.imageFormatConstraints, extra];
  }
  if (without === undefined) return;
  const list: ImageFormatConstraints[] = [];
  let found = false;
  for (const format of draft.imageFormatConstraints) {
    const pairs = pairsOf(format, realUsage);
    const at: number = found ? -1 : pairs.findIndex((pair) => isSamePair(pair, without));
    found ||= at >= 0;
    const { pixelFormat: _, pixelFormatModifier: __, ...rest } = format;
    if (at < 0) list.push(format);
    else if (pairs.length > 1) list.push({ ...rest, pixelFormatAndModifiers: pairs.toSpliced(at, 1) });
  }
  draft.imageFormatConstraints = list;
}

/** Whether two pairs are equal. */
export function isSamePair(a: FormatPair, b: FormatPair): boolean {
  return a.pixelFormat === b.pixelFormat && a.pixelFormatModifier === b.pixelFormatModifier;
}
