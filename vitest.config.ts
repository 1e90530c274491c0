import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Layers that touch no descriptor, process or signal: their test files may share a process's threads. */
const PURE_LAYERS = ["base", "fidl", "fidlc", "fidlgen", "gen", "negotiate", "images"];

const allTests = ["packages/*/test/**/*.test.ts", "tools/test/**/*.test.ts"];
const pureTests = PURE_LAYERS.map((layer) => `packages/sysmem/test/${layer}/**/*.test.ts`);

export default defineConfig({
  // Tests run the sources themselves: no build stands between an edit and its test.
  resolve: { conditions: ["sysmem:source"] },
  ssr: { resolve: { conditions: ["sysmem:source"] } },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Tests with real processes are limited by cores; more files at once only make them wait for each other.
    maxWorkers: Math.max(1, Math.min(availableParallelism(), 4)),
    projects: [
      {
        extends: true,
        test: { name: "pure", include: pureTests, pool: "threads", setupFiles: ["tools/vitest/fail-on-console.ts"] },
      },
      {
        extends: true,
        test: {
          name: "system",
          // Programs are started from their sources; on a busy machine that alone may take seconds for each. Nothing
          // here depends on how long something takes: this only ends what would never end.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          include: allTests,
          exclude: ["**/node_modules/**", ...pureTests],
          // Descriptors, mappings, signals and children belong to a process: every file gets its own.
          pool: "forks",
          setupFiles: ["tools/vitest/fail-on-console.ts", "tools/vitest/leave-nothing-behind.ts"],
        },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["packages/sysmem/src/gen/**", "**/*.d.ts"],
      reporter: ["text-summary", "html", "json-summary"],
      reportsDirectory: "coverage",
    },
  },
});
