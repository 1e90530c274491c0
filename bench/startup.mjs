/**
 * How long a program takes until sysmem is of use: everything in a process of its own, from its start to its end.
 *
 *     npm run build && node bench/startup.mjs [--quick] [--json]
 *
 * "Node alone" runs nothing. Rounds of all alternate.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { finish, median, short, table } from "./lib/table.mjs";

const ROUNDS = process.argv.includes("--quick") ? 5 : 25;
const SYSMEM = fileURLToPath(new URL("../packages/sysmem/bin/sysmem.js", import.meta.url));

const evaluate = (code) => ["--input-type=module", "--eval", code];
const WAYS = {
  "Node alone": evaluate(""),
  'import "sysmem"': evaluate('import "sysmem";'),
  "sysmem --help": [SYSMEM, "--help"],
  "embedded server": evaluate('import { Sysmem } from "sysmem"; await (await Sysmem.embedded()).shutdown();'),
  "embedded server, first buffers mapped": evaluate(`
    import { Sysmem } from "sysmem";
    const sysmem = await Sysmem.embedded();
    const collection = sysmem.allocateNonSharedCollection().setConstraints({
      usage: { cpu: 3 },
      minBufferCount: 1,
      bufferMemoryConstraints: { minSizeBytes: 4096n, cpuDomainSupported: true },
    });
    const buffers = await collection.waitForBuffers();
    buffers.at(0).bytes()[0] = 1;
    buffers.close();
    collection.release();
    await sysmem.shutdown();`),
};

const times = Object.fromEntries(Object.keys(WAYS).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, args] of Object.entries(WAYS)) {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
    // The first round reads the files from disk.
    if (round > 0) times[name].push(performance.now() - start);
  }
}
const results = Object.entries(times).map(([name, all]) => ({ name, p50: median(all), least: Math.min(...all) }));
const [alone] = results;
finish({
  results,
  tables: [
    table(
      "From the start of a process to its end",
      ["", "p50 ms", "more than Node alone", "least ms", "more than Node alone"],
      results.map(({ name, p50, least }) => [
        name,
        short(p50),
        short(p50 - alone.p50),
        short(least),
        short(least - alone.least),
      ]),
    ),
  ],
});
