import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Channel, EXPLANATION_TIMEOUT_MS } from "#base";
import { Inspector } from "#gen/sysmem_inspect";
import { createLinuxKernel } from "#kernel";
import { socketExplainer } from "../../src/client/explanation.ts";

it("an explanation is waited for, and given up when it does not come", async () => {
  const svc = mkdtempSync(join(tmpdir(), "explanation-"));
  const kernel = createLinuxKernel();
  const accepted: Channel[] = [];
  const listener = kernel.listen(join(svc, Inspector.discoverableName as string), {}, (channel) => {
    accepted.push(channel);
  });
  try {
    const startedAt = performance.now();
    expect(await socketExplainer(kernel, svc)(1n, undefined)).toBe(undefined);
    // It did wait: timers may be a little early.
    expect(performance.now() - startedAt).toBeGreaterThan(EXPLANATION_TIMEOUT_MS - 5);
    expect(accepted).toHaveLength(1);
  } finally {
    for (const channel of accepted) channel.close();
    listener.close();
    rmSync(svc, { recursive: true });
  }
});
