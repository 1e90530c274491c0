/** What happens when the machine runs out of something. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import {
  CHILD_PROBE_INTERVAL_MS,
  type Logger,
  MAX_PROBES_PER_TURN,
  MEMORY_HEADROOM_BYTES,
  MIN_HEADROOM_CHECK_BYTES,
  MIN_PROBE_TURN_DISTANCE_MS,
  silentLogger,
} from "#base";
import { createLinuxKernel, KernelError } from "#kernel";
import { ChildWatcher } from "../../src/kernel/ffi/child-watcher.ts";
import type { LinuxContext } from "../../src/kernel/ffi/context.ts";
import { type Libc, loadLibc } from "../../src/kernel/ffi/libc.ts";
import { MemoryMaker } from "../../src/kernel/ffi/memory.ts";
import { memoryHeadroomBytes } from "../../src/kernel/ffi/memory-headroom.ts";
import { test } from "../support/leaks.ts";
import { collect, eventually, message, numberOf } from "./collect.ts";
import { NAMES } from "./conformance-kit.ts";
import { withFewDescriptors } from "./raw.ts";

/** Keeps what is logged. */
function recordingLogger(): Logger & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return { ...silentLogger, warnings, warn: (_fields, text) => warnings.push(text) };
}

describe("without descriptors", () => {
  test("the channel that cannot take its handles is closed, and no other", async () => {
    const kernel = createLinuxKernel();
    const [left, right] = kernel.createChannel();
    const [other, otherPeer] = kernel.createChannel();
    const events = Array.from({ length: 8 }, () => kernel.createEvent());
    left.write(message(1), events);
    await withFewDescriptors(3, async () => {
      const received = collect(right);
      const otherReceived = collect(otherPeer);
      expect((await received.closed()).kind).toBe("no-resources");
      other.write(message(2), []);
      expect(numberOf((await otherReceived.packet(0)).bytes)).toBe(2);
      // As many as there is room for still arrive.
      other.write(message(3), [right.isClosed ? left : other]);
      expect((await otherReceived.packet(1)).handles).toHaveLength(1);
      otherReceived.close();
    });
    other.close();
    kernel.close();
  });

  test("nothing can be made, and nothing is left of the attempt", async () => {
    const kernel = createLinuxKernel();
    const memory = await kernel.createMemory(4_096, { name: "made before" });
    const [left, right] = kernel.createChannel();
    await withFewDescriptors(0, async () => {
      const attempts: (() => unknown)[] = [
        () => kernel.createChannel(),
        () => kernel.createEventPair(),
        () => kernel.createEvent(),
        () => memory.handOut({ writable: true }),
        () => memory.vmo.duplicate(),
        () => left.relatedKoid(),
        () => kernel.connect("/nowhere"),
        () => kernel.listen("/nowhere/at/all", {}, () => {}),
        () => createLinuxKernel(),
      ];
      for (const attempt of attempts) expect(attempt).toThrow(KernelError);
      await expect(kernel.createMemory(4_096, { name: "none" })).rejects.toMatchObject({ code: "NO_RESOURCES" });
    });
    expect(left.relatedKoid()).toBe(right.koid);
    expect(memory.liveChildren.size).toBe(0);
    for (const each of [left, right, memory, kernel]) each.close();
  });

  test("connections wait until there are some again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sysmem-kernel-"));
    const logger = recordingLogger();
    const kernel = createLinuxKernel({ logger });
    const path = join(folder, "service");
    let accepted = 0;
    const listener = kernel.listen(path, {}, (channel) => {
      accepted += 1;
      channel.close();
    });
    await withFewDescriptors(1, async () => {
      const client = kernel.connect(path);
      await eventually(() => logger.warnings.length > 0);
      expect(accepted).toBe(0);
      client.close();
    });
    await eventually(() => accepted === 1);
    listener.close();
    kernel.close();
    rmSync(folder, { recursive: true });
  });
});

