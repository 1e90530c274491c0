/** A server behind sockets in a service directory. */
import { join } from "node:path";
import { type Channel, type Logger, silentLogger, systemClock } from "#base";
import {
  createLinuxKernel,
  descriptorLimits,
  dmaHeapDevices,
  hugePagePools,
  type Kernel,
  type LinuxKernel,
  type Listener,
  type ListenOptions,
  machineMemoryBytes,
  type PeerCredentials,
} from "#kernel";
import { createServer, type Server } from "#server";
import { DriverConnector, Sysmem } from "#gen/fuchsia_hardware_sysmem";
import { Allocator as AllocatorV1 } from "#gen/fuchsia_sysmem";
import { Allocator as Allocator2018 } from "#gen/fuchsia_sysmem_v2018";
import { Allocator } from "#gen/fuchsia_sysmem2";
import { Inspector } from "#gen/sysmem_inspect";
import { costTable } from "#negotiate";
import type { ActivatedSocket } from "./activation.ts";
import { type DaemonConfig, DEFAULT_CONFIG } from "./config.ts";
import { DaemonError } from "./errors.ts";
import { createHeaps } from "./heaps.ts";
import { defaultQuotas, mergeQuotas } from "./quotas.ts";
import { listenError, prepareDirectory } from "./service-directory.ts";
import { RELOADED, settingsThatDiffer } from "./reload.ts";
import { InspectorService, mayInspect, Thumbnails } from "./inspect/index.ts";

export interface ServeOptions {
  /** Service directory. Created when missing. */
  readonly svc: string;
  readonly config?: DaemonConfig;
  readonly logger?: Logger;
  readonly kernel?: Kernel;
  /** Sockets that somebody else has made and this daemon takes over: exactly these are served, and their files stay. */
  readonly activated?: ReadonlyMap<string, ActivatedSocket> | undefined;
}

/** Names of the protocols that a daemon serves: those of its sockets. */
export const servedProtocols: readonly string[] = [
  Allocator,
  AllocatorV1,
  Allocator2018,
  DriverConnector,
  Sysmem,
  Inspector,
].map(({ discoverableName }) => discoverableName as string);

/** A running daemon. */
export interface Daemon {
  readonly svc: string;
  readonly server: Server;
  /** Pictures of buffers, as far as the configuration allows them. */
  readonly thumbnails: Thumbnails;
  /** Names of the sockets that accept connections. */
  readonly services: readonly string[];
  /**
   * Takes over what of a changed configuration can be changed while collections exist: format costs, the largest
   * allocation, who may inspect and register heaps by group, whether pictures of buffers are shown. Returns the names of settings that differ and need a restart.
   */
  reload(config: DaemonConfig): string[];
  /** Removes the sockets, fails what is left and resolves when every buffer's bookkeeping is gone. */
  close(): Promise<void>;
}

/** Serves every protocol in `svc`. All sockets accept when it returns, and when `fuchsia.sysmem2.Allocator` does. Throws `DaemonError`. */
export function serve(options: ServeOptions): Daemon {
  let config = options.config ?? DEFAULT_CONFIG;
  const log = options.logger ?? silentLogger;
  const logger = log.child({ area: "server" });
  const kernel = options.kernel ?? createLinuxKernel({ logger: log.child({ area: "kernel" }) });
  const { activated } = options;
  if (activated === undefined) prepareDirectory(options.svc, config.directoryMode);
  const machine = {
    descriptors: descriptorLimits().soft,
    memoryBytes: machineMemoryBytes(),
    hugePages: hugePagePools(),
    dmaHeaps: dmaHeapDevices(),
  };
  const heaps = createHeaps(kernel, config, machine, {
    clock: systemClock,
    logger,
    abort: () => process.abort(),
  });
  const server = createServer({
    kernel,
    clock: systemClock,
    logger,
    heaps: heaps.heaps,
    attachments: heaps.attachments,
    quotas: mergeQuotas(defaultQuotas(machine), config.quotas),
    formatCosts: costTable(config.formatCosts),
    maxAllocationSize: config.maxAllocationSize,
    lateAttachmentWithPadding: config.lateAttachmentWithPadding,
  });
  const listeners: Listener[] = [];
  type Accept = (channel: Channel, peer: PeerCredentials) => void;
  const listen = (name: string | undefined, access: ListenOptions, accept: Accept) => {
    const path = join(options.svc, name as string);
    if (activated === undefined) {
      listeners.push(kernel.listen(path, access, accept));
      return;
    }
    const socket = activated.get(name as string);
    if (socket !== undefined) listeners.push(adopt(kernel, socket, path, accept));
  };
  const isPrivileged = ({ uid, gid }: PeerCredentials) => uid === process.getuid?.() || gid === config.heapGroup;
  const anybody = { mode: config.socketMode };
  const heapMakers = config.heapGroup === undefined ? { mode: 0o600 } : { mode: 0o660, gid: config.heapGroup };
  const inspectors = config.inspectGroup === undefined ? { mode: 0o600 } : { mode: 0o660, gid: config.inspectGroup };
  const thumbnails = new Thumbnails(server, () => config.thumbnails);
  const inspection = new InspectorService(server, thumbnails);
  try {
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
      logger.warn({ ...peer }, "a process that may not register heaps tried to");
      channel.close();
    });
    listen(Inspector.discoverableName, inspectors, (channel, peer) => {
      if (mayInspect(peer, config.inspectGroup)) return inspection.serve(channel, peer);
      logger.warn({ ...peer }, "a process that may not inspect this server tried to");
      channel.close();
    });
    // Last: it is what clients wait for, and whoever finds it may take the others for granted.
    listen(Allocator.discoverableName, anybody, (channel, peer) => server.serveAllocator(channel, { peer }));
  } catch (error) {
    for (const listener of listeners) listener.close();
    heaps.close();
    throw listenError(error, options.svc);
  }
  return {
    svc: options.svc,
    server,
    thumbnails,
    services: listeners.map((listener) => listener.path),
    reload(next) {
      const { context } = server;
      context.costs = costTable(next.formatCosts);
      context.maxAllocationSize = next.maxAllocationSize;
      context.lateAttachmentWithPadding = next.lateAttachmentWithPadding;
      const restart = settingsThatDiffer(config, next).filter((name) => !RELOADED.has(name));
      config = next;
      return restart;
    },
    async close() {
      for (const listener of listeners) listener.close();
      inspection.close();
      await server.shutdown();
      heaps.close();
    },
  };
}

/** Only descriptors can be passed on, and only Linux has them. */
function adopt(
  kernel: Kernel,
  { descriptor, path }: ActivatedSocket,
  usualPath: string,
  accept: (channel: Channel, peer: PeerCredentials) => void,
): Listener {
  if (kernel.name !== "linux") {
    throw new DaemonError("ACTIVATION", `cannot take passed socket ${descriptor}: this kernel has no descriptors`);
  }
  return (kernel as LinuxKernel).adoptListener(descriptor, path ?? usualPath, accept);
}
