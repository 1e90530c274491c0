/** The tests of one side: every call of it fails, once and for a while, at every place of the story. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { createLinuxKernel, type LinuxKernel } from "#kernel";
import { CALL_NAMES, type CallName, type Fault } from "../support/faulty-libc.ts";
import { ignoreDescriptorsOf, test } from "../support/leaks.ts";
import { describeFault, lastingShortages, singleFailures } from "./plan.ts";
import { type Telling, type Tried, tryFault } from "./stage.ts";

/** Nothing here takes that long; a machine that is busy with other things may. */
const TIMEOUT_MS = 600_000;

export interface Sweep {
  readonly tell: Telling;
  readonly side: "server" | "participants";
  /** Calls that this side does not make. */
  readonly without: readonly CallName[];
  /** Calls that this side makes only once, for the first who needs it. */
  readonly firstOnly: readonly CallName[];
  /** See `lastingShortages`. Default 1. */
  readonly lastingStep?: number;
}

/** Declares the tests. */
export function sweep({ tell, side, without, firstOnly, lastingStep = 1 }: Sweep): void {
  const folder = mkdtempSync(join(tmpdir(), "sysmem-faults-"));
  const sound: LinuxKernel = createLinuxKernel();
  ignoreDescriptorsOf(sound);
  /** Calls of a story; `early` are those of a kernel that is made for it. */
  let early: Tried["counts"] = new Map();
  let later: Tried["counts"] = new Map();

  const attempt = (fault: Fault | undefined, isEarly: boolean) =>
    tryFault({ tell, folder, sound, fault, side, isEarly });
  const tryAll = async (faults: readonly Fault[], isEarly: boolean): Promise<void> => {
    const problems: string[] = [];
    for (const fault of faults) {
      const tried = await attempt(fault, isEarly);
      problems.push(...tried.problems.map((problem) => `${describeFault(fault)}: ${problem}`));
    }
    expect(problems).toEqual([]);
  };

  beforeAll(async () => {
    const all = [await attempt(undefined, true), await attempt(undefined, false)] as const;
    for (const { problems, failures } of all) expect([...problems, ...failures]).toEqual([]);
    [early, later] = [all[0].counts, all[1].counts];
  });

  afterAll(() => {
    sound.close();
    rmSync(folder, { recursive: true });
  });

  test("the story is made of these calls", () => {
    const made = new Set([...early.keys(), ...later.keys()]);
    expect(CALL_NAMES.filter((call) => !made.has(call))).toEqual(without);
    expect(CALL_NAMES.filter((call) => early.has(call) && !later.has(call))).toEqual(firstOnly);
  });

  describe("fails once", () => {
    for (const call of CALL_NAMES) {
      if (without.includes(call)) continue;
      const isEarly = firstOnly.includes(call);
      test(call, { timeout: TIMEOUT_MS }, () => tryAll(singleFailures(isEarly ? early : later, call), isEarly));
    }
  });

  test("fails for a while, from every place on", { timeout: TIMEOUT_MS }, () =>
    tryAll(lastingShortages(later, lastingStep), false),
  );
}
