import { assert, type Channel } from "#base";
import type { Serving, ServingClosed } from "#fidl";
import { type Kernel, KernelError, type PeerCredentials } from "#kernel";
import type { Account } from "../accounts/accounts.ts";
import type { Generation } from "../domain-error.ts";
import type { ClientClose } from "../nodes/receive.ts";
import type { NodeEndpoint } from "../nodes/serving.ts";

/** A node's channel, served by the FIDL runtime. */
export class ChannelEndpoint implements NodeEndpoint {
  generation: Generation;
  #koid: number;
  readonly #channel: Channel;
  #serving: Serving | undefined;
  #isClosed = false;

  /**
   * The serving follows by `attach`, since its handlers need this object. `account` answers for what is not read.
   * @param koid of the channel, where it must be known from the start: tokens are looked for by it
   */
  constructor(channel: Channel, generation: Generation, account: Account, koid = 0) {
    channel.setSendBudget(account.sendBudget);
    this.#channel = channel;
    this.generation = generation;
    this.#koid = koid;
  }

  attach(serving: Serving): this {
    assert(this.#serving === undefined, "an endpoint has one channel");
    this.#serving = serving;
    return this;
  }

  /**
   * Asked of the kernel on first use: for others than tokens it is wanted by inspection, and by records of failures, alone.
   * 0 when it was never asked while open, or does not tell for want of memory: nothing must fail for that.
   */
  get koid(): number {
    if (this.#koid === 0 && !this.#isClosed && !this.#channel.isClosed) {
      try {
        this.#koid = this.#channel.koid;
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
      }
    }
    return this.#koid;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(epitaph: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#serving?.close(epitaph);
  }

  peerCredentials(kernel: Kernel): PeerCredentials | undefined {
    return this.#channel.isClosed ? undefined : kernel.peerCredentials(this.#channel);
  }

  relatedKoid(): number {
    return this.#isClosed || this.#channel.isClosed ? 0 : this.#channel.relatedKoid();
  }

  pause(): void {
    if (!this.#isClosed) this.#channel.pause();
  }

  resume(): void {
    if (!this.#isClosed) this.#channel.resume();
  }
}

/** What the end of a served channel means to the core; undefined when the server closed it itself. */
export function clientCloseOf(info: ServingClosed): ClientClose | undefined {
  if (info.kind === "local") return undefined;
  const cause =
    info.kind === "peer-closed" ? "peer" : info.kind === "no-resources" ? "no resources" : "malformed message";
  return { cause, detail: info.detail };
}
