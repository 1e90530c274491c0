import { assert, Rights } from "#base";
import { EpitaphError, LocalClosedError, PeerClosedError } from "#fidl";
import {
  BufferCollectionToken,
  type BufferCollectionClient,
  type BufferCollectionConstraints,
} from "#gen/fuchsia_sysmem2";
import type { Kernel } from "#kernel";
import { type AllocationErrorCode, allocationError, allocationErrorCode } from "./errors.ts";
import type { Explainer, FailureExplanation } from "./explanation.ts";
import { leaveInOrder, sendOrClose } from "./leaving.ts";
import { SharedBuffers } from "./shared-buffers.ts";
import { type Attenuation, Token } from "./token.ts";

/** What may be set for a wait. */
export interface WaitOptions {
  /** Gives up the wait; the participant goes on, and may wait again. The wait rejects with `CanceledError`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * One participant's part in a buffer collection: say what you need, wait, use the buffers, release.
 * A process that goes away without `release` fails the collection for everybody in its failure domain. Every method but
 * `release` throws an `InvariantError` after `release`, and a `FidlError` once the server has closed the channel.
 */
export class Collection {
  /** The protocol itself, for what this class has no words for. */
  readonly node: BufferCollectionClient;
  readonly #kernel: Kernel;
  readonly #explain: Explainer | undefined;
  #collectionId: Promise<bigint | undefined> | undefined;
  #name = "the collection";
  #isReleased = false;

  /** @internal Takes ownership of `node`. */
  constructor(kernel: Kernel, node: BufferCollectionClient, explain?: Explainer) {
    this.#kernel = kernel;
    this.node = node;
    this.#explain = explain;
  }

  /** Resolves, and never rejects, when the channel is closed: by `release`, or because the collection failed. */
  get closed(): Promise<unknown> {
    return this.node.closed;
  }

  /** Whether this side has left. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Names the collection for people. The highest priority wins. */
  setName(name: string, priority = 10): this {
    this.#mustBeHeld("setName");
    this.#name = `"${name}"`;
    this.node.setName({ priority, name });
    return this;
  }

  /** Names this participant for people. */
  setDebugClientInfo(name: string, id = 0n): this {
    this.#mustBeHeld("setDebugClientInfo");
    this.node.setDebugClientInfo({ name, id });
    return this;
  }

  /** Says what this participant needs, once. `undefined`: nothing, but it wants to know what the others agreed on. */
  setConstraints(constraints: BufferCollectionConstraints | undefined): this {
    this.#mustBeHeld("setConstraints");
    this.#learnId();
    this.node.setConstraints(constraints === undefined ? {} : { constraints });
    return this;
  }

  /**
   * Waits until everybody has said what they need and the memory exists. The caller owns the buffers; each call brings
   * fresh handles to the same memory. There is no deadline: others may take as long as they like, so give a signal where that
   * is too long. Throws `AllocationError`, with an explanation where the server gives one, and `CanceledError`.
   */
  async waitForBuffers(options: WaitOptions = {}): Promise<SharedBuffers> {
    this.#mustBeHeld("waitForBuffers");
    this.#learnId();
    let answer: Awaited<ReturnType<BufferCollectionClient["waitForAllBuffersAllocated"]>>;
    try {
      answer = await this.node.waitForAllBuffersAllocated(
        options.signal === undefined ? {} : { signal: options.signal },
      );
    } catch (cause) {
      const code = codeOfClose(cause);
      if (code === undefined) throw cause;
      const explanation = code === "CHANNEL_CLOSED" ? await this.#explanation(undefined) : undefined;
      throw allocationError(code, `allocate ${this.#name}`, { cause, explanation });
    }
    if (!answer.ok) {
      const code = allocationErrorCode(answer.error);
      const explanation = await this.#explanation(KINDS[code]);
      throw allocationError(code, `allocate ${this.#name}`, { error: answer.error, explanation });
    }
    const { settings = {}, bufferCollectionId = 0n, buffers = [] } = answer.value.bufferCollectionInfo ?? {};
    return new SharedBuffers(settings, bufferCollectionId, buffers);
  }

  /**
   * A token for a participant that comes later: it gets the same buffers if they suit it, and its failure is not ours.
   * The server knows it when the promise resolves.
   */
  async attachToken(attenuation: Attenuation = {}): Promise<Token> {
    this.#mustBeHeld("attachToken");
    const [client, server] = BufferCollectionToken.createEndpoints(this.#kernel);
    return sendOrClose(client, async () => {
      const rightsAttenuationMask = attenuation.rights ?? Rights.SAME_RIGHTS;
      this.node.attachToken({ rightsAttenuationMask, tokenRequest: server });
      await this.node.sync();
      return new Token(this.#kernel, client);
    });
  }

  /** Resolves when the server has handled everything sent so far. */
  async sync(): Promise<void> {
    this.#mustBeHeld("sync");
    await this.node.sync();
  }

  /** Leaves in order, once; a wait that is under way ends. Buffers already received stay usable until they are closed. */
  release(): void {
    this.#isReleased = true;
    leaveInOrder(this.node);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }

  #mustBeHeld(method: string): void {
    assert(!this.#isReleased, `${method}() on a collection that is released`);
  }

  /** The id by which failures are found: to be asked for while the server still answers. */
  #learnId(): void {
    if (this.#explain === undefined || this.node.isClosed) return;
    this.#collectionId ??= this.node.getBufferCollectionId().then(
      ({ bufferCollectionId }) => bufferCollectionId,
      () => undefined,
    );
  }

  async #explanation(kind: FailureExplanation["kind"] | undefined): Promise<FailureExplanation | undefined> {
    const id = await this.#collectionId;
    return id === undefined ? undefined : this.#explain?.(id, kind);
  }
}

/** Errors that say what kind of failure to look for. */
const KINDS: Partial<Record<AllocationErrorCode, FailureExplanation["kind"]>> = {
  NO_MEMORY: "memory",
  CONSTRAINTS_INTERSECTION_EMPTY: "negotiation",
  TOO_MANY_GROUP_CHILD_COMBINATIONS: "negotiation",
};

/** A server that fails a collection says so in an epitaph; one that dies cannot. */
function codeOfClose(error: unknown): AllocationErrorCode | undefined {
  if (error instanceof EpitaphError) return "CHANNEL_CLOSED";
  if (error instanceof PeerClosedError) return "SERVER_GONE";
  if (error instanceof LocalClosedError) return "RELEASED";
  return undefined;
}
