/** Nodes of a collection as the input of `sysmem solve`. */
import { type JsonValue, toJson } from "#fidl";
import { BufferCollectionConstraints, SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import type { NodeSnapshot } from "#server";
import { namesOf } from "../inspect/names.ts";

type Json = Readonly<Record<string, JsonValue>>;

/** The tree that was decided on for the first time: without attached subtrees, which are decided on later. */
export function solveTree(nodes: readonly NodeSnapshot[]): Json {
  const [root, ...others] = nodes;
  const below = new Map<number, NodeSnapshot[]>();
  for (const node of others) {
    if (node.isAttached || node.parentId === undefined) continue;
    const siblings = below.get(node.parentId);
    if (siblings === undefined) below.set(node.parentId, [node]);
    else siblings.push(node);
  }
  const names = namesOf(nodes.filter(isParticipant));
  const build = (node: NodeSnapshot): Json => {
    const { nodeId, client, isGroup, constraints, mustMatch } = node;
    const children = (below.get(nodeId) ?? []).map(build);
    // Only participants are told apart by their names.
    if (!isParticipant(node)) {
      const name = client === "" ? `node ${nodeId}` : `${client} (node ${nodeId})`;
      return isGroup ? { name, group: children } : { name, children };
    }
    return {
      name: names.of(nodeId),
      constraints: toJson(BufferCollectionConstraints, constraints ?? {}),
      ...(mustMatch !== undefined && { must_match: toJson(SingleBufferSettings, mustMatch) }),
      children,
    };
  };
  return root === undefined ? {} : build(root);
}

function isParticipant({ isGroup, hasConstraints }: NodeSnapshot): boolean {
  return hasConstraints && !isGroup;
}
