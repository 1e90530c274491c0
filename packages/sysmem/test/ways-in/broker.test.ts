/** What a broker does when others come and go. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { Sysmem } from "#client";
import { type Broker, broker, type Daemon, serve } from "#daemon";
import { DriverConnector, Sysmem as HardwareSysmem } from "#gen/fuchsia_hardware_sysmem";
import { Allocator as AllocatorV1, BufferCollection as BufferCollectionV1 } from "#gen/fuchsia_sysmem";
import { createLinuxKernel, type LinuxKernel } from "#kernel";
import { test } from "../support/leaks.ts";
import { expectedReport, runScenario } from "./scenario.ts";

interface Place {
  readonly upstream: string;
  readonly svc: string;
  readonly kernel: LinuxKernel;
  /** Starts the server; ended with the test. */
  startServer(): Daemon;
}

async function withBroker(use: (running: Broker, place: Place) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "sysmem-broker-"));
  const [upstream, svc] = [join(root, "server"), join(root, "brokered")];
  const kernel = createLinuxKernel();
  const daemons: Daemon[] = [];
  const running = broker({ svc, upstream, kernel });
  const startServer = () => {
    const daemon = serve({ svc: upstream, kernel });
    daemons.push(daemon);
    return daemon;
  };
  try {
    await use(running, { upstream, svc, kernel, startServer });
  } finally {
    running.close();
    for (const daemon of daemons) {
      await daemon.server.shutdown({ waitForBuffers: true });
      await daemon.close();
    }
    kernel.close();
    rmSync(root, { recursive: true });
  }
}

test("without a server a connection is closed, and the next one finds the server that has come", () =>
  withBroker(async (_, { svc, kernel, startServer }) => {
    const early = Sysmem.connect({ svc, kernel });
    expect(await early.allocator.closed).toMatchObject({ cause: "peer-closed" });
    startServer();
    const later = Sysmem.connect({ svc, kernel });
    expect(await runScenario(later)).toEqual(expectedReport);
    later.close();
  }));

test("a server that is started again is found again", () =>
  withBroker(async (_, { svc, kernel, startServer }) => {
    await startServer().close();
    startServer();
    const client = Sysmem.connect({ svc, kernel });
    expect(await runScenario(client)).toEqual(expectedReport);
    client.close();
  }));

test("connections outlive the broker: it is in nobody's way", () =>
  withBroker(async (running, { svc, kernel, startServer }) => {
    startServer();
    const client = Sysmem.connect({ svc, kernel });
    // An answer: the connection has arrived.
    await client.allocator.validateBufferCollectionToken({ tokenServerKoid: 1n });
    running.close();
    expect(await runScenario(client)).toEqual(expectedReport);
    client.close();
  }));

test("v1 is handed on as v1", () =>
  withBroker(async (_, { svc, kernel, startServer }) => {
    startServer();
    const allocator = AllocatorV1.bind(kernel.connect(join(svc, AllocatorV1.discoverableName as string)));
    const { proxy, server } = BufferCollectionV1.createProxy(kernel);
    allocator.allocateNonSharedCollection({ collectionRequest: server });
    await proxy.sync();
    proxy.close_();
    proxy.close();
    allocator.close();
  }));

test("nobody becomes privileged by a broker: ConnectSysmem is refused, and Sysmem is not listened for", () =>
  withBroker(async (running, { svc, kernel, startServer }) => {
    startServer();
    expect(running.services).not.toContain(join(svc, HardwareSysmem.discoverableName as string));
    const connector = DriverConnector.bind(kernel.connect(join(svc, DriverConnector.discoverableName as string)));
    const [client, server] = HardwareSysmem.createEndpoints(kernel);
    connector.connectSysmem({ sysmemRequest: server });
    const sysmem = HardwareSysmem.bind(client);
    expect(await sysmem.closed).toMatchObject({ cause: "peer-closed" });
    connector.close();
  }));

test("the directory is private when it is made here, and the sockets go with the broker", () =>
  withBroker(async (running, { svc }) => {
    expect(statSync(svc).mode & 0o777).toBe(0o700);
    running.close();
    for (const path of running.services) expect(() => statSync(path)).toThrow("ENOENT");
  }));

test("two brokers cannot serve one directory", () =>
  withBroker(async (_, { svc, upstream, kernel }) => {
    expect(() => broker({ svc, upstream, kernel })).toThrow(/another server is running there/);
  }));
