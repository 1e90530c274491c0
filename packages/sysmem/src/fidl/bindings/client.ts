/** The client side of a channel: calls, answers, events. */
import { assert, type Channel, type ChannelClosed, type Handle, MAX_OUTSTANDING_CALLS, Status } from "#base";
import { ClientEnd } from "../endpoints.ts";
import {
  CanceledError,
  EpitaphError,
  type FidlError,
  LocalClosedError,
  PeerClosedError,
  ProtocolError,
  TimeoutError,
  TooManyCallsError,
  TransportError,
  UnknownMethodError,
} from "../errors.ts";
import { isTracing } from "../tracer.ts";
import { type Body, decodeEmptyBody } from "../wire/body.ts";
import { acquireDecoder, releaseDecoder } from "../wire/decoder.ts";
import { attach, detach } from "./attachment.ts";
import {
  HEADER_BYTES,
  headerFault,
  isEpitaph,
  isFlexibleMessage,
  readEpitaph,
  readOrdinal,
  readUint32,
  type Sender,
  sendMessage,
  traceMessage,
} from "./message.ts";
import type { Method, OrdinalTable, ResultVariant } from "./method.ts";
import { PullQueue } from "./pull-queue.ts";
import type { BindOptions, CallOptions, ClientClosed } from "./types.ts";

/** Userspace transaction ids: 1 to this; the top bit belongs to the kernel. */
const MAX_TXID = 0x7fff_ffff;

/** What a client needs to know of its protocol. */
export interface ClientShape {
  readonly name: string;
  readonly openness: "open" | "ajar" | "closed";
  readonly methods: OrdinalTable;
  readonly events: OrdinalTable;
  readonly eventsByName: ReadonlyMap<string, Method>;
}

/** A call that has no answer yet. Given up ones stay, so that their txid is not used again too early. */
interface Pending {
  readonly method: Method;
  isAbandoned: boolean;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Stops the timer and the abort listener. */
  release?: (() => void) | undefined;
}

interface QueuedEvent {
  readonly event: string;
  readonly payload: unknown;
}

type AnyHandler = (payload?: unknown) => void;
// Events are typed by the generated interfaces; here they are only names.
type AnyBindOptions = BindOptions<Record<string, unknown>>;

/**
 * One client end in use: sends requests, matches responses to them, and hands events to handlers or queues. Owns its
 * channel until `unbind`. Whatever ends it, a peer that breaks the protocol included, settles every call in flight and
 * then `closed`, which never rejects.
 */
export class ClientCore implements Sender {
  readonly channel: Channel;
  readonly side = "client";
  readonly protocol: string;
  readonly tracer: AnyBindOptions["tracer"];
  readonly closed: Promise<ClientClosed>;
  readonly #shape: ClientShape;
  readonly #options: AnyBindOptions;
  readonly #maxOutstanding: number;
  readonly #pending: Map<number, Pending> = new Map();
  readonly #handlers: Map<string, Set<AnyHandler>> = new Map();
  readonly #queues: Set<PullQueue<QueuedEvent>> = new Set();
  #pausedQueues = 0;
  #nextTxid: number;
  #end: ClientClosed | undefined;
  #resolveClosed!: (info: ClientClosed) => void;
  #stopWatching: (() => void) | undefined;

