/**
 * Failures that people met in the field, told as constraints: the explanation names the parties, the fields, their
 * values, and the nearest change that would have worked.
 */
import { describe, expect, test } from "vitest";
import {
  type Environment,
  explainFailure,
  explainLate,
  explainSuccess,
  explainTree,
  type GroupNode,
  negotiate,
  NegotiationError,
  negotiateTree,
  type Participant,
  type TreeNode,
  whatIfWithout,
} from "#negotiate";
import { Problem, subjectsOf } from "../../src/negotiate/explain/problem.ts";
import failures from "./data/failures.json" with { type: "json" };
import { relaxed } from "./relaxed.ts";
import { constraints, image, type JsonConstraints, participant, plain } from "./support.ts";

interface Fixture {
  id: string;
  source: string;
  title: string;
  participants: { name: string; constraints: JsonConstraints }[];
  expected: {
    code: string;
    requirements: { participant: string; field: string; value: unknown }[];
    nearest: string;
    summary: string;
  };
}

const FIXTURES = failures.fixtures as unknown as Fixture[];

/** With a heap that only a GPU can touch. */
const withVram: Environment = {
  ...plain,
  heaps: [
    ...plain.heaps,
    {
      heapType: "vendor.sysmem.heap.HEAP_TYPE.VRAM",
      id: 0n,
      domains: { cpu: false, ram: false, inaccessible: true },
      secure: false,
    },
  ],
};

/** Their own trouble: nobody else has a part in it. */
const ALONE = new Set(["A09", "B18"]);

describe("failures from the field", () => {
  test.each(FIXTURES.map((fixture) => [fixture.id, fixture.source, fixture] as const))("%s %s", (id, _, fixture) => {
    const participants = fixture.participants.map((one) => participant(one.name, one.constraints));
    const explanation = explainFailure(participants, withVram);
    if (explanation === undefined) throw new TypeError(`${id} is no failure`);
    expect(explanation.error).toBe(NegotiationError.CONSTRAINTS_INTERSECTION_EMPTY);
    expect(explanation.code).toBe(fixture.expected.code);
    expect(explanation.requirements.map(({ participant, field, value }) => ({ participant, field, value }))).toEqual(
      fixture.expected.requirements,
    );
    expect(explanation.summary).toBe(fixture.expected.summary);
    expect(explanation.relaxations[0]).toMatchObject({ text: fixture.expected.nearest, isEnough: true });
    const problem = new Problem(subjectsOf(participants, withVram), withVram);
    const members = problem.demands.filter((demand) =>
      fixture.expected.requirements.some(
        (one) => one.field === demand.field && one.participant === problem.subject(demand.participant).name,
      ),
    );
    // No demand is named in vain, and whoever does what an explanation says gets buffers.
    expect(members).toHaveLength(explanation.requirements.length);
    expect(problem.conflict(members)).toBeDefined();
    for (const one of members) expect(problem.conflict(members.filter((other) => other !== one))).toBeUndefined();
    for (const relaxation of explanation.relaxations) {
      if (relaxation.isEnough)
        expect(negotiate(relaxed(participants, relaxation), withVram).ok, relaxation.text).toBe(true);
    }
    const parties = new Set(explanation.requirements.map((requirement) => requirement.participant));
    expect(parties.size).toBe(ALONE.has(id) ? 1 : 2);
    for (const party of parties) expect(explanation.summary).toContain(party);
  });

  test("every item of groups A and B is there", () => {
    expect(FIXTURES.map(({ id }) => id)).toEqual([
      ...["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"].map((n) => `A${n}`),
      ...["13", "14", "15", "16", "17", "18", "19"].map((n) => `B${n}`),
    ]);
  });
});

describe("must_match_vmo", () => {
  test("what is like another collection's buffer stands beside its participant", () => {
    const made = negotiate(
      [
        participant("first", {
          usage: { cpu: 1 },
          min_buffer_count: 1,
          buffer_memory_constraints: { min_size_bytes: 4096 },
        }),
      ],
      plain,
    );
    if (!made.ok) throw new TypeError("no allocation");
    const user = { ...participant("user", { usage: { cpu: 1 }, min_buffer_count: 1 }), mustMatch: made.settings };
    const other = participant("other", { usage: { cpu: 1 }, buffer_memory_constraints: { min_size_bytes: 5000 } });
    const explanation = explainFailure([user, other], plain);
    expect(explanation?.summary).toBe(
      "other requires at least 5000 bytes a buffer (min_size_bytes); must_match_vmo of user requires at most 4096 bytes a " +
        "buffer (max_size_bytes): buffers of at least 5000 bytes are asked for and at most 4096 allowed",
    );
    expect(explanation?.relaxations.map(({ text, isEnough }) => [text, isEnough])).toEqual([
      ["other requires at least 4096 bytes a buffer (min_size_bytes) instead of 5000", true],
      // What exists is as it is.
      ["must_match_vmo of user is left out", true],
    ]);
  });
});

