/**
 * What the first use of a frame's memory costs, with normal pages and with transparent huge pages asked for.
 *
 *     npm run build && node bench/memory/first-touch.mjs [--json]
 *
 * "create" is until the memory exists with its pages reserved and zeroed; "write" fills it once through a new mapping. What
 * the machine allows for memory files is printed, too: where that is "never", asking changes nothing.
 */
import { readFileSync } from "node:fs";
import { Sysmem } from "sysmem";
import { finish, median, short, table } from "../lib/table.mjs";

const SIZES = { "1920x1080": 1920 * 1080 * 4, "3840x2160": 3840 * 2160 * 4 };
const ROUNDS = 15;

const sysmem = await Sysmem.embedded();
const { kernel } = sysmem;
const results = [];
for (const [name, bytes] of Object.entries(SIZES)) {
  const times = { normal: { create: [], write: [] }, huge: { create: [], write: [] } };
  for (let round = 0; round < ROUNDS; round++) {
    for (const [pages, { create, write }] of Object.entries(times)) {
      const start = performance.now();
      const memory = await kernel.createMemory(bytes, { name: "bench", transparentHugePages: pages === "huge" });
      const created = performance.now();
      const mapping = memory.vmo.map({ writable: true });
      mapping.bytes.fill(round);
      const written = performance.now();
      mapping.unmap();
      memory.close();
      create.push((created - start) * 1_000);
      write.push((written - created) * 1_000);
    }
  }
  for (const [pages, { create, write }] of Object.entries(times)) {
    results.push({ name, pages, create: median(create), write: median(write) });
  }
}
await sysmem.shutdown();

const policy = /\[(\w+)\]/.exec(readFileSync("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "utf8"))?.[1];
finish({
  results: { policy, results },
  tables: [
    table(
      `First use of a frame's memory; transparent huge pages in memory files: ${policy}`,
      ["frame", "pages", "create us", "write us", "both us"],
      results.map(({ name, pages, create, write }) => [
        name,
        pages,
        short(create),
        short(write),
        short(create + write),
      ]),
    ),
  ],
});
