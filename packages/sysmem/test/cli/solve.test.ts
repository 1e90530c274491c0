/** `sysmem solve`: files in, settings or reasons out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MAX_SOLVE_FILE_BYTES } from "#base";
import { runSolve, type SolveFlags } from "../../src/cli/commands/solve.ts";
import { parseExactJson, readSolveInput } from "../../src/cli/commands/solve-input.ts";
import examples from "../negotiate/data/examples.json" with { type: "json" };
import failures from "../negotiate/data/failures.json" with { type: "json" };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "solve-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Printed {
  readonly text: string;
  readonly error: string | undefined;
  readonly message: string | undefined;
}

async function solve(input: unknown, flags: SolveFlags = {}): Promise<Printed> {
  const file = join(folder, "input.json");
  writeFileSync(file, typeof input === "string" ? input : JSON.stringify(input));
  let text = "";
  const error = await runSolve(flags, file, { write: (part) => (text += part) });
  return { text, error: error?.code, message: error?.message };
}

const example = (id: string): (typeof examples.examples)[number] => {
  const found = examples.examples.find((one) => one.id === id);
  if (found === undefined) throw new TypeError(`${id} is missing`);
  return found;
};

/** What of an example is a file to be solved. */
function fileOf(id: string): object {
  const { participants, tree, environment } = example(id);
  const { heaps } = environment ?? {};
  return { ...(participants && { participants }), ...(tree && { tree }), ...(heaps && { environment: { heaps } }) };
}

describe("settings", () => {
  test.each(examples.examples.filter((one) => one.environment?.format_cost_files === undefined).map(({ id }) => id))(
    "%s as JSON",
    async (id) => {
      const { expected } = example(id);
      const { text, error } = await solve(fileOf(id), { json: true });
      const result = JSON.parse(text) as { status: string; settings?: unknown; buffer_count?: number; error?: string };
      expect(result.status).toBe(expected.status);
      expect(error).toBe(expected.status === "ok" ? undefined : "NO_RESULT");
      expect(result.settings).toEqual((expected as { settings?: unknown }).settings);
      expect(result.buffer_count).toBe((expected as { buffer_count?: number }).buffer_count);
      expect(result.error).toBe((expected as { error?: string }).error);
    },
  );

  test("as text, with who determined what", async () => {
    const { text } = await solve(fileOf("E04"), { explain: true });
    expect(text).toMatch(/^setting +value +because$/m);
    expect(text).toMatch(
      /^buffer_count +5 +camera requires 3 buffers to hold at a time .*; display requires 2 buffers/m,
    );
    expect(text).toMatch(
      /^image_format_constraints\.pixel_format +NV12 +NV12 LINEAR is the only format that all can use$/m,
    );
    expect(text).toMatch(/^image_format_constraints\.max_size +4096x4096 +display requires a width of at most 4096/m);
    const plain = await solve(fileOf("E04"));
    expect(plain.text).toMatch(/^buffer_settings\.coherency_domain +RAM$/m);
    expect(plain.text).not.toContain("because");
  });

  test("a fallback says what was preferred and why it is not possible", async () => {
    const { text, error } = await solve(fileOf("E08"), { explain: true });
    expect(error).toBeUndefined();
    expect(text).toContain("group 1: direct_scanout is not possible: producer requires pixel format");
  });
});

