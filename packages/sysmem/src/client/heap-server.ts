/** For people who write heaps. Source: interface reference 4.1 and 4.2, lifecycle contract 8.2. */
import { join } from "node:path";
import { assert, type Channel, HEAP_DESCENDANT_PROBE_MS, type Logger, silentLogger, Status } from "#base";
import { DEFERRED, type Result, type Serving } from "#fidl";
import {
  Heap,
  type HeapAllocateVmoRequest,
  type HeapAllocateVmoResponse,
  type HeapEvents,
  Sysmem as HardwareSysmem,
  type SysmemClient as HardwareSysmemClient,
} from "#gen/fuchsia_hardware_sysmem";
import type { SingleBufferSettings } from "#gen/fuchsia_sysmem2";
// Not of the whole layer: whoever takes part needs none of it.
import { numberOfHeapType, type RegistrableHeapType } from "#heaps/heap-numbers";
import { type BufferMemory, type Kernel, KernelError } from "#kernel";
import { ConnectError, connectErrorCode } from "./errors.ts";
import { processKernel } from "./process-kernel.ts";
import { serviceDirectory } from "./service-directory.ts";

/** One buffer that a heap is asked for. */
export interface HeapBufferRequest {
  /** A multiple of the page size. */
  readonly sizeBytes: number;
  /** What the participants agreed on. Most heaps need only the size. */
  readonly settings: SingleBufferSettings;
  readonly bufferCollectionId: bigint;
  readonly bufferIndex: number;
}

/** A heap to be registered, and how its memory is made and released. */
export interface HeapServerOptions {
  /** What kind of heap it is. */
  readonly heapType: RegistrableHeapType;
  /** Coherency domains in which the memory can be used. */
  readonly domains: { readonly cpu?: boolean; readonly ram?: boolean; readonly inaccessible?: boolean };
  /** New memory may hold old contents, and sysmem has to write zeros to it. Default false. */
  readonly needClear?: boolean;
  /**
   * Makes the memory of one buffer: `kernel.createMemory`, `kernel.createIdentifier` when the CPU cannot reach it, or
   * `kernel.adoptMemory` of anything else. The heap server owns the result. What it throws fails the allocation.
   */
  readonly makeMemory: (request: HeapBufferRequest, kernel: Kernel) => Promise<BufferMemory> | BufferMemory;
  /**
   * Called once for each buffer, when nobody can touch it any more: not sysmem, and no participant, even when sysmem died
   * before them. The memory itself is closed afterwards.
   */
  readonly releaseMemory?: (memory: BufferMemory, request: HeapBufferRequest) => Promise<void> | void;
  /** Service directory of the server; default as in `serviceDirectory()`. */
  readonly svc?: string;
  readonly kernel?: Kernel;
  readonly logger?: Logger;
}

/** A buffer from its making to its release. */
interface HeapBuffer {
  readonly request: HeapBufferRequest;
  readonly memory: BufferMemory;
  /** Resolves when it has been released. */
  readonly gone: Promise<void>;
  state: "held" | "releasing";
  resolveGone(): void;
  timer: NodeJS.Timeout | undefined;
}

/**
 * A heap: says what it is, makes memory when asked, and releases it when the kernel says that nobody is left. The author
 * provides the two functions; parents, children, `DeleteVmo` and its fence are taken care of. The memory is the
 * participants' as long as they hold it: losing sysmem releases nothing by itself.
 */
export class HeapServer {
  readonly #kernel: Kernel;
  readonly #options: HeapServerOptions;
  readonly #logger: Logger;
  readonly #serving: Serving<HeapEvents>;
  readonly #buffers = new Map<string, HeapBuffer>();
  #making = 0;
  #resolveIdle: (() => void) | undefined;

