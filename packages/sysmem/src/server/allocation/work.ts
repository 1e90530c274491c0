/**
 * What one negotiation costs at most, counted before it is made. It runs within one turn of the event loop, so that somebody
 * who brings hundreds of participants with dozens of formats each, and groups that try them again and again, would
 * stop the server for everybody.
 *
 * One unit is about 0.2 us. The count is rough: it need only grow as the true cost grows.
 */
import { MAX_GROUP_CHILD_COMBINATIONS } from "#base";
import { PixelFormat, PixelFormatModifier } from "#negotiate";
import type { Node } from "../tree/node.ts";
import type { BufferCollectionConstraints } from "../types.ts";

/** A participant that says nothing of images or heaps. */
const PARTICIPANT_UNITS = 2;
/** One image format, apart from its lists. */
const FORMAT_UNITS = 4;
/** Formats that one with DO_NOT_CARE in it may become. */
const OPEN_FORMAT_FACTOR = 64;

/** Work for combining the constraints of these nodes once for every combination of group children below `top`. */
export function negotiationWork(top: Node, pruned: readonly Node[], others: readonly Node[]): number {
  let units = 0;
  for (const { properties } of [...pruned, ...others]) {
    if (properties.constraints !== undefined) units += constraintsWork(properties.constraints.constraints);
  }
  return units * combinationsBelow(top, pruned);
}

/** Work for combining one participant's constraints with those of the others. */
export function constraintsWork(constraints: BufferCollectionConstraints | undefined): number {
  const heaps = constraints?.bufferMemoryConstraints?.permittedHeaps?.length ?? 0;
  // Lists of heaps are compared each with each.
  let units = PARTICIPANT_UNITS + (heaps * heaps) / 32;
  for (const image of constraints?.imageFormatConstraints ?? []) {
    let formats = 0;
    const count = (format: number | undefined, modifier: bigint | undefined) => {
      const isOpen = format === PixelFormat.DO_NOT_CARE || modifier === PixelFormatModifier.DO_NOT_CARE;
      formats += isOpen ? OPEN_FORMAT_FACTOR : 1;
    };
    for (const pair of image.pixelFormatAndModifiers ?? []) count(pair.pixelFormat, pair.pixelFormatModifier);
    if (image.pixelFormat !== undefined) count(image.pixelFormat, image.pixelFormatModifier);
    const lists = (image.requiredMaxSizeList?.length ?? 0) + (image.colorSpaces?.length ?? 0);
    units += formats * (FORMAT_UNITS + lists);
  }
  return units;
}

/** Combinations of group children that may be tried: never more than the limit. `pruned` is in breadth-first order. */
function combinationsBelow(top: Node, pruned: readonly Node[]): number {
  const below = new Map<Node, number>();
  for (let at = pruned.length - 1; at >= 0; at--) {
    const node = pruned[at] as Node;
    const own = Math.max(1, below.get(node) ?? 1);
    below.set(node, own);
    const { parent } = node;
    if (node === top || parent === undefined) continue;
    const beside = below.get(parent);
    const together = parent.properties.isGroup ? (beside ?? 0) + own : (beside ?? 1) * own;
    below.set(parent, Math.min(MAX_GROUP_CHILD_COMBINATIONS, together));
  }
  return below.get(top) ?? 1;
}
