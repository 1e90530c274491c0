/** The `fidlc` command: FIDL files to JSON IR, TypeScript and diagnostics. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { systemWords } from "#base";
// Not of the whole layer, which takes four times as long to load as this command.
import { makeDirectory } from "#daemon/make-directory";
import {
  type CompileOptions,
  compile,
  type JsonIr,
  jsonDiagnostics,
  parseVersion,
  renderDiagnostics,
  type SourceFile,
  writeIr,
} from "#fidlc";

const HELP = `Usage: fidlc [OPTION]... --files FILE.fidl... [--files FILE.fidl...]...

Compiles FIDL libraries. Each --files gives all files of one library; libraries come in dependency order, and the last is
the one that output is made for.

  --json OUT                write the JSON IR of the last library
  --ts DIR                  write its TypeScript bindings
  --depfile OUT             write what the JSON depends on, as a makefile rule (with --json)
  --available PLATFORM:V,.. versions of a platform to compile for: numbers, NEXT or HEAD
  --name LIBRARY            fail unless this is the name of the last library
  --require-modifiers       demand strict or flexible on methods, open, ajar or closed on protocols
  --experimental FLAG       enable an experiment: no_resource_attribute
  --werror                  take warnings for errors
  --format text|json        how to print diagnostics (to standard error)
  --files FILE...           the files of one library
  --help                    print this

Exit status: 0 done, 1 errors in the files, 2 wrong usage.
`;

/** Where a command prints. */
export interface CommandOutput {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

interface Options {
  json?: string;
  ts?: string;
  depfile?: string;
  name?: string;
  format: "text" | "json";
  isWerror: boolean;
  isHelp: boolean;
  readonly available: Record<string, number[]>;
  readonly experiments: string[];
  requireModifiers: boolean;
  readonly libraries: string[][];
}

const EXPERIMENTS = ["no_resource_attribute"];

/** Runs the command; the result is the exit status. */
export async function main(argv: readonly string[], output: CommandOutput = process): Promise<number> {
  const options = parseArguments(argv);
  if (typeof options === "string") {
    output.stderr.write(`fidlc: ${options}\nTry 'fidlc --help'.\n`);
    return 2;
  }
  if (options.isHelp) {
    output.stdout.write(HELP);
    return 0;
  }
  const libraries: SourceFile[][] = [];
  for (const paths of options.libraries) {
    const files: SourceFile[] = [];
    for (const path of paths) {
      const text = attempt(() => readFileSync(path, "utf8"));
      if (!text.ok) {
        output.stderr.write(`fidlc: cannot read ${path}: ${text.why}\n`);
        return 1;
      }
      files.push({ path, text: text.value });
    }
    libraries.push(files);
  }
  return compileAndWrite(libraries, options, output);
}

async function compileAndWrite(
  libraries: readonly SourceFile[][],
  options: Options,
  output: CommandOutput,
): Promise<number> {
  const compileOptions: CompileOptions = {
    available: options.available,
    experiments: options.experiments,
    requireModifiers: options.requireModifiers,
  };
  const result = compile(libraries, compileOptions);
  const { diagnostics } = result;
  if (options.format === "json") output.stderr.write(`${JSON.stringify(jsonDiagnostics(diagnostics), null, 2)}\n`);
  else if (diagnostics.length > 0) output.stderr.write(renderDiagnostics(diagnostics));
  if (result.droppedDiagnostics > 0) output.stderr.write(`fidlc: ${result.droppedDiagnostics} more were not printed\n`);
  const { ir } = result;
  if (ir === undefined) {
    if (diagnostics.length === 0) output.stderr.write("fidlc: the last library has no files\n");
    return 1;
  }
  if (options.isWerror && diagnostics.length > 0) return 1;
  if (options.name !== undefined && options.name !== ir.name) {
    output.stderr.write(`fidlc: the last library is '${ir.name}', not '${options.name}'\n`);
    return 1;
  }
  try {
    await writeOutputs(ir, options);
  } catch (cause) {
    output.stderr.write(`fidlc: ${cause instanceof Error ? cause.message : String(cause)}\n`);
    return 1;
  }
  return 0;
}

async function writeOutputs(ir: JsonIr, options: Options): Promise<void> {
  if (options.json !== undefined) await writeText(options.json, writeIr(ir));
  if (options.depfile !== undefined && options.json !== undefined) {
    const sources = options.libraries.flat().map((path) => path.replaceAll(" ", "\\ "));
    await writeText(options.depfile, `${options.json.replaceAll(" ", "\\ ")}: ${sources.join(" ")}\n`);
  }
  if (options.ts !== undefined) {
    // Loaded only where it is wanted: compiling alone needs no generator.
    const { generate } = await import("#fidlgen");
    for (const file of generate(ir)) await writeText(join(options.ts, file.path), file.text);
  }
}

async function writeText(path: string, text: string): Promise<void> {
  makeDirectory(dirname(resolve(path)));
  await writeFile(path, text);
}

function attempt<T>(
  step: () => T,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string } {
  try {
    return { ok: true, value: step() };
  } catch (cause) {
    return { ok: false, why: systemWords(cause) };
  }
}

/** Options, or what is wrong with them. `--option value` and `--option=value` are the same. */
function parseArguments(argv: readonly string[]): Options | string {
  const options: Options = {
    format: "text",
    isWerror: false,
    isHelp: false,
    available: {},
    experiments: [],
    requireModifiers: false,
    libraries: [],
  };
  const words = argv.flatMap((word) =>
    /^--[a-z]+=/.test(word) ? [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)] : [word],
  );
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    const problem = parseFlag(options, word) ? undefined : parseValued(options, word, words[at + 1]);
    if (problem === undefined) continue;
    if (typeof problem === "string") return problem;
    if (word === "--files") {
      const files: string[] = [];
      while (words[at + 1] !== undefined && !(words[at + 1] as string).startsWith("--"))
        files.push(words[++at] as string);
      options.libraries.push(files);
    } else at++;
  }
  if (options.isHelp) return options;
  if (options.libraries.length === 0) return "no --files";
  if (options.depfile !== undefined && options.json === undefined) return "--depfile needs --json";
  return options;
}