  private constructor(kernel: Kernel, options: HeapServerOptions, channel: Channel) {
    this.#kernel = kernel;
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#serving = Heap.serve(channel, {
      allocateVmo: (request) => this.#allocate(request),
      deleteVmo: ({ bufferCollectionId, bufferIndex, vmo }, { responder }) => {
        const buffer = this.#buffers.get(key(bufferCollectionId, bufferIndex));
        // The last handle outside: with it the last child ends, unless somebody holds what is not theirs to hold.
        vmo.close();
        if (buffer === undefined) return undefined;
        void buffer.gone.then(() => responder.isSent || responder.reply(undefined));
        return DEFERRED;
      },
    });
    const { cpu, ram, inaccessible } = options.domains;
    this.#serving.control.send.onRegister({
      properties: {
        coherencyDomainSupport: {
          cpuSupported: cpu ?? false,
          ramSupported: ram ?? false,
          inaccessibleSupported: inaccessible ?? false,
        },
        needClear: options.needClear ?? false,
        needFlush: false,
      },
    });
  }

  /** Registers a heap with the server of the service directory and serves it. Throws `ConnectError`. */
  static register(options: HeapServerOptions): HeapServer {
    const kernel = options.kernel ?? processKernel();
    const path = join(options.svc ?? serviceDirectory(), HardwareSysmem.discoverableName as string);
    let sysmem: HardwareSysmemClient;
    try {
      sysmem = HardwareSysmem.bind(kernel.connect(path));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const code = connectErrorCode(error);
      const why = {
        ACCESS_DENIED: "only the server's own user, or its heap group, may register heaps",
        NO_RESOURCES: error.message,
        NO_SERVER: "no server listens there (start one with: sysmem serve --svc DIR)",
      }[code];
      throw new ConnectError(code, path, `cannot connect to ${path}: ${why}`, { cause: error });
    }
    try {
      return HeapServer.over(sysmem, { ...options, kernel });
    } finally {
      // A registration outlives the channel that it came by.
      sysmem.close();
    }
  }

  /** Registers a heap through a `Sysmem` channel that was obtained in any other way. The channel stays the caller's. */
  static over(sysmem: HardwareSysmemClient, options: HeapServerOptions): HeapServer {
    const kernel = options.kernel ?? processKernel();
    const number = numberOfHeapType(options.heapType);
    assert(number !== undefined, `${options.heapType} has a number`);
    const [client, server] = kernel.createChannel();
    sysmem.registerHeap({ heap: number, heapConnection: Heap.clientEnd(client) });
    return new HeapServer(kernel, options, server);
  }

  /** Serves a heap on a channel whose other end is registered by somebody else. Takes ownership of `channel`. */
  static serve(channel: Channel, options: HeapServerOptions): HeapServer {
    return new HeapServer(options.kernel ?? processKernel(), options, channel);
  }

  /** Buffers that somebody may touch. */
  get bufferCount(): number {
    return this.#buffers.size;
  }

  /** Resolves when sysmem has let go of this heap: it ended, or another heap has taken the place of this one. */
  get closed(): Promise<void> {
    return this.#serving.closed.then(() => undefined);
  }

  /** Takes the heap away from sysmem; every collection that lives in it fails, its VMOs stay usable. Idempotent. */
  close(): void {
    this.#serving.close();
  }

  /** Resolves when every buffer has been released. A provider may end its process then, and not before. */
  async whenIdle(): Promise<void> {
    if (this.#buffers.size === 0 && this.#making === 0) return;
    await new Promise<void>((resolve) => {
      const earlier = this.#resolveIdle;
      this.#resolveIdle = () => {
        earlier?.();
        resolve();
      };
    });
  }

  async #allocate(wire: HeapAllocateVmoRequest): Promise<Result<HeapAllocateVmoResponse, number>> {
    const { size, settings, bufferCollectionId, bufferIndex } = wire;
    const id = key(bufferCollectionId, bufferIndex);
    if (this.#buffers.has(id)) return { ok: false, error: Status.ERR_ALREADY_EXISTS };
    const request = { sizeBytes: Number(size), settings, bufferCollectionId, bufferIndex: Number(bufferIndex) };
    this.#making += 1;
    try {
      const memory = await this.#options.makeMemory(request, this.#kernel);
      return { ok: true, value: { vmo: this.#keep(id, request, memory) } };
    } catch (error) {
      this.#logger.error({ heap: this.#options.heapType, err: error }, "this heap has no memory for a buffer");
      return { ok: false, error: statusOf(error) };
    } finally {
      this.#making -= 1;
      this.#becomeIdle();
    }
  }

  #keep(id: string, request: HeapBufferRequest, memory: BufferMemory) {
    let resolveGone = () => {};
    const gone = new Promise<void>((resolve) => {
      resolveGone = resolve;
    });
    const buffer: HeapBuffer = { request, memory, gone, resolveGone, state: "held", timer: undefined };
    memory.onChildGone(() => this.#look(id, buffer));
    this.#buffers.set(id, buffer);
    try {
      return memory.handOut({ writable: true }).vmo;
    } catch (error) {
      this.#look(id, buffer);
      throw error;
    }
  }

  /** Releases a buffer that nobody holds. */
  #look(id: string, buffer: HeapBuffer): void {
    buffer.timer = undefined;
    if (buffer.state !== "held" || buffer.memory.liveChildren.size > 0) return;
    if (isHeldElsewhere(buffer.memory)) {
      // Sysmem is gone and participants are not. No event of ours tells when they are; it is rare enough to look.
      buffer.timer = setTimeout(() => this.#look(id, buffer), HEAP_DESCENDANT_PROBE_MS);
      return;
    }
    buffer.state = "releasing";
    void this.#release(id, buffer);
  }

  async #release(id: string, buffer: HeapBuffer): Promise<void> {
    try {
      await this.#options.releaseMemory?.(buffer.memory, buffer.request);
    } catch (error) {
      this.#logger.error({ heap: this.#options.heapType, err: error }, "releasing a buffer of this heap failed");
    }
    buffer.memory.close();
    this.#buffers.delete(id);
    buffer.resolveGone();
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    if (this.#buffers.size > 0 || this.#making > 0) return;
    const resolve = this.#resolveIdle;
    this.#resolveIdle = undefined;
    resolve?.();
  }
}

/** Whether anybody holds what sysmem has handed out. Who cannot tell for want of memory looks again. */
function isHeldElsewhere(memory: BufferMemory): boolean {
  try {
    return memory.hasDescendants();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return true;
  }
}

function key(bufferCollectionId: bigint, bufferIndex: bigint): string {
  return `${bufferCollectionId}/${bufferIndex}`;
}

function statusOf(error: unknown): number {
  if (!(error instanceof KernelError)) return Status.ERR_INTERNAL;
  return error.code === "NO_MEMORY" || error.code === "NO_RESOURCES" ? Status.ERR_NO_MEMORY : Status.ERR_INTERNAL;
}
