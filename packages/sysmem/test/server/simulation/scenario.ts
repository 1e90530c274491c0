/**
 * A scenario as plain data: made from a seed, shortened by leaving operations out, kept as a file. What an operation is
 * aimed at is chosen among what there is when it runs, so that every part of a scenario is one as well.
 */
import { seededRandom } from "#kernel/fake";

export const OPERATIONS = [
  "new-shared",
  "new-non-shared",
  "duplicate",
  "duplicate-sync",
  "create-group",
  "create-child",
  "seal-group",
  "bind",
  "set-constraints",
  "wait",
  "sync",
  "check",
  "release",
  "close",
  "leave",
  "set-dispensable",
  "set-weak",
  "set-weak-ok",
  "attach-token",
  "track-lifetime",
  "track-node",
  "close-vmo",
  "close-all-vmos",
  "make-weak-vmo",
  "node-ref",
  "grow",
  "complete",
  "deviate",
  "garbage",
  "kill-process",
  "close-allocator",
  "memory-fault",
  "advance-clock",
] as const;

export type OperationKind = (typeof OPERATIONS)[number];

export interface Operation {
  readonly kind: OperationKind;
  /** Picks what it is aimed at. */
  readonly target: number;
  /** Picks among its variants. */
  readonly variant: number;
  /** Deliveries before the next operation; -1 = until nothing is left. */
  readonly steps: number;
}

export interface Scenario {
  /** Of the order of deliveries. */
  readonly seed: number;
  readonly operations: readonly Operation[];
}

/** How often each kind is drawn. Growth and completion outweigh destruction, or no tree would live to allocate. */
const WEIGHTS: Record<OperationKind, number> = {
  "new-shared": 6,
  "new-non-shared": 3,
  duplicate: 24,
  "duplicate-sync": 4,
  "create-group": 8,
  "create-child": 14,
  "seal-group": 5,
  bind: 18,
  "set-constraints": 14,
  wait: 14,
  sync: 6,
  check: 4,
  release: 3,
  close: 3,
  leave: 7,
  "set-dispensable": 8,
  "set-weak": 5,
  "set-weak-ok": 6,
  "attach-token": 10,
  "track-lifetime": 5,
  "track-node": 5,
  "close-vmo": 16,
  "close-all-vmos": 5,
  "make-weak-vmo": 4,
  "node-ref": 4,
  grow: 5,
  complete: 16,
  deviate: 1,
  garbage: 1,
  "kill-process": 1,
  "close-allocator": 1,
  "memory-fault": 1,
  "advance-clock": 2,
};

const DECK: readonly OperationKind[] = OPERATIONS.flatMap((kind) => Array<OperationKind>(WEIGHTS[kind]).fill(kind));

export function makeScenario(seed: number, length: number): Scenario {
  const random = seededRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const operations = Array.from({ length }, (): Operation => {
    const settles = random() < 0.12;
    return {
      kind: DECK[below(DECK.length)] as OperationKind,
      target: below(1 << 30),
      variant: below(1 << 30),
      steps: settles ? -1 : below(7),
    };
  });
  return { seed, operations };
}

/**
 * The shortest scenario found that still fails, by leaving out ever smaller pieces.
 * @param fails runs a candidate
 * @param maxRuns gives up shortening after so many runs
 */
export async function shorten(
  scenario: Scenario,
  fails: (candidate: Scenario) => Promise<boolean>,
  maxRuns = 400,
): Promise<Scenario> {
  let best = scenario;
  let runs = 0;
  for (let piece = Math.ceil(best.operations.length / 2); piece >= 1; piece = piece === 1 ? 0 : Math.ceil(piece / 2)) {
    for (let from = 0; from < best.operations.length && runs < maxRuns; runs++) {
      const operations = [...best.operations.slice(0, from), ...best.operations.slice(from + piece)];
      const candidate = { ...best, operations };
      if (await fails(candidate)) best = candidate;
      else from += piece;
    }
  }
  return best;
}
