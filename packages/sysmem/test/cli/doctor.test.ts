/** `sysmem doctor`: what it makes of what it finds. */
import { expect } from "vitest";
import { describe as describeFindings, diagnose, type Examination, runDoctor } from "../../src/cli/commands/doctor.ts";
import { test } from "../support/leaks.ts";

const HEALTHY: Examination = {
  capabilities: [
    { name: "memory-files", isRequired: true, isPresent: true, detail: "mapped" },
    { name: "child-events", isRequired: false, isPresent: true, detail: "max_user_watches 524288" },
  ],
  descriptors: { soft: 1_024, hard: 1_048_576 },
  maxInotifyWatches: 524_288,
  uid: 1_000,
};

test("a healthy machine needs no remedy", () => {
  const findings = diagnose(HEALTHY);
  expect(new Set(findings.map(({ status }) => status))).toEqual(new Set(["ok"]));
  expect(describeFindings(findings)).not.toContain("What to do");
});

test("what is missing and required is told from what is missing and useful, each with its remedy", () => {
  const findings = diagnose({
    ...HEALTHY,
    capabilities: [
      { name: "memory-files", isRequired: true, isPresent: false, detail: "cannot create memory" },
      { name: "child-events", isRequired: false, isPresent: false, detail: "cannot watch" },
    ],
    descriptors: { soft: 1_024, hard: 4_096 },
    maxInotifyWatches: 8_192,
    uid: 0,
  });
  expect(findings.map(({ name, status }) => [name, status])).toEqual([
    ["memory-files", "missing"],
    ["child-events", "limited"],
    ["descriptors", "limited"],
    ["inotify-watches", "limited"],
    ["user", "limited"],
  ]);
  for (const { remedy } of findings) expect(remedy).toBeDefined();
  const text = describeFindings(findings);
  expect(text).toMatch(/^STATUS {3}WHAT +FOUND\nmissing {2}memory-files +cannot create memory\n/);
  expect(text).toContain("What to do\n  memory-files:");
});

test("a machine without inotify's figures is judged by what was tried", () => {
  const names = diagnose({ ...HEALTHY, maxInotifyWatches: undefined }).map(({ name }) => name);
  expect(names).not.toContain("inotify-watches");
});

test("the machine of this test can run sysmem, and says so as text and as data", async () => {
  for (const json of [false, true]) {
    let written = "";
    const context = { process: { stdout: { write: (text: string) => void (written += text) } } };
    await runDoctor.call(context as never, { json });
    if (!json) expect(written).toMatch(/^STATUS/);
    else expect(JSON.parse(written)).toContainEqual(expect.objectContaining({ name: "memory-files", status: "ok" }));
  }
});
