/** What clients and servers of protocols look like from outside. Generated interfaces extend these. */
import type { Channel, Clock, Result } from "#base";
import type { MethodDescriptor, ProtocolDescriptor } from "../descriptors.ts";
import type { ClientEnd, ServerEnd } from "../endpoints.ts";
import type { DecodeError, FidlError } from "../errors.ts";
import type { Tracer } from "../tracer.ts";

/** Anything that makes channel pairs; a `Kernel` does. */
export interface ChannelFactory {
  createChannel(): [Channel, Channel];
}

/** Per-call options, the last argument of every client method. */
export interface CallOptions {
  /** Gives the call up: it rejects with `CanceledError`. */
  readonly signal?: AbortSignal | undefined;
  /** Gives the call up after this many milliseconds: it rejects with `TimeoutError`. */
  readonly timeoutMs?: number | undefined;
}

/** Why a client's channel is no more. */
export interface ClientClosed {
  readonly cause: "epitaph" | "peer-closed" | "local" | "error";
  /** The epitaph's status; `ERR_PEER_CLOSED`, `OK` (local) or `ERR_IO_DATA_INTEGRITY` (error) otherwise. */
  readonly status: number;
  /** What outstanding calls were rejected with. */
  readonly error: FidlError;
}

/** An event of a protocol in the pull form. */
export type EventOf<E> = { [K in keyof E]: { readonly event: K; readonly payload: E[K] } }[keyof E];

/** Events of a protocol without any. */
export type NoEvents = Record<never, never>;

/** Callback for one event: without a payload it is called with nothing. */
export type EventHandler<P> = [P] extends [undefined] ? () => void : (payload: P) => void;

declare const EVENTS: unique symbol;

/**
 * What every client has beside the methods of its protocol. A generated interface is
 * `interface LampClient extends Client<LampEvents, "example/Lamp"> { … }`, where `LampEvents` maps the TypeScript name of
 * each event to its payload (`undefined` for none): `interface LampEvents { onChange: LampOnChangeRequest }`.
 *
 * The name makes the clients of two protocols different types, so a protocol that composes another repeats the methods
 * (or both extend an interface of methods alone) instead of extending the other's client.
 *
 * A two-way method is `foo(payload: Request, options?: CallOptions): Promise<Response>`, with `error E`
 * `ResultPromise<Response, E>`; without a response payload `Promise<void>`, `ResultPromise<Record<never, never>, E>`. A one-way
 * method is `foo(payload: Request): void`. Without a request payload the first parameter is left out.
 */
export interface Client<E = NoEvents, Name extends string = string> {
  /** Never present: carries `E` for `EventsOf`. */
  readonly [EVENTS]?: E;
  /** Full name of the protocol. */
  readonly protocol: Name;
  /** Resolves, never rejects, when the channel is closed by whichever side. */
  readonly closed: Promise<ClientClosed>;
  /** True once closed or unbound. */
  readonly isClosed: boolean;
  /** koid of this end. */
  readonly koid: number;
  /** koid of the server's end, as the kernel tells it. */
  relatedKoid(): number;
  /** Calls back for each event of this name. Attached in the same turn as `bind`, misses nothing. Returns a way to stop. */
  on<K extends keyof E>(event: K, handler: EventHandler<E[K]>): () => void;
  /**
   * All events from now on in order, for `for await`. Ends when the channel closes; throws what `closed` names when that
   * was an error. Events are kept while nobody asks, up to `MAX_QUEUED_EVENTS`; then reading the channel pauses.
   */
  events(): AsyncIterableIterator<EventOf<E>>;
  /** Closes the channel. Outstanding calls reject with `LocalClosedError`. Idempotent. */
  close(): void;
  /** Gives the channel back. Calling it while calls are outstanding is a programming error. */
  unbind(): ClientEnd<this>;
  [Symbol.dispose](): void;
}

/** Names that clients and handler objects use themselves: a method or event of such a name gets a trailing underscore. */
export const RESERVED_METHOD_NAMES: readonly string[] = [
  "protocol",
  "closed",
  "isClosed",
  "koid",
  "relatedKoid",
  "on",
  "events",
  "close",
  "unbind",
  "unknownMethod",
  "constructor",
  "then",
  "toString",
  "valueOf",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
  "toLocaleString",
];

