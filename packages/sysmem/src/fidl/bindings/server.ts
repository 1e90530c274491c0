/** The server side of a channel: dispatch in arrival order, answers, unknown interactions. */
import { assert, type Channel, type ChannelClosed, type Handle, MAX_OUTSTANDING_CALLS, Status } from "#base";
import { DecodeError, EncodeError } from "../errors.ts";
import { isTracing, type Tracer } from "../tracer.ts";
import { attach, detach } from "./attachment.ts";
import { decodePayload } from "./client.ts";
import {
  headerFault,
  isFlexibleMessage,
  readOrdinal,
  readUint32,
  type Sender,
  sendEpitaph,
  sendMessage,
  sendUnknownMethodReply,
  traceMessage,
} from "./message.ts";
import type { Method, OrdinalTable } from "./method.ts";
import { OutstandingCall } from "./responder.ts";
import { DEFERRED, type ServeOptions, type ServerControl, type ServingClosed, type UnknownMethod } from "./types.ts";

/** What a server needs to know of a protocol. */
export interface ServerShape {
  readonly name: string;
  readonly openness: "open" | "ajar" | "closed";
  readonly methods: OrdinalTable;
  readonly eventsByName: ReadonlyMap<string, Method>;
}

/** Where the messages of one protocol go. */
export interface Route {
  readonly shape: ServerShape;
  /** Calls the handler. One-way methods get a control, two-way methods a call. */
  dispatch(method: Method, payload: unknown, context: ServerControl | OutstandingCall): unknown;
  unknownMethod(method: UnknownMethod, control: ServerControl): void;
}

type Fault = Omit<ServingClosed, "epitaph">;
const OPENNESS = { closed: 0, ajar: 1, open: 2 } as const;
const LOCAL: Fault = { kind: "local", detail: "closed on this side" };

