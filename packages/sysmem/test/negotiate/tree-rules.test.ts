/** Rules on trees: participant order, groups, what every combination starts from, late participants (sections 1.1, 1.2, 1.6). */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Environment,
  explainFailure,
  explainLate,
  explainSuccess,
  explainTree,
  type LateInput,
  negotiate,
  NegotiationError,
  negotiateLate,
  negotiateTree,
  type Outcome,
  type Participant,
  type TreeNode,
  type TreeOutcome,
} from "#negotiate";
import { named, plausible, runs, trees } from "./arbitrary.ts";
import {
  image,
  type JsonConstraints,
  participant,
  picture,
  plain,
  raw,
  secureHeap,
  systemRam,
  withSecure,
} from "./support.ts";

const leaf = (name: string, json: JsonConstraints, ...children: TreeNode[]): TreeNode => ({
  kind: "participant",
  participant: participant(name, json),
  children,
});
const inside = (...children: TreeNode[]): TreeNode => ({ kind: "plain", children });
const group = (...children: TreeNode[]): TreeNode => ({ kind: "group", children });
const names = (outcome: TreeOutcome): string[] => (outcome.ok ? outcome.participants.map(({ name }) => name) : []);
const heap = (heapType: string): Environment["heaps"][number] => ({ ...systemRam, heapType });
const here: Environment = { ...plain, heaps: [systemRam, heap("A"), heap("B"), heap("C")] };
const permitting = (...heaps: string[]): JsonConstraints =>
  raw(1, { buffer_memory_constraints: { permitted_heaps: heaps.map((heap_type) => ({ heap_type })) } });
const fails = raw(1, { min_buffer_count: 65 });

describe("participant order", () => {
  test("is breadth first, children as they were created, without those that are not selected", () => {
    const root = leaf(
      "a",
      raw(1),
      inside(leaf("c", raw(1), leaf("f", raw(1)))),
      leaf("b", raw(1), leaf("d", raw(1))),
      group(leaf("no", fails), leaf("e", raw(1), leaf("g", raw(1)))),
    );
    const outcome = negotiateTree(root, plain);
    expect(names(outcome)).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
    expect(outcome).toMatchObject({ selection: [1], combinationsTried: 2 });
    if (!outcome.ok) return;
    expect(outcome.selected.map(({ kind }) => kind)).toEqual([
      ...["participant", "plain", "participant", "group"],
      ...["participant", "participant", "participant", "participant", "participant"],
    ]);
    expect(outcome.unselected).toHaveLength(1);
  });

  test("decides among the heaps that all permit", () => {
    const tree = (...children: TreeNode[]): unknown => {
      const outcome = negotiateTree(inside(...children), here);
      return outcome.ok && outcome.heap.heapType;
    };
    expect(tree(leaf("a", permitting("A", "B")), leaf("b", permitting("B", "A")))).toBe("A");
    expect(tree(leaf("b", permitting("B", "A")), leaf("a", permitting("A", "B")))).toBe("B");
    // The deeper one comes later, wherever its branch is.
    expect(tree(inside(leaf("a", permitting("A", "B"))), leaf("b", permitting("B", "A")))).toBe("B");
  });

  test("a node without constraints has no say, and is selected all the same", () => {
    const silent: TreeNode = { kind: "participant", participant: { name: "silent" } };
    const outcome = negotiateTree(inside(silent, leaf("a", raw(1))), plain);
    expect(names(outcome)).toEqual(["a"]);
    expect(outcome.ok && outcome.selected).toHaveLength(3);
    expect(negotiateTree(silent, plain)).toMatchObject({ ok: false, reason: { code: "no-participants" } });
  });
});