function parseFlag(options: Options, word: string): boolean {
  if (word === "--help") options.isHelp = true;
  else if (word === "--werror") options.isWerror = true;
  else if (word === "--require-modifiers") options.requireModifiers = true;
  else return false;
  return true;
}

/** True when the word takes what follows; a text when it cannot. */
function parseValued(options: Options, word: string, value: string | undefined): true | string {
  const known = ["--json", "--ts", "--depfile", "--name", "--format", "--available", "--experimental", "--files"];
  if (!known.includes(word))
    return word.startsWith("-") ? `there is no option '${word}'` : `unexpected argument '${word}'`;
  if (value === undefined || value.startsWith("--")) return `${word} needs a value`;
  switch (word) {
    case "--json":
      options.json = value;
      return true;
    case "--ts":
      options.ts = value;
      return true;
    case "--depfile":
      options.depfile = value;
      return true;
    case "--name":
      options.name = value;
      return true;
    case "--format":
      if (value !== "text" && value !== "json") return "--format is text or json";
      options.format = value;
      return true;
    case "--experimental":
      if (!EXPERIMENTS.includes(value)) return `there is no experiment '${value}'`;
      options.experiments.push(value);
      return true;
    case "--available":
      return parseAvailable(options, value);
    default:
      return true;
  }
}

function parseAvailable(options: Options, value: string): true | string {
  const match = /^([a-z][a-z0-9]*):(.+)$/.exec(value);
  if (match === null) return "--available is PLATFORM:VERSION, as in 'fuchsia:HEAD'";
  const [, platform, list] = match as unknown as [string, string, string];
  const versions: number[] = [];
  for (const text of list.split(",")) {
    const version = parseVersion(text);
    if (version === undefined) return `'${text}' is not a version`;
    versions.push(version);
  }
  if (versions.length > 1 && !list.split(",").includes("HEAD")) return "a set of versions must contain HEAD";
  if (options.available[platform] !== undefined) return `--available is given twice for '${platform}'`;
  options.available[platform] = versions;
  return true;
}
