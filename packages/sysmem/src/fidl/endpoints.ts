/** Typed ends of channels. */
import { assert, type Channel, type Handle, ObjectType } from "#base";

/** State shared by both kinds of end: a channel that can be taken out once. */
abstract class Endpoint implements Handle {
  readonly objectType: typeof ObjectType.CHANNEL = ObjectType.CHANNEL;
  #channel: Channel | undefined;

  /** Takes ownership of `channel`. */
  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** The channel, still owned by this object. */
  get channel(): Channel {
    assert(this.#channel !== undefined, "the channel of this endpoint was taken");
    return this.#channel;
  }

  /** True once closed, taken, bound or sent. */
  get isClosed(): boolean {
    return this.#channel === undefined || this.#channel.isClosed;
  }

  /** Moves the channel out. */
  take(): Channel {
    const channel = this.channel;
    this.#channel = undefined;
    return channel;
  }

  /** Idempotent. */
  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The client's end of a channel that speaks the protocol whose client interface is `P` (`ClientEnd<AllocatorClient>`). Owns it. */
export class ClientEnd<P> extends Endpoint {
  readonly role = "client";
  declare readonly phantom?: P;
}

/** The server's end of a channel that speaks the protocol whose client interface is `P`. Owns it. */
export class ServerEnd<P> extends Endpoint {
  readonly role = "server";
  declare readonly phantom?: P;
}
