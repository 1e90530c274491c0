import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main as formatMain } from "../../src/cli/fidl-format.ts";
import { main as fidlcMain } from "../../src/cli/fidlc.ts";

const GOOD = "@available(added=1)\nlibrary example;\nusing one;\ntype S = struct { a one.A; };\n";
const DEPENDENCY = "library one;\ntype A = struct {};\n";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fidlc-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs a command and gives back its status and what it printed, without the folder's name. */
async function run(command: typeof fidlcMain, ...argv: readonly string[]): Promise<readonly [number, string, string]> {
  const printed = { stdout: "", stderr: "" };
  const sink = (key: "stdout" | "stderr") => ({ write: (text: string) => (printed[key] += text) });
  const status = await command(argv, { stdout: sink("stdout"), stderr: sink("stderr") });
  return [status, printed.stdout, printed.stderr.replaceAll(`${folder}/`, "")];
}

describe("fidlc", () => {
  it("writes the IR, its dependencies and bindings of the last library", async () => {
    const files = [file("one.fidl", DEPENDENCY), file("example.fidl", GOOD)] as const;
    const out = join(folder, "out/ir.json");
    const depfile = join(folder, "out/ir.d");
    const ts = join(folder, "ts");
    const args = ["--available", "example:HEAD", "--name=example", "--json", out, "--depfile", depfile, "--ts", ts];
    expect(await run(fidlcMain, ...args, "--files", files[0], "--files", files[1])).toEqual([0, "", ""]);
    expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({ name: "example", available: { example: ["HEAD"] } });
    expect(readFileSync(depfile, "utf8")).toBe(`${out}: ${files.join(" ")}\n`);
    expect(readFileSync(join(ts, "example.ts"), "utf8")).toContain("from FIDL library example");
  });

  it("says so where there is no making the folder of what it writes", async () => {
    const source = file("one.fidl", DEPENDENCY);
    for (const option of ["--json", "--ts"]) {
      const out = "/proc/nonexistent/deeper";
      const [status, , err] = await run(fidlcMain, option, out, "--available", "one:HEAD", "--files", source);
      expect([status, err]).toEqual([1, expect.stringMatching(/^fidlc: ENOENT: .*\/proc\/nonexistent/)]);
    }
  });

  it("prints errors with their places, and fails", async () => {
    const path = file("bad.fidl", "library bad;\ntype S = struct { a Bol; };\nconst Bool uint32 = 1;\n");
    expect(await run(fidlcMain, "--files", path)).toEqual([
      1,
      "",
      `bad.fidl:2:21: error: there is no 'Bol' in library 'bad' [fi-0052]
type S = struct { a Bol; };
                    ^~~
    help: did you mean 'Bool'?
`,
    ]);
  });

  it("prints diagnostics as JSON", async () => {
    const [status, , stderr] = await run(
      fidlcMain,
      "--format",
      "json",
      "--files",
      file("bad.fidl", "library bad;\ntype S = struct {}\n"),
    );
    expect(status).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject([
      { category: "fidlc/error", error_id: "fi-0008", path: "bad.fidl", start_line: 2, start_char: 18 },
    ]);
  });

  it("takes warnings for errors when told so", async () => {
    const path = file("warn.fidl", "library warn;\n/// Nothing.\n");
    expect((await run(fidlcMain, "--files", path))[0]).toBe(0);
    expect((await run(fidlcMain, "--werror", "--files", path))[0]).toBe(1);
  });

  it("demands modifiers when told so", async () => {
    const path = file("mod.fidl", "library mod;\nprotocol P { M(); };\n");
    expect((await run(fidlcMain, "--files", path))[0]).toBe(0);
    const [status, , stderr] = await run(fidlcMain, "--require-modifiers", "--files", path);
    expect([status, [...stderr.matchAll(/fi-\d+/g)].join()]).toEqual([1, "fi-0192,fi-0191"]);
  });

  it("enables experiments", async () => {
    const path = file("exp.fidl", "library exp;\n@no_resource protocol P {};\n");
    expect((await run(fidlcMain, "--files", path))[0]).toBe(1);
    expect((await run(fidlcMain, "--experimental", "no_resource_attribute", "--files", path))[0]).toBe(0);
  });

  it("checks the library's name", async () => {
    const path = file("one.fidl", DEPENDENCY);
    expect(await run(fidlcMain, "--name", "two", "--files", path)).toEqual([
      1,
      "",
      "fidlc: the last library is 'one', not 'two'\n",
    ]);
  });

  it("says which file it cannot read, and that nothing was given", async () => {
    const [status, , stderr] = await run(fidlcMain, "--files", join(folder, "none.fidl"));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^fidlc: cannot read none\.fidl: no such file/);
  });

  it.each([
    [[], "no --files"],
    [["--nonsense"], "there is no option '--nonsense'"],
    [["stray"], "unexpected argument 'stray'"],
    [["--json"], "--json needs a value"],
    [["--format", "xml"], "--format is text or json"],
    [["--available", "fuchsia"], "--available is PLATFORM:VERSION, as in 'fuchsia:HEAD'"],
    [["--available", "fuchsia:soon"], "'soon' is not a version"],
    [["--available", "fuchsia:1,2"], "a set of versions must contain HEAD"],
    [["--available", "f:1", "--available", "f:2"], "--available is given twice for 'f'"],
    [["--experimental", "magic"], "there is no experiment 'magic'"],
    [["--depfile", "x", "--files", "y"], "--depfile needs --json"],
  ])("%j is wrong usage: %s", async (argv, why) => {
    expect(await run(fidlcMain, ...argv)).toEqual([2, "", `fidlc: ${why}\nTry 'fidlc --help'.\n`]);
  });

  it("explains itself", async () => {
    const [status, stdout] = await run(fidlcMain, "--help");
    expect(status).toBe(0);
    for (const option of ["--json", "--ts", "--depfile", "--available", "--name", "--werror", "--format", "--files"])
      expect(stdout).toContain(option);
  });
});

describe("fidl-format", () => {
  it("prints the result, or writes it in place", async () => {
    const path = file("a.fidl", "library a;type S=struct{};");
    const expected = "library a;\ntype S = struct {};\n";
    expect(await run(formatMain, path)).toEqual([0, expected, ""]);
    expect(await run(formatMain, "-w", path)).toEqual([0, "", ""]);
    expect(readFileSync(path, "utf8")).toBe(expected);
  });

  it("leaves faulty files as they are, and goes on with the others", async () => {
    const bad = file("bad.fidl", "library bad; type = ;");
    const good = file("good.fidl", "library good ;");
    const [status, , stderr] = await run(formatMain, "-w", bad, good);
    expect(status).toBe(1);
    expect(stderr).toContain("bad.fidl:1:19: error");
    expect([readFileSync(bad, "utf8"), readFileSync(good, "utf8")]).toEqual([
      "library bad; type = ;",
      "library good;\n",
    ]);
  });

  it("knows wrong usage", async () => {
    expect((await run(formatMain))[0]).toBe(2);
    expect((await run(formatMain, "-x", "a.fidl"))[0]).toBe(2);
    expect((await run(formatMain, "--help"))[0]).toBe(0);
    expect((await run(formatMain, join(folder, "none.fidl")))[0]).toBe(1);
  });
});
