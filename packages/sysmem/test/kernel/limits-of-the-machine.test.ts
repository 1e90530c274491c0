/** Limits that are set for real: by control groups, and by user namespaces. */
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import { CHILD_PROBE_INTERVAL_MS } from "#base";
import { test } from "../support/leaks.ts";
import { openMemoryGroup } from "./memory-group.ts";
import { nodeArguments } from "./spawn.ts";

const MIB = 1 << 20;

const canMakeGroups = ((): boolean => {
  const group = openMemoryGroup("sysmem-probe", 256 * MIB);
  group?.remove();
  return group !== undefined;
})();

describe("a server in a control group with a limit of memory", () => {
  test.skipIf(!canMakeGroups)(
    "refuses what the group cannot hold, one at a time and two at once, is not killed, and goes on (a memory control group)",
    async () => {
      const group = openMemoryGroup("sysmem-test", 256 * MIB);
      const child = spawn(process.execPath, nodeArguments("limited.ts"), { stdio: ["pipe", "pipe", "inherit"] });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const exit = once(child, "exit");
      try {
        expect((await lines.next()).value).toBe("up");
        group?.add(child.pid as number);
        child.stdin.write("go\n");
        const told = JSON.parse((await lines.next()).value as string) as {
          one: string[];
          two: string[];
          again: string;
        };
        // 256 MiB, less 64 MiB that no buffer may take, less what the process itself has used since it joined.
        expect(told.one.length).toBeGreaterThan(6);
        expect(told.one.length).toBeLessThan(14);
        expect(new Set(told.one.slice(0, -1))).toEqual(new Set(["ok"]));
        expect([told.one.at(-1), told.two, told.again]).toEqual(["memory", ["memory", "ok"], "ok"]);
        expect(await exit).toEqual([0, null]);
        expect(group?.killed).toBe(0);
      } finally {
        child.kill("SIGKILL");
        await exit;
        group?.remove();
      }
    },
  );
});

/** A shell in a user namespace of its own, in which this user may have so many of something. */
const inNamespace = (limit: string, count: number) => [
  ...["--user", "--map-root-user", "sh", "-c"],
  `echo ${count} > /proc/sys/user/${limit} && exec "$@"`,
  "sh",
];

const canLimitWatches = ((): boolean => {
  try {
    execFileSync("unshare", [...inNamespace("max_inotify_watches", 2), "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe("a user who may watch few files", () => {
  test.skipIf(!canLimitWatches).each([
    { limit: "max_inotify_watches", count: 2, probed: 2, errno: "ENOSPC" },
    { limit: "max_inotify_instances", count: 0, probed: 4, errno: "EMFILE" },
  ])(
    "learns of every VMO's end all the same, and hears once that it takes longer: $limit $count (user namespaces)",
    async ({ limit, count, probed, errno }) => {
      const program = [process.execPath, ...nodeArguments("few-watches.ts")];
      const { stdout } = await promisify(execFile)("unshare", [...inNamespace(limit, count), ...program]);
      const message = "cannot watch memory files, looking at them in intervals instead";
      const warnings = [{ errno, intervalMs: CHILD_PROBE_INTERVAL_MS, message }];
      expect(JSON.parse(stdout)).toEqual({ probed, warnings });
    },
  );
});