describe("what nobody says", () => {
  /** Which field to set, and whose it is where one participant has forgotten it. */
  const MISSING: Readonly<Record<string, { participant: string; field: string }>> = {
    "no-size-bound": { participant: "", field: "buffer_memory_constraints.min_size_bytes" },
    "no-usage-bit": { participant: "p0", field: "usage" },
    "only-none-usage": { participant: "", field: "usage" },
    "zero-buffers": { participant: "", field: "min_buffer_count_for_camping" },
    "no-specific-color-space": { participant: "", field: "image_format_constraints.color_spaces" },
    "no-color-space": { participant: "p0", field: "image_format_constraints.color_spaces" },
    "no-specific-format": { participant: "", field: "image_format_constraints.pixel_format" },
  };
  const cases: [name: string, code: string, text: string, ...constraints: JsonConstraints[]][] = [
    ["a size", "no-size-bound", "one participant sets min_size_bytes", { usage: { cpu: 1 }, min_buffer_count: 1 }],
    [
      "a usage bit",
      "no-usage-bit",
      "p0 sets at least one usage bit",
      { min_buffer_count: 1, buffer_memory_constraints: { min_size_bytes: 1 } },
    ],
    [
      "real usage",
      "only-none-usage",
      "one participant uses the memory",
      { usage: { none: 1 }, min_buffer_count: 1, buffer_memory_constraints: { min_size_bytes: 1 } },
    ],
    [
      "a number of buffers",
      "zero-buffers",
      "one participant says how many",
      { usage: { cpu: 1 }, buffer_memory_constraints: { min_size_bytes: 1 } },
    ],
    [
      "a color space",
      "no-specific-color-space",
      "one participant names a color space",
      {
        usage: { cpu: 1 },
        min_buffer_count: 1,
        image_format_constraints: [image("NV12", { color_spaces: ["DO_NOT_CARE"], min_size: { width: 1, height: 1 } })],
      },
    ],
    [
      "color_spaces at all",
      "no-color-space",
      "p0 sets color_spaces",
      {
        usage: { cpu: 1 },
        min_buffer_count: 1,
        image_format_constraints: [{ pixel_format: "NV12", min_size: { width: 1, height: 1 } }],
      },
    ],
    [
      "a format",
      "no-specific-format",
      "one participant names a pixel format",
      {
        usage: { cpu: 1 },
        min_buffer_count: 1,
        image_format_constraints: [image("DO_NOT_CARE", { color_spaces: ["SRGB"], min_size: { width: 1, height: 1 } })],
      },
    ],
  ];
  test.each(cases)("%s", (_, code, text, ...list) => {
    const explanation = explainFailure(
      list.map((json, at) => participant(`p${at}`, json)),
      plain,
    );
    expect(explanation).toMatchObject({ code, kind: "missing", requirements: [] });
    expect(explanation?.relaxations).toHaveLength(1);
    expect(explanation?.relaxations[0]?.text).toContain(text);
    expect(explanation?.relaxations[0]).toMatchObject({ from: "un-set", isEnough: false, ...MISSING[code] });
  });

  test("anything: no participants", () => {
    expect(explainFailure([], plain)).toMatchObject({
      code: "no-participants",
      kind: "missing",
      relaxations: [{ participant: "", field: "", text: "one participant sets constraints" }],
    });
    expect(explainFailure([{ name: "silent" }], plain)).toMatchObject({ code: "no-participants" });
  });
});

