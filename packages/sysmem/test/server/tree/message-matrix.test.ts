import { expect, test } from "vitest";
import {
  type Column,
  columns,
  legality,
  type NodeMessage,
  nodeMessages,
  v1StatusOf,
} from "../../../src/server/tree/message-matrix.ts";
import { Status } from "#base";

const COMMON: NodeMessage[] = [
  "Sync",
  "SetName",
  "SetDebugClientInfo",
  "SetDebugTimeoutLogDeadline",
  "SetVerboseLogging",
  "GetNodeRef",
  "IsAlternateFor",
  "GetBufferCollectionId",
  "AttachNodeTracking",
];
const TOKEN: NodeMessage[] = ["Duplicate", "DuplicateSync", "CreateBufferCollectionTokenGroup", "SetDispensable"];
const COLLECTION: NodeMessage[] = [
  "WaitForBuffersAllocated",
  "CheckAllBuffersAllocated",
  "AttachToken",
  "AttachLifetimeTracking",
];
const CHILDREN: NodeMessage[] = ["CreateChild", "CreateChildrenSync", "AllChildrenPresent"];

/** Lifecycle contract 2.5, read column by column. */
const LEGAL: Record<Column, NodeMessage[]> = {
  "token-active": [...COMMON, ...TOKEN, "Release", "SetWeak", "SetWeakOk"],
  "token-bind-pending": [...COMMON, ...TOKEN, "SetWeak", "SetWeakOk"],
  "token-released": ["SetDispensable"],
  "collection-unconstrained": [...COMMON, ...COLLECTION, "Release", "SetWeak", "SetWeakOk", "SetConstraints"],
  "collection-constrained": [...COMMON, ...COLLECTION, "Release", "SetWeakOk", "WaitForAllBuffersAllocated"],
  "collection-waited": [...COMMON, ...COLLECTION, "Release", "WaitForAllBuffersAllocated"],
  "collection-released": [],
  "group-open": [...COMMON, ...CHILDREN, "SetWeak", "SetWeakOk"],
  "group-sealed": [...COMMON, "Release", "SetWeakOk"],
  "group-released": [],
};

test.each(columns)("legal messages in state %s", (column) => {
  const legal = nodeMessages.filter((message) => legality(message, column) === "legal");
  expect(new Set(legal)).toEqual(new Set(LEGAL[column]));
});

test.each(nodeMessages)("%s exists on the kinds of node that have it and on no other", (message) => {
  const kinds = (prefix: string) =>
    new Set(columns.filter((c) => c.startsWith(prefix)).map((c) => legality(message, c) === "absent")).size === 1;
  expect([kinds("token-"), kinds("collection-"), kinds("group-")]).toEqual([true, true, true]);
});

test("a v1 channel sees BAD_STATE for Node and token messages and INVALID_ARGS for a collection's own", () => {
  expect(v1StatusOf("Sync")).toBe(Status.ERR_BAD_STATE);
  expect(v1StatusOf("Duplicate")).toBe(Status.ERR_BAD_STATE);
  expect(v1StatusOf("SetConstraints")).toBe(Status.ERR_INVALID_ARGS);
  expect(v1StatusOf("AttachToken")).toBe(Status.ERR_INVALID_ARGS);
});
