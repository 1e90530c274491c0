/** A server behind sockets in a service directory. */
import { chmodSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Channel, type Logger, silentLogger, systemClock } from "#base";
import {
  createLinuxKernel,
  type Kernel,
  KernelError,
  type Listener,
  type ListenOptions,
  type PeerCredentials,
} from "#kernel";
import { createServer, type Server } from "#server";
import { DriverConnector, Sysmem } from "#gen/fuchsia_hardware_sysmem";
import { Allocator as AllocatorV1 } from "#gen/fuchsia_sysmem";
import { Allocator as Allocator2018 } from "#gen/fuchsia_sysmem_v2018";
import { Allocator } from "#gen/fuchsia_sysmem2";
import { Inspector } from "#gen/sysmem_inspect";
import { costTable } from "#negotiate";
import { type DaemonConfig, DEFAULT_CONFIG } from "./config.ts";
import { DaemonError } from "./errors.ts";
import { InspectorService, mayInspect } from "./inspect/index.ts";

export interface ServeOptions {
  /** Service directory. Created when missing. */
  readonly svc: string;
  readonly config?: DaemonConfig;
  readonly logger?: Logger;
  readonly kernel?: Kernel;
}

/** A running daemon. */
export interface Daemon {
  readonly svc: string;
  readonly server: Server;
  /** Names of the sockets that accept connections. */
  readonly services: readonly string[];
  /** Removes the sockets, fails what is left and resolves when every buffer's bookkeeping is gone. */
  close(): Promise<void>;
}

/** Serves every protocol in `svc`. All sockets accept when it returns. Throws `DaemonError`. */
export function serve(options: ServeOptions): Daemon {
  const config = options.config ?? DEFAULT_CONFIG;
  const logger = options.logger ?? silentLogger;
  const kernel = options.kernel ?? createLinuxKernel({ logger });
  prepareDirectory(options.svc, config.directoryMode);
  const server = createServer({
    kernel,
    clock: systemClock,
    logger,
    formatCosts: costTable(config.formatCosts),
    ...(config.maxAllocationSize === undefined ? {} : { maxAllocationSize: config.maxAllocationSize }),
  });
  const listeners: Listener[] = [];
  type Accept = (channel: Channel, peer: PeerCredentials) => void;
  const listen = (name: string | undefined, access: ListenOptions, accept: Accept) => {
    listeners.push(kernel.listen(join(options.svc, name as string), access, accept));
  };
  const isPrivileged = ({ uid, gid }: PeerCredentials) => uid === process.getuid?.() || gid === config.heapGroup;
  const anybody = { mode: config.socketMode };
  const heapMakers = config.heapGroup === undefined ? { mode: 0o600 } : { mode: 0o660, gid: config.heapGroup };
  const inspectors = config.inspectGroup === undefined ? { mode: 0o600 } : { mode: 0o660, gid: config.inspectGroup };
  const inspection = new InspectorService(server);
  try {
    listen(Allocator.discoverableName, anybody, (channel, peer) => server.serveAllocator(channel, { peer }));
    listen(AllocatorV1.discoverableName, anybody, (channel, peer) =>
      server.serveAllocator(channel, { version: "v1", peer }),
    );
    listen(Allocator2018.discoverableName, anybody, (channel, peer) =>
      server.serveAllocator(channel, { version: "v2018", peer }),
    );
    listen(DriverConnector.discoverableName, anybody, (channel, peer) =>
      server.serveDriverConnector(channel, { peer, isPrivileged: isPrivileged(peer) }),
    );
    listen(Sysmem.discoverableName, heapMakers, (channel, peer) => {
      // The file's mode keeps others out already; root and whoever passes descriptors on get past it.
      if (isPrivileged(peer)) return server.serveSysmem(channel, { peer });
      logger.warn({ peer }, "a process that may not register heaps tried to");
      channel.close();
    });
    listen(Inspector.discoverableName, inspectors, (channel, peer) => {
      if (mayInspect(peer, config.inspectGroup)) return inspection.serve(channel);
      logger.warn({ peer }, "a process that may not inspect this server tried to");
      channel.close();
    });
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw asDaemonError(error, options.svc);
  }
  return {
    svc: options.svc,
    server,
    services: listeners.map((listener) => listener.path),
    async close() {
      for (const listener of listeners) listener.close();
      inspection.close();
      await server.shutdown();
    },
  };
}

/** An existing directory keeps its mode: its owner may have chosen it. */
function prepareDirectory(svc: string, mode: number): void {
  try {
    if (mkdirSync(svc, { recursive: true, mode }) !== undefined) chmodSync(svc, mode);
    if (!statSync(svc).isDirectory()) throw new DaemonError("SVC", `cannot serve in ${svc}: it is not a directory`);
  } catch (error) {
    if (error instanceof DaemonError) throw error;
    throw new DaemonError("SVC", `cannot serve in ${svc}: ${(error as Error).message}`, { cause: error });
  }
}

function asDaemonError(error: unknown, svc: string): unknown {
  if (!(error instanceof KernelError)) return error;
  if (error.code === "ALREADY_EXISTS") {
    return new DaemonError("ALREADY_RUNNING", `cannot serve in ${svc}: another server is running there`, {
      cause: error,
    });
  }
  return new DaemonError("SVC", `cannot serve in ${svc}: ${error.message}`, { cause: error });
}
