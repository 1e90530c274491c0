/** What a token group can be asked to do. Lifecycle contract 4.4. */
import { type Channel, Rights, Status } from "#base";
import { checkAllocation } from "../allocation/check.ts";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { deviation } from "../domain-error.ts";
import type { Node } from "../tree/node.ts";
import type { Handled } from "./receive.ts";
import { addToken, checkRoom } from "./token.ts";

/** `CreateChild`. An absent mask means the group's own rights. Takes ownership of `channel` when it succeeds. */
export function createChild(
  collection: LogicalBufferCollection,
  node: Node,
  mask: number | undefined,
  channel: Channel,
): Handled {
  if (mask === 0) return deviation("CreateChild with rights_attenuation_mask 0");
  const full = checkRoom(collection, 1);
  if (full !== undefined) return full;
  addToken(collection, node, channel, mask ?? Rights.SAME_RIGHTS);
  return undefined;
}

/** `AllChildrenPresent`: seals the group. */
export function allChildrenPresent(collection: LogicalBufferCollection, node: Node): Handled {
  const { serving } = node;
  if (serving.kind !== "group") return undefined;
  if (node.children.length === 0) {
    return deviation("AllChildrenPresent on a group without children", Status.ERR_BAD_STATE);
  }
  node.setServing({ kind: "group", endpoint: serving.endpoint, state: "sealed" });
  checkAllocation(collection);
  return undefined;
}
