/** How a `main` becomes a program. */

/**
 * Commands that nobody's leaving ends like this: daemons go on, since others depend on them, and the demo stops its
 * processes, takes half-written files back and says that it did not reach its end.
 */
const SEE_TO_IT_THEMSELVES = new Set(["serve", "broker", "demo", "demo-participant"]);

/**
 * Runs a command line as this process' own. Where nobody reads the output any more, as after `| head`, it ends in silence
 * and with status 0: whoever read it has had enough.
 */
export async function runAsProgram(main: (args: readonly string[]) => Promise<number>): Promise<void> {
  const args = process.argv.slice(2);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (!SEE_TO_IT_THEMSELVES.has(args[0] ?? "")) process.exit(0);
  });
  process.exitCode = await main(args);
}