function closeAll(handles: readonly Handle[]): void {
  for (const handle of handles) handle.close();
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

export class ServerCore implements Sender {
  readonly channel: Channel;
  readonly side = "server";
  readonly protocol: string;
  readonly tracer: Tracer | undefined;
  readonly controls: readonly ServerControl[];
  readonly #routes: readonly Route[];
  /** Index of the route whose protocol is the most open: it judges unknown interactions. */
  readonly #openest: number;
  readonly #options: ServeOptions;
  readonly #maxOutstanding: number;
  #outstanding = 0;
  #isClosed = false;
  /** Why the channel is about to be closed, while a hook decides on the epitaph. */
  #fault: Fault | undefined;
  #end: ServingClosed | undefined;
  #closed: { readonly promise: Promise<ServingClosed>; readonly resolve: (info: ServingClosed) => void } | undefined;

  constructor(routes: readonly Route[], channel: Channel, options: ServeOptions) {
    const [first] = routes;
    assert(first !== undefined, "a channel is served by at least one protocol");
    assert(!channel.isClosed, `an end for ${first.shape.name} must be open`);
    this.protocol = first.shape.name;
    this.channel = channel;
    this.tracer = options.tracer;
    this.#routes = routes;
    this.#options = options;
    this.#maxOutstanding = options.maxOutstandingCalls ?? MAX_OUTSTANDING_CALLS;
    this.controls = routes.map((route) => new Control(this, route.shape));
    const openness = routes.map((route) => OPENNESS[route.shape.openness]);
    this.#openest = openness.indexOf(Math.max(...openness) as 0 | 1 | 2);
    attach(channel, this);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get closed(): Promise<ServingClosed> {
    if (this.#closed === undefined) {
      let resolve!: (info: ServingClosed) => void;
      const promise = new Promise<ServingClosed>((settle) => {
        resolve = settle;
      });
      this.#closed = { promise, resolve };
      if (this.#end !== undefined) resolve(this.#end);
    }
    return this.#closed.promise;
  }

  onMessage(bytes: Uint8Array, handles: Handle[]): void {
    if (this.#isClosed) return closeAll(handles);
    const fault = headerFault(bytes);
    if (fault !== undefined) return this.#violation("protocol-violation", `the client sent ${fault}`, handles);
    const low = readUint32(bytes, 8);
    const high = readUint32(bytes, 12);
    for (let i = 0; i < this.#routes.length; i++) {
      const method = (this.#routes[i] as Route).shape.methods.find(low, high);
      if (method !== undefined) return this.#onRequest(i, method, bytes, handles);
    }
    this.#trace(bytes, handles, undefined);
    this.#onUnknown(bytes, handles);
  }

  #trace(bytes: Uint8Array, handles: readonly Handle[], method: Method | undefined): void {
    if (!isTracing(this.tracer)) return;
    const name = method?.descriptor.fidlName;
    traceMessage(this, "received", name, readOrdinal(bytes), readUint32(bytes, 0), bytes, handles.length);
  }

  #onRequest(index: number, method: Method, bytes: Uint8Array, handles: Handle[]): void {
    this.#trace(bytes, handles, method);
    const txid = readUint32(bytes, 0);
    const isTwoWay = method.descriptor.kind === "two-way";
    if (isTwoWay !== (txid !== 0)) {
      const detail = `${method.descriptor.selector} with ${isTwoWay ? "no transaction id" : "a transaction id"}`;
      return this.#violation("protocol-violation", `the client sent ${detail}`, handles);
    }
    const control = this.controls[index] as ServerControl;
    let payload: unknown;
    try {
      payload = decodePayload(method.request, bytes, handles, "request");
    } catch (error) {
      return this.#decodeFailed(error, control, method);
    }
    const route = this.#routes[index] as Route;
    if (isTwoWay) this.#callTwoWay(route, control, method, txid, payload);
    else this.#callOneWay(route, control, method, payload);
  }

  #decodeFailed(error: unknown, control: ServerControl, method: Method): void {
    if (!(error instanceof DecodeError)) return this.handlerFailed(error, control, method);
    const fault: Fault = { kind: "decode-error", detail: error.message, error };
    this.#closeFor(fault, () => this.#options.onDecodeError?.(error, control, method.descriptor), undefined);
  }

  #callOneWay(route: Route, control: ServerControl, method: Method, payload: unknown): void {
    try {
      const result = route.dispatch(method, payload, control);
      if (isThenable(result)) result.then(undefined, (error) => this.handlerFailed(error, control, method));
    } catch (error) {
      this.handlerFailed(error, control, method);
    }
  }

  #callTwoWay(route: Route, control: ServerControl, method: Method, txid: number, payload: unknown): void {
    if (this.#outstanding >= this.#maxOutstanding) {
      method.request?.closeHandles(payload);
      return this.#violation("overflow", `more than ${this.#maxOutstanding} requests without an answer`, []);
    }
    this.#outstanding += 1;
    const call = new OutstandingCall(this, control, method, txid);
    try {
      const result = route.dispatch(method, payload, call);
      if (result === DEFERRED) return;
      if (isThenable(result)) {
        result.then(
          (answer) => finishCall(call, answer),
          (error) => call.abandon(error),
        );
      } else finishCall(call, result);
    } catch (error) {
      call.abandon(error);
    }
  }

  /** Sends the answer to a request. False when the channel is closed; the answer's handles are closed then. */
  answer(method: Method, txid: number, answer: unknown): boolean {
    const body = method.response;
    const content = method.wrapAnswer(answer);
    if (this.#isClosed) {
      body?.closeHandles(content);
      return false;
    }
    this.#outstanding -= 1;
    try {
      return sendMessage(this, method, txid, body, content, "response");
    } catch (error) {
      const control = this.controls.find((candidate) => this.#answers(candidate, method)) ?? this.controls[0];
      this.handlerFailed(error, control as ServerControl, method);
      return false;
    }
  }

  #answers(control: ServerControl, method: Method): boolean {
    const route = this.#routes[this.controls.indexOf(control)];
    return route?.shape.methods.find(method.ordinalLow, method.ordinalHigh) === method;
  }

  /** A handler threw, or made an answer that cannot be encoded: our own fault, so only this channel pays. */
  handlerFailed(error: unknown, control: ServerControl, method: Method): void {
    if (this.#isClosed) return;
    const kind = error instanceof EncodeError ? "encode-error" : "handler-error";
    const fault: Fault = { kind, detail: `${method.descriptor.selector}: ${String(error)}`, error };
    this.#closeFor(fault, () => this.#options.onHandlerError?.(error, control, method.descriptor), Status.ERR_INTERNAL);
  }

  #onUnknown(bytes: Uint8Array, handles: readonly Handle[]): void {
    const isTwoWay = readUint32(bytes, 0) !== 0;
    const route = this.#routes[this.#openest] as Route;
    const accepted = isTwoWay ? OPENNESS.open : OPENNESS.ajar;
    const isStrict = !isFlexibleMessage(bytes) || this.#options.strictDispatch === true;
    if (isStrict || OPENNESS[route.shape.openness] < accepted) {
      const what = `${isFlexibleMessage(bytes) ? "flexible" : "strict"} ${isTwoWay ? "two-way" : "one-way"} method`;
      const detail = `the client sent the unknown ${what} 0x${readOrdinal(bytes).toString(16)}`;
      return this.#violation("unknown-interaction", detail, handles);
    }
    closeAll(handles);
    if (isTwoWay) sendUnknownMethodReply(this, bytes);
    const control = this.controls[this.#openest] as ServerControl;
    const method: UnknownMethod = { ordinal: readOrdinal(bytes), kind: isTwoWay ? "two-way" : "one-way" };
    try {
      route.unknownMethod(method, control);
    } catch (error) {
      const detail = `unknown method handler: ${String(error)}`;
      this.#closeWith({ kind: "handler-error", detail, error }, Status.ERR_INTERNAL);
    }
  }

  onClosed(reason: ChannelClosed): void {
    if (this.#isClosed) return;
    // The client is told: it would take the end for the server's own.
    if (reason.kind === "no-resources") return this.#closeWith(reason, Status.ERR_NO_RESOURCES);
    this.#isClosed = true;
    const detail = reason.kind === "peer-closed" ? "the client closed its end" : reason.detail;
    this.#finish({ kind: reason.kind, detail });
  }

  #violation(kind: ServingClosed["kind"], detail: string, handles: readonly Handle[]): void {
    closeAll(handles);
    this.#closeWith({ kind, detail }, undefined);
  }

  /** Lets a hook choose the epitaph, by closing; closes in any case. */
  #closeFor(fault: Fault, hook: () => void, defaultEpitaph: number | undefined): void {
    this.#fault = fault;
    try {
      hook();
    } finally {
      this.#closeWith(fault, defaultEpitaph);
    }
  }

  close(epitaphStatus?: number): void {
    this.#closeWith(this.#fault ?? LOCAL, epitaphStatus);
  }

  #closeWith(fault: Fault, epitaph: number | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (epitaph !== undefined) sendEpitaph(this, epitaph);
    // The client must hear of it also when whoever made the channel keeps a duplicate of this end.
    this.channel.closeForAll();
    this.#finish(epitaph === undefined ? fault : { ...fault, epitaph });
  }

  #finish(end: ServingClosed): void {
    this.#end = end;
    this.#closed?.resolve(end);
    this.#options.onClosed?.(end);
  }

  unbind(): Channel {
    assert(!this.#isClosed, "a closed channel cannot be unbound");
    detach(this.channel);
    this.#isClosed = true;
    return this.channel;
  }
}

