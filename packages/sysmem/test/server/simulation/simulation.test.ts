/**
 * Whole servers under random clients, random orders of delivery and random deaths.
 *
 * `SIMULATION_EVENTS` sets how many deliveries are made (default 40,000; a million is `npm run simulate`'s), `SIMULATION_SEED`
 * the first seed. A failing seed is shortened and printed; saved under `corpus/NAME.json` it is replayed by that
 * name with every run.
 */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeScenario, type Scenario, shorten } from "./scenario.ts";
import { simulate, SimulationFailure } from "./simulation.ts";

const EVENTS = Number(process.env.SIMULATION_EVENTS ?? 40_000);
const FIRST_SEED = Number(process.env.SIMULATION_SEED ?? 1);
const OPERATIONS_PER_SCENARIO = 300;

async function failureOf(scenario: Scenario): Promise<unknown> {
  try {
    await simulate(scenario);
    return undefined;
  } catch (failure) {
    return failure;
  }
}

test(`random scenarios keep every invariant (${EVENTS} deliveries)`, { timeout: 3_600_000 }, async () => {
  let [events, allocations, failures, pooled, refusals] = [0, 0, 0, 0, 0];
  for (let seed = FIRST_SEED; events < EVENTS; seed++) {
    const scenario = makeScenario(seed, OPERATIONS_PER_SCENARIO);
    try {
      const report = await simulate(scenario);
      events += report.events;
      allocations += report.allocations;
      failures += report.domainFailures;
      pooled += report.mostPooledBytes;
      refusals += report.poolRefusals;
    } catch (failure) {
      const short = await shorten(scenario, async (candidate) => (await failureOf(candidate)) !== undefined);
      const reason = await failureOf(short);
      expect.fail(`seed ${seed}: ${String(failure)}\nshortened to ${String(reason)}\n${JSON.stringify(short)}`);
    }
  }
  // Simulations in which nothing happens would prove nothing.
  expect(allocations).toBeGreaterThan(EVENTS / 2_000);
  expect(failures).toBeGreaterThan(EVENTS / 2_000);
  expect(pooled).toBeGreaterThan(0);
  expect(refusals).toBeGreaterThan(0);
});

test("the same scenario is the same run, event for event", async () => {
  const scenario = makeScenario(FIRST_SEED, OPERATIONS_PER_SCENARIO);
  const [first, second] = [await simulate(scenario), await simulate(scenario)];
  expect(second).toEqual(first);
  expect(first.trace.length).toBeGreaterThan(50);
});

test("a failing scenario is shortened to what makes it fail", async () => {
  const scenario = makeScenario(7, 64);
  const isGuilty = (candidate: Scenario) => candidate.operations.some((operation) => operation.kind === "bind");
  const short = await shorten(scenario, async (candidate) => isGuilty(candidate));
  expect(short.operations.map((operation) => operation.kind)).toEqual(["bind"]);
});

test("a broken rule is reported with the operation after which it was seen", () => {
  expect(new SimulationFailure("after operation 3 (bind): x").code).toBe("INVARIANT");
});

const corpus = new URL("corpus/", import.meta.url);
for (const file of readdirSync(corpus).filter((name) => name.endsWith(".json"))) {
  test(`replay of ${file.replace(".json", "")}`, async () => {
    await simulate(JSON.parse(readFileSync(new URL(file, corpus), "utf8")) as Scenario);
  });
}
