import { join } from "node:path";
import { assert, type Channel } from "#base";
import { FidlError } from "#fidl";
import {
  Allocator,
  type AllocatorClient,
  type AllocatorGetVmoInfoResponse,
  BufferCollection,
  BufferCollectionToken,
} from "#gen/fuchsia_sysmem2";
import { type Kernel, KernelError, type Vmo } from "#kernel";
import { Collection } from "./collection.ts";
import { allocationError, allocationErrorCode, ConnectError, connectErrorCode } from "./errors.ts";
import type { EmbeddedOptions, EmbeddedSysmem } from "./embedded.ts";
import { type Explainer, socketExplainer } from "./explanation.ts";
import { inheritedChannel, ALLOCATOR_VARIABLE, TOKEN_VARIABLE } from "./inheritance.ts";
import { sendOrClose } from "./leaving.ts";
import { processKernel } from "./process-kernel.ts";
import { serviceDirectory } from "./service-directory.ts";
import { Token } from "./token.ts";
import { traceAsAsked } from "./trace-file.ts";

/** As whom to use a channel that is there already. */
export interface ConnectionOptions {
  /** Name of this participant in logs, explanations and inspection. */
  readonly name?: string | undefined;
  /** Default: this process's. It must be the one that the channel was made with. */
  readonly kernel?: Kernel | undefined;
}

/** How to reach a server, and as whom. */
export interface ConnectOptions extends ConnectionOptions {
  /** Service directory; default as in `serviceDirectory()`. */
  readonly svc?: string | undefined;
  /**
   * Ask the server why an allocation failed, for `AllocationError.explanation`. It answers its own user and those whom its
   * configuration names. Default true.
   */
  readonly explain?: boolean | undefined;
}

/**
 * A connection to a sysmem server: the start of everything a participant does. Methods throw or reject with a `FidlError`
 * when the server is gone or `close` was called.
 */
export class Sysmem {
  /** The protocol itself, for what this class has no words for. */
  readonly allocator: AllocatorClient;
  readonly kernel: Kernel;
  readonly #explain: Explainer | undefined;

  /** @internal Takes ownership of `channel`. */
  protected constructor(kernel: Kernel, channel: Channel, name: string | undefined, explain?: Explainer) {
    traceAsAsked();
    this.kernel = kernel;
    this.allocator = Allocator.bind(channel);
    this.#explain = explain;
    if (name !== undefined) sendOrClose(this, () => this.setDebugClientInfo(name));
  }

  /**
   * Connects to the server of the service directory. Throws `ConnectError`: NO_SERVER also where the server of the socket
   * file is dead or takes no more connections, ACCESS_DENIED where this user may not connect, NO_RESOURCES where this process
   * has no descriptor or memory left for it.
   */
  static connect(options: ConnectOptions = {}): Sysmem {
    const kernel = options.kernel ?? processKernel();
    const svc = options.svc ?? serviceDirectory();
    const path = join(svc, Allocator.discoverableName as string);
    const explain = options.explain === false ? undefined : socketExplainer(kernel, svc);
    try {
      return new Sysmem(kernel, kernel.connect(path), options.name, explain);
    } catch (error) {
      throw connectError(path, error);
    }
  }

  /**
   * Runs a server in this process and connects to it. Other processes take part through inherited channels. End it with
   * `shutdown` or `await using`: `close` alone leaves the server running.
   */
  static async embedded(options: EmbeddedOptions = {}): Promise<EmbeddedSysmem> {
    const { createEmbedded } = await import("./embedded.ts");
    return createEmbedded(options);
  }

  /** Uses the Allocator channel that the parent process left in an inherited descriptor. Throws `ConnectError`. */
  static inherited(options: Omit<ConnectionOptions, "kernel"> = {}): Sysmem {
    return Sysmem.over(inheritedChannel(ALLOCATOR_VARIABLE), options);
  }

  /** Uses an Allocator channel obtained in any other way. Takes ownership of it. */
  static over(channel: Channel, options: ConnectionOptions = {}): Sysmem {
    return new Sysmem(options.kernel ?? processKernel(), channel, options.name);
  }

  /** Resolves, and never rejects, when the connection ends, by whichever side. */
  get closed(): Promise<unknown> {
    return this.allocator.closed;
  }

