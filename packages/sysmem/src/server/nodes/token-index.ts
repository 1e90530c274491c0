import type { Logger } from "#base";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import type { Node } from "../tree/node.ts";

/** A token that the server knows. */
export interface KnownToken {
  readonly collection: LogicalBufferCollection;
  readonly node: Node;
}

/**
 * Tokens by the koid of the server's end: what the kernel says is the other end of a token that a client hands in. A token
 * is known from the moment its creating message is handled until its serving object is replaced or closed.
 */
export class TokenIndex {
  readonly #tokens = new Map<number, KnownToken>();
  /** Koids asked for in vain, oldest first: they explain a missing Sync when the token turns up later. */
  readonly #unknown: number[] = [];
  readonly #maxUnknown: number;
  readonly #logger: Logger;

  constructor(maxUnknown: number, logger: Logger) {
    this.#maxUnknown = maxUnknown;
    this.#logger = logger;
  }

  get size(): number {
    return this.#tokens.size;
  }

  add(koid: number, token: KnownToken): void {
    this.#tokens.set(koid, token);
    const at = this.#unknown.indexOf(koid);
    if (at < 0) return;
    this.#unknown.splice(at, 1);
    this.#logger.error(
      { koid, ...token.collection.describe(token.node) },
      "this token was used before the message that created it was handled: a Sync was probably missing",
    );
  }

  /** As `find`, without remembering an unknown koid. */
  get(koid: number): KnownToken | undefined {
    return this.#tokens.get(koid);
  }

  delete(koid: number): void {
    this.#tokens.delete(koid);
  }

  /** The token with this server end. An unknown koid is remembered. */
  find(koid: number): KnownToken | undefined {
    const token = this.#tokens.get(koid);
    if (token === undefined) this.#remember(koid);
    return token;
  }

  #remember(koid: number): void {
    if (koid === 0 || this.#unknown.includes(koid)) return;
    this.#unknown.push(koid);
    if (this.#unknown.length > this.#maxUnknown) this.#unknown.shift();
  }
}
