/** In which order the sockets of a service directory appear. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, vi } from "vitest";
import { broker, serve, servedProtocols } from "#daemon";
import { DriverConnector } from "#gen/fuchsia_hardware_sysmem";
import { Allocator as AllocatorV1 } from "#gen/fuchsia_sysmem";
import { Allocator } from "#gen/fuchsia_sysmem2";
import { createLinuxKernel, type Kernel } from "#kernel";
import { test } from "../support/leaks.ts";

/** The names that `start` listens under, in order. */
async function listened(start: (svc: string, kernel: Kernel) => { close(): Promise<void> | void }): Promise<string[]> {
  const svc = mkdtempSync(join(tmpdir(), "sysmem-sockets-"));
  const kernel = createLinuxKernel();
  const listen = vi.spyOn(kernel, "listen");
  try {
    await start(svc, kernel).close();
    return listen.mock.calls.map(([path]) => basename(path));
  } finally {
    kernel.close();
    rmSync(svc, { recursive: true });
  }
}

test("the Allocator of a server comes last: whoever finds it finds every other socket", async () => {
  const names = await listened((svc, kernel) => serve({ svc, kernel }));
  expect(names.at(-1)).toBe(Allocator.discoverableName);
  expect(new Set(names)).toEqual(new Set(servedProtocols));
});

test("the Allocator of a broker comes last", async () => {
  const names = await listened((svc, kernel) => broker({ svc, upstream: join(svc, "nowhere"), kernel }));
  expect(names).toEqual([AllocatorV1, DriverConnector, Allocator].map(({ discoverableName }) => discoverableName));
});
