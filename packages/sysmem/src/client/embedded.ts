/** A server inside the client's own process. */
import { type Channel, type Logger, silentLogger, systemClock } from "#base";
import type { Kernel } from "#kernel";
import { createServer, type Server, type ServerOptions } from "#server";
import { processKernel } from "./process-kernel.ts";
import { Sysmem } from "./sysmem.ts";

export interface EmbeddedOptions extends Partial<Omit<ServerOptions, "kernel" | "clock" | "logger">> {
  /** Name of this process as a participant. */
  readonly name?: string;
  readonly kernel?: Kernel;
  readonly logger?: Logger;
}

/** A connection to a server that lives in this process. Closing it leaves the server running; `shutdown` ends both. */
export class EmbeddedSysmem extends Sysmem {
  readonly server: Server;

  /** @internal */
  constructor(kernel: Kernel, server: Server, channel: Channel, name: string | undefined) {
    super(kernel, channel, name);
    this.server = server;
  }

  /** An Allocator channel for another process, to be inherited by it or sent to it. The caller owns it. */
  newAllocatorChannel(): Channel {
    const [client, server] = this.kernel.createChannel();
    this.server.serveAllocator(server);
    return client;
  }

  /** Fails what is left, and resolves when the server holds no memory any more. */
  async shutdown(): Promise<void> {
    this.close();
    // What the server waits for is the kernel's word on memory files, which alone does not keep a process alive.
    const keepAlive = setInterval(() => {}, 0x7fff_ffff);
    try {
      await this.server.shutdown({ waitForBuffers: true });
    } finally {
      clearInterval(keepAlive);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}

/** @internal See `Sysmem.embedded`. */
export function createEmbedded(options: EmbeddedOptions): EmbeddedSysmem {
  const { name, kernel = processKernel(), logger = silentLogger, ...rest } = options;
  const server = createServer({ ...rest, kernel, logger, clock: systemClock });
  const [client, serverEnd] = kernel.createChannel();
  server.serveAllocator(serverEnd);
  return new EmbeddedSysmem(kernel, server, client, name);
}
