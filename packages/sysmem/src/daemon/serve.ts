/** A server behind sockets in a service directory. */
import { chmodSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Channel, type Logger, silentLogger, systemClock } from "#base";
import { createLinuxKernel, type Kernel, KernelError, type Listener, type PeerCredentials } from "#kernel";
import { createServer, type Server } from "#server";
import { Allocator } from "#gen/fuchsia_sysmem2";
import { costTable } from "#negotiate";
import { type DaemonConfig, DEFAULT_CONFIG } from "./config.ts";
import { DaemonError } from "./errors.ts";

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
  const listen = (name: string, mode: number, accept: (channel: Channel, peer: PeerCredentials) => void) => {
    const path = join(options.svc, name);
    listeners.push(kernel.listen(path, { mode }, accept));
  };
  try {
    listen(Allocator.discoverableName as string, config.socketMode, (channel, peer) =>
      server.serveAllocator(channel, { peer }),
    );
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
