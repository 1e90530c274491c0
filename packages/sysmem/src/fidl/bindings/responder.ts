/** Answers to two-way requests. */
import { InvariantError } from "#base";
import type { ServerCore } from "./server.ts";
import type { Method } from "./method.ts";
import type { Responder, ServerCall, ServerControl } from "./types.ts";

/** One outstanding request: at once the second argument of its handler and its responder. */
export class OutstandingCall implements ServerCall<unknown, unknown>, Responder<unknown, unknown> {
  readonly control: ServerControl;
  readonly #core: ServerCore;
  readonly #method: Method;
  readonly #txid: number;
  #isSent = false;

  constructor(core: ServerCore, control: ServerControl, method: Method, txid: number) {
    this.#core = core;
    this.control = control;
    this.#method = method;
    this.#txid = txid;
  }

  get protocol(): string {
    return this.control.protocol;
  }

  get responder(): Responder<unknown, unknown> {
    return this;
  }

  get isSent(): boolean {
    return this.#isSent || this.#core.isClosed;
  }

  /** What a handler returned, or what its promise came to. */
  answer(answer: unknown): boolean {
    this.#use();
    return this.#core.answer(this.#method, this.#txid, answer);
  }

  reply(payload: unknown): boolean {
    return this.answer(this.#method.descriptor.error === undefined ? payload : { ok: true, value: payload });
  }

  fail(error: unknown): boolean {
    if (this.#method.descriptor.error === undefined) {
      throw new InvariantError(`${this.#method.descriptor.selector} has no error type`);
    }
    return this.answer({ ok: false, error });
  }

  close(epitaphStatus?: number): void {
    this.#use();
    this.#core.close(epitaphStatus);
  }

  /** The handler failed before it answered. */
  abandon(error: unknown): void {
    this.#isSent = true;
    this.#core.handlerFailed(error, this.control, this.#method);
  }

  /** True when an answer was given by way of the responder. */
  get isUsed(): boolean {
    return this.#isSent;
  }

  #use(): void {
    if (this.#isSent) throw new InvariantError(`${this.#method.descriptor.selector} is answered twice`);
    this.#isSent = true;
  }
}
