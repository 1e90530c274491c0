import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["sysmem:source"] },
  ssr: { resolve: { conditions: ["sysmem:source"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    // Descriptors, signals and mappings are per process: every test file gets its own.
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
