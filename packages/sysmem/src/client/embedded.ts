/** A server inside the client's own process. */
import { type Channel, type Logger, silentLogger, systemClock } from "#base";
import type { Kernel } from "#kernel";
import type { Server, ServerOptions } from "#server";
import { embeddedExplainer } from "./explanation.ts";
import { processKernel } from "./process-kernel.ts";
import { Sysmem } from "./sysmem.ts";

/** How to run a server in this process. Everything that a server may be made of can be given. */
export interface EmbeddedOptions extends Omit<ServerOptions, "kernel"> {
  /** Name of this process as a participant. */
  readonly name?: string | undefined;
  /** Default: this process's. It stays the caller's. */
  readonly kernel?: Kernel | undefined;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
  /** Work out why an allocation failed, for `AllocationError.explanation`: milliseconds for each failure. Default true. */
  readonly explain?: boolean | undefined;
}

/** A connection to a server that lives in this process. Closing it leaves the server running; `shutdown` ends both. */
export class EmbeddedSysmem extends Sysmem {
  readonly server: Server;
  #shutdown: Promise<void> | undefined;

  /** @internal Takes ownership of `channel`. */
  constructor(kernel: Kernel, server: Server, channel: Channel, options: EmbeddedOptions) {
    super(kernel, channel, options.name, options.explain === false ? undefined : embeddedExplainer(server));
    this.server = server;
  }

  /**
   * An Allocator channel for another process, to be inherited by it or sent to it. The caller owns it. After `shutdown` it is
   * one whose other end is closed.
   */
  newAllocatorChannel(): Channel {
    const [client, server] = this.kernel.createChannel();
    this.server.serveAllocator(server);
    return client;
  }

  /**
   * Fails what is left, and resolves when the server holds no memory any more: when everybody, this process included, has
   * closed the buffers. May be called again.
   */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#end();
    return this.#shutdown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  async #end(): Promise<void> {
    this.close();
    // What the server waits for is the kernel's word on memory files, which alone does not keep a process alive.
    const keepAlive = setInterval(() => {}, 0x7fff_ffff);
    try {
      await this.server.shutdown({ waitForBuffers: true });
    } finally {
      clearInterval(keepAlive);
    }
  }
}

/** @internal See `Sysmem.embedded`. The server's code, a hundred modules, is loaded for those who have one. */
export async function createEmbedded(options: EmbeddedOptions): Promise<EmbeddedSysmem> {
  const { createServer } = await import("#server");
  const { name: _, explain: __, kernel = processKernel(), ...rest } = options;
  const server = createServer({ logger: silentLogger, clock: systemClock, ...rest, kernel });
  const [client, serverEnd] = kernel.createChannel();
  server.serveAllocator(serverEnd);
  return new EmbeddedSysmem(kernel, server, client, options);
}