describe("groups", () => {
  /** Children that fail, except the one that works. */
  const choice = (name: string, children: number, works: number): TreeNode =>
    group(...Array.from({ length: children }, (_, at) => leaf(`${name}${at}`, at === works ? raw(1) : fails)));

  test("the last in depth-first order varies fastest", () => {
    const outcome = negotiateTree(inside(choice("a", 3, 1), choice("b", 4, 2)), plain);
    expect(outcome).toMatchObject({ ok: true, selection: [1, 2], combinationsTried: 4 + 3 });
    expect(names(outcome)).toEqual(["a1", "b2"]);
  });

  test("depth first: a group inside the first child comes before the second group", () => {
    const root = inside(group(leaf("a", raw(1), choice("i", 2, 1))), choice("b", 3, 2));
    expect(negotiateTree(root, plain)).toMatchObject({ selection: [0, 1, 2], combinationsTried: 6 });
  });

  test("a group in a branch that is not selected keeps its first child and is not varied", () => {
    const root = group(leaf("a", fails, choice("i", 3, 0)), leaf("b", raw(1)));
    expect(negotiateTree(root, plain)).toMatchObject({ selection: [1, 0], combinationsTried: 4 });
    // And varies once its branch is.
    const other = group(leaf("a", fails), leaf("b", raw(1), choice("i", 3, 2)));
    expect(negotiateTree(other, plain)).toMatchObject({ selection: [1, 2], combinationsTried: 4 });
  });

  test("all combinations fail: the last is reported, and counted", () => {
    const root = inside(leaf("a", raw(1)), choice("b", 3, 9));
    expect(negotiateTree(root, plain)).toMatchObject({
      ok: false,
      error: NegotiationError.CONSTRAINTS_INTERSECTION_EMPTY,
      selection: [2],
      combinationsTried: 3,
      reason: { code: "count-above-limit" },
    });
  });

  test("another error ends the search", () => {
    const secure = raw(1, { usage: { video: 1 }, buffer_memory_constraints: { secure_required: true } });
    const root = group(leaf("a", fails), leaf("b", secure), leaf("c", raw(1)));
    for (const [secureMemory, error] of [
      ["not-ready", NegotiationError.PENDING],
      ["lost", NegotiationError.UNSPECIFIED],
    ] as const) {
      expect(negotiateTree(root, { ...withSecure, secureMemory })).toMatchObject({
        ok: false,
        error,
        selection: [1],
        combinationsTried: 2,
      });
    }
    expect(negotiateTree(root, { ...withSecure, secureMemory: "not-expected", heaps: [systemRam] })).toMatchObject({
      ok: true,
      selection: [2],
    });
    expect(negotiateTree(root, withSecure)).toMatchObject({ ok: true, selection: [1], heap: { id: secureHeap.id } });
  });

  test("nothing in common before any group is looked at: every combination fails for that", () => {
    const root = inside(leaf("a", permitting("A")), leaf("b", permitting("B")), choice("c", 3, 0));
    expect(negotiateTree(root, here)).toMatchObject({
      ok: false,
      combinationsTried: 3,
      reason: { code: "no-common-heap" },
    });
  });

  test("a size bound may come from whoever is selected", () => {
    const unbounded = { usage: { cpu: 1 }, min_buffer_count: 1 };
    const root = inside(leaf("a", unbounded), group(leaf("b", unbounded), leaf("c", raw(1))));
    expect(negotiateTree(root, plain)).toMatchObject({ ok: true, selection: [1] });
  });

  test("what is inside a child is not there without it, however deep and wherever groups begin", () => {
    const deep = (name: string, ...heaps: string[]): TreeNode => inside(leaf(name, permitting(...heaps)));
    const outcome = negotiateTree(group(deep("a", "absent"), deep("b", "B")), here);
    expect(outcome).toMatchObject({ ok: true, selection: [1], heap: { heapType: "B" } });
    expect(names(outcome)).toEqual(["b"]);
  });

  test("must_match_vmo counts with its participant, and only while that is selected", () => {
    const two = negotiate([participant("x", raw(100, { min_buffer_count: 2 }))], plain);
    if (!two.ok) throw new TypeError("no allocation");
    const like = (name: string, json: JsonConstraints): TreeNode => ({
      kind: "participant",
      participant: { ...participant(name, json), mustMatch: two.settings },
    });
    const root = inside(leaf("a", raw(50)), group(like("b", raw(101)), like("c", raw(60)), leaf("d", raw(999))));
    const outcome = negotiateTree(root, plain);
    expect(outcome).toMatchObject({ ok: true, selection: [1], settings: { bufferSettings: { sizeBytes: 100n } } });
    expect(names(outcome)).toEqual(["a", "c"]);
  });
});

