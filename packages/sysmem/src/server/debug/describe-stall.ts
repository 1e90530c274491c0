import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import type { Node } from "../tree/node.ts";
import { prunedSubtree } from "../tree/traversal.ts";

/** Logs what a collection that does not allocate is waiting for: tokens, then collections, then groups. */
export function warnAboutStall(collection: LogicalBufferCollection, warning: number): void {
  const { root, context } = collection;
  if (root === undefined || collection.allocation.kind === "allocated") return;
  const { logger, clock } = context;
  const waitedMs = Math.round((clock.nowNs() - collection.createdAtNs) / 1e6);
  logger.error({ ...collection.describe(), warning, waitedMs }, "no allocation yet: not all clients are ready");
  // Nodes under an attached node delay nothing.
  const nodes = prunedSubtree(root);
  for (const kind of ["token", "collection", "group"] as const) {
    for (const node of nodes) {
      if (node.serving.kind === kind) logger.error(collection.describe(node), waitingFor(node));
    }
  }
  collection.emit(() => ({ type: "stall-warning", warning }));
}

function waitingFor(node: Node): string {
  const serving = node.serving;
  switch (serving.kind) {
    case "token":
      return serving.state.kind === "released" ? "token: released, not closed" : "token: not bound";
    case "collection":
      return node.properties.constraints === undefined ? "collection: no constraints" : "collection: constraints set";
    case "group":
      return serving.state === "open" ? "group: children not complete" : "group: children complete";
    case "orphan":
      return "orphan: ready";
  }
}
