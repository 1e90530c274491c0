/**
 * Runs tests for StrykerJS inside its own process: a mutant costs what the tests that reach it cost, milliseconds,
 * where starting vitest for each costs seconds. That is possible because the tests of a pure layer need nothing of
 * vitest but `describe`, `test` and `expect`.
 *
 * What is tested is one bundle of all test files with the instrumented sources. Calling it gives everything afresh,
 * which mutants in what runs while modules load need.
 */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { compileFunction } from "node:vm";
import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import * as chai from "chai";
import { buildSync } from "esbuild";

/** Random cases are the same in every run: a mutant that one run kills and the next does not says nothing. */
const SEED = 20_260_401;
/** And they are few: there are thousands of runs. Asked for by name in the tests. */
process.env["PROPERTY_SCALE"] ??= "0.04";

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

/** @typedef {{ id: string, run: () => unknown }} Test */

/**
 * What Stryker's instrumented code shares with a runner, as a global.
 *
 * @typedef {object} Shared
 * @property {string} [activeMutant]
 * @property {string} [currentTestId]
 * @property {number} [hitCount] how often the active mutant ran; past `hitLimit` it throws, which ends endless loops
 * @property {number} [hitLimit]
 * @property {object} [mutantCoverage] written by instrumented code while no mutant is active
 */

/** @typedef {{ id: string, name: string, timeSpentMs: number } & ({ status: 0 } | { status: 1, failureMessage: string })} TestResult */

class InProcessRunner {
  /** @type {Shared} */
  #shared;
  /** @type {{ folder: string, last: readonly string[] }} */
  #where;
  /** @type {(() => Test[]) | undefined} */
  #load;
  /** @type {Test[] | undefined} */
  #tests;

  /** @param {{ inProcess: { folder: string, last: readonly string[] } }} options the tests, and which of them are slow */
  constructor(options) {
    const globals = /** @type {{ __stryker__?: Shared }} */ (globalThis);
    this.#shared = globals.__stryker__ ??= {};
    this.#where = options.inProcess;
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  init() {
    this.#load = bundle(resolve(this.#where.folder), this.#where.last);
  }

  async dryRun() {
    const tests = await this.#run(this.#fresh());
    return { status: "complete", tests, mutantCoverage: this.#shared.mutantCoverage };
  }

  /** @param {{ activeMutant: { id: string }, mutantActivation: "static" | "runtime", testFilter?: string[], hitLimit?: number }} options */
  async mutantRun({ activeMutant, mutantActivation, testFilter, hitLimit }) {
    const shared = this.#shared;
    if (mutantActivation === "static") this.#tests = undefined;
    let tests = mutantActivation === "static" ? undefined : this.#fresh();
    shared.activeMutant = activeMutant.id;
    if (hitLimit !== undefined) Object.assign(shared, { hitCount: 0, hitLimit });
    try {
      try {
        tests ??= this.#fresh();
      } catch (error) {
        return { status: "killed", killedBy: ["loading"], failureMessage: String(error), nrOfTests: 0 };
      }
      const wanted = testFilter && new Set(testFilter);
      const results = await this.#run(
        tests.filter(({ id }) => wanted?.has(id) ?? true),
        true,
      );
      if ((shared.hitCount ?? 0) > (hitLimit ?? Infinity)) return { status: "timeout", reason: "ran too often" };
      const last = results.at(-1);
      if (last?.status !== 1) return { status: "survived", nrOfTests: results.length };
      return { status: "killed", killedBy: [last.id], failureMessage: last.failureMessage, nrOfTests: results.length };
    } finally {
      delete shared.activeMutant;
      delete shared.hitCount;
      delete shared.hitLimit;
      // What a mutant has done to the modules' own state ends with it.
      if (mutantActivation === "static") this.#tests = undefined;
    }
  }

  #fresh() {
    if (this.#load === undefined) throw new TypeError("init comes first");
    return (this.#tests ??= this.#load());
  }

  /**
   * @param {readonly Test[]} tests
   * @param {boolean} [bail] whether the first failure is the last test
   */
  async #run(tests, bail = false) {
    /** @type {TestResult[]} */
    const results = [];
    for (const { id, run } of tests) {
      this.#shared.currentTestId = id;
      const startedAt = performance.now();
      const spent = () => performance.now() - startedAt;
      try {
        await run();
        results.push({ id, name: id, status: 0, timeSpentMs: spent() });
      } catch (error) {
        results.push({ id, name: id, status: 1, timeSpentMs: spent(), failureMessage: String(error) });
        if (bail) break;
      }
    }
    delete this.#shared.currentTestId;
    return results;
  }
}

/**
 * Bundles the test files of a folder, and returns what evaluates them and lists their tests, each time anew.
 *
 * @param {string} folder
 * @param {readonly string[]} last files whose tests come after all others: what fails fast is a mutant's end
 * @returns {() => Test[]}
 */
function bundle(folder, last) {
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
  files.sort((a, b) => last.indexOf(a) - last.indexOf(b) || a.localeCompare(b));
  const { outputFiles } = buildSync({
    stdin: { contents: files.map((name) => `import "./${name}";`).join("\n"), resolveDir: folder },
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "node20",
    conditions: ["sysmem:source"],
    // The package says that its modules have no side effects; those with tests have.
    ignoreAnnotations: true,
    external: ["vitest", "fast-check"],
    logLevel: "error",
  });
  const code = outputFiles[0]?.text ?? "";
  const evaluate = compileFunction(code, ["require", "module", "exports"], { filename: "tests" });
  const require = createRequire(join(folder, "tests"));
  require("fast-check").configureGlobal({ seed: SEED });
  return () => {
    const { tests, vitest } = collector();
    const module = { exports: {} };
    evaluate((/** @type {string} */ name) => (name === "vitest" ? vitest : require(name)), module, module.exports);
    return tests;
  };
}

/** What test files import from vitest, and where their tests arrive, in order. */
function collector() {
  /** @type {Test[]} */
  const tests = [];
  /** @type {string[]} */
  const path = [];
  /** @param {string} name @param {() => unknown} run */
  const test = (name, run) => void tests.push({ id: [...path, `${name} #${tests.length}`].join(" > "), run });
  /** @param {readonly unknown[]} rows */
  test.each = (rows) => (/** @type {string} */ name, /** @type {(...row: unknown[]) => unknown} */ run) => {
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row];
      const told = values.filter((value) => typeof value === "string").join(" ");
      test(`${name} (${told})`, () => run(...values));
    }
  };
  /** @param {string} name @param {() => void} body */
  const describe = (name, body) => {
    path.push(name);
    body();
    path.pop();
  };
  return { tests, vitest: { describe, test, expect: chai.expect } };
}

/** @param {ConstructorParameters<typeof InProcessRunner>[0]} options */
const create = (options) => new InProcessRunner(options);
create.inject = ["options"];

/** Found by Stryker under this name. */
export const strykerPlugins = [{ kind: "TestRunner", name: "in-process", factory: create }];
