/** What a log of CI ends with: the numbers of all runs, and the name and reason of whatever failed. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "sysmem-count-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const passed = { fullName: "a works", status: "passed", failureMessages: [] };

/** One run's report, as vitest writes it. */
function report(
  name: string,
  run: { passed: number; failed: number; skipped: number; success: boolean; files: object[] },
) {
  const text = JSON.stringify({
    numPassedTests: run.passed,
    numFailedTests: run.failed,
    numPendingTests: run.skipped,
    numTodoTests: 0,
    success: run.success,
    testResults: run.files,
  });
  writeFileSync(join(folder, `${name}.json`), text);
}

const countTests = (): string =>
  execFileSync(process.execPath, ["tools/count-tests.mjs", folder], { encoding: "utf8" }).trimEnd();

it("adds the runs up", () => {
  const file = { name: join(process.cwd(), "a.test.ts"), status: "passed", message: "", assertionResults: [passed] };
  report("this-node", { passed: 5, failed: 0, skipped: 2, success: true, files: [file] });
  report("newest-node", { passed: 4, failed: 0, skipped: 3, success: true, files: [file] });
  expect(countTests()).toBe("9 passed, 0 failed, 5 skipped");
});

it("names a failed test, says why in a few lines without colours, and where in the project's own code", () => {
  const message = [
    "AssertionError: \u001B[31mexpected\u001B[39m 1 to be 2",
    "    at /clone/test/a.test.ts:3:1",
    "    at file:///clone/node_modules/vitest/run.js:1:1",
    ...Array.from({ length: 40 }, (_, i) => `detail ${i}`),
  ].join("\n");
  const failed = { fullName: "a fails", status: "failed", failureMessages: [message] };
  const file = {
    name: join(process.cwd(), "a.test.ts"),
    status: "failed",
    message: "",
    assertionResults: [passed, failed],
  };
  report("this-node", { passed: 1, failed: 1, skipped: 0, success: false, files: [file] });

  const lines = countTests().split("\n");
  expect(lines.slice(0, 4)).toEqual([
    "FAIL: this-node a.test.ts > a fails",
    "      AssertionError: expected 1 to be 2",
    "          at /clone/test/a.test.ts:3:1",
    "      detail 0",
  ]);
  expect(lines).toHaveLength(1 + 12 + 1);
  expect(lines.at(-1)).toBe("1 passed, 1 failed, 0 skipped");
});

it("counts a file that failed without a failed test, and says why", () => {
  const file = {
    name: join(process.cwd(), "b.test.ts"),
    status: "failed",
    message: "the tests left behind:\ndescriptor 9",
    assertionResults: [passed],
  };
  report("this-node", { passed: 1, failed: 0, skipped: 0, success: false, files: [file] });
  expect(countTests().split("\n")).toEqual([
    "FAIL: this-node b.test.ts > (the file itself)",
    "      the tests left behind:",
    "      descriptor 9",
    "1 passed, 1 failed, 0 skipped",
  ]);
});
