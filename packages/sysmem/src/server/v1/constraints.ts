/** Constraints of v1 as those of v2: what the one engine negotiates about. */
import { err, ok, type Result } from "#base";
import { ColorSpace } from "#gen/fuchsia_images2";
import {
  type BufferCollectionConstraints,
  type BufferMemoryConstraints,
  type BufferUsage,
  type ImageFormatConstraints,
  MAX_COUNT_BUFFER_COLLECTION_CONSTRAINTS_IMAGE_FORMAT_CONSTRAINTS,
  MAX_COUNT_BUFFER_MEMORY_CONSTRAINTS_HEAP_PERMITTED,
  MAX_COUNT_IMAGE_FORMAT_CONSTRAINTS_COLOR_SPACES,
  videoUsageHwProtected,
} from "#gen/fuchsia_sysmem";
import type * as v2 from "#gen/fuchsia_sysmem2";
import { heapTypeOfNumber } from "#heaps";
import { COUNT_FIELDS, IMAGE_FIELDS, MEMORY_FIELDS, setScalars, setSizes } from "./fields.ts";
import { v2Modifier, v2PixelFormat } from "./numbers.ts";

type Fields = Record<string, unknown>;

/**
 * The same constraints in the terms of v2, or what cannot be said there. What is merely unfulfillable is converted all the
 * same and shows as a failed negotiation, as it does for v2 clients.
 */
export function v2Constraints(v1: BufferCollectionConstraints): Result<v2.BufferCollectionConstraints, string> {
  const count = v1.imageFormatConstraintsCount;
  if (count > MAX_COUNT_BUFFER_COLLECTION_CONSTRAINTS_IMAGE_FORMAT_CONSTRAINTS) {
    return err(`image_format_constraints_count is ${count}`);
  }
  // Set even when every word is 0: a participant without a usage is at fault, one without constraints is not.
  const to: Fields = { usage: v2Usage(v1.usage) };
  setScalars(COUNT_FIELDS, v1, to);
  if (v1.hasBufferMemoryConstraints) {
    const memory = v2Memory(v1.bufferMemoryConstraints);
    if (!memory.ok) return memory;
    to.bufferMemoryConstraints = memory.value;
  }
  const images: v2.ImageFormatConstraints[] = [];
  for (const image of v1.imageFormatConstraints.slice(0, count)) {
    const converted = v2Image(image);
    if (!converted.ok) return converted;
    images.push(converted.value);
  }
  if (images.length > 0) to.imageFormatConstraints = images;
  return ok(to);
}

const USAGE_WORDS = ["none", "cpu", "vulkan", "display", "video"] as const;

function v2Usage(v1: BufferUsage): v2.BufferUsage {
  const to: Fields = {};
  for (const word of USAGE_WORDS) {
    // v2 asks for protected memory by its memory constraints alone.
    const bits = word === "video" ? (v1.video & ~videoUsageHwProtected) >>> 0 : v1[word];
    if (bits !== 0) to[word] = bits;
  }
  return to;
}

function v2Memory(v1: BufferMemoryConstraints): Result<v2.BufferMemoryConstraints, string> {
  const count = v1.heapPermittedCount;
  if (count > MAX_COUNT_BUFFER_MEMORY_CONSTRAINTS_HEAP_PERMITTED) return err(`heap_permitted_count is ${count}`);
  const to: Fields = {
    physicallyContiguousRequired: v1.physicallyContiguousRequired,
    secureRequired: v1.secureRequired,
    cpuDomainSupported: v1.cpuDomainSupported,
    ramDomainSupported: v1.ramDomainSupported,
    inaccessibleDomainSupported: v1.inaccessibleDomainSupported,
  };
  setScalars(MEMORY_FIELDS, v1, to);
  if (count > 0) {
    to.permittedHeaps = v1.heapPermitted.slice(0, count).map((heap) => ({ heapType: heapTypeOfNumber(heap), id: 0n }));
  }
  return ok(to);
}

function v2Image(v1: ImageFormatConstraints): Result<v2.ImageFormatConstraints, string> {
  const count = v1.colorSpacesCount;
  if (count > MAX_COUNT_IMAGE_FORMAT_CONSTRAINTS_COLOR_SPACES) return err(`color_spaces_count is ${count}`);
  if (v1.layers > 1) return err(`layers is ${v1.layers}`);
  const { type, hasFormatModifier, formatModifier } = v1.pixelFormat;
  const to: Fields = {
    pixelFormat: v2PixelFormat(type),
    pixelFormatModifier: v2Modifier(type, hasFormatModifier ? formatModifier.value : undefined),
    colorSpaces: v1.colorSpace.slice(0, count).map((space) => ColorSpace.from(space.type)),
  };
  setScalars(IMAGE_FIELDS, v1, to);
  setSizes(v1, to);
  return ok(to);
}
