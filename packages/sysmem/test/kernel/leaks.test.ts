/** The leak guard finds what it is there for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createLinuxKernel } from "#kernel";
import { expectNothingLeft, ignoreDescriptorsOf, leaksBetween, takeHoldings } from "../support/leaks.ts";

describe("the leak guard", () => {
  test("finds a descriptor, and one that took a closed one's number", async () => {
    const before = takeHoldings();
    const fd = openSync("/dev/null", "r");
    expect(leaksBetween(before, takeHoldings())).toEqual([`descriptor ${fd}: /dev/null`]);
    const during = takeHoldings();
    closeSync(fd);
    const other = openSync("/dev/zero", "r");
    expect(other).toBe(fd);
    expect(leaksBetween(during, takeHoldings())).toEqual([`descriptor ${fd}: /dev/zero`]);
    closeSync(other);
    await expectNothingLeft(before);
  });

  test("finds a mapping without a descriptor", async () => {
    const kernel = createLinuxKernel();
    const before = takeHoldings();
    const memory = await kernel.createMemory(4_096, { name: "left behind" });
    const mapping = memory.vmo.map();
    memory.close();
    ignoreDescriptorsOf(kernel);
    expect(leaksBetween(before, takeHoldings())).toEqual(["1 mappings of /memfd:left behind (deleted)"]);
    await expect(expectNothingLeft(before)).rejects.toThrow(/left behind/);
    mapping.unmap();
    await expectNothingLeft(before);
    kernel.close();
  });

  test("finds a child process", async () => {
    const before = takeHoldings();
    const child = spawn("sleep", ["600"], { stdio: "ignore" });
    expect(leaksBetween(before, takeHoldings())).toContain(`child process ${child.pid}`);
    child.kill("SIGKILL");
    await once(child, "exit");
    await expectNothingLeft(before);
  });
});