  constructor(shape: ClientShape, channel: Channel, options: AnyBindOptions, firstTxid = 1) {
    assert(!channel.isClosed, `an end for ${shape.name} must be open`);
    this.#shape = shape;
    this.#nextTxid = firstTxid;
    this.protocol = shape.name;
    this.channel = channel;
    this.#options = options;
    this.tracer = options.tracer;
    this.#maxOutstanding = options.maxOutstandingCalls ?? MAX_OUTSTANDING_CALLS;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    for (const [event, handler] of Object.entries(options.on ?? {})) {
      if (handler !== undefined) this.on(event, handler);
    }
    attach(channel, this);
    this.#watch(options.signal);
  }

  #watch(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    if (signal.aborted) return this.close();
    const close = (): void => this.close();
    signal.addEventListener("abort", close, { once: true });
    this.#stopWatching = () => signal.removeEventListener("abort", close);
  }

  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  /** Sends a one-way call, or throws. */
  send(method: Method, payload: unknown): void {
    if (this.#end !== undefined) {
      method.request?.closeHandles(payload);
      throw this.#end.error;
    }
    // The reason of a close is only known when the channel has delivered everything; until then this is all we know.
    if (!sendMessage(this, method, 0, method.request, payload, "request")) throw new PeerClosedError(this.protocol);
  }

  /** Sends a two-way call. Everything that goes wrong rejects. */
  call(method: Method, payload: unknown, options: CallOptions | undefined): Promise<unknown> {
    const refusal = this.#refusal(method, options?.signal);
    if (refusal !== undefined) {
      method.request?.closeHandles(payload);
      return Promise.reject(refusal);
    }
    return new Promise((resolve, reject) => {
      const txid = this.#takeTxid();
      // A peer that is gone is reported by `onClosed`, with the reason it gave; the call waits for that.
      sendMessage(this, method, txid, method.request, payload, "request");
      // A channel that overflowed may have said so from within.
      if (this.#end !== undefined) return reject(this.#end.error);
      const pending: Pending = { method, isAbandoned: false, resolve, reject };
      this.#pending.set(txid, pending);
      this.#limit(pending, options);
    });
  }

  #refusal(method: Method, signal: AbortSignal | undefined): FidlError | undefined {
    const { selector } = method.descriptor;
    if (this.#end !== undefined) return this.#end.error;
    if (signal?.aborted) return new CanceledError(selector, signal.reason);
    if (this.#pending.size >= this.#maxOutstanding) return new TooManyCallsError(selector, this.#maxOutstanding);
    return undefined;
  }

  #takeTxid(): number {
    let txid = this.#nextTxid;
    while (this.#pending.has(txid)) txid = txid === MAX_TXID ? 1 : txid + 1;
    this.#nextTxid = txid === MAX_TXID ? 1 : txid + 1;
    return txid;
  }

  /** Arms the call's timeout and abort signal. */
  #limit(pending: Pending, options: CallOptions | undefined): void {
    const signal = options?.signal;
    const timeoutMs = options?.timeoutMs ?? this.#options.timeoutMs;
    if (signal === undefined && timeoutMs === undefined) return;
    const { selector } = pending.method.descriptor;
    const abandon = (error: FidlError): void => {
      pending.release?.();
      pending.isAbandoned = true;
      pending.reject(error);
    };
    const onAbort = (): void => abandon(new CanceledError(selector, signal?.reason));
    const stopTimer =
      timeoutMs === undefined
        ? undefined
        : this.#startTimer(timeoutMs, () => abandon(new TimeoutError(selector, timeoutMs)));
    signal?.addEventListener("abort", onAbort, { once: true });
    pending.release = () => {
      pending.release = undefined;
      stopTimer?.();
      signal?.removeEventListener("abort", onAbort);
    };
  }

  #startTimer(delayMs: number, callback: () => void): () => void {
    const { clock } = this.#options;
    if (clock !== undefined) {
      const timer = clock.setTimer(clock.nowNs() + delayMs * 1e6, callback);
      return () => timer.cancel();
    }
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  }

  on(event: string, handler: AnyHandler): () => void {
    assert(this.#shape.eventsByName.has(event), `${this.protocol} has no event ${event}`);
    let handlers = this.#handlers.get(event);
    if (handlers === undefined) {
      handlers = new Set();
      this.#handlers.set(event, handlers);
    }
    handlers.add(handler);
    return () => void handlers.delete(handler);
  }

  events(): PullQueue<QueuedEvent> {
    const queue: PullQueue<QueuedEvent> = new PullQueue<QueuedEvent>({
      pause: () => {
        this.#pausedQueues += 1;
        if (this.#end === undefined) this.channel.pause();
      },
      resume: () => {
        this.#pausedQueues -= 1;
        if (this.#pausedQueues === 0 && this.#end === undefined) this.channel.resume();
      },
      cancel: () => this.#queues.delete(queue),
      discard: ({ event, payload }) => this.#shape.eventsByName.get(event)?.request?.closeHandles(payload),
    });
    if (this.#end !== undefined) queue.end(endOfEvents(this.#end));
    else this.#queues.add(queue);
    return queue;
  }

  onMessage(bytes: Uint8Array, handles: Handle[]): void {
    if (this.#end !== undefined) return closeAll(handles);
    const fault = headerFault(bytes);
    if (fault !== undefined) return this.#violation(fault, handles);
    const txid = readUint32(bytes, 0);
    const low = readUint32(bytes, 8);
    const high = readUint32(bytes, 12);
    if (isTracing(this.tracer)) this.#traceReceived(txid, bytes, handles.length);
    if (txid !== 0) return this.#onResponse(txid, low, high, bytes, handles);
    if (isEpitaph(bytes)) return this.#onEpitaph(bytes, handles);
    const event = this.#shape.events.find(low, high);
    if (event !== undefined) return this.#onEvent(event, bytes, handles);
    this.#onUnknownEvent(bytes, handles);
  }

  #traceReceived(txid: number, bytes: Uint8Array, handleCount: number): void {
    const table = txid === 0 ? this.#shape.events : this.#shape.methods;
    const method = table.find(readUint32(bytes, 8), readUint32(bytes, 12))?.descriptor.fidlName;
    traceMessage(this, "received", method, readOrdinal(bytes), txid, bytes, handleCount);
  }

  #onResponse(txid: number, low: number, high: number, bytes: Uint8Array, handles: Handle[]): void {
    const pending = this.#pending.get(txid);
    if (pending === undefined) return this.#violation(`an answer to no call (txid ${txid})`, handles);
    const { method } = pending;
    if (method.ordinalLow !== low || method.ordinalHigh !== high) {
      return this.#violation(`an answer of another method (txid ${txid})`, handles);
    }
    this.#pending.delete(txid);
    pending.release?.();
    if (pending.isAbandoned) return closeAll(handles);
    let answer: unknown;
    try {
      answer = decodePayload(method.response, bytes, handles, "response");
    } catch (error) {
      pending.reject(error);
      return this.#fail(error as FidlError);
    }
    settle(pending, answer);
  }

  #onEpitaph(bytes: Uint8Array, handles: Handle[]): void {
    const status = readEpitaph(bytes, handles);
    if (status === undefined) return this.#violation("a malformed epitaph", handles);
    this.channel.close();
    this.#finish(endOf("epitaph", status, () => new EpitaphError(this.protocol, status)));
  }

  #onEvent(method: Method, bytes: Uint8Array, handles: Handle[]): void {
    let payload: unknown;
    try {
      payload = decodePayload(method.request, bytes, handles, "event");
    } catch (error) {
      return this.#fail(error as FidlError);
    }
    const { name } = method.descriptor;
    const handlers = this.#handlers.get(name);
    let isHandled = false;
    for (const queue of this.#queues) {
      queue.push({ event: name, payload });
      isHandled = true;
    }
    for (const handler of handlers ?? []) {
      isHandled = true;
      this.#run(name, () => (method.request === undefined ? handler() : handler(payload)));
    }
    if (!isHandled) method.request?.closeHandles(payload);
  }

  #onUnknownEvent(bytes: Uint8Array, handles: Handle[]): void {
    if (!isFlexibleMessage(bytes) || this.#shape.openness === "closed") {
      return this.#violation("an unknown event", handles);
    }
    closeAll(handles);
    const { onUnknownEvent } = this.#options;
    if (onUnknownEvent === undefined) return;
    const ordinal = readOrdinal(bytes);
    this.#run("unknown event", () => onUnknownEvent({ ordinal }));
  }

  /** Calls a user's handler; what it throws is the user's affair and does not disturb the channel. */
  #run(event: string, handler: () => void): void {
    try {
      handler();
    } catch (error) {
      if (this.#options.onHandlerError !== undefined) this.#options.onHandlerError(error, event);
      else {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  onClosed(reason: ChannelClosed): void {
    if (this.#end !== undefined) return;
    if (reason.kind === "peer-closed") {
      return this.#finish(endOf("peer-closed", Status.ERR_PEER_CLOSED, () => new PeerClosedError(this.protocol)));
    }
    this.#finishWithError(new TransportError(this.protocol, reason.kind, reason.detail));
  }

  #violation(detail: string, handles: readonly Handle[]): void {
    closeAll(handles);
    this.#fail(new ProtocolError(this.protocol, `the server sent ${detail}`));
  }

  #fail(error: FidlError): void {
    if (this.#end !== undefined) return;
    this.channel.close();
    this.#finishWithError(error);
  }

  #finishWithError(error: FidlError): void {
    this.#finish({ cause: "error", status: Status.ERR_IO_DATA_INTEGRITY, error });
  }

  #finishLocally(): void {
    this.#finish(endOf("local", Status.OK, () => new LocalClosedError(this.protocol)));
  }

  #finish(end: ClientClosed): void {
    this.#end = end;
    this.#stopWatching?.();
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    for (const pending of calls) {
      pending.release?.();
      if (!pending.isAbandoned) pending.reject(end.error);
    }
    for (const queue of this.#queues) queue.end(endOfEvents(end));
    this.#queues.clear();
    this.#resolveClosed(end);
  }

  close(): void {
    if (this.#end !== undefined) return;
    this.channel.close();
    this.#finishLocally();
  }

  unbind(): ClientEnd<unknown> {
    assert(this.#end === undefined, "a closed client cannot be unbound");
    assert(this.#pending.size === 0, "a client cannot be unbound while calls are outstanding");
    detach(this.channel);
    this.#finishLocally();
    return new ClientEnd(this.channel);
  }
}

/**
 * How a client ended. Its error is made when somebody asks for it: most clients end in order and nobody does, and an error
 * costs as much as encoding a message.
 */
function endOf(cause: ClientClosed["cause"], status: number, makeError: () => FidlError): ClientClosed {
  let error: FidlError | undefined;
  return {
    cause,
    status,
    get error() {
      error ??= makeError();
      return error;
    },
  };
}

function closeAll(handles: readonly Handle[]): void {
  for (const handle of handles) handle.close();
}

/** An orderly end finishes the stream of events, anything else is thrown by it. */
function endOfEvents(end: ClientClosed): FidlError | undefined {
  const isOrderly = end.cause === "local" || end.cause === "peer-closed" || end.status === Status.OK;
  return isOrderly ? undefined : end.error;
}

/** Decodes what follows the header. Owns `handles`. */
export function decodePayload(body: Body | undefined, bytes: Uint8Array, handles: Handle[], root: string): unknown {
  const d = acquireDecoder(bytes.length);
  try {
    if (body !== undefined) return body.decode(d, bytes, HEADER_BYTES, handles, root);
    decodeEmptyBody(d, bytes, HEADER_BYTES, handles, root);
    return undefined;
  } finally {
    releaseDecoder(d);
  }
}

function settle(pending: Pending, answer: unknown): void {
  const { descriptor, isWrapped } = pending.method;
  if (!isWrapped) return pending.resolve(answer);
  const result = answer as ResultVariant;
  if (result.kind === "frameworkError") return pending.reject(new UnknownMethodError(descriptor.selector));
  if (descriptor.error === undefined) {
    return pending.resolve(descriptor.response === undefined ? undefined : result.value);
  }
  if (result.kind === "error") return pending.resolve({ ok: false, error: result.value });
  pending.resolve({ ok: true, value: result.value });
}