  /** Names this participant in everything created through this connection from now on. */
  setDebugClientInfo(name: string, id = 0n): this {
    this.allocator.setDebugClientInfo({ name, id });
    return this;
  }

  /** Starts a collection. Duplicate the token for each further participant, then bind or hand over each. */
  allocateSharedCollection(): Token {
    const [client, server] = BufferCollectionToken.createEndpoints(this.kernel);
    sendOrClose(client, () => this.allocator.allocateSharedCollection({ tokenRequest: server }));
    return new Token(this.kernel, client);
  }

  /** A collection with one participant. */
  allocateNonSharedCollection(): Collection {
    const { proxy, server } = BufferCollection.createProxy(this.kernel);
    sendOrClose(proxy, () => this.allocator.allocateNonSharedCollection({ collectionRequest: server }));
    return new Collection(this.kernel, proxy, this.#explain);
  }

  /**
   * Turns a token into this participant's part of the collection. The token is used up, even when this throws. A channel that
   * is no token of this server is only found out later: the collection is closed.
   */
  bind(token: Token | Channel): Collection {
    const channel = token instanceof Token ? token.take() : token;
    assert(!channel.isClosed, "bind() of a token whose channel is closed");
    const { proxy, server } = sendOrClose(channel, () => BufferCollection.createProxy(this.kernel));
    const tokenEnd = BufferCollectionToken.clientEnd(channel);
    sendOrClose(proxy, () => this.allocator.bindSharedCollection({ token: tokenEnd, bufferCollectionRequest: server }));
    return new Collection(this.kernel, proxy, this.#explain);
  }

  /** Makes a token of a channel that somebody sent. Takes ownership of it. See `isTokenKnown`. */
  adoptToken(channel: Channel): Token {
    return new Token(this.kernel, channel);
  }

  /** Takes a token out of an inherited descriptor (see `spawnWithChannels`). Throws `ConnectError`. */
  inheritedToken(variable: string = TOKEN_VARIABLE): Token {
    return this.adoptToken(inheritedChannel(variable));
  }

  /** Takes a token out of an inherited descriptor and binds it. Throws `ConnectError`. */
  bindInherited(variable: string = TOKEN_VARIABLE): Collection {
    return this.bind(inheritedChannel(variable));
  }

  /** Whether the server knows this token: use it before trusting a token from someone else. It stays the caller's. */
  async isTokenKnown(token: Token | Channel): Promise<boolean> {
    const koid = token instanceof Token ? token.node.relatedKoid() : token.relatedKoid();
    // The other end of a token that the server knows is open.
    if (koid === 0) return false;
    const { isKnown } = await this.allocator.validateBufferCollectionToken({ tokenServerKoid: BigInt(koid) });
    return isKnown ?? false;
  }

  /** Which buffer of which collection a VMO is. The VMO stays the caller's. Throws `AllocationError` NOT_FOUND. */
  async vmoInfo(vmo: Vmo): Promise<AllocatorGetVmoInfoResponse> {
    const result = await this.allocator.getVmoInfo({ vmo: vmo.duplicate() });
    if (result.ok) return result.value;
    const { error } = result;
    throw allocationError(allocationErrorCode(error), `find out which buffer VMO ${vmo.koid} is`, { error });
  }

  /** Ends the connection, once. Tokens and collections made through it live on. */
  close(): void {
    this.allocator.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function connectError(path: string, cause: unknown): unknown {
  // A server that takes no more connections closes them at once.
  if (cause instanceof FidlError) {
    return new ConnectError("NO_SERVER", path, `cannot connect to ${path}: the server closed the connection`, {
      cause,
    });
  }
  if (!(cause instanceof KernelError)) return cause;
  const code = connectErrorCode(cause);
  const isAbsent = cause.code === "NOT_FOUND" || cause.code === "UNAVAILABLE";
  const why = {
    ACCESS_DENIED: "this user may not",
    NO_RESOURCES: cause.message,
    NO_SERVER: isAbsent ? "no server listens there (start one with: sysmem serve --svc DIR)" : cause.message,
  }[code];
  return new ConnectError(code, path, `cannot connect to ${path}: ${why}`, { cause });
}
