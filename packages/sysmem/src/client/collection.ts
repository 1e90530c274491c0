import { Rights } from "#base";
import { FidlError } from "#fidl";
import {
  BufferCollectionToken,
  type BufferCollectionClient,
  type BufferCollectionConstraints,
} from "#gen/fuchsia_sysmem2";
import type { Kernel } from "#kernel";
import { AllocationError, allocationError } from "./errors.ts";
import { SharedBuffers } from "./shared-buffer.ts";
import { type Attenuation, Token } from "./token.ts";

/**
 * One participant's part in a buffer collection: say what you need, wait, use the buffers, release.
 * A process that goes away without `release` fails the collection for everybody in its failure domain.
 */
export class Collection {
  /** The protocol itself, for what this class has no words for. */
  readonly node: BufferCollectionClient;
  readonly #kernel: Kernel;
  #name = "the collection";
  #isReleased = false;

  /** @internal */
  constructor(kernel: Kernel, node: BufferCollectionClient) {
    this.#kernel = kernel;
    this.node = node;
  }

  /** Resolves when the channel is closed: by `release`, or because the collection failed. */
  get closed(): Promise<unknown> {
    return this.node.closed;
  }

  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Names the collection for people. The highest priority wins. */
  setName(name: string, priority = 10): this {
    this.#name = `"${name}"`;
    this.node.setName({ priority, name });
    return this;
  }

  /** Names this participant for people. */
  setDebugClientInfo(name: string, id = 0n): this {
    this.node.setDebugClientInfo({ name, id });
    return this;
  }

  /** Says what this participant needs, once. `undefined`: nothing, but it wants to know what the others agreed on. */
  setConstraints(constraints: BufferCollectionConstraints | undefined): this {
    this.node.setConstraints(constraints === undefined ? {} : { constraints });
    return this;
  }

  /**
   * Waits until everybody has said what they need and the memory exists. Throws `AllocationError`. The caller owns
   * the buffers; each call brings fresh handles to the same memory.
   */
  async waitForBuffers(options: { readonly signal?: AbortSignal } = {}): Promise<SharedBuffers> {
    try {
      const result = await this.node.waitForAllBuffersAllocated(options);
      if (!result.ok) throw allocationError(result.error, this.#name);
      const info = result.value.bufferCollectionInfo ?? {};
      return new SharedBuffers(info.settings ?? {}, info.bufferCollectionId ?? 0n, info.buffers ?? []);
    } catch (error) {
      if (!(error instanceof FidlError) || options.signal?.aborted) throw error;
      throw new AllocationError(
        "CHANNEL_CLOSED",
        0,
        `cannot allocate ${this.#name}: the server closed the channel: a participant failed, or what this one asked for last has no solution`,
        { cause: error },
      );
    }
  }

  /**
   * A token for a participant that comes later: it gets the same buffers if they suit it, and its failure is not ours.
   * The server knows it when the promise resolves.
   */
  async attachToken(attenuation: Attenuation = {}): Promise<Token> {
    const [client, server] = BufferCollectionToken.createEndpoints(this.#kernel);
    this.node.attachToken({
      rightsAttenuationMask: attenuation.rights ?? Rights.SAME_RIGHTS,
      tokenRequest: server,
    });
    await this.node.sync();
    return new Token(this.#kernel, client);
  }

  /** Resolves when the server has handled everything sent so far. */
  async sync(): Promise<void> {
    await this.node.sync();
  }

  /** Leaves in order. Buffers already received stay usable until they are closed. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.node.release();
    this.node.close();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