describe("groups", () => {
  const leaf = (name: string, json: JsonConstraints): TreeNode => ({
    kind: "participant",
    participant: participant(name, json),
  });
  const wants = (modifier: string): JsonConstraints => ({
    usage: { vulkan: 4 },
    min_buffer_count_for_camping: 1,
    image_format_constraints: [image("R8G8B8A8", { pixel_format_modifier: modifier })],
  });
  const tree = (...children: [string, string][]): TreeNode => ({
    kind: "participant",
    participant: participant("producer", {
      usage: { cpu: 8 },
      min_buffer_count_for_camping: 2,
      image_format_constraints: [image("R8G8B8A8", { min_size: { width: 64, height: 64 } })],
    }),
    children: [
      { kind: "group", name: "screen", children: children.map(([name, modifier]) => leaf(name, wants(modifier))) },
    ],
  });

  test("a rejected child says why, and the fallback is selected", () => {
    const root = tree(["scanout", "INTEL_I915_Y_TILED"], ["composed", "LINEAR"], ["copied", "LINEAR"]);
    const explanation = explainTree(root, plain);
    expect(explanation.ok).toBe(true);
    expect(explanation.children.map(({ name, status }) => [name, status])).toEqual([
      ["scanout", "rejected"],
      ["composed", "selected"],
      ["copied", "not tried"],
    ]);
    expect(explanation.summary).toBe(
      "screen: scanout is not possible: producer requires pixel format R8G8B8A8 LINEAR; " +
        "scanout requires pixel format R8G8B8A8 INTEL_I915_Y_TILED: no image format is possible for all",
    );
    expect(explanation.children[0]?.explanation?.requirements.map((one) => one.participant)).toEqual([
      "producer",
      "scanout",
    ]);
    expect(explanation.decisions?.find(({ setting }) => setting === "buffer_count")?.value).toBe(3);
  });

  test("without a way out every child says why", () => {
    const explanation = explainTree(tree(["a", "INTEL_I915_X_TILED"], ["b", "INTEL_I915_Y_TILED"]), plain);
    expect(explanation.ok).toBe(false);
    expect(explanation.children.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(explanation.summary).toContain("screen: a is not possible");
    expect(explanation.summary).toContain("screen: b is not possible");
    expect(explanation.explanation?.requirements.map((one) => one.participant)).toEqual(["producer", "b"]);
  });

  test("too many combinations are said to be too many", () => {
    const children = Array.from({ length: 65 }, (_, at): [string, string] => [`c${at}`, "INTEL_I915_X_TILED"]);
    const root = tree(...children);
    expect(negotiateTree(root, plain)).toMatchObject({
      ok: false,
      error: NegotiationError.TOO_MANY_GROUP_CHILD_COMBINATIONS,
      combinationsTried: 64,
    });
    const explanation = explainTree(root, plain);
    expect(explanation.summary.split("\n")[0]).toBe(
      "none of the first 64 combinations of group children works, and there are more",
    );
    expect(explanation.children.at(-1)?.status).toBe("not tried");
    expect(explanation.children.at(-2)?.status).toBe("rejected");
  });

  test("nested groups: the hidden one is not varied", () => {
    const inner: GroupNode = {
      kind: "group",
      children: [leaf("x", wants("INTEL_I915_X_TILED")), leaf("y", wants("INTEL_I915_Y_TILED"))],
    };
    const root: TreeNode = {
      ...(tree() as TreeNode & { kind: "participant" }),
      children: [
        {
          kind: "group",
          children: [{ kind: "plain", name: "tiled", children: [inner] }, leaf("linear", wants("LINEAR"))],
        },
      ],
    };
    const outcome = negotiateTree(root, plain);
    expect(outcome).toMatchObject({ ok: true, combinationsTried: 3, selection: [1, 0] });
    if (!outcome.ok) return;
    expect(outcome.participants.map(({ name }) => name)).toEqual(["producer", "linear"]);
    expect(outcome.selected).toHaveLength(3);
    expect(outcome.unselected).toHaveLength(4);
  });
});

describe("success", () => {
  const camera = participant("camera", {
    usage: { video: 8 },
    min_buffer_count_for_camping: 3,
    buffer_memory_constraints: { physically_contiguous_required: true },
    image_format_constraints: [
      image("NV12", { min_size: { width: 1920, height: 1080 }, size_alignment: { width: 16, height: 16 } }),
      image("I420", { color_spaces: ["REC601_PAL"], min_size: { width: 1920, height: 1080 } }),
    ],
  });
  const encoder = participant("encoder", {
    usage: { video: 2 },
    min_buffer_count_for_camping: 2,
    image_format_constraints: [
      image("NV12", { bytes_per_row_divisor: 128, max_size: { width: 4096, height: 2304 } }),
      image("I420"),
    ],
  });
  const logger = participant("logger", {
    usage: { cpu: 1 },
    image_format_constraints: [image("NV12", { bytes_per_row_divisor: 128 })],
  });

  test("each setting names those who determined it", () => {
    const decisions = explainSuccess([camera, encoder, logger], plain) ?? [];
    const by = (setting: string): string[] =>
      decisions
        .find((one) => one.setting === setting)
        ?.decidedBy.map(({ participant, field }) => `${participant} ${field}`) ?? [];
    expect(by("buffer_count")).toEqual(["camera min_buffer_count_for_camping", "encoder min_buffer_count_for_camping"]);
    expect(by("buffer_settings.is_physically_contiguous")).toEqual([
      "camera buffer_memory_constraints.physically_contiguous_required",
    ]);
    expect(by("image_format_constraints.max_size.width")).toEqual([
      "encoder image_format_constraints[0].max_size.width",
    ]);
    expect(by("image_format_constraints.min_size.height")).toEqual([
      "camera image_format_constraints[0].min_size.height",
      "camera image_format_constraints[0].size_alignment.height",
    ]);
    // Two ask for the same: both are named.
    expect(by("image_format_constraints.bytes_per_row_divisor")).toEqual([
      "encoder image_format_constraints[0].bytes_per_row_divisor",
      "logger image_format_constraints[0].bytes_per_row_divisor",
    ]);
    expect(by("image_format_constraints.max_bytes_per_row")).toEqual([]);
    const format = decisions.find((one) => one.setting === "image_format_constraints.pixel_format");
    expect(format).toMatchObject({ value: "NV12", note: "NV12 LINEAR is the only format that all can use" });
  });

  test("the one is named who gives the format its color space, although another would come first without", () => {
    const formats = (nv12: string): JsonConstraints[] => [
      image("I420", { color_spaces: ["DO_NOT_CARE"], min_size: { width: 2, height: 2 } }),
      image("NV12", { color_spaces: [nv12] }),
    ];
    const user = (name: string, nv12: string): Participant =>
      participant(name, { usage: { cpu: 1 }, min_buffer_count: 1, image_format_constraints: formats(nv12) });
    const decisions = explainSuccess([user("colored", "REC709"), user("open", "DO_NOT_CARE")], plain);
    const format = decisions?.find((one) => one.setting === "image_format_constraints.pixel_format");
    expect(format?.value).toBe("NV12");
    expect(format?.decidedBy.map((one) => one.participant)).toEqual(["colored"]);
  });

  test("a failure has no decisions and a success no explanation", () => {
    expect(explainSuccess([camera], { ...plain, heaps: [] })).toBeUndefined();
    expect(explainFailure([camera, encoder], plain)).toBeUndefined();
  });

  test("what if one were not there", () => {
    const what = whatIfWithout([camera, encoder, logger], 1, plain);
    expect(what.before.ok && what.after.ok).toBe(true);
    expect(what.changes).toEqual([
      { setting: "buffer_count", before: 5, after: 3 },
      { setting: "image_format_constraints.max_size.width", before: 4096, after: 4294967295 },
      { setting: "image_format_constraints.max_size.height", before: 2304, after: 4294967295 },
    ]);
    expect(whatIfWithout([camera], 0, plain)).toMatchObject({ after: { ok: false }, changes: [] });
  });
});

describe("late participants", () => {
  const first = participant("first", {
    usage: { cpu: 8 },
    min_buffer_count_for_camping: 1,
    min_buffer_count: 2,
    image_format_constraints: [image("R8G8B8A8", { min_size: { width: 64, height: 64 }, bytes_per_row_divisor: 64 })],
  });
  const late = (json: JsonConstraints): Parameters<typeof explainLate>[0] => {
    const existing = negotiate([first], plain);
    if (!existing.ok) throw new TypeError("no allocation");
    const newcomer: Participant = { name: "late", constraints: constraints(json) };
    return { existing, allocated: [first], tree: { kind: "participant", participant: newcomer }, environment: plain };
  };

  test("one that fits is welcome", () => {
    expect(explainLate(late({ usage: { cpu: 1 }, min_buffer_count_for_camping: 1 }))).toMatchObject({
      ok: true,
      summary: "everybody agrees",
    });
  });

  test("one that asks for too much is told what", () => {
    const explanation = explainLate(late({ usage: { cpu: 1 }, min_buffer_count_for_camping: 2 }));
    expect(explanation.explanation?.requirements).toMatchObject([
      { participant: "late", field: "min_buffer_count_for_camping", value: 2 },
    ]);
    expect(explanation.explanation?.relaxations[0]).toMatchObject({ to: 1, isEnough: true });
  });

  test("one that would change something is told what would change", () => {
    const stride = image("R8G8B8A8", { bytes_per_row_divisor: 128 });
    const { explanation } = explainLate(late({ usage: { cpu: 1 }, image_format_constraints: [stride] }));
    expect(explanation).toMatchObject({
      code: "existing-differs",
      requirements: [
        { participant: "late", field: "image_format_constraints" },
        { participant: "late", field: "image_format_constraints[0].bytes_per_row_divisor", value: 128 },
      ],
    });
    expect(explanation?.summary).toContain("bytes_per_row_divisor would change from 64 to 128");
    expect(explanation?.relaxations[0]).toMatchObject({ to: 64, isEnough: true });
  });
});
