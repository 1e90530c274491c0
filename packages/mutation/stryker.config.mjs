/**
 * How Stryker is run by run.mjs, from the root.
 *
 * @type {Record<string, unknown>}
 */
const config = {
  mutate: ["packages/sysmem/src/negotiate/**/*.ts"],
  plugins: [new URL("runner.mjs", import.meta.url).href],
  testRunner: "in-process",
  inProcess: {
    folder: "packages/sysmem/test/negotiate",
    last: ["tree-rules.test.ts", "failures.test.ts", "properties.test.ts"],
  },
  coverageAnalysis: "perTest",
  concurrency: 2,
  // Property tests run long; what a mutant makes endless is stopped by counting, and rarely by this.
  timeoutMS: 30_000,
  incremental: true,
  incrementalFile: "packages/mutation/reports/incremental.json",
  tempDirName: "packages/mutation/.stryker-tmp",
  ignorePatterns: [
    "**",
    "!package.json",
    "!packages/sysmem/package.json",
    "!packages/sysmem/src/{base,fidl,gen,negotiate}/**",
    "!packages/sysmem/test/negotiate/**",
  ],
  reporters: ["json", "html"],
  jsonReporter: { fileName: "packages/mutation/reports/mutation.json" },
  htmlReporter: { fileName: "packages/mutation/reports/mutation.html" },
  warnings: { unknownOptions: false },
};
export default config;
