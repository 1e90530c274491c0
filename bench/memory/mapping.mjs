/**
 * What mapping costs: five frames of 1920x1080 RGBA mapped, touched and unmapped, 400 times over, and the garbage
 * collections that come of it.
 *
 *     npm run build && node bench/memory/mapping.mjs [--json]
 *
 * "each time": `Vmo.map` and `unmap`, one range of the arena after the other; a range is used again when the view of its
 * last mapping has been collected. "kept": mapped once, as `SharedBuffer` does it, and touched.
 */
import { constants, PerformanceObserver } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Sysmem } from "sysmem";
import { finish, median, quantile, short, table } from "../lib/table.mjs";

const FRAME_BYTES = 1920 * 1080 * 4;
const FRAMES = 5;
const ROUNDS = 400;
const WARM_UP_ROUNDS = 20;

// V8 takes notice of the arena's gigabyte once, by collecting a few times: that belongs to the start.
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

const sysmem = await Sysmem.embedded();
const { kernel } = sysmem;
const memories = [];
for (let index = 0; index < FRAMES; index++) memories.push(await kernel.createMemory(FRAME_BYTES, { name: "bench" }));

const kept = memories.map(({ vmo }) => vmo.map({ writable: true }));
const ways = {
  "each time"(vmo) {
    const mapping = vmo.map({ writable: true });
    mapping.bytes[0] = 1;
    return () => mapping.unmap();
  },
  kept(vmo) {
    const mapping = kept[memories.findIndex((memory) => memory.vmo === vmo)];
    mapping.bytes[0] = 1;
    return () => {};
  },
};

const results = [];
for (const [name, map] of Object.entries(ways)) {
  const collections = { major: 0, minor: 0 };
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) {
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections.major += 1;
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) collections.minor += 1;
    }
  });
  // What comes of starting the program, and of the arena itself, is over.
  for (let round = 0; round < WARM_UP_ROUNDS; round++) for (const { vmo } of memories) map(vmo)();
  collectGarbage();
  await new Promise((resolve) => setTimeout(resolve, 200));
  observer.observe({ entryTypes: ["gc"] });
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const unmaps = memories.map(({ vmo }) => map(vmo));
    for (const unmap of unmaps) unmap();
    times.push((performance.now() - start) * 1_000);
    if (round % 20 === 0) await turn();
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  observer.disconnect();
  results.push({ name, p50: median(times), p99: quantile(times, 0.99), ...collections });
}
for (const mapping of kept) mapping.unmap();
for (const memory of memories) memory.close();
await sysmem.shutdown();

finish({
  results,
  tables: [
    table(
      `${FRAMES} frames of ${FRAME_BYTES} bytes mapped, touched, unmapped, ${ROUNDS} times`,
      ["way", "p50 us", "p99 us", "major GCs", "minor GCs"],
      results.map(({ name, p50, p99, major, minor }) => [name, short(p50), short(p99), major, minor]),
    ),
  ],
});