describe("reasons", () => {
  test.each(failures.fixtures.map((fixture) => [fixture.id, fixture] as const))(
    "%s",
    async (_, { participants, expected }) => {
      const vram = { heap_type: "vendor.sysmem.heap.HEAP_TYPE.VRAM", inaccessible_supported: true };
      const ram = {
        heap_type: "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM",
        cpu_supported: true,
        ram_supported: true,
        inaccessible_supported: true,
      };
      const { text, error } = await solve({ participants, environment: { heaps: [ram, vram] } });
      expect(error).toBe("NO_RESULT");
      expect(text.split("\n")[0]).toBe("CONSTRAINTS_INTERSECTION_EMPTY");
      expect(text).toContain(`${expected.summary}\n`);
      expect(text).toContain(`would work if:\n  ${expected.nearest}\n`);
    },
  );

  test("the example of the guide prints what the guide says", async () => {
    const guide = readFileSync(new URL("../../../../docs/guide/negotiation.md", import.meta.url), "utf8");
    const block = (language: string): string => guide.split(`\`\`\`${language}\n`)[1]?.split("```")[0] ?? "";
    expect((await solve(block("json"))).text).toBe(block("text"));
  });

  test("what is missing", async () => {
    const { text } = await solve([{ name: "p", constraints: { usage: { cpu: 1 }, min_buffer_count: 1 } }]);
    expect(text).toContain("what is missing:\n  one participant sets min_size_bytes");
  });

  test("what if one were not there", async () => {
    const conflict = { participants: failures.fixtures.find(({ id }) => id === "B16")?.participants };
    const { text, error } = await solve(conflict, { whatIf: "encoder" });
    expect(error).toBe("NO_RESULT");
    expect(text).toContain("without encoder: 2 buffers of 3110400 bytes");
    const json = await solve(fileOf("E04"), { json: true, whatIf: "camera" });
    expect(JSON.parse(json.text)).toMatchObject({ what_if: { without: "camera", status: "error" } });
    const nobody = await solve(conflict, { whatIf: "nobody" });
    expect(nobody.error).toBe("SOLVE_INPUT");
    expect(nobody.message).toMatch(/has no participant nobody, it has camera, encoder$/);
  });
});

