/** What is kept of a tree that failed, on both sides of its limits. */
import { expect, test } from "vitest";
import { defaultServerLimits } from "#server";
import { failedTree } from "../../../src/server/debug/failed-tree.ts";
import { child, collection, constrain, root } from "../support/plain-tree.ts";

const limits = { ...defaultServerLimits, rememberedNodes: 3, maxExplainedParticipants: 2 };

/** A chain, so that breadth-first is from the top down. */
function chain(length: number, spoken: number) {
  const top = root(collection());
  const nodes = [top];
  while (nodes.length < length) nodes.push(child(nodes.at(-1) ?? top, collection()));
  for (const node of nodes.slice(0, spoken)) constrain(node);
  return failedTree(top, limits);
}

test("nodes are kept up to a number, from the top", () => {
  expect(chain(3, 0)).toMatchObject({ nodes: { length: 3 }, isShortened: false });
  const cut = chain(4, 0);
  expect(cut).toMatchObject({ nodes: { length: 3 }, isShortened: true });
  expect(cut.nodes[0]?.parentId).toBe(undefined);
});

test("constraints are kept of a number of nodes, and the others say that they had some", () => {
  expect(chain(3, 2)).toMatchObject({ isShortened: false, nodes: [{ constraints: {} }, { constraints: {} }, {}] });
  const cut = chain(3, 3);
  expect(cut.isShortened).toBe(true);
  expect(cut.nodes.map(({ hasConstraints, constraints }) => [hasConstraints, constraints !== undefined])).toEqual([
    [true, true],
    [true, true],
    [true, false],
  ]);
});
