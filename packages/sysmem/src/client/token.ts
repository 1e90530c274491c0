import type { Channel } from "#base";
import { Rights } from "#base";
import type { ClientEnd } from "#fidl";
import { BufferCollectionToken, type BufferCollectionTokenClient } from "#gen/fuchsia_sysmem2";
import type { Kernel } from "#kernel";
import { TokenGroup } from "./token-group.ts";

/** What to take away from the VMOs obtained through a token and everything made from it. */
export interface Attenuation {
  /** `zx.Rights` to keep; default: all that this token has. */
  readonly rights?: number | undefined;
}

/**
 * The right to take part in one buffer collection. Give it to the participant it is for, bind it
 * (`Sysmem.bind`), or `release` it; dropping it in any other way fails the collection, as if the participant had died.
 */
export class Token {
  /** The protocol itself, for what this class has no words for. */
  readonly node: BufferCollectionTokenClient;
  readonly #kernel: Kernel;

  /** @internal Takes ownership of `end`. */
  constructor(kernel: Kernel, end: ClientEnd<BufferCollectionTokenClient> | Channel) {
    this.#kernel = kernel;
    this.node = BufferCollectionToken.bind(end);
  }

  /** Resolves when the channel is closed, by whichever side. */
  get closed(): Promise<unknown> {
    return this.node.closed;
  }

  /** A token for one more participant. The server knows it when the promise resolves: it may be handed out at once. */
  async duplicate(attenuation: Attenuation = {}): Promise<Token> {
    const [token] = await this.duplicateMany(1, attenuation);
    return token as Token;
  }

  /** Tokens for `count` more participants, at most 64, in one round trip. */
  async duplicateMany(count: number, attenuation: Attenuation = {}): Promise<Token[]> {
    const mask = attenuation.rights ?? Rights.SAME_RIGHTS;
    const masks = new Array<number>(count).fill(mask);
    const { tokens } = await this.node.duplicateSync({ rightsAttenuationMasks: masks });
    return (tokens ?? []).map((end) => new Token(this.#kernel, end));
  }

  /** A group of alternatives below this token: exactly one of its children will take part. */
  createGroup(): TokenGroup {
    return new TokenGroup(
      this.#kernel,
      (groupRequest) => this.node.createBufferCollectionTokenGroup({ groupRequest }),
      (end) => new Token(this.#kernel, end),
    );
  }

  /** Names the collection for people. The highest priority wins. */
  setName(name: string, priority = 10): this {
    this.node.setName({ priority, name });
    return this;
  }

  /** Names this participant for people. */
  setDebugClientInfo(name: string, id = 0n): this {
    this.node.setDebugClientInfo({ name, id });
    return this;
  }

  /** After allocation, this participant's failure is its own affair and no longer the whole collection's. */
  setDispensable(): this {
    this.node.setDispensable();
    return this;
  }

  /** Resolves when the server has handled everything sent on this token so far. */
  async sync(): Promise<void> {
    await this.node.sync();
  }

  /** Leaves in order: this participant needs nothing. */
  release(): void {
    this.node.release();
    this.node.close();
  }

  /** Takes the channel out, to be sent to another participant. The token object is used up. */
  take(): Channel {
    return this.node.unbind().take();
  }
}
