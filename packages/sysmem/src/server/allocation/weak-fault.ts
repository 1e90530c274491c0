import type { BufferMemory } from "#kernel";
import type { Heap } from "#heaps";
import type { Node } from "../tree/node.ts";
import { prunedSubtree } from "../tree/traversal.ts";

/**
 * Why weak participants cannot have VMOs of this memory; undefined when they can, and when there are none below `top`. A buffer
 * ends with its last strong VMO. Where the kernel counts holders and does not say who they are, nobody could tell when that is.
 */
export function weakFault(top: Node, memory: BufferMemory, heap: Heap): string | undefined {
  if (memory.tellsChildrenApart) return undefined;
  const weak = prunedSubtree(top).find((node) => node.properties.isWeak);
  if (weak === undefined) return undefined;
  const { name, id } = weak.properties.debugInfo;
  return (
    `client "${name}" (id ${id}) is weak, and heap ${heap.id.heapType} (${heap.description}) has no memory for weak ` +
    "clients: the kernel counts who holds it and cannot tell strong VMOs from weak ones"
  );
}
