import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { areAlternates } from "../../../src/server/tree/alternate.ts";
import { attachedName, renamed, truncateUtf8 } from "../../../src/server/tree/debug-info.ts";
import { eligibleSubtrees, isPrunedSubtreeReady } from "../../../src/server/tree/eligibility.ts";
import { deepestAbandonedDomain, failureDomainOf, takeDownOrder } from "../../../src/server/tree/failure-domain.ts";
import type { Node } from "../../../src/server/tree/node.ts";
import { attenuate, deliveredRights, usageNeedsVmos, VMO_RIGHTS } from "../../../src/server/tree/rights.ts";
import { breadthFirst, prunedSubtree, selectedSubtree } from "../../../src/server/tree/traversal.ts";
import { Rights } from "#base";
import { child, collection, constrain, group, leave, root, token } from "../support/plain-tree.ts";

function takeDown(top: Node): void {
  const nodes = takeDownOrder(top);
  top.doom(nodes);
  for (const node of nodes) node.delete();
}

describe("counters", () => {
  /** The same sums, by walking. */
  function recount(node: Node) {
    const all = breadthFirst(node);
    const unready = (nodes: Node[]) => nodes.filter((n) => !n.isReady).length;
    return {
      nodes: all.length,
      connected: all.filter((n) => n.serving.kind !== "orphan").length,
      collections: all.filter((n) => n.serving.kind === "collection").length,
      tokens: all.filter((n) => n.serving.kind === "token").length,
      unready: unready(all),
      unreadyPruned: unready(prunedSubtree(node)),
    };
  }

  test("stay equal to a recount through random growth, binding, leaving and failing", () => {
    const step = fc.record({ what: fc.integer({ min: 0, max: 8 }), at: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const top = root();
        for (const { what, at } of steps) {
          const nodes = breadthFirst(top);
          const node = nodes[at % nodes.length] as Node;
          if (what === 0) child(node);
          if (what === 1) child(node, group());
          if (what === 2) child(node, token(), { isAttached: true });
          if (what === 3 && node.serving.kind === "token") node.setServing(collection());
          if (what === 4 && node.serving.kind === "collection") constrain(node);
          if (what === 5 && node.properties.isGroup) node.setServing(group("sealed"));
          if (what === 6) leave(node);
          if (what === 7 && node !== top) takeDown(node);
          if (what === 8) node.touch();
          for (const each of breadthFirst(top)) expect(each.counters).toEqual(recount(each));
        }
      }),
      { numRuns: 200 },
    );
  });

  test("a chain of 5,000 nodes is counted and taken down without recursion", () => {
    const top = root();
    let last = top;
    for (let i = 0; i < 4_999; i++) last = child(last);
    expect(top.counters.nodes).toBe(5_000);
    takeDown(top);
    expect(top.isDeleted).toBe(true);
  });
});

describe("failure domains (5.1)", () => {
  test("an ordinary node's failure climbs to the root", () => {
    const top = root();
    const node = child(child(child(top), group()));
    expect(failureDomainOf(node)).toBe(top);
  });

  test("a dispensable node is a boundary only once it is logically allocated", () => {
    const top = root();
    const dispensable = child(top, token(), { mode: "propagate-before-allocation" });
    const below = child(dispensable);
    expect(failureDomainOf(below)).toBe(top);
    dispensable.properties.isLogicallyAllocated = true;
    expect(failureDomainOf(below)).toBe(dispensable);
  });

  test("an attached node is a boundary at all times", () => {
    const top = root(collection());
    const attached = child(top, token(), { isAttached: true });
    expect(failureDomainOf(child(attached))).toBe(attached);
  });

  test("a subtree is taken down deepest level first", () => {
    const top = root();
    const [a, b] = [child(top), child(top)];
    const below = child(a);
    expect(takeDownOrder(top)).toEqual([below, b, a, top]);
  });

  test("the deepest domain without a connected client is found, and none while everybody is connected", () => {
    const top = root(collection());
    const attached = child(top, collection(), { isAttached: true });
    const nested = child(attached, collection(), { isAttached: true });
    expect(deepestAbandonedDomain(top)).toBeUndefined();
    leave(attached);
    expect(deepestAbandonedDomain(top)).toBeUndefined();
    leave(nested);
    expect(deepestAbandonedDomain(top)).toBe(nested);
  });
});

