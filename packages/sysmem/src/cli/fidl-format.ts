/** The `fidl-format` command. */
import { readFileSync, writeFileSync } from "node:fs";
import { format, renderDiagnostics } from "#fidlc";
import type { CommandOutput } from "./fidlc.ts";

const HELP = `Usage: fidl-format [-w] FILE.fidl...

Formats FIDL files. Prints the result, or with -w writes it back.

  -w       change the files in place
  --help   print this

Exit status: 0 done, 1 a file cannot be read, written or parsed, 2 wrong usage.
`;

/** Runs the command; the result is the exit status. A file that cannot be formatted stays as it is. */
export async function main(argv: readonly string[], output: CommandOutput = process): Promise<number> {
  if (argv.includes("--help")) {
    output.stdout.write(HELP);
    return 0;
  }
  const isInPlace = argv.includes("-w");
  const paths = argv.filter((word) => word !== "-w");
  const unknown = paths.find((path) => path.startsWith("-"));
  if (unknown !== undefined || paths.length === 0) {
    output.stderr.write(
      `fidl-format: ${unknown === undefined ? "no files" : `there is no option '${unknown}'`}\nTry 'fidl-format --help'.\n`,
    );
    return 2;
  }
  let status = 0;
  for (const path of paths) {
    try {
      const text = readFileSync(path, "utf8");
      const result = format(text, path);
      if (!result.ok) {
        output.stderr.write(renderDiagnostics(result.diagnostics));
        status = 1;
      } else if (!isInPlace) output.stdout.write(result.text);
      else if (result.text !== text) writeFileSync(path, result.text);
    } catch (cause) {
      output.stderr.write(`fidl-format: ${path}: ${cause instanceof Error ? cause.message : String(cause)}\n`);
      status = 1;
    }
  }
  return status;
}