/** A flexible event the client's declaration does not know. */
export interface UnknownEvent {
  readonly ordinal: bigint;
}

/** How a client is bound to its channel. */
export interface BindOptions<E = NoEvents> {
  /** Handlers for events, as by `on`. */
  readonly on?: { readonly [K in keyof E]?: EventHandler<E[K]> } | undefined;
  /** Flexible events unknown here, in open and ajar protocols. */
  readonly onUnknownEvent?: ((event: UnknownEvent) => void) | undefined;
  /** An event handler threw. Default: rethrown to the host as an uncaught error, in a later turn. */
  readonly onHandlerError?: ((error: unknown, event: string) => void) | undefined;
  /** Closes the client when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Deadline of every two-way call that does not name its own. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** Bound of calls without an answer. Default `MAX_OUTSTANDING_CALLS`. */
  readonly maxOutstandingCalls?: number | undefined;
  /** Clock of timeouts. Default: the host's timers. */
  readonly clock?: Clock | undefined;
  readonly tracer?: Tracer | undefined;
}

/** Sends events. Each returns false when the channel is closed already; the payload's handles are closed then. */
export type EventSender<E> = {
  readonly [K in keyof E]: [E[K]] extends [undefined] ? () => boolean : (payload: E[K]) => boolean;
};

/** What a handler can do to the channel its message came by. One per served protocol and channel. */
export interface ServerControl<E = NoEvents> {
  /** Full name of the protocol by whose ordinals the message came (see `serveAny`). */
  readonly protocol: string;
  /** koid of this end. */
  readonly koid: number;
  readonly isClosed: boolean;
  /** koid of the client's end, as the kernel tells it. */
  relatedKoid(): number;
  /** Sends an epitaph if a status is given, then closes. Idempotent. */
  close(epitaphStatus?: number): void;
  readonly send: EventSender<E>;
}

/** Answers one two-way request, at once or later. Using it twice is a programming error. */
export interface Responder<Payload, Error = never> {
  /** True once an answer was given, or can no longer be given because the channel is closed. */
  readonly isSent: boolean;
  /** Sends the (successful) response. False when the channel is closed already; the payload's handles are closed then. */
  reply(payload: Payload): boolean;
  /** Sends the domain error of a method with `error E`. */
  fail(error: Error): boolean;
  /** Sends an epitaph instead, and closes the channel. */
  close(epitaphStatus?: number): void;
}

/** Second argument of the handler of a two-way method. */
export interface ServerCall<Payload = undefined, Error = never, E = NoEvents> {
  readonly protocol: string;
  readonly control: ServerControl<E>;
  readonly responder: Responder<Payload, Error>;
}

/** Returned by the handler of a two-way method that keeps `call.responder` and answers later. */
export const DEFERRED: unique symbol = Symbol.for("sysmem.fidl.deferred");
/** What a handler returns that answers later, through its responder. */
export type Deferred = typeof DEFERRED;

/**
 * What the handler of a two-way method returns: the response (`undefined` when it has no payload), or a `Result` when
 * the method has `error`; a promise of it; or `DEFERRED`. A plain return value is sent before the handler's caller goes on.
 */
export type Reply<R> = R | PromiseLike<R> | Deferred;

/** An interaction the protocol's declaration does not know. */
export interface UnknownMethod {
  readonly ordinal: bigint;
  readonly kind: "one-way" | "two-way";
}

/**
 * What every handler object may have beside its methods. Generated handler interfaces of open and ajar protocols extend it:
 * `interface LampServer extends ServerHandlers<LampEvents> { … }`. A one-way method is
 * `foo(payload: Request, control: ServerControl<LampEvents>): void`, a two-way method
 * `foo(payload: Request, call: ServerCall<Response, E, LampEvents>): Reply<Result<Response, E>>` (without `error`:
 * `ServerCall<Response, never, LampEvents>` and `Reply<Response>`; no response payload: `undefined` and `Reply<void>`, with
 * `error` `Record<never, never>`). Without a request payload the first parameter is left out.
 */
export interface ServerHandlers<E = NoEvents> {
  /** Flexible methods unknown here. Two-way ones are answered already. Only open and ajar protocols receive any. */
  unknownMethod?(method: UnknownMethod, control: ServerControl<E>): void;
}

