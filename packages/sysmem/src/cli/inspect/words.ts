/** Numbers, times and states as people read them. */
import { stripVTControlCharacters, styleText } from "node:util";
import { Error as ErrorCode } from "#gen/fuchsia_sysmem2";
import { AllocationState, Awaited, type CollectionSummary } from "#gen/sysmem_inspect";
import { modifierName, pixelFormatName } from "#negotiate";

/** Where a command writes: standard output, or what stands in for it. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

type Format = Parameters<typeof styleText>[0];

/** Puts colour on a text, or leaves it. */
export type Style = (format: Format, text: string) => string;

/** Colour on terminals, unless `NO_COLOR` is set. */
export function styleFor(output: Output, env: Readonly<Record<string, string | undefined>> = process.env): Style {
  const isColoured = output.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  return isColoured ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text;
}

/**
 * What clients call themselves, without what would reach into the terminal or into the text around it: control
 * characters, line ends, and invisible characters, which change the direction of writing or make two names look alike.
 */
export function safe(text: string | undefined): string {
  return stripVTControlCharacters(text ?? "").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, "?");
}

/** `1.5 MiB`. */
export function bytes(count: bigint | number | undefined): string {
  let value = Number(count ?? 0);
  if (value < 1024) return `${value} B`;
  for (const unit of ["KiB", "MiB", "GiB"]) {
    value /= 1024;
    if (value < 1024) return `${value.toFixed(1)} ${unit}`;
  }
  return `${(value / 1024).toFixed(1)} TiB`;
}

/** `12 s`, `3 min`, `5 h`, `2 d`. */
export function duration(ns: bigint | number): string {
  const seconds = Number(ns) / 1e9;
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `1 buffer`, `3 buffers`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** `NV12 640x480`; empty for buffers that are not images. */
export function formatText({ pixelFormat, pixelFormatModifier, size }: CollectionSummary): string {
  if (pixelFormat === undefined) return "";
  const modifier =
    pixelFormatModifier === undefined || pixelFormatModifier === 0n ? "" : modifierName(pixelFormatModifier);
  return [pixelFormatName(pixelFormat), modifier, size && `${size.width}x${size.height}`].filter(Boolean).join(" ");
}

/** What a collection is doing. */
export function stateText(summary: CollectionSummary): string {
  switch (summary.allocation) {
    case AllocationState.ALLOCATED:
      return summary.nodeCount === 0 ? "draining" : "allocated";
    case AllocationState.ALLOCATING:
      return "allocating";
    case AllocationState.POSTPONED:
      return "postponed";
    case AllocationState.FAILED:
      return "failed";
    default:
      return `waiting for ${summary.unreadyCount ?? 0} of ${summary.nodeCount ?? 0}`;
  }
}

/** What a node still has to do, as a person would ask for it. */
export function awaitedText(awaited: Awaited | undefined): string {
  switch (awaited) {
    case Awaited.BIND_OR_RELEASE:
      return "waiting for BindSharedCollection or Release";
    case Awaited.CLOSE:
      return "waiting for its channel to be closed";
    case Awaited.END_OF_TOKEN:
      return "waiting for the end of its token";
    case Awaited.SET_CONSTRAINTS:
      return "waiting for SetConstraints";
    case Awaited.ALL_CHILDREN_PRESENT:
      return "waiting for AllChildrenPresent";
    default:
      return "";
  }
}

/** An error by its FIDL name. */
export function errorName(error: ErrorCode | undefined): string {
  return error === undefined ? "" : (ErrorCode.nameOf(error) ?? `error ${error}`);
}

/** `collection 42 "frames"`. */
export function collectionTitle(id: bigint | undefined, name: string | undefined): string {
  return `collection ${id ?? "?"}${name === undefined ? "" : ` "${safe(name)}"`}`;
}

/** Sets of numbers: `0-2, 5`. */
export function ranges(numbers: Iterable<number>): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let at = 0; at < sorted.length; ) {
    let end = at;
    while (sorted[end + 1] === (sorted[end] as number) + 1) end++;
    parts.push(at === end ? `${sorted[at]}` : `${sorted[at]}-${sorted[end]}`);
    at = end + 1;
  }
  return parts.join(", ");
}
