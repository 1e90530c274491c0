/**
 * Fails a test that leaves descriptors, mappings of memory files, or child processes behind.
 *
 * Use `test` from here in place of vitest's where a test opens any of these: what there is before the test's body (and
 * its other fixtures' set-up) must be all there is after it. A kernel made in the test must be closed in it; one
 * that outlives the test is declared with `ignoreDescriptorsOf`.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { test as base, type TestAPI } from "vitest";

/** What a process holds, as texts that can be compared and shown. */
export interface Holdings {
  readonly descriptors: ReadonlyMap<number, string>;
  /** Memory files mapped, with the number of ranges each. */
  readonly mappings: ReadonlyMap<string, number>;
  readonly children: ReadonlySet<string>;
}

/** Closing goes on in later turns of the loop, and children need time to end; what is still there then stays. */
const GRACE_MS = 3_000;
const LOOK_INTERVAL_MS = 5;

const ignored = new Set<{ readonly ownDescriptors: readonly number[] }>();

/** Leaves out what a long-lived kernel holds for itself. */
export function ignoreDescriptorsOf(kernel: { readonly ownDescriptors: readonly number[] }): void {
  ignored.add(kernel);
}

/** What this process holds now. */
export function takeHoldings(): Holdings {
  const own = new Set([...ignored].flatMap((kernel) => [...kernel.ownDescriptors]));
  const descriptors = new Map<number, string>();
  for (const name of readdirSync("/proc/self/fd")) {
    if (own.has(Number(name))) continue;
    try {
      descriptors.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The descriptor that listed the folder.
    }
  }
  const mappings = new Map<string, number>();
  for (const line of readFileSync("/proc/self/maps", "latin1").split("\n")) {
    const file = /\S+ \S+ \S+ \S+ \d+ +(\/(?:memfd|dmabuf):.*)$/.exec(line)?.[1];
    if (file !== undefined) mappings.set(file, (mappings.get(file) ?? 0) + 1);
  }
  const children = new Set<string>();
  for (const task of readdirSync("/proc/self/task")) {
    for (const pid of readFileSync(`/proc/self/task/${task}/children`, "latin1").split(" ")) {
      if (pid.trim() !== "") children.add(pid.trim());
    }
  }
  return { descriptors, mappings, children };
}

/** What is in `after` and was not in `before`, a line each. */
export function leaksBetween(before: Holdings, after: Holdings): string[] {
  const leaks: string[] = [];
  for (const [fd, target] of after.descriptors) {
    if (before.descriptors.get(fd) !== target) leaks.push(`descriptor ${fd}: ${target}`);
  }
  for (const [file, count] of after.mappings) {
    const extra = count - (before.mappings.get(file) ?? 0);
    if (extra > 0) leaks.push(`${extra} mappings of ${file}`);
  }
  for (const pid of after.children) if (!before.children.has(pid)) leaks.push(`child process ${pid}`);
  return leaks;
}

/** Waits until nothing more is held than `before`, and throws when that does not come about. */
export async function expectNothingLeft(before: Holdings): Promise<void> {
  const giveUpAt = performance.now() + GRACE_MS;
  for (;;) {
    const leaks = leaksBetween(before, takeHoldings());
    if (leaks.length === 0) return;
    if (performance.now() > giveUpAt) throw new Error(`the test left behind:\n${leaks.join("\n")}`);
    await sleep(LOOK_INTERVAL_MS);
  }
}

/** vitest's `test`, with the guard around every test. */
export const test: TestAPI<{ leakGuard: undefined }> = base.extend<{ leakGuard: undefined }>({
  leakGuard: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest finds fixtures by the parameter's pattern.
    async ({}, use) => {
      const before = takeHoldings();
      await use(undefined);
      await expectNothingLeft(before);
    },
    { auto: true },
  ],
});