describe("mistakes", () => {
  const participants = [{ name: "p", constraints: {} }];
  const cases: [text: string, input: unknown][] = [
    ["no JSON: Quoted object key or end of object '}' expected but reached end of input at line 1, column 2", "{"],
    ["no JSON: Object value expected after ':' at line 2, column 3", '{ "tree":\n  }'],
    ["no JSON: JSON value expected but reached end of input at line 1, column 1", ""],
    ["participants: expected a list", {}],
    ["participants: there are none", []],
    ["the value: expected an object, got 7", 7],
    ["participants: expected a list, got nothing", { environment: {} }],
    ["partcipants: no such member; known are participants, tree, environment", { partcipants: [] }],
    ["participants[0].constrants: no such member; known are name, constraints", [{ constrants: {} }]],
    [
      "tree.children[0].children: no such member; known are name, group",
      { tree: { children: [{ group: [{}], children: [] }] } },
    ],
    ["camera: participants[0].constrants: no such member", [{ name: "camera", constrants: {} }]],
    ["participants: there is a tree already", { tree: {}, participants }],
    ["participants[1].name: expected a string, got 5", [{}, { name: 5 }]],
    [
      "camera: participants[0].constraints.image_format_constraints[0].pixel_format: expected a member of fuchsia.images2/PixelFormat",
      [{ name: "camera", constraints: { image_format_constraints: [{ pixel_format: "NV13" }] } }],
    ],
    ['got "NV13"', [{ name: "camera", constraints: { image_format_constraints: [{ pixel_format: "NV13" }] } }]],
    [
      'got the unknown field "min_sizes"',
      [{ name: "camera", constraints: { image_format_constraints: [{ min_sizes: { width: 1, height: 1 } }] } }],
    ],
    [
      "camera: participants[0].constraints.min_buffer_count: expected uint32 (0 to 4294967295), got -5",
      [{ name: "camera", constraints: { min_buffer_count: -5 } }],
    ],
    ["camera: participants[0].must_match: expected", [{ name: "camera", must_match: 7 }]],
    ["environment.heap: no such member; known are heaps", { participants, environment: { heap: [] } }],
    [
      'environment.contiguous_system_ram: expected true or false, got "no"',
      { participants, environment: { contiguous_system_ram: "no" } },
    ],
    [
      "environment.heaps[0].secure: expected true or false, got 1",
      { participants, environment: { heaps: [{ heap_type: "x", secure: 1 }] } },
    ],
    [
      "environment.heaps[0].size: no such member; known are heap_type",
      { participants, environment: { heaps: [{ heap_type: "x", size: 1 }] } },
    ],
    [
      "environment.heaps[0].id: expected a whole number below 2^64, got -1",
      { participants, environment: { heaps: [{ heap_type: "x", id: -1 }] } },
    ],
    ["participants[0].constraints.usage.cpu: expected", [{ constraints: { usage: { cpu: "x" } } }]],
    ["participants[1]: expected an object", [{}, 1]],
    ["tree.children[0].group: a group needs children", { tree: { children: [{ group: [] }] } }],
    ["environment.heaps[0].heap_type: expected a string", { participants, environment: { heaps: [{}] } }],
    [
      "environment.late_attachment_with_padding: expected true or false",
      { participants, environment: { late_attachment_with_padding: "yes" } },
    ],
    ["environment.page_size: expected a power of two", { participants, environment: { page_size: 3 } }],
    ["environment.page_size: expected a power of two", { participants, environment: { page_size: 0 } }],
    ["environment.secure_memory: expected one of", { participants, environment: { secure_memory: "maybe" } }],
    [
      "environment.max_allocation_size: expected a whole number",
      { participants, environment: { max_allocation_size: -1 } },
    ],
    ["environment.format_costs[0].", { participants, environment: { format_costs: [{ cost: "cheap" }] } }],
    ["more than 4096 nodes", Array.from({ length: 4097 }, () => ({}))],
  ];
  test.each(cases)("%s", (text, input) => {
    const result = readSolveInput(typeof input === "string" ? input : JSON.stringify(input));
    expect(result.ok ? "" : result.error).toContain(text);
  });

  test("a file that is not there", async () => {
    const error = await runSolve({}, join(folder, "absent.json"), { write: () => {} });
    expect(error?.code).toBe("SOLVE_INPUT");
    expect(error?.message).toContain("cannot read");
  });

  const nothing = { write: () => {} };
  const bytes = async function* (...lengths: number[]): AsyncGenerator<Uint8Array> {
    for (const length of lengths) yield Buffer.alloc(length, " ");
  };

  test("standard input", async () => {
    let text = "";
    const file = JSON.stringify(fileOf("E01"));
    const parts = async function* (): AsyncGenerator<string> {
      yield file.slice(0, 40);
      yield file.slice(40);
    };
    expect(await runSolve({}, "-", { write: (part) => (text += part) }, parts())).toBeUndefined();
    expect(text).toMatch(/^buffer_settings\.size_bytes +4000$/m);
  });

  test("a file as large as can be, and one byte more", async () => {
    const full = await runSolve({}, "-", nothing, bytes(MAX_SOLVE_FILE_BYTES));
    expect(full?.message).toContain("no JSON");
    const more = await runSolve({}, "-", nothing, bytes(MAX_SOLVE_FILE_BYTES, 1));
    expect(more?.message).toBe(`cannot read -: more than ${MAX_SOLVE_FILE_BYTES} bytes`);
  });

  test("a file without end is not read to its end", async () => {
    const error = await runSolve({}, "/dev/zero", nothing);
    expect(error?.message).toBe(`cannot read /dev/zero: more than ${MAX_SOLVE_FILE_BYTES} bytes`);
  });

  test("64-bit integers keep their value", () => {
    expect(parseExactJson('{"a":576460752303423489,"b":[-12345678901234567,12],"c":"576460752303423489"}')).toEqual({
      ok: true,
      value: { a: 576460752303423489n, b: [-12345678901234567n, 12], c: "576460752303423489" },
    });
    expect(parseExactJson("[1.25, 12345678901234567.5, 1e5]")).toEqual({
      ok: true,
      value: [1.25, Number("12345678901234567.5"), 1e5],
    });
    const afbc = { pixel_format: "R8G8B8A8", color_spaces: ["SRGB"] };
    const text = JSON.stringify([
      { constraints: { image_format_constraints: [{ ...afbc, pixel_format_modifier: 0 }] } },
    ]);
    const input = readSolveInput(
      text.replace('"pixel_format_modifier":0', '"pixel_format_modifier":576460752303423489'),
    );
    if (!input.ok || input.value.tree.kind !== "participant") throw new TypeError("not read");
    const [format] = input.value.tree.participant.constraints?.imageFormatConstraints ?? [];
    expect(format?.pixelFormatModifier).toBe(576460752303423489n);
  });
});
