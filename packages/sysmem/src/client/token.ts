import { assert, type Channel, Rights } from "#base";
import { type ClientEnd, PeerClosedError } from "#fidl";
import { BufferCollectionToken, type BufferCollectionTokenClient } from "#gen/fuchsia_sysmem2";
import type { Kernel } from "#kernel";
import { BadAnswerError } from "./errors.ts";
import { leaveInOrder } from "./leaving.ts";
import { TokenGroup } from "./token-group.ts";

/** What to take away from the VMOs obtained through a token and everything made from it. */
export interface Attenuation {
  /** `zx.Rights` to keep; default: all that this token has. */
  readonly rights?: number | undefined;
}

/**
 * The right to take part in one buffer collection. Give it to the participant it is for, bind it (`Sysmem.bind`), or `release`
 * it; dropping it in any other way fails the collection, as if the participant had died. Once it is used up by one of these, every
 * other method throws an `InvariantError`; once the server has closed the channel, a `FidlError`.
 */
export class Token {
  /** The protocol itself, for what this class has no words for. */
  readonly node: BufferCollectionTokenClient;
  readonly #kernel: Kernel;
  #isUsedUp = false;

  /** @internal Takes ownership of `end`. */
  constructor(kernel: Kernel, end: ClientEnd<BufferCollectionTokenClient> | Channel) {
    this.#kernel = kernel;
    this.node = BufferCollectionToken.bind(end);
  }

  /** Resolves, and never rejects, when the channel is closed, by whichever side, or taken. */
  get closed(): Promise<unknown> {
    return this.node.closed;
  }

  /** Whether the token was bound, released or handed over. */
  get isUsedUp(): boolean {
    return this.#isUsedUp;
  }

  /** A token for one more participant. The server knows it when the promise resolves: it may be handed out at once. */
  async duplicate(attenuation: Attenuation = {}): Promise<Token> {
    const [token] = await this.duplicateMany(1, attenuation);
    assert(token !== undefined, "as many tokens as were asked for");
    return token;
  }

  /** Tokens for `count` more participants, 1 to 64, in one round trip. */
  async duplicateMany(count: number, attenuation: Attenuation = {}): Promise<Token[]> {
    this.#mustBeHeld("duplicate");
    const mask = attenuation.rights ?? Rights.SAME_RIGHTS;
    const rightsAttenuationMasks = Array.from({ length: count }, () => mask);
    const { tokens = [] } = await this.node.duplicateSync({ rightsAttenuationMasks });
    if (tokens.length !== count) {
      for (const end of tokens) end.close();
      throw new BadAnswerError(
        `cannot duplicate a token: the server made ${tokens.length} tokens in place of ${count}`,
      );
    }
    return tokens.map((end) => new Token(this.#kernel, end));
  }

  /** A group of alternatives below this token: exactly one of its children will take part. */
  createGroup(): TokenGroup {
    this.#mustBeHeld("createGroup");
    return new TokenGroup(
      this.#kernel,
      (groupRequest) => this.node.createBufferCollectionTokenGroup({ groupRequest }),
      (end) => new Token(this.#kernel, end),
    );
  }

  /** Names the collection for people. The highest priority wins. */
  setName(name: string, priority = 10): this {
    this.#mustBeHeld("setName");
    this.node.setName({ priority, name });
    return this;
  }

  /** Names this participant for people. */
  setDebugClientInfo(name: string, id = 0n): this {
    this.#mustBeHeld("setDebugClientInfo");
    this.node.setDebugClientInfo({ name, id });
    return this;
  }

  /** After allocation, this participant's failure is its own affair and no longer the whole collection's. */
  setDispensable(): this {
    this.#mustBeHeld("setDispensable");
    this.node.setDispensable();
    return this;
  }

  /** Resolves when the server has handled everything sent on this token so far. */
  async sync(): Promise<void> {
    this.#mustBeHeld("sync");
    await this.node.sync();
  }

  /** Leaves in order: this participant needs nothing. Does nothing to a token that is used up. */
  release(): void {
    if (this.#isUsedUp) return;
    this.#isUsedUp = true;
    leaveInOrder(this.node);
  }

  /**
   * Takes the channel out, to be sent to another participant: the caller owns it. The token is used up. No call may be
   * under way. Throws `FidlError` when the server has closed it.
   */
  take(): Channel {
    this.#mustBeHeld("take");
    this.#isUsedUp = true;
    if (this.node.isClosed) throw new PeerClosedError(this.node.protocol);
    return this.node.unbind().take();
  }

  /** Releases the token if it was not used. */
  [Symbol.dispose](): void {
    this.release();
  }

  #mustBeHeld(method: string): void {
    assert(!this.#isUsedUp, `${method}() on a token that was bound, released or handed over`);
  }
}