/** Why a served channel is no more. */
export interface ServingClosed {
  readonly kind:
    | "peer-closed"
    | "malformed"
    | "overflow"
    | "no-resources"
    | "decode-error"
    | "protocol-violation"
    | "unknown-interaction"
    | "handler-error"
    | "encode-error"
    | "local";
  readonly detail: string;
  /** The epitaph that was sent. */
  readonly epitaph?: number | undefined;
  readonly error?: unknown;
}

/** How a server is bound to its channel. */
export interface ServeOptions {
  /** Called once, when the channel is closed by whichever side; not after `unbind`. */
  readonly onClosed?: ((info: ServingClosed) => void) | undefined;
  /** A request's body does not decode. May close with an epitaph; the channel is closed in any case afterwards. */
  readonly onDecodeError?: ((error: DecodeError, control: ServerControl, method: MethodDescriptor) => void) | undefined;
  /**
   * A handler threw, its promise was rejected, or its answer could not be encoded. May close with an epitaph; the channel
   * is closed in any case afterwards, by default with `ERR_INTERNAL`.
   */
  readonly onHandlerError?: ((error: unknown, control: ServerControl, method: MethodDescriptor) => void) | undefined;
  /** For tests: any unknown interaction closes. */
  readonly strictDispatch?: boolean | undefined;
  /** Two-way requests without an answer that one channel may have. Default `MAX_OUTSTANDING_CALLS`; past it, it is closed. */
  readonly maxOutstandingCalls?: number | undefined;
  readonly tracer?: Tracer | undefined;
}

/** A channel being served. */
export interface Serving<E = NoEvents> {
  /** Of the (first) protocol served. */
  readonly control: ServerControl<E>;
  /** One per protocol, in the order given to `serveAny`. */
  readonly controls: readonly ServerControl[];
  readonly isClosed: boolean;
  /** Resolves when the channel is closed; never after `unbind`. */
  readonly closed: Promise<ServingClosed>;
  /** Stops serving and gives the channel back; what the client sent meanwhile waits in it. Outstanding responders are void. */
  unbind(): Channel;
  /** Sends an epitaph if a status is given, then closes. Idempotent. */
  close(epitaphStatus?: number): void;
  [Symbol.dispose](): void;
}

/** One request in the pull form. */
export interface IncomingRequest {
  /** TypeScript name of the method. */
  readonly method: string;
  /** `undefined` when the method has no payload. */
  readonly payload: unknown;
  readonly protocol: string;
  readonly control: ServerControl;
  /** Present for two-way methods. */
  readonly responder?: Responder<unknown, unknown>;
}

/** Events of a client interface. */
export type EventsOf<C> = C extends { readonly [EVENTS]?: infer E } ? NonNullable<E> : NoEvents;

/** What `protocol()` makes of a descriptor. `C`: client interface, `S`: interface of the handlers. */
export interface Protocol<C extends object, S extends object> {
  readonly descriptor: ProtocolDescriptor;
  /** Full name. */
  readonly name: string;
  /** File name of the service socket; undefined when not `@discoverable`. */
  readonly discoverableName: string | undefined;
  /** Starts a client on this end. Takes ownership. */
  bind(end: ClientEnd<C> | Channel, options?: BindOptions<EventsOf<C>>): C;
  /** Serves this end. Takes ownership. Handlers are called in arrival order and never awaited. */
  serve(end: ServerEnd<C> | Channel, handlers: S, options?: ServeOptions): Serving<EventsOf<C>>;
  /** The pull form of `serve`. Ends when the channel closes; leaving the loop closes it. */
  requests(end: ServerEnd<C> | Channel, options?: ServeOptions): AsyncIterableIterator<IncomingRequest>;
  createEndpoints(factory: ChannelFactory): [ClientEnd<C>, ServerEnd<C>];
  createProxy(
    factory: ChannelFactory,
    options?: BindOptions<EventsOf<C>>,
  ): { readonly proxy: C; readonly server: ServerEnd<C> };
  clientEnd(channel: Channel): ClientEnd<C>;
  serverEnd(channel: Channel): ServerEnd<C>;
}

/** `Promise` of a method with `error E`. */
export type ResultPromise<T, E> = Promise<Result<T, E>>;
