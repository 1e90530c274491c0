/** Explanations of trees and of late participants: what became of each child, and why, in whole sentences. */
import { describe, expect, test } from "vitest";
import { explainLate, explainTree, negotiate, type Participant, type TreeNode } from "#negotiate";
import { image, type JsonConstraints, participant, picture, plain, raw, withSecure } from "./support.ts";

const leaf = (name: string, json: JsonConstraints, ...children: TreeNode[]): TreeNode => ({
  kind: "participant",
  participant: participant(name, json),
  children,
});
const inside = (name: string | undefined, ...children: TreeNode[]): TreeNode => ({ kind: "plain", name, children });
const group = (name: string | undefined, ...children: TreeNode[]): TreeNode => ({ kind: "group", name, children });
const bounded = (max_size_bytes: number): JsonConstraints => ({
  usage: { cpu: 1 },
  buffer_memory_constraints: { max_size_bytes },
});
const clash = (bytes: number, of: number, name: string): string =>
  `writer requires at least ${bytes} bytes a buffer (min_size_bytes); ${name} requires at most ${of} bytes a buffer ` +
  `(max_size_bytes): buffers of at least ${bytes} bytes are asked for and at most ${of} allowed`;

describe("groups", () => {
  test("names: the group's or its place, the child's first participant, its own name, or its place", () => {
    const root = inside(
      undefined,
      leaf("writer", raw(100)),
      group("screen", leaf("a", bounded(11)), inside("shell", leaf("deep", bounded(12))), leaf("b", bounded(100))),
      group(undefined, inside(undefined), inside("empty"), leaf("never", raw(1))),
    );
    const { ok, children, summary } = explainTree(root, plain);
    expect(ok).toBe(true);
    expect(children.map(({ group, child, name, status }) => [group, child, name, status])).toEqual([
      ["screen", 0, "a", "rejected"],
      ["screen", 1, "shell", "rejected"],
      ["screen", 2, "b", "selected"],
      ["group 2", 0, "child 1", "selected"],
      ["group 2", 1, "empty", "rejected"],
      ["group 2", 2, "never", "rejected"],
    ]);
    expect(summary.split("\n")).toEqual([
      `screen: a is not possible: ${clash(100, 11, "a")}`,
      `screen: shell is not possible: ${clash(100, 12, "deep")}`,
      `group 2: empty is not possible: ${clash(100, 11, "a")}`,
      `group 2: never is not possible: ${clash(100, 11, "a")}`,
    ]);
  });

  test("without a way out each child says why, and the last is the whole's reason", () => {
    const root = inside(
      undefined,
      leaf("writer", raw(100)),
      group("screen", leaf("a", bounded(11)), leaf("b", bounded(12))),
    );
    const { ok, summary, explanation, decisions } = explainTree(root, plain);
    expect(ok).toBe(false);
    expect(decisions).toBeUndefined();
    expect(summary.split("\n")).toEqual([
      `screen: a is not possible: ${clash(100, 11, "a")}`,
      `screen: b is not possible: ${clash(100, 12, "b")}`,
    ]);
    expect(explanation?.summary).toBe(clash(100, 12, "b"));
  });

  test("no groups: everybody agrees, or the one reason", () => {
    expect(explainTree(leaf("writer", raw(1)), plain)).toMatchObject({
      ok: true,
      summary: "everybody agrees",
      children: [],
    });
    expect(explainTree(leaf("writer", raw(100), leaf("a", bounded(11))), plain)).toMatchObject({
      ok: false,
      summary: clash(100, 11, "a"),
      children: [],
    });
    expect(explainTree(inside(undefined), plain)).toMatchObject({
      ok: false,
      summary: "no participant has set constraints",
    });
  });

  test("a group inside a child that was rejected was tried with it", () => {
    const inner = group("inner", leaf("x", raw(1)), leaf("y", raw(1)));
    const root = inside(
      undefined,
      leaf("writer", raw(100)),
      group("outer", leaf("a", bounded(11), inner), leaf("b", raw(1))),
    );
    const { children } = explainTree(root, plain);
    expect(children.map(({ name, status }) => [name, status])).toEqual([
      ["a", "rejected"],
      ["b", "selected"],
      ["x", "rejected"],
      ["y", "rejected"],
    ]);
    expect(children[2]?.explanation?.summary).toBe(clash(100, 11, "a"));
  });

  test("secure memory that is not there says so, and no child is to blame", () => {
    const secure = raw(1, { usage: { video: 1 }, buffer_memory_constraints: { secure_required: true } });
    const root = group("way", leaf("secure", secure), leaf("other", raw(1)));
    const { ok, summary } = explainTree(root, { ...withSecure, secureMemory: "lost" });
    expect(ok).toBe(false);
    expect(summary).toBe("way: secure is not possible: secure memory was there and is gone");
  });
});

