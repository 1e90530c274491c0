/**
 * A broker: listens under sysmem's names in another directory, for a container or another user's session, and hands each
 * connection that it accepts on to the server. It is in nobody's data path: what it passes is the accepted socket itself,
 * and when it ends, connections live on. For the same reason it cannot speak in anybody's name: the kernel has recorded in
 * that socket who connected, and the server asks there.
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { type Channel, type Logger, silentLogger } from "#base";
import { DriverConnector, type DriverConnectorClient, type DriverConnectorServer } from "#gen/fuchsia_hardware_sysmem";
import { Allocator as AllocatorV1 } from "#gen/fuchsia_sysmem";
import { Allocator } from "#gen/fuchsia_sysmem2";
import { createLinuxKernel, type Kernel, KernelError, type Listener, type PeerCredentials } from "#kernel";
import { type DaemonConfig, DEFAULT_CONFIG } from "./config.ts";
import { listenError, prepareDirectory } from "./service-directory.ts";

export interface BrokerOptions {
  /** Directory in which clients look. Created when missing. */
  readonly svc: string;
  /** The server's service directory, or the socket of its (or another broker's) DriverConnector. */
  readonly upstream: string;
  /** For the modes of directory and sockets. */
  readonly config?: DaemonConfig;
  readonly logger?: Logger;
  readonly kernel?: Kernel;
}

/** A running broker. */
export interface Broker {
  readonly svc: string;
  /** Paths of the sockets that accept connections. */
  readonly services: readonly string[];
  /** Removes the sockets. What was handed on stays as it is. */
  close(): void;
}

/** Sends one server end upstream. Takes ownership of `end`. */
type HandOn = (connector: DriverConnectorClient, end: Channel) => void;

const toV1: HandOn = (connector, end) => connector.connectV1({ allocatorRequest: AllocatorV1.serverEnd(end) });
const toV2: HandOn = (connector, end) => connector.connectV2({ allocatorRequest: Allocator.serverEnd(end) });

/**
 * Listens in `svc`. All sockets accept when it returns; the server need not run yet. `fuchsia.hardware.sysmem.Sysmem` is not
 * among them: who may replace heaps does so at the server. Throws `DaemonError`.
 */
export function broker(options: BrokerOptions): Broker {
  const config = options.config ?? DEFAULT_CONFIG;
  const logger = options.logger ?? silentLogger;
  const kernel = options.kernel ?? createLinuxKernel({ logger });
  const upstream = connectorPath(options.upstream);

  /** A connection for each client: none waits for another, and a server that was started again is found again. */
  function handOn(send: HandOn, end: Channel, peer: PeerCredentials | undefined): void {
    let connector: DriverConnectorClient;
    try {
      connector = DriverConnector.bind(kernel.connect(upstream));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      logger.warn({ upstream, ...peer, err: error }, "a connection cannot be handed on: the server is not there");
      end.close();
      return;
    }
    send(connector, end);
    // What was sent is in the kernel's hands, with the descriptor in it.
    connector.close();
  }

  prepareDirectory(options.svc, config.directoryMode);
  const listeners: Listener[] = [];
  /** Connections to this broker itself: of those who bring server ends. */
  const connections = new Set<{ close(): void }>();
  const listen = (name: string | undefined, accept: (channel: Channel, peer: PeerCredentials) => void) => {
    const path = join(options.svc, name as string);
    listeners.push(kernel.listen(path, { mode: config.socketMode }, accept));
  };
  try {
    listen(AllocatorV1.discoverableName, (end, peer) => handOn(toV1, end, peer));
    // Brokers may stand behind brokers.
    listen(DriverConnector.discoverableName, (channel, peer) => {
      const handlers: DriverConnectorServer = {
        connectV1: ({ allocatorRequest }) => handOn(toV1, allocatorRequest.take(), peer),
        connectV2: ({ allocatorRequest }) => handOn(toV2, allocatorRequest.take(), peer),
        connectSysmem({ sysmemRequest }) {
          logger.warn(
            { ...peer },
            "ConnectSysmem through a broker: it would be granted to the broker, not to the client",
          );
          sysmemRequest.close();
        },
        setAuxServiceDirectory: ({ serviceDirectory }) => serviceDirectory.close(),
      };
      const connection = DriverConnector.serve(channel, handlers, { onClosed: () => connections.delete(connection) });
      connections.add(connection);
    });
    // Last, as of a server: whoever finds it finds the others.
    listen(Allocator.discoverableName, (end, peer) => handOn(toV2, end, peer));
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw listenError(error, options.svc);
  }
  return {
    svc: options.svc,
    services: listeners.map((listener) => listener.path),
    close() {
      for (const listener of listeners) listener.close();
      for (const connection of connections) connection.close();
    },
  };
}

function connectorPath(upstream: string): string {
  const isSocket = lstatSync(upstream, { throwIfNoEntry: false })?.isSocket() ?? false;
  return isSocket ? upstream : join(upstream, DriverConnector.discoverableName as string);
}
