import { assert, Rights } from "#base";
import type { ClientEnd, ServerEnd } from "#fidl";
import {
  type BufferCollectionTokenClient,
  BufferCollectionTokenGroup,
  type BufferCollectionTokenGroupClient,
} from "#gen/fuchsia_sysmem2";
import type { Kernel } from "#kernel";
import { BadAnswerError } from "./errors.ts";
import { leaveInOrder, sendOrClose } from "./leaving.ts";
import type { Attenuation, Token } from "./token.ts";

/**
 * Alternatives in order of preference: exactly one child takes part in the collection, the others fail with
 * CONSTRAINTS_INTERSECTION_EMPTY. Seal the group when all its children exist, or nothing will ever be allocated.
 */
export class TokenGroup {
  /** The protocol itself, for what this class has no words for. */
  readonly node: BufferCollectionTokenGroupClient;
  readonly #toToken: (end: ClientEnd<BufferCollectionTokenClient>) => Token;
  #isSealed = false;

  /** @internal `request` sends the other end to the server; `toToken` makes tokens of what the server answers with. */
  constructor(
    kernel: Kernel,
    request: (end: ServerEnd<BufferCollectionTokenGroupClient>) => void,
    toToken: (end: ClientEnd<BufferCollectionTokenClient>) => Token,
  ) {
    const { proxy, server } = BufferCollectionTokenGroup.createProxy(kernel);
    sendOrClose(proxy, () => request(server));
    this.node = proxy;
    this.#toToken = toToken;
  }

  /** Resolves, and never rejects, when the channel is closed: by `release`, or because the collection failed. */
  get closed(): Promise<unknown> {
    return this.node.closed;
  }

  /** Whether all children are there. */
  get isSealed(): boolean {
    return this.#isSealed;
  }

  /** Adds the next alternative, less preferred than those before. Rejects with `FidlError` when the group has failed. */
  async createChild(attenuation: Attenuation = {}): Promise<Token> {
    assert(!this.#isSealed, "createChild() on a group that is sealed");
    const { tokens = [] } = await this.node.createChildrenSync({
      rightsAttenuationMasks: [attenuation.rights ?? Rights.SAME_RIGHTS],
    });
    const [end] = tokens;
    if (end === undefined) throw new BadAnswerError("cannot add a child to the group: the server made no token for it");
    return this.#toToken(end);
  }

  /** No child will follow. Needed before anything can be allocated. */
  seal(): this {
    assert(!this.#isSealed, "seal() on a group that is sealed");
    this.node.allChildrenPresent();
    this.#isSealed = true;
    return this;
  }

  /** Leaves in order; the children stay. Only a sealed group may be released. */
  release(): void {
    assert(this.#isSealed || this.node.isClosed, "release() on a group that is not sealed");
    leaveInOrder(this.node);
  }

  /** Releases a sealed group. One that is not sealed is given up, and the collection fails: it was never described whole. */
  [Symbol.dispose](): void {
    if (this.#isSealed) this.release();
    else this.node.close();
  }
}