describe("late participants", () => {
  const first = participant("first", {
    ...picture(image("R8", { bytes_per_row_divisor: 16 })),
    min_buffer_count: 2,
    min_buffer_count_for_camping: 1,
  });
  const join = (tree: TreeNode, allocated: readonly Participant[] = [first]): ReturnType<typeof explainLate> => {
    const existing = negotiate([first], plain);
    if (!existing.ok) throw new TypeError("no allocation");
    return explainLate({ existing, allocated, tree, environment: plain });
  };

  test("what a newcomer demands that the buffers cannot give, and what would do", () => {
    const { summary, explanation } = join(
      leaf("late", {
        usage: { cpu: 1 },
        min_buffer_count_for_camping: 3,
        image_format_constraints: [image("R8", { bytes_per_row_divisor: 8 })],
      }),
    );
    expect(summary).toBe(
      "late requires 3 buffers to hold at a time (min_buffer_count_for_camping): 4 buffers are needed (camping 4 + " +
        "dedicated slack 0 + shared slack 0, at least 2) and at most 2 allowed",
    );
    expect(explanation).toMatchObject({ kind: "conflict", code: "count-above-max", error: 6, eliminatedFormats: [] });
    expect(explanation?.requirements.map(({ participant, field }) => [participant, field])).toEqual([
      ["late", "min_buffer_count_for_camping"],
    ]);
    expect(explanation?.relaxations.map(({ text, isEnough }) => [text, isEnough])).toEqual([
      ["late requires 1 buffer to hold at a time (min_buffer_count_for_camping) instead of 3", true],
    ]);
  });

  test("two demands that are too much together", () => {
    const { summary } = join(
      leaf("late", { usage: { cpu: 1 }, min_buffer_count_for_camping: 1, min_buffer_count_for_dedicated_slack: 1 }),
    );
    expect(summary).toMatch(
      /^late requires 1 buffer to hold at a time \(min_buffer_count_for_camping\); late requires 1 buffer of slack of its own \(/,
    );
  });

  test("somebody has to say more: nothing that is demanded is wrong", () => {
    const { summary, explanation } = join(
      leaf("late", { usage: { cpu: 1 }, image_format_constraints: [{ pixel_format: "R8" }] }),
    );
    expect(explanation).toMatchObject({ kind: "missing", code: "no-color-space", requirements: [], relaxations: [] });
    expect(summary).toBe("late: R8 LINEAR: an image format without color_spaces");
  });

  test("children of a newcomers' group", () => {
    const { children } = join(
      group(
        "mode",
        leaf("wide", { usage: { cpu: 1 }, image_format_constraints: [image("R8", { bytes_per_row_divisor: 64 })] }),
        leaf("plain", { usage: { cpu: 1 } }),
        leaf("other", { usage: { cpu: 1 } }),
      ),
    );
    expect(children.map(({ name, status }) => [name, status])).toEqual([
      ["wide", "rejected"],
      ["plain", "selected"],
      ["other", "not tried"],
    ]);
    expect(children[0]?.explanation?.code).toBe("existing-differs");
  });

  test("a newcomer that wants to be like other buffers is the trouble, not those who are there", () => {
    const other = negotiate([participant("other", raw(1))], plain);
    if (!other.ok) throw new TypeError("no allocation");
    const late = { ...participant("late", { usage: { cpu: 1 } }), mustMatch: other.settings };
    const { summary, explanation } = join({ kind: "participant", participant: late });
    expect(explanation?.requirements.map((one) => one.participant)).toEqual(["must_match_vmo of late"]);
    expect(summary).toMatch(/^must_match_vmo of late requires at most 1 byte a buffer/);
    expect(explanation?.relaxations.map(({ text, isEnough }) => [text, isEnough])).toEqual([
      ["must_match_vmo of late is left out", true],
    ]);
  });

  test("whoever is there without constraints, or joins without, is no part of it", () => {
    const silent: TreeNode = { kind: "participant", participant: { name: "silent" } };
    const tree = inside(undefined, silent, leaf("late", { usage: { cpu: 1 }, min_buffer_count: 3 }));
    const { explanation } = join(tree, [{ name: "quiet" }, first]);
    expect(explanation?.requirements.map(({ participant }) => participant)).toEqual(["late"]);
  });
});
