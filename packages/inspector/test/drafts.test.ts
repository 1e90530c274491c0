/** What the page makes of suggestions and of what a person types. Needs no browser. */
import { describe, expect, it } from "vitest";
import type { Relaxation } from "../src/api.ts";
import { draftsOf, failedTree, participantsOf, relaxed, solveFile } from "../src/drafts.ts";
import { faultIn, solve } from "../src/engine.ts";
import { lineOfField, lineOfMessage } from "../src/json-lines.ts";

const relaxation = (field: string, before: unknown, after?: unknown): Relaxation => ({
  participant: "camera",
  field,
  before: JSON.stringify(before),
  ...(after !== undefined && { after: JSON.stringify(after) }),
  is_enough: true,
  text: "",
});
const change = (constraints: object, one: Relaxation): unknown => {
  const text = relaxed(JSON.stringify(constraints), one);
  return text === undefined ? undefined : JSON.parse(text);
};
const nv12 = { pixel_format: "NV12", pixel_format_modifier: "LINEAR" };
const bgra = { pixel_format: "B8G8R8A8", pixel_format_modifier: "LINEAR" };

describe("a suggestion", () => {
  it("changes one value where it stands, and nothing else", () => {
    const said = { usage: { cpu: 1 }, image_format_constraints: [{ ...nv12 }, { ...bgra, max_bytes_per_row: 100 }] };
    const path = "image_format_constraints[1].max_bytes_per_row";
    expect(change(said, relaxation(path, 100, 512))).toEqual({
      ...said,
      image_format_constraints: [{ ...nv12 }, { ...bgra, max_bytes_per_row: 512 }],
    });
  });

  it("without a new value takes the field away", () => {
    const said = { max_buffer_count: 2, buffer_memory_constraints: { secure_required: true, min_size_bytes: "4096" } };
    expect(change(said, relaxation("max_buffer_count", 2))).not.toHaveProperty("max_buffer_count");
    expect(change(said, relaxation("buffer_memory_constraints.secure_required", true))).toEqual({
      max_buffer_count: 2,
      buffer_memory_constraints: { min_size_bytes: "4096" },
    });
  });

  it("of one more format adds it to those that are offered", () => {
    const said = { image_format_constraints: [{ ...nv12, min_size: { width: 4, height: 4 } }] };
    expect(change(said, relaxation("image_format_constraints", [nv12], [nv12, bgra]))).toEqual({
      image_format_constraints: [said.image_format_constraints[0], { ...bgra, color_spaces: ["DO_NOT_CARE"] }],
    });
  });

  it("of one format less takes it out, whichever way it was offered", () => {
    const field = "image_format_constraints";
    const alone = { image_format_constraints: [nv12, { pixel_format: "B8G8R8A8" }] };
    expect(change(alone, relaxation(field, [nv12, bgra], [nv12]))).toEqual({ image_format_constraints: [nv12] });
    const listed = { image_format_constraints: [{ ...nv12, pixel_format_and_modifiers: [bgra] }] };
    expect(change(listed, relaxation(field, [nv12, bgra], [bgra]))).toEqual({
      image_format_constraints: [{ pixel_format_and_modifiers: [bgra] }],
    });
  });

  it("does nothing to what is no JSON or has no such place", () => {
    expect(relaxed("{ nonsense", relaxation("usage", {}, {}))).toBeUndefined();
    expect(change({}, relaxation("image_format_constraints[3].min_size", {}, {}))).toBeUndefined();
  });
});

describe("the line of", () => {
  const text = JSON.stringify({ a: [1, { b: "x]", c: [[], { d: 2 }] }], 'q"uote': { e: null }, f: "\n" }, null, 2);
  const line = (part: string): number => text.slice(0, text.indexOf(part)).split("\n").length;

  it.each([
    ["a", '"a"'],
    ["a[0]", "1,"],
    ["a[1].b", '"b"'],
    ["a[1].c[1].d", '"d"'],
    ["f", '"f"'],
  ])("the field %s is where it is written", (path, part) => {
    expect(lineOfField(text, path)).toBe(line(part));
  });

  it("a field that is not there is the nearest that is", () => {
    expect(lineOfField(text, "a[1].z")).toBe(line('{\n      "b"'));
    expect(lineOfField(text, "z")).toBe(1);
    expect(lineOfField("", "z")).toBe(1);
  });

  it("a mistake is the one that the parser names, in any browser's words", () => {
    const wrong = '{\n  "a": 1,\n  b\n}';
    expect(lineOfMessage(wrong, "Expected double-quoted property name in JSON at position 14 (line 3 column 3)")).toBe(
      3,
    );
    expect(lineOfMessage(wrong, "Unexpected token b in JSON at position 14")).toBe(3);
    expect(lineOfMessage(wrong, "JSON.parse: expected property name at line 3 column 3 of the JSON data")).toBe(3);
    expect(lineOfMessage('{\n"a"', "Unexpected end of JSON input")).toBe(2);
  });
});

describe("what somebody typed", () => {
  it("is told apart from constraints, with the field and the line", () => {
    expect(faultIn("")).toBeUndefined();
    expect(faultIn('{ "min_buffer_count": 2 }')).toBeUndefined();
    expect(faultIn('{\n  "usage": {\n    "cpu": "x"\n  }\n}')).toMatchObject({
      line: 3,
      text: /^cpu: expected/ as never,
    });
    expect(faultIn('{\n  "no_such_field": 1\n}')).toMatchObject({ line: 2 });
    expect(faultIn("[]")).toMatchObject({ line: 1 });
    expect(faultIn("{")).toMatchObject({ text: expect.stringContaining("no JSON") as string });
    // All 64 bits count.
    expect(faultIn('{ "image_format_constraints": [{ "pixel_format_modifier": 72057594037927937 }] }')).toBeUndefined();
  });

  it("is solved by the engine as the server would, with those who take part", () => {
    const size = { width: 64, height: 64 };
    const said = (max_bytes_per_row: number, more: object = {}) => ({
      usage: { cpu: 1 },
      min_buffer_count_for_camping: 1,
      image_format_constraints: [{ ...bgra, color_spaces: ["SRGB"], min_size: size, max_bytes_per_row, ...more }],
    });
    const root = failedTree({
      name: "display",
      constraints: said(255),
      children: [{ name: "choice", group: [{ name: "camera", constraints: said(4096) }] }, { name: "gone" }],
    });
    expect(participantsOf(root).map(({ name }) => name)).toEqual(["display", "camera"]);
    const drafts = draftsOf(root);
    const failed = solve(solveFile(root, drafts, {}));
    expect(failed.kind).toBe("failed");
    const suggestions = failed.kind === "failed" ? failed.explanation.relaxations : [];
    const enough = suggestions.find(({ is_enough, field }) => is_enough && field.endsWith("max_bytes_per_row"));
    expect(enough).toMatchObject({ participant: "display", after: "256" });
    const text = relaxed(drafts.get("0")?.text ?? "", enough as Relaxation) ?? "";
    expect(solve(solveFile(root, new Map(drafts).set("0", { text, takesPart: true }), {})).kind).toBe("solved");
    const without = new Map(drafts).set("0", { text: drafts.get("0")?.text ?? "", takesPart: false });
    const solved = solve(solveFile(root, without, {}));
    expect(solved.kind === "solved" && solved.decisions.find(({ setting }) => setting === "buffer_count")?.value).toBe(
      "1",
    );
  });
});