/** Sends what a handler returned, unless it used the responder and returned nothing. */
function finishCall(call: OutstandingCall, answer: unknown): void {
  if (answer === undefined && call.isUsed) return;
  try {
    call.answer(answer);
  } catch (error) {
    call.abandon(error);
  }
}

/** See `ServerControl`. */
class Control implements ServerControl<Record<string, unknown>> {
  readonly #core: ServerCore;
  readonly #shape: ServerShape;
  #send: Record<string, (payload?: unknown) => boolean> | undefined;

  constructor(core: ServerCore, shape: ServerShape) {
    this.#core = core;
    this.#shape = shape;
  }

  get protocol(): string {
    return this.#shape.name;
  }

  get koid(): number {
    return this.#core.channel.koid;
  }

  get isClosed(): boolean {
    return this.#core.isClosed;
  }

  relatedKoid(): number {
    return this.#core.channel.relatedKoid();
  }

  close(epitaphStatus?: number): void {
    this.#core.close(epitaphStatus);
  }

  get send(): Record<string, (payload?: unknown) => boolean> {
    if (this.#send === undefined) {
      this.#send = {};
      for (const [name, event] of this.#shape.eventsByName)
        this.#send[name] = (payload) => this.#sendEvent(event, payload);
    }
    return this.#send;
  }

  #sendEvent(event: Method, payload: unknown): boolean {
    if (this.#core.isClosed) {
      event.request?.closeHandles(payload);
      return false;
    }
    return sendMessage(this.#core, event, 0, event.request, payload, "event");
  }
}
