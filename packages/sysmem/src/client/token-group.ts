import { Rights } from "#base";
import type { ServerEnd } from "#fidl";
import { BufferCollectionTokenGroup, type BufferCollectionTokenGroupClient } from "#gen/fuchsia_sysmem2";
import type { Kernel } from "#kernel";
import { AllocationError } from "./errors.ts";
import { type Attenuation, Token } from "./token.ts";

/**
 * Alternatives in order of preference: exactly one child takes part in the collection, the others fail with
 * CONSTRAINTS_INTERSECTION_EMPTY. Seal the group when all its children exist, or nothing will ever be allocated.
 */
export class TokenGroup {
  readonly node: BufferCollectionTokenGroupClient;
  readonly #kernel: Kernel;

  private constructor(kernel: Kernel, node: BufferCollectionTokenGroupClient) {
    this.#kernel = kernel;
    this.node = node;
  }

  /** @internal */
  static create(kernel: Kernel, request: (end: ServerEnd<BufferCollectionTokenGroupClient>) => void): TokenGroup {
    const { proxy, server } = BufferCollectionTokenGroup.createProxy(kernel);
    request(server);
    return new TokenGroup(kernel, proxy);
  }

  /** Adds the next alternative. */
  async createChild(attenuation: Attenuation = {}): Promise<Token> {
    const { tokens } = await this.node.createChildrenSync({
      rightsAttenuationMasks: [attenuation.rights ?? Rights.SAME_RIGHTS],
    });
    const [end] = tokens ?? [];
    if (end === undefined)
      throw new AllocationError("PROTOCOL_DEVIATION", 0, "the server made no token for a child of the group");
    return new Token(this.#kernel, end);
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
