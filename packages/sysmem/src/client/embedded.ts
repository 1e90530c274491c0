/** A server inside the client's own process. */
import { assert, type Channel, type Logger, silentLogger, systemClock } from "#base";
import type { MemoryReserve } from "#heaps";
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
  /**
   * Most bytes of memory that are made in advance for buffers like those allocated last, for programs whose set-ups come
   * again: `memory_reserve_bytes` of a daemon. Not together with `heaps`. Default 0: none.
   */
  readonly memoryReserveBytes?: number | undefined;
}

/** A connection to a server that lives in this process. Closing it leaves the server running; `shutdown` ends both. */
export class EmbeddedSysmem extends Sysmem {
  readonly server: Server;
  readonly #reserve: MemoryReserve | undefined;
  #shutdown: Promise<void> | undefined;

  /** @internal Takes ownership of `channel` and `reserve`. */
  constructor(
    kernel: Kernel,
    server: Server,
    channel: Channel,
    options: EmbeddedOptions,
    reserve: MemoryReserve | undefined,
  ) {
    super(kernel, channel, options.name, options.explain === false ? undefined : embeddedExplainer(server));
    this.server = server;
    this.#reserve = reserve;
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
    this.#reserve?.close();
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
  const {
    name: _,
    explain: __,
    memoryReserveBytes = 0,
    kernel = processKernel(),
    clock = systemClock,
    ...rest
  } = options;
  assert(
    Number.isSafeInteger(memoryReserveBytes) && memoryReserveBytes >= 0,
    `memoryReserveBytes: expected a whole number of bytes, got ${memoryReserveBytes}`,
  );
  assert(
    memoryReserveBytes === 0 || rest.heaps === undefined,
    "memoryReserveBytes: heaps that are given have no memory reserve",
  );
  const [{ createServer }, { MemoryReserve, systemRamOnly }] = await Promise.all([import("#server"), import("#heaps")]);
  const reserve =
    memoryReserveBytes > 0 ? new MemoryReserve({ kernel, clock, maxBytes: memoryReserveBytes }) : undefined;
  const heaps = rest.heaps ?? systemRamOnly(kernel, reserve);
  const server = createServer({ logger: silentLogger, ...rest, kernel, clock, heaps });
  const [client, serverEnd] = kernel.createChannel();
  server.serveAllocator(serverEnd);
  return new EmbeddedSysmem(kernel, server, client, options, reserve);
}