describe("readiness and eligibility (2.3, 6.1)", () => {
  test("tokens never are ready, collections with constraints, groups when sealed, orphans always", () => {
    expect(root(token()).isReady).toBe(false);
    expect(root(collection()).isReady).toBe(false);
    expect(constrain(root(collection())).isReady).toBe(true);
    const top = root();
    expect(child(top, group("open")).isReady).toBe(false);
    expect(child(top, group("sealed")).isReady).toBe(true);
    expect(leave(child(top)).isReady).toBe(true);
  });

  test("an unready attached node delays nobody above it, and itself", () => {
    const top = constrain(root(collection()));
    const attached = child(top, token(), { isAttached: true });
    expect(isPrunedSubtreeReady(top)).toBe(true);
    expect(isPrunedSubtreeReady(attached)).toBe(false);
  });

  test("before initial allocation only the root is eligible, afterwards attached nodes under allocated parents", () => {
    const top = constrain(root(collection()));
    const attached = child(top, collection(), { isAttached: true });
    child(attached, collection(), { isAttached: true });
    expect(eligibleSubtrees(top)).toEqual([top]);
    top.properties.isLogicallyAllocated = true;
    expect(eligibleSubtrees(top)).toEqual([attached]);
  });

  test("a selected subtree leaves out what hides behind unselected children and attached nodes", () => {
    const top = constrain(root(collection()));
    const choice = child(top, group("sealed"));
    const [first, second] = [child(choice), child(choice)];
    const below = child(second);
    child(top, token(), { isAttached: true });
    choice.properties.selectedChild = second;
    expect(selectedSubtree(top)).toEqual([top, choice, second, below]);
    expect(prunedSubtree(top)).toContain(first);
  });
});

describe("IsAlternateFor (4.2)", () => {
  test("L127: two children of one token are no alternates", () => {
    const top = root();
    expect(areAlternates(child(top), child(top))).toBe(false);
  });

  test("L128: children of one group, and descendants of two different children, are alternates", () => {
    const choice = child(root(), group());
    const [a, b] = [child(choice), child(choice)];
    expect(areAlternates(a, b)).toBe(true);
    expect(areAlternates(child(child(a)), child(b))).toBe(true);
    expect(areAlternates(child(a), child(a))).toBe(false);
  });

  test("a group against itself or its descendant is true, as in the original", () => {
    const choice = child(root(), group());
    const node = child(choice);
    expect(areAlternates(choice, choice)).toBe(true);
    expect(areAlternates(choice, node)).toBe(true);
    expect(areAlternates(node, node)).toBe(false);
  });
});

describe("rights (4.3, 7.1)", () => {
  test("SAME_RIGHTS and all ones keep the mask; every other value only removes", () => {
    expect(attenuate(0xffff_ffff, Rights.SAME_RIGHTS)).toBe(0xffff_ffff);
    expect(attenuate(0xffff_ffff, 0xffff_ffff)).toBe(0xffff_ffff);
    const readOnly = Rights.READ | Rights.MAP | Rights.TRANSFER;
    expect(attenuate(attenuate(0xffff_ffff, readOnly), 0xffff_ffff)).toBe(readOnly);
  });

  test("L25: full mask and write usage give WRITE, MAP, READ, and neither EXECUTE nor SIGNAL", () => {
    const rights = deliveredRights(0xffff_ffff, { cpu: 4 });
    expect(rights).toBe(VMO_RIGHTS);
    expect(rights & (Rights.EXECUTE | Rights.SIGNAL)).toBe(0);
  });

  test.each([
    ["L26: reading cpu", { cpu: 3 }, false],
    ["L27: display", { display: 3 }, false],
    ["cpu write often", { cpu: 8 }, true],
    ["vulkan image storage", { vulkan: 8 }, true],
    ["vulkan buffer storage", { vulkan: 0x20_0000 }, true],
    ["vulkan sampled", { vulkan: 4 }, false],
    ["video capture", { video: 8 }, false],
    ["video decoder", { video: 1 }, true],
  ])("%s usage and WRITE", (_name, usage, writes) => {
    expect((deliveredRights(0xffff_ffff, usage) & Rights.WRITE) !== 0).toBe(writes);
  });

  test("VMOs go to participants with a usage, and to none-usage that permits allocation", () => {
    expect(usageNeedsVmos({})).toBe(false);
    expect(usageNeedsVmos({ none: 1 })).toBe(false);
    expect(usageNeedsVmos({ none: 3 })).toBe(true);
    expect(usageNeedsVmos({ display: 1 })).toBe(true);
  });
});

describe("debug names (9.1)", () => {
  test("L141: a second name remembers the first", () => {
    const x = renamed({ name: "", id: 1n }, "x", 2n, 4096);
    expect(x).toEqual({ name: "x", id: 2n });
    expect(renamed(x, "y", 0n, 4096)).toEqual({ name: "y (was x)", id: 0n });
  });

  test("nested names are cut at 4096 bytes", () => {
    const long = renamed({ name: "o".repeat(4096), id: 0n }, "new", 0n, 4096);
    expect(long.name.length).toBe(4096);
    expect(long.name.startsWith("new (was ooo")).toBe(true);
  });

  test("L144: the name of an attached token", () => {
    expect(attachedName({ name: "n", id: 7n }, 4096)).toEqual({ name: "n then AttachToken()", id: 7n });
    expect(attachedName({ name: "", id: 0n }, 4096).name).toBe("from AttachToken()");
  });

  test("cutting never splits a character", () => {
    expect(truncateUtf8("ab\u{1F600}", 5)).toBe("ab");
    expect(truncateUtf8("ab\u{1F600}", 6)).toBe("ab\u{1F600}");
    expect(truncateUtf8("\u00e9".repeat(10), 5)).toBe("\u00e9\u00e9");
  });
});
