/** The command in the hands of somebody who does not know it: wrong words, broken pipes, no server, no permission. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../src/cli/main.ts";
import { raw } from "../inspect/constraints.ts";
import { World } from "../inspect/world.ts";
import { Program } from "./sysmem.ts";

const world = new World();
beforeAll(async () => {
  for (let index = 0; index < 3; index++) await world.local(`client ${index}`, world.collection(`one ${index}`)).sync();
});
afterAll(async () => {
  await world.clear();
  await world.close();
});

/** Runs a command line in this process. */
async function run(...args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const status = await main(args, {
    stdout: { write: (text: string) => (out += text) !== "" },
    stderr: { write: (text: string) => (err += text) !== "" },
  });
  return { status, out, err };
}

const COMMANDS = [
  ["ls"],
  ["tree"],
  ["top"],
  ["explain"],
  ["why-alive"],
  ["watch"],
  ["heaps"],
  ["doctor"],
  ["solve"],
  ["trace"],
  ["broker"],
  ["serve"],
  ["demo"],
  ["man"],
  ["completion"],
  ["fidl", "decode"],
  ["fidl", "format"],
] as const;

describe.each(COMMANDS.map((words) => [words.join(" "), words] as const))("sysmem %s", (name, words) => {
  it("--help is on standard output, says how it is used, and is status 0", async () => {
    const { status, out, err } = await run(...words, "--help");
    expect([status, err]).toEqual([0, ""]);
    expect(out).toMatch(new RegExp(`^USAGE\\n  sysmem ${name}`));
  });

  it("says in one line which word it does not know, with status 2", async () => {
    const { status, out, err } = await run(...words, "--nonsense");
    expect([status, out]).toEqual([2, ""]);
    expect(err).toBe("sysmem: No flag registered for --nonsense (--help tells what there is)\n");
  });
});

describe("wrong usage", () => {
  it.each([
    [["nonsense"], "sysmem: No command registered for `nonsense` (sysmem --help lists them)"],
    [["lss"], "sysmem: No command registered for `lss`, did you mean `ls`? (sysmem --help lists them)"],
    [["why-alive"], "sysmem: Expected argument for ID (--help tells what there is)"],
    [["ls", "more"], 'sysmem: Too many arguments, expected 0 but encountered "more" (--help tells what there is)'],
    [
      ["top", "--count", "x"],
      'sysmem: Failed to parse "x" for count: Cannot convert x to a number (--help tells what there is)',
    ],
    [
      ["completion", "ksh"],
      'sysmem: Failed to parse "ksh" for SHELL: ksh is none of bash, zsh, fish (--help tells what there is)',
    ],
  ])("%j is status 2, and one line", async (args, line) => {
    expect(await run(...args)).toEqual({ status: 2, out: "", err: `${line}\n` });
  });

  it("of an address is told before anything starts", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sysmem-stranger-"));
    const serve = new Program("sysmem.ts", ["serve", "--svc", folder, "--metrics", "99999999"]);
    expect(await serve.end()).toBe(2);
    expect(serve.stderr).toBe("sysmem: --metrics: 99999999 is no [HOST:]PORT, no path and not off\n");
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

it("--version is the package's", async () => {
  expect(await run("--version")).toEqual({ status: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: "" });
});

describe("what the machine refuses is one line with the code that has a page, and status 1", () => {
  it.each([
    [["ls", "--svc", "/nonexistent"], "NO_SERVER"],
    [["serve", "--svc", "/proc/nonexistent/svc"], "SVC"],
    [["serve", "--config", "/nonexistent"], "CONFIG"],
    [["solve", "/nonexistent"], "SOLVE_INPUT"],
  ])("%j: %s", async (args, code) => {
    const { status, out, err } = await run(...args);
    expect([status, out]).toEqual([1, ""]);
    expect(err).toMatch(new RegExp(`^sysmem: cannot [^\\n]* \\[${code}\\]\\n$`));
  });

  it("a folder that cannot be made", async () => {
    const { status, err } = await run("man", "/proc/nonexistent");
    expect([status, err]).toEqual([1, expect.stringMatching(/^sysmem: cannot write manual pages into [^\n]*\n$/)]);
  });
});

describe("every --json is JSON and nothing else", () => {
  it.each([["ls"], ["tree"], ["tree", "one 1"], ["explain", "one 1"], ["heaps"], ["why-alive", "one 1"]])(
    "sysmem %s %s",
    async (...args) => {
      const { status, out } = await run(...args, "--json", "--svc", world.svc);
      expect(status).toBe(0);
      expect(typeof JSON.parse(out)).toBe("object");
    },
  );

  it("sysmem doctor", async () => expect(Array.isArray(JSON.parse((await run("doctor", "--json")).out))).toBe(true));
});

describe("a reader that has had enough", () => {
  const shell = async (line: string): Promise<string> => {
    const fixture = fileURLToPath(new URL("fixtures/sysmem.ts", import.meta.url));
    const node = `'${process.execPath}' --import '${fileURLToPath(import.meta.resolve("tsx"))}' --conditions=sysmem:source '${fixture}'`;
    const script = `set -o pipefail; ${line.replaceAll("sysmem", node)}; echo "status $?"`;
    const env = { ...process.env, SYSMEM_SVC: world.svc };
    const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script], { env, timeout: 100_000 });
    return stdout + stderr;
  };

  it("ends a command in silence", async () => {
    expect(await shell("sysmem top --interval 0.01 | head -1")).toMatch(/^sysmem \S+, pid .*\nstatus 0\n$/);
  });
});

describe("a server that ends", () => {
  it("ends who watches it, with a word and status 1", async () => {
    const dying = new World();
    const watching = dying.sysmem("watch");
    await dying.until(() => !dying.daemon.server.context.observers.isEmpty);
    await dying.close();
    const { status, err } = await watching;
    expect(status).toBe(1);
    expect(err).toMatch(/^sysmem: the server in \S+ does not answer: .* \[GONE\]\n$/);
  });
});

describe.skipIf(process.getuid?.() !== 0)("another user (needs root, who may become one)", () => {
  it("hears who may inspect", async () => {
    const fixture = fileURLToPath(new URL("fixtures/sysmem.ts", import.meta.url));
    const tsx = fileURLToPath(import.meta.resolve("tsx"));
    const args = ["--import", tsx, "--conditions=sysmem:source", fixture, "ls", "--svc", world.svc];
    const { chmodSync } = await import("node:fs");
    chmodSync(world.svc, 0o755);
    const ended = promisify(execFile)(process.execPath, args, { uid: 65_534, gid: 65_534, timeout: 100_000 });
    await expect(ended).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^sysmem: cannot inspect \S+: only the user who runs the server may .* \[ACCESS_DENIED\]\n$/,
      ),
    });
  });
});

it("names of clients cannot reach into the terminal, change the direction of writing, or hide", async () => {
  const name = "red\u001b[31m\u001b]0;title\u0007\n\t\u0000\u009b31m\u202eltr\u2066\u200b\u2028end";
  await world.local("c\u202e", world.collection(name), raw()).sync();
  for (const command of ["ls", "tree", "explain"]) {
    const { out } = await world.sysmem(...(command === "explain" ? [command, name] : [command]));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there.
    expect(out.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
  }
  expect((await world.sysmem("ls")).out).toMatch(/^\d+ +red[?\w;[]*ltr\?\?\?end /m);
});
