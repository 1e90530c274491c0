/**
 * Adds up the JSON reports of several vitest runs and closes with the line that says how many tests passed:
 *
 *     node tools/count-tests.mjs FOLDER
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("usage: node tools/count-tests.mjs FOLDER\n");
  process.exitCode = 2;
} else {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
    const report = JSON.parse(readFileSync(join(folder, name), "utf8"));
    total.passed += report.numPassedTests;
    total.skipped += report.numPendingTests + report.numTodoTests;
    // A file that cannot be loaded, or that left something behind, fails the run without a failed test of its own.
    total.failed += report.success ? 0 : Math.max(1, report.numFailedTests);
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
}
