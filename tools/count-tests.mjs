/**
 * Reads the JSON reports of several vitest runs, names what failed in each and why, and closes with the line that says
 * how many tests passed. Whoever sees only the end of a log learns from it what to look at.
 *
 *     node tools/count-tests.mjs FOLDER
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

/** @typedef {{ name: string, message: string }} Failure */
/** @typedef {{ status: string, fullName: string, failureMessages: string[] }} TestReport */
/** @typedef {{ name: string, status: string, message: string, assertionResults: TestReport[] }} FileReport */

/** Lines of one failure's message that are worth their place at the end of a log. */
const MESSAGE_LINES = 12;

/** A line of a stack that is not the project's own. */
const OTHERS_FRAME = /^\s+at .*(node_modules|node:internal|new Promise)/;

/**
 * What failed in a file: its tests, and the file itself where it could not be loaded or left something behind.
 * @param {FileReport} file
 * @returns {Failure[]}
 */
function failuresOf(file) {
  const tests = file.assertionResults.filter(({ status }) => status === "failed");
  const failures = tests.map(({ fullName, failureMessages }) => ({
    name: fullName,
    message: failureMessages.join("\n"),
  }));
  return file.message === "" ? failures : [...failures, { name: "(the file itself)", message: file.message }];
}

/**
 * One failure as lines, without colours: a log is read as text.
 * @param {string} place
 * @param {Failure} failure
 */
function lines(place, { name, message }) {
  const plain = message
    .replaceAll(/\u001B\[[0-9;]*m/g, "")
    .split("\n")
    .filter((line) => !OTHERS_FRAME.test(line));
  return [`FAIL: ${place} > ${name}`, ...plain.slice(0, MESSAGE_LINES).map((line) => `      ${line}`)];
}

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("usage: node tools/count-tests.mjs FOLDER\n");
  process.exitCode = 2;
} else {
  const total = { passed: 0, failed: 0, skipped: 0 };
  /** @type {string[]} */
  const report = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
    const run = JSON.parse(readFileSync(join(folder, name), "utf8"));
    total.passed += run.numPassedTests;
    total.skipped += run.numPendingTests + run.numTodoTests;
    // A file that cannot be loaded, or that left something behind, fails the run without a failed test of its own.
    total.failed += run.success ? 0 : Math.max(1, run.numFailedTests);
    /** @type {FileReport[]} */
    const files = run.testResults;
    for (const file of files.filter(({ status }) => status === "failed")) {
      const place = `${basename(name, ".json")} ${relative(process.cwd(), file.name)}`;
      report.push(...failuresOf(file).flatMap((failure) => lines(place, failure)));
    }
  }
  report.push(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.stdout.write(`${report.join("\n")}\n`);
}
