/** `sysmem solve`: files in, settings or reasons out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runSolve, type SolveFlags } from "../../src/cli/commands/solve.ts";
import { quoteLargeIntegers, readSolveInput } from "../../src/cli/commands/solve-input.ts";
import examples from "../negotiate/data/examples.json" with { type: "json" };
import failures from "../negotiate/data/failures.json" with { type: "json" };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "solve-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function solve(input: unknown, flags: SolveFlags = {}): Promise<{ text: string; error: string | undefined }> {
  const file = join(folder, "input.json");
  writeFileSync(file, typeof input === "string" ? input : JSON.stringify(input));
  let text = "";
  const error = await runSolve(flags, file, { write: (part) => (text += part) });
  return { text, error: error?.code };
}

const example = (id: string): (typeof examples.examples)[number] => {
  const found = examples.examples.find((one) => one.id === id);
  if (found === undefined) throw new TypeError(`${id} is missing`);
  return found;
};

describe("settings", () => {
  test.each(examples.examples.filter((one) => one.environment?.format_cost_files === undefined).map(({ id }) => id))(
    "%s as JSON",
    async (id) => {
      const { expected, ...input } = example(id);
      const { text, error } = await solve(input, { json: true });
      const result = JSON.parse(text) as { status: string; settings?: unknown; buffer_count?: number; error?: string };
      expect(result.status).toBe(expected.status);
      expect(error).toBe(expected.status === "ok" ? undefined : "NO_RESULT");
      expect(result.settings).toEqual((expected as { settings?: unknown }).settings);
      expect(result.buffer_count).toBe((expected as { buffer_count?: number }).buffer_count);
      expect(result.error).toBe((expected as { error?: string }).error);
    },
  );

  test("as text, with who determined what", async () => {
    const { text } = await solve(example("E04"), { explain: true });
    expect(text).toMatch(/^setting +value +because$/m);
    expect(text).toMatch(
      /^buffer_count +5 +camera requires 3 buffers to hold at a time .*; display requires 2 buffers/m,
    );
    expect(text).toMatch(
      /^image_format_constraints\.pixel_format +NV12 +NV12 LINEAR is the only format that all can use$/m,
    );
    expect(text).toMatch(/^image_format_constraints\.max_size +4096x4096 +display requires a width of at most 4096/m);
    const plain = await solve(example("E04"));
    expect(plain.text).toMatch(/^buffer_settings\.coherency_domain +RAM$/m);
    expect(plain.text).not.toContain("because");
  });

  test("a fallback says what was preferred and why it is not possible", async () => {
    const { environment: _, ...tree } = example("E08");
    const { text, error } = await solve(tree, { explain: true });
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
    const json = await solve(example("E04"), { json: true, whatIf: "camera" });
    expect(JSON.parse(json.text)).toMatchObject({ what_if: { without: "camera", status: "error" } });
    expect((await solve(conflict, { whatIf: "nobody" })).error).toBe("SOLVE_INPUT");
  });
});

describe("mistakes", () => {
  const participants = [{ name: "p", constraints: {} }];
  const cases: [text: string, input: unknown][] = [
    ["no JSON", "{"],
    ["participants: expected a list", {}],
    ["participants: there are none", []],
    ["the file: expected an object", 7],
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

  test("64-bit integers keep their value", () => {
    expect(quoteLargeIntegers('{"a":576460752303423489,"b":[-12345678901234567,12],"c":"576460752303423489"}')).toBe(
      '{"a":"576460752303423489","b":["-12345678901234567",12],"c":"576460752303423489"}',
    );
    expect(quoteLargeIntegers("[1.2345678901234567, 12345678901234567.5, 1e5]")).toBe(
      "[1.2345678901234567, 12345678901234567.5, 1e5]",
    );
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
