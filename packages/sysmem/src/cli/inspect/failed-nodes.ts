/** The nodes of a failure with what each had said, as data. */
import { type JsonValue, toJson } from "#fidl";
import { InspectorGetFailedConstraintsResponse, Node } from "#gen/sysmem_inspect";
import type { Inspection } from "./connection.ts";

/** Nodes as they failed; undefined where that is not known (any more). */
export async function failedNodes(
  inspection: Inspection,
  failureId: bigint,
): Promise<{ readonly nodes: JsonValue[]; readonly is_shortened: boolean } | undefined> {
  const tree = await inspection.failedTree(failureId);
  if (tree === undefined) return undefined;
  const nodes: JsonValue[] = [];
  for (const node of tree.nodes) {
    const said = node.hasConstraints === true && (await inspection.failedConstraints(failureId, node.nodeId ?? 0n));
    const words = said ? (toJson(InspectorGetFailedConstraintsResponse, said) as object) : {};
    nodes.push({ ...(toJson(Node, node) as object), ...words });
  }
  return { nodes, is_shortened: tree.isShortened };
}
