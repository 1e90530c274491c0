import { join } from "node:path";
import type { Channel, Logger } from "#base";
import {
  Allocator,
  type AllocatorClient,
  type AllocatorGetVmoInfoResponse,
  BufferCollection,
  BufferCollectionToken,
} from "#gen/fuchsia_sysmem2";
import { type Kernel, KernelError, type Vmo } from "#kernel";
import { Collection } from "./collection.ts";
import { allocationError, ConnectError } from "./errors.ts";
import type { EmbeddedOptions, EmbeddedSysmem } from "./embedded.ts";
import { inheritedChannel, ALLOCATOR_VARIABLE } from "./inheritance.ts";
import { processKernel } from "./process-kernel.ts";
import { serviceDirectory } from "./service-directory.ts";
import { Token } from "./token.ts";
import { traceAsAsked } from "./trace-file.ts";

/** How to reach a server, and as whom. */
export interface ConnectOptions {
  /** Service directory; default as in `serviceDirectory()`. */
  readonly svc?: string;
  /** Name of this participant in logs, explanations and inspection. */
  readonly name?: string;
  readonly kernel?: Kernel;
  readonly logger?: Logger;
}

/** A connection to a sysmem server: the start of everything a participant does. */
export class Sysmem {
  /** The protocol itself, for what this class has no words for. */
  readonly allocator: AllocatorClient;
  readonly kernel: Kernel;

  protected constructor(kernel: Kernel, channel: Channel, name: string | undefined) {
    traceAsAsked();
    this.kernel = kernel;
    this.allocator = Allocator.bind(channel);
    if (name !== undefined) this.setDebugClientInfo(name);
  }

  /** Connects to the server of the service directory. Throws `ConnectError`. */
  static connect(options: ConnectOptions = {}): Sysmem {
    const kernel = options.kernel ?? processKernel();
    const svc = options.svc ?? serviceDirectory();
    const path = join(svc, Allocator.discoverableName as string);
    try {
      return new Sysmem(kernel, kernel.connect(path), options.name);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const code = error.code === "ACCESS_DENIED" ? "ACCESS_DENIED" : "NO_SERVER";
      const why =
        code === "ACCESS_DENIED"
          ? "this user may not connect to it"
          : "no server listens there (start one with: sysmem serve --svc DIR)";
      throw new ConnectError(code, path, `cannot connect to ${path}: ${why}`, { cause: error });
    }
  }

  /** Runs a server in this process and connects to it. Other processes take part through inherited channels. */
  static async embedded(options: EmbeddedOptions = {}): Promise<EmbeddedSysmem> {
    const { createEmbedded } = await import("./embedded.ts");
    return createEmbedded(options);
  }

  /** Uses the Allocator channel that the parent process left in an inherited descriptor. Throws `ConnectError`. */
  static inherited(options: Omit<ConnectOptions, "svc"> = {}): Sysmem {
    const kernel = options.kernel ?? processKernel();
    return new Sysmem(kernel, inheritedChannel(ALLOCATOR_VARIABLE), options.name);
  }

  /** Uses an Allocator channel obtained in any other way. Takes ownership of it. */
  static over(channel: Channel, options: Omit<ConnectOptions, "svc"> = {}): Sysmem {
    return new Sysmem(options.kernel ?? processKernel(), channel, options.name);
  }

  /** Names this participant in everything created through this connection from now on. */
  setDebugClientInfo(name: string, id = 0n): this {
    this.allocator.setDebugClientInfo({ name, id });
    return this;
  }

  /** Starts a collection. Duplicate the token for each further participant, then bind or hand over each. */
  allocateSharedCollection(): Token {
    const [client, server] = BufferCollectionToken.createEndpoints(this.kernel);
    this.allocator.allocateSharedCollection({ tokenRequest: server });
    return new Token(this.kernel, client);
  }

  /** A collection with one participant. */
  allocateNonSharedCollection(): Collection {
    const { proxy, server } = BufferCollection.createProxy(this.kernel);
    this.allocator.allocateNonSharedCollection({ collectionRequest: server });
    return new Collection(this.kernel, proxy);
  }

  /** Turns a token into this participant's part of the collection. The token is used up. */
  bind(token: Token | Channel): Collection {
    const { proxy, server } = BufferCollection.createProxy(this.kernel);
    const channel = token instanceof Token ? token.take() : token;
    this.allocator.bindSharedCollection({
      token: BufferCollectionToken.clientEnd(channel),
      bufferCollectionRequest: server,
    });
    return new Collection(this.kernel, proxy);
  }

  /** Takes a token out of an inherited descriptor (see `inheritance.ts`) and binds it. */
  bindInherited(variable = "SYSMEM_TOKEN_FD"): Collection {
    return this.bind(inheritedChannel(variable));
  }

  /** Whether the server knows this token: use it before trusting a token from someone else. */
  async isTokenKnown(token: Channel): Promise<boolean> {
    const { isKnown } = await this.allocator.validateBufferCollectionToken({
      tokenServerKoid: BigInt(token.relatedKoid()),
    });
    return isKnown ?? false;
  }

  /** Which buffer of which collection a VMO is. The VMO stays the caller's. Throws `AllocationError` NOT_FOUND. */
  async vmoInfo(vmo: Vmo): Promise<AllocatorGetVmoInfoResponse> {
    const result = await this.allocator.getVmoInfo({ vmo: vmo.duplicate() });
    if (!result.ok) throw allocationError(result.error, `information about VMO ${vmo.koid}`);
    return result.value;
  }

  /** Ends the connection. Collections made through it live on. */
  close(): void {
    this.allocator.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
