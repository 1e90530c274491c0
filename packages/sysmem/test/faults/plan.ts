/**
 * Which faults are tried. `npm run faults` (SYSMEM_FAULTS=all) tries every call with every error number; `npm test` a sample
 * of them, the same each time, that has every call in it.
 */
import { CALL_NAMES, type CallName, FAILURES, type Fault } from "../support/faulty-libc.ts";

const isWhole: boolean = process.env.SYSMEM_FAULTS === "all";

/** Of so many single failures, and of so many shortages that last, the sample has one. Primes, so that error numbers change. */
const SAMPLE_SINGLE = 19;
const SAMPLE_LASTING = 31;

/** As long as a shortage lasts that is no single failure. */
const LASTING_CALLS = 12;

/** Everything that needs a descriptor, and everything that needs memory of the kernel's own. */
const SHORTAGES = {
  EMFILE: CALL_NAMES.filter((name) => (FAILURES[name] as readonly string[]).includes("EMFILE")),
  // A wait for memory would be a wait for the test: what is tried again after a while is left out.
  ENOMEM: CALL_NAMES.filter(
    (name) => (FAILURES[name] as readonly string[]).includes("ENOMEM") && name !== "send" && name !== "sendmsg",
  ),
} as const;

/** Each of these calls fails once, at every place where it was made: by number of calls in a run without faults. */
export function singleFailures(counts: ReadonlyMap<CallName, number>, call: CallName): Fault[] {
  const faults: Fault[] = [];
  for (let at = 1; at <= (counts.get(call) ?? 0); at += 1) {
    for (const errno of FAILURES[call]) faults.push({ calls: [call], at, times: 1, errno });
  }
  return sample(faults, SAMPLE_SINGLE);
}

/**
 * From each place on, everything of a kind fails for a while.
 * @param step only every so many places: what waits for the end of a shortage takes a second each
 */
export function lastingShortages(counts: ReadonlyMap<CallName, number>, step: number): Fault[] {
  const faults: Fault[] = [];
  for (const [errno, calls] of Object.entries(SHORTAGES) as [keyof typeof SHORTAGES, CallName[]][]) {
    const total = calls.reduce((sum, call) => sum + (counts.get(call) ?? 0), 0);
    for (let at = 1; at <= total; at += step) faults.push({ calls, at, times: LASTING_CALLS, errno });
  }
  return sample(faults, SAMPLE_LASTING);
}

/** For messages. */
export function describeFault({ calls, at, times, errno }: Fault): string {
  const what = calls.length === 1 ? calls[0] : "everything";
  return `${what} number ${at}${times === 1 ? "" : ` to ${at + times - 1}`}: ${errno}`;
}

function sample<T>(all: readonly T[], every: number): T[] {
  return all.filter((_, index) => isWhole || index % every === 0);
}
