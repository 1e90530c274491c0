import { Rights } from "#base";
import type { ClientEnd, ServerEnd } from "#fidl";
import {
  type BufferCollectionTokenClient,
  BufferCollectionTokenGroup,
  type BufferCollectionTokenGroupClient,
} from "#gen/fuchsia_sysmem2";
import type { Kernel } from "#kernel";
import { AllocationError } from "./errors.ts";
import type { Attenuation, Token } from "./token.ts";

/**
 * Alternatives in order of preference: exactly one child takes part in the collection, the others fail with
 * CONSTRAINTS_INTERSECTION_EMPTY. Seal the group when all its children exist, or nothing will ever be allocated.
 */
export class TokenGroup {
  /** The protocol itself, for what this class has no words for. */
  readonly node: BufferCollectionTokenGroupClient;
  readonly #toToken: (end: ClientEnd<BufferCollectionTokenClient>) => Token;

  /** @internal `request` sends the other end to the server; `toToken` makes tokens of what the server answers with. */
  constructor(
    kernel: Kernel,
    request: (end: ServerEnd<BufferCollectionTokenGroupClient>) => void,
    toToken: (end: ClientEnd<BufferCollectionTokenClient>) => Token,
  ) {
    const { proxy, server } = BufferCollectionTokenGroup.createProxy(kernel);
    request(server);
    this.node = proxy;
    this.#toToken = toToken;
  }

  /** Adds the next alternative. */
  async createChild(attenuation: Attenuation = {}): Promise<Token> {
    const { tokens } = await this.node.createChildrenSync({
      rightsAttenuationMasks: [attenuation.rights ?? Rights.SAME_RIGHTS],
    });
    const [end] = tokens ?? [];
    if (end === undefined)
      throw new AllocationError("PROTOCOL_DEVIATION", 0, "the server made no token for a child of the group");
    return this.#toToken(end);
  }

  /** No alternative will follow. Needed before anything can be allocated. */
  seal(): void {
    this.node.allChildrenPresent();
  }

  /** Leaves in order. Only a sealed group may be released. */
  release(): void {
    this.node.release();
    this.node.close();
  }
}
