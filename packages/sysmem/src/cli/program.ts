/** How a `main` becomes a program. */

/** Commands that go on when nobody reads what they print: others depend on them. */
const DAEMONS = new Set(["serve", "broker"]);

/**
 * Runs a command line as this process' own. Where nobody reads the output any more, as after `| head`, it ends in silence
 * and with status 0: whoever read it has had enough.
 */
export async function runAsProgram(main: (args: readonly string[]) => Promise<number>): Promise<void> {
  const args = process.argv.slice(2);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (!DAEMONS.has(args[0] ?? "")) process.exit(0);
  });
  process.exitCode = await main(args);
}