describe("without inotify", () => {
  const watcherWith = (changes: Partial<Libc>, logger: Logger): ChildWatcher => {
    const libc: Libc = { ...loadLibc(), ...changes };
    return new ChildWatcher({ libc, logger } as Partial<LinuxContext> as LinuxContext);
  };

  test("children are looked for in intervals, which is logged once", async () => {
    const logger = recordingLogger();
    const watcher = watcherWith({ inotify_init1: () => -1, errno: () => 24 }, logger);
    const checks = [0, 0];
    const stops = checks.map((_, index) =>
      watcher.watch(0, {
        check: () => {
          checks[index] = (checks[index] ?? 0) + 1;
        },
      }),
    );
    expect(watcher.probedCount).toBe(2);
    const startedAt = performance.now();
    await eventually(() => checks.every((count) => count > 0));
    expect(performance.now() - startedAt).toBeGreaterThan(CHILD_PROBE_INTERVAL_MS / 2);
    for (const stop of stops) stop();
    expect(watcher.probedCount).toBe(0);
    expect(logger.warnings).toHaveLength(1);
    watcher.close();
  });

  test("files without events are looked at without a word", () => {
    const logger = recordingLogger();
    const watcher = watcherWith({}, logger);
    const stop = watcher.probe({ check() {} });
    expect(watcher.probedCount).toBe(1);
    expect(watcher.descriptor).toBe(-1);
    expect(logger.warnings).toHaveLength(0);
    stop();
    expect(watcher.probedCount).toBe(0);
    watcher.close();
  });

  test("of many files a part is looked at in each turn, and all in their order", async () => {
    const watcher = watcherWith({}, recordingLogger());
    const looks: number[] = [];
    const count = 2 * MAX_PROBES_PER_TURN + 1;
    let turns = 0;
    let last = 0;
    for (let index = 0; index < count; index += 1) {
      watcher.probe({
        check() {
          const now = performance.now();
          if (now - last >= MIN_PROBE_TURN_DISTANCE_MS / 2) turns += 1;
          last = now;
          looks.push(index);
        },
      });
    }
    await eventually(() => looks.length >= count);
    expect(looks.slice(0, count)).toEqual([...Array(count).keys()]);
    expect(turns).toBeGreaterThanOrEqual(3);
    watcher.close();
  });
});

