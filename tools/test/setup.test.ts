import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isInstalled, outsideOfNpm } from "../setup/install.mjs";
import { withSetupLock } from "../setup/lock.mjs";
import { isAtLeast } from "../setup/machine.mjs";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysmem-tools-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(path: string, content: unknown): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
}

describe("isInstalled", () => {
  const wanted = {
    "": {},
    "node_modules/a": { version: "1.0.0" },
    "node_modules/a-here": { version: "1.0.0", optional: true, os: [process.platform], cpu: [process.arch] },
    "node_modules/a-elsewhere": { version: "1.0.0", optional: true, os: ["plan9"] },
    "node_modules/only-elsewhere": { version: "1.0.0", optional: true },
  };
  const here = { "node_modules/a": { version: "1.0.0" }, "node_modules/a-here": { version: "1.0.0" } };
  const stamp = () => join(folder, "node_modules/.sysmem-stamp");

  function installed(packages: object): boolean {
    write("package-lock.json", { packages: wanted });
    write("node_modules/.package-lock.json", { packages });
    return isInstalled(folder);
  }

  test("compares with npm's own record, and stamps what matches", () => {
    expect(installed(here)).toBe(true);
    expect(existsSync(stamp())).toBe(true);
  });

  test("nothing is installed where there is no record", () => {
    write("package-lock.json", { packages: wanted });
    expect(isInstalled(folder)).toBe(false);
  });

  test.each([
    ["another version", { ...here, "node_modules/a": { version: "1.0.1" } }],
    ["a missing package", { "node_modules/a-here": { version: "1.0.0" } }],
    ["a missing native half", { "node_modules/a": { version: "1.0.0" } }],
    ["a package too many", { ...here, "node_modules/b": { version: "1.0.0" } }],
  ])("%s is a mismatch", (_what, packages) => {
    expect(installed(packages)).toBe(false);
    expect(existsSync(stamp())).toBe(false);
  });

  test("a stamp of another lock file does not count", () => {
    expect(installed(here)).toBe(true);
    write("package-lock.json", { packages: { ...wanted, "node_modules/new": { version: "2.0.0" } } });
    expect(isInstalled(folder)).toBe(false);
  });
});

describe("the set-up lock", () => {
  const lock = () => join(folder, ".stamp/setup.lock");
  const silent = (): void => {};

  test("is held during the work and gone afterwards, also when the work fails", async () => {
    await withSetupLock(folder, silent, () => expect(readFileSync(lock(), "utf8")).toBe(`${process.pid}\n`));
    const failing = withSetupLock(folder, silent, () => {
      throw new TypeError("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(existsSync(lock())).toBe(false);
  });

  test("a dead owner's lock is taken over", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    write(".stamp/setup.lock", `${child.pid}\n`);
    let isDone = false;
    await withSetupLock(folder, silent, () => {
      isDone = true;
    });
    expect(isDone).toBe(true);
  });

  test("a live owner is waited for, and named", async () => {
    const said: string[] = [];
    write(".stamp/setup.lock", `${process.ppid}\n`);
    const waiting = withSetupLock(folder, (line) => said.push(line), silent);
    expect(said).toEqual([`waiting for the set-up that process ${process.ppid} is doing ...`]);
    rmSync(lock());
    await waiting;
  });
});

test("versions compare by number", () => {
  expect(isAtLeast("20.20.2", "20.20")).toBe(true);
  expect(isAtLeast("20.9.9", "20.20")).toBe(false);
  expect(isAtLeast("26.0.0", "20.20")).toBe(true);
  expect(isAtLeast("11.0.0-pre", "11")).toBe(true);
});

test("a nested npm does not hear of the outer run", () => {
  const env = {
    npm_lifecycle_event: "pretest",
    npm_package_json: "x",
    npm_config_local_prefix: "y",
    npm_config_cache: "z",
  };
  expect(outsideOfNpm(env)).toEqual({ npm_config_cache: "z" });
});