describe("every combination starts from what the participants have said", () => {
  /** A branch so deep that its participants come after the first that a group shows or hides. */
  const late = (...children: TreeNode[]): TreeNode => inside(inside(...children));
  const shown = group(leaf("first", { usage: { cpu: 1 } }));

  test("heaps", () => {
    const root = inside(
      shown,
      late(leaf("some", permitting("A", "B", "C"))),
      late(group(leaf("x", { ...permitting("C"), min_buffer_count: 65 }), leaf("y", permitting("A")))),
    );
    expect(negotiateTree(root, here)).toMatchObject({ ok: true, heap: { heapType: "A" }, combinationsTried: 2 });
  });

  test("color spaces", () => {
    const nv12 = (...color_spaces: string[]): JsonConstraints => picture(image("NV12", { color_spaces }));
    const root = inside(
      leaf("any", nv12("DO_NOT_CARE")),
      shown,
      late(leaf("some", nv12("REC709", "REC601_PAL"))),
      late(group(leaf("x", { ...nv12("REC709"), min_buffer_count: 65 }), leaf("y", nv12("REC601_PAL")))),
    );
    expect(negotiateTree(root, plain)).toMatchObject({
      ok: true,
      settings: { imageFormatConstraints: { colorSpaces: [4] } },
      combinationsTried: 2,
    });
  });

  test("formats, also those that DO_NOT_CARE stood for", () => {
    const of = (format: string, more: JsonConstraints = {}): JsonConstraints =>
      picture(image(format, { color_spaces: ["PASSTHROUGH"], ...more }));
    const open = of("DO_NOT_CARE", { color_spaces: ["DO_NOT_CARE"] });
    for (const depth of [(one: TreeNode) => one, late]) {
      const root = inside(
        shown,
        depth(leaf("open", open)),
        late(
          group(
            leaf("x", { ...of("R8G8B8A8", { bytes_per_row_divisor: 64 }), min_buffer_count: 65 }),
            leaf("y", of("NV12")),
          ),
        ),
      );
      expect(negotiateTree(root, plain)).toMatchObject({
        ok: true,
        settings: { imageFormatConstraints: { pixelFormat: 104, bytesPerRowDivisor: 2 } },
        combinationsTried: 2,
      });
    }
  });

  test("what DO_NOT_CARE stands for beside one child is not what it stands for beside another", () => {
    const of = (format: string, more: JsonConstraints = {}): JsonConstraints => ({
      ...picture(image(format, { color_spaces: ["PASSTHROUGH"] })),
      ...more,
    });
    const open = picture(image("DO_NOT_CARE", { color_spaces: ["DO_NOT_CARE"] }));
    const children = group(leaf("x", of("R8G8B8A8", { min_buffer_count: 65 })), leaf("y", of("NV12")));
    expect(negotiateTree(inside(children, late(leaf("open", open))), plain)).toMatchObject({
      ok: true,
      selection: [1],
      settings: { imageFormatConstraints: { pixelFormat: 104 } },
    });
  });

  test("sizes that must fit, and everything that is combined with them", () => {
    const fitting = (width: number, more: JsonConstraints = {}): JsonConstraints =>
      picture(image("R8", { required_max_size_list: [{ width, height: 64 }], ...more }));
    for (const depth of [(one: TreeNode) => one, late]) {
      const root = inside(
        shown,
        depth(leaf("some", fitting(100))),
        late(
          group(
            leaf("x", { ...fitting(300, { bytes_per_row_divisor: 64 }), min_buffer_count: 65 }),
            leaf("y", fitting(200)),
          ),
        ),
      );
      expect(negotiateTree(root, plain)).toMatchObject({
        ok: true,
        settings: {
          bufferSettings: { sizeBytes: 12_800n },
          imageFormatConstraints: { requiredMaxSizeList: [{ width: 200 }] },
        },
      });
    }
  });

  test("usage, counts and memory", () => {
    const counted = {
      min_buffer_count_for_camping: 2,
      min_buffer_count_for_dedicated_slack: 1,
      min_buffer_count_for_shared_slack: 1,
    };
    const rejected = raw(9000, {
      ...counted,
      usage: { cpu: 1 },
      min_buffer_count: 65,
      buffer_memory_constraints: { physically_contiguous_required: true },
    });
    const root = inside(
      leaf("a", raw(1, { ...counted, min_buffer_count: 0, usage: { vulkan: 1 } })),
      group(leaf("x", rejected), leaf("y", raw(10, { ...counted, usage: { vulkan: 1 } }))),
    );
    expect(negotiateTree(root, plain)).toMatchObject({
      ok: true,
      bufferCount: 7,
      contiguous: false,
      settings: { bufferSettings: { sizeBytes: 10n } },
    });
  });

  const frozen = <T>(value: T): T => {
    if (typeof value === "object" && value !== null) for (const member of Object.values(value)) frozen(member);
    return Object.freeze(value);
  };

  test("and nothing that was given is modified", () => {
    fc.assert(
      fc.property(
        fc.array(plausible({ padding: true }), { minLength: 1, maxLength: 3 }),
        trees(plausible({ padding: true })),
        (list, tree) => {
          const participants = frozen(named(list));
          const root = frozen(tree);
          const found: Outcome = negotiate(participants, plain);
          explainFailure(participants, plain);
          explainSuccess(participants, plain);
          expect(negotiate(participants, plain)).toEqual(found);
          const outcome = negotiateTree(root, plain);
          explainTree(root, plain);
          if (!found.ok) return;
          const input: LateInput = { existing: frozen(found), allocated: participants, tree: root, environment: plain };
          negotiateLate(input);
          explainLate(input);
          expect(negotiateTree(root, plain)).toEqual(outcome);
        },
      ),
      runs(30),
    );
  });
});