describe("without memory", () => {
  test("memory is refused instead of ending somebody", async () => {
    const kernel = createLinuxKernel();
    for (const size of [2 ** 52, 2 ** 44]) {
      await expect(kernel.createMemory(size, { name: "huge" })).rejects.toMatchObject({ code: "NO_MEMORY" });
    }
    kernel.close();
  });

  test("memory is refused when what is left would be less than the machine needs", async () => {
    const libc = loadLibc();
    let asked = 0;
    const maker = new MemoryMaker(libc, () => {
      asked += 1;
      return MEMORY_HEADROOM_BYTES + MIN_HEADROOM_CHECK_BYTES;
    });
    const sizes = [MIN_HEADROOM_CHECK_BYTES - 4_096, MIN_HEADROOM_CHECK_BYTES] as const;
    for (const [index, size] of sizes.entries()) {
      libc.close(await maker.create(size, { name: "headroom" }));
      expect(asked).toBe(index);
    }
    const refused = maker.create(MIN_HEADROOM_CHECK_BYTES + 1, { name: "headroom" });
    await expect(refused).rejects.toMatchObject({ code: "NO_MEMORY" });
    // What is being reserved is spoken for.
    const [first, second] = await Promise.allSettled([maker.create(sizes[1], NAMES), maker.create(sizes[1], NAMES)]);
    expect([first.status, second.status]).toEqual(["fulfilled", "rejected"]);
    if (first.status === "fulfilled") libc.close(first.value);
  });

  test("what is promised is nobody else's, and makes what it was promised for although the rest is taken", async () => {
    const libc = loadLibc();
    const maker = new MemoryMaker(libc, () => MEMORY_HEADROOM_BYTES + 4 * MIN_HEADROOM_CHECK_BYTES);
    const size = MIN_HEADROOM_CHECK_BYTES;
    const claim = maker.claim(3 * size);
    expect(maker.availableBytes()).toBe(size);
    expect(() => maker.claim(2 * size)).toThrow(
      "cannot set 2097152 bytes of memory aside: 1048576 bytes are available, and 3145728 more are promised to allocations under way",
    );
    await expect(maker.create(2 * size, NAMES)).rejects.toMatchObject({ code: "NO_MEMORY" });
    const other = maker.claim(size);
    libc.close(await maker.create(2 * size, { ...NAMES, claim }));
    // Two thirds are drawn.
    expect(maker.availableBytes()).toBe(2 * size);
    other.release();
    claim.release();
    claim.release();
    expect(maker.availableBytes()).toBe(4 * size);
  });

  test("memory that was promised is refused when other programs have taken it", async () => {
    const libc = loadLibc();
    let headroom = MEMORY_HEADROOM_BYTES + 2 * MIN_HEADROOM_CHECK_BYTES;
    const maker = new MemoryMaker(libc, () => headroom);
    const claim = maker.claim(2 * MIN_HEADROOM_CHECK_BYTES);
    headroom = MEMORY_HEADROOM_BYTES;
    const refused = maker.create(MIN_HEADROOM_CHECK_BYTES, { ...NAMES, claim });
    await expect(refused).rejects.toThrow("cannot create memory of 1048576 bytes: 0 bytes are left");
    claim.release();
  });

  test("many small pieces of memory are refused as one large one is", async () => {
    const libc = loadLibc();
    let headroom = MEMORY_HEADROOM_BYTES + MIN_HEADROOM_CHECK_BYTES;
    let asked = 0;
    const maker = new MemoryMaker(libc, () => {
      asked += 1;
      return headroom;
    });
    const quarter = MIN_HEADROOM_CHECK_BYTES / 4;
    for (const expected of [0, 0, 0, 1, 1, 1, 1, 2]) {
      libc.close(await maker.create(quarter, NAMES));
      expect(asked).toBe(expected);
    }
    headroom = MEMORY_HEADROOM_BYTES;
    for (let piece = 0; piece < 3; piece += 1) libc.close(await maker.create(quarter, NAMES));
    // From here on every piece is asked for, until there is enough again.
    for (let piece = 0; piece < 2; piece += 1) {
      await expect(maker.create(quarter, NAMES)).rejects.toMatchObject({ code: "NO_MEMORY" });
    }
    headroom += MIN_HEADROOM_CHECK_BYTES;
    libc.close(await maker.create(quarter, NAMES));
  });

  test("the machine and every group it is in are asked how much there is", () => {
    const files: Record<string, string> = {
      "/proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n",
      "/proc/self/cgroup": "0::/a/b\n",
    };
    const headroom = () => memoryHeadroomBytes((path) => files[path] ?? "");
    expect(headroom()).toBe(8000 * 1024);
    files["/sys/fs/cgroup/a/b/memory.max"] = "max\n";
    expect(headroom()).toBe(8000 * 1024);
    files["/sys/fs/cgroup/a/memory.max"] = "5000000\n";
    files["/sys/fs/cgroup/a/memory.current"] = "4000000\n";
    expect(headroom()).toBe(1_000_000);
    files["/sys/fs/cgroup/a/memory.stat"] = "anon 5\nfile 3000\nshmem 1000\n";
    expect(headroom()).toBe(1_002_000);
    files["/proc/self/cgroup"] = "4:memory:/x\n1:cpu:/\n";
    files["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712\n";
    expect(headroom()).toBe(8000 * 1024);
    files["/sys/fs/cgroup/memory/x/memory.limit_in_bytes"] = "100";
    files["/sys/fs/cgroup/memory/x/memory.usage_in_bytes"] = "300";
    expect(headroom()).toBe(0);
    expect(memoryHeadroomBytes(() => "")).toBe(Number.POSITIVE_INFINITY);
  });
});