describe("late participants", () => {
  const first = participant("first", {
    ...picture(image("R8", { bytes_per_row_divisor: 16 })),
    min_buffer_count: 3,
    min_buffer_count_for_camping: 1,
  });
  const existing = (...list: Participant[]): LateInput["existing"] => {
    const outcome = negotiate(list, plain);
    if (!outcome.ok) throw new TypeError("no allocation");
    return outcome;
  };
  const join = (tree: TreeNode, allocated: readonly Participant[] = [first]): TreeOutcome =>
    negotiateLate({ existing: existing(first), allocated, tree, environment: plain });

  test("camping has to fit into what earlier ones left over", () => {
    const camping = (count: number): TreeNode =>
      leaf("late", { usage: { cpu: 1 }, min_buffer_count_for_camping: count });
    expect(join(camping(2)).ok).toBe(true);
    expect(join(camping(3))).toMatchObject({ ok: false, reason: { code: "count-above-max" } });
    // Who has gone since then leaves its part.
    const { imageFormatConstraints } = first.constraints ?? {};
    const left = { name: "left", constraints: { usage: { cpu: 8 }, imageFormatConstraints } };
    expect(join(camping(3), [left]).ok).toBe(true);
    expect(join(camping(4), [left])).toMatchObject({ ok: false, reason: { code: "count-above-max" } });
  });

  test("nothing may change: the first field that would is named", () => {
    const change = (fields: JsonConstraints): unknown => {
      const outcome = join(leaf("late", { usage: { cpu: 1 }, image_format_constraints: [image("R8", fields)] }));
      return outcome.ok
        ? "ok"
        : [outcome.reason.code, outcome.reason.values.field, outcome.reason.values.before, outcome.reason.values.after];
    };
    expect(change({})).toBe("ok");
    expect(change({ bytes_per_row_divisor: 8 })).toBe("ok");
    expect(change({ bytes_per_row_divisor: 32 })).toEqual([
      "existing-differs",
      "image_format_constraints.bytes_per_row_divisor",
      "16",
      "32",
    ]);
    expect(change({ max_size: { width: 64, height: 64 } })).toEqual([
      "existing-differs",
      "image_format_constraints.max_size.width",
      "4294967295",
      "64",
    ]);
    expect(change({ required_max_size_list: [{ width: 64, height: 64 }] })).toEqual([
      "existing-differs",
      "image_format_constraints.required_max_size_list",
      "[]",
      '[{"width":64,"height":64}]',
    ]);
    expect(change({ is_alpha_present: true })).toBe("ok");
    expect(change({ color_spaces: ["PASSTHROUGH"] })).toContain("no-common-format");
  });

  test("groups of newcomers are tried in their order", () => {
    const outcome = join(
      group(
        leaf("tiled", picture(image("R8G8B8A8", { pixel_format_modifier: "INTEL_I915_X_TILED" }))),
        leaf("wide", { usage: { cpu: 1 }, image_format_constraints: [image("R8", { bytes_per_row_divisor: 64 })] }),
        leaf("plain", { usage: { cpu: 1 } }),
      ),
    );
    expect(outcome).toMatchObject({ ok: true, selection: [2], combinationsTried: 3 });
    expect(names(outcome)).toEqual(["plain"]);
  });

  test("must_match_vmo of those who are there and of newcomers counts", () => {
    const other = existing(participant("other", raw(1)));
    const matching: Participant = { ...first, mustMatch: other.settings };
    expect(join(leaf("late", { usage: { cpu: 1 } }), [matching])).toMatchObject({
      ok: false,
      reason: { code: "min-above-max-size-bytes" },
    });
    const same: Participant = { ...first, mustMatch: existing(first).settings };
    expect(join(leaf("late", { usage: { cpu: 1 } }), [same]).ok).toBe(true);
    const newcomer = { ...participant("late", { usage: { cpu: 1 } }), mustMatch: other.settings };
    expect(join({ kind: "participant", participant: newcomer })).toMatchObject({
      ok: false,
      reason: { code: "min-above-max-size-bytes" },
    });
  });

  test("somebody who is there without constraints has no say, nor has its must_match_vmo", () => {
    const other = existing(participant("other", raw(1)));
    const silent = { name: "silent", mustMatch: other.settings };
    expect(join(leaf("late", { usage: { cpu: 1 } }), [silent, first]).ok).toBe(true);
    expect(join({ kind: "participant", participant: silent }).ok).toBe(true);
  });

  test("secure memory was there when the buffers were made, and is not asked for again", () => {
    const secure = participant(
      "secure",
      raw(1, { usage: { video: 1 }, buffer_memory_constraints: { secure_required: true } }),
    );
    const made = negotiate([secure], withSecure);
    if (!made.ok) throw new TypeError("no allocation");
    const late = leaf("late", { usage: { video: 1 }, buffer_memory_constraints: { secure_required: true } });
    for (const secureMemory of ["not-ready", "lost"] as const) {
      const environment = { ...withSecure, secureMemory };
      expect(negotiateLate({ existing: made, allocated: [secure], tree: late, environment }).ok).toBe(true);
      expect(explainLate({ existing: made, allocated: [secure], tree: late, environment }).ok).toBe(true);
    }
  });

  test("buffers without a format get none later", () => {
    const plainBuffers = participant("raw", raw(16_384));
    const tree = leaf("late", { usage: { cpu: 1 }, image_format_constraints: [image("R8")] });
    const outcome = negotiateLate({
      existing: existing(plainBuffers),
      allocated: [plainBuffers],
      tree,
      environment: plain,
    });
    expect(outcome).toMatchObject({
      reason: { code: "existing-differs", values: { field: "image_format_constraints", before: "un-set" } },
    });
  });
});
