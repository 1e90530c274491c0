/** Ways to serve a channel: a handler object, several protocols at once, or a loop that pulls requests. */
import { type Channel, InvariantError } from "#base";
import { ServerEnd } from "../endpoints.ts";
import type { Method } from "./method.ts";
import { PullQueue } from "./pull-queue.ts";
import { OutstandingCall } from "./responder.ts";
import { type Route, ServerCore, type ServerShape } from "./server.ts";
import {
  DEFERRED,
  type IncomingRequest,
  type ServeOptions,
  type ServerControl,
  type Serving,
  type UnknownMethod,
} from "./types.ts";

type Handlers = Record<string, (payloadOrContext: unknown, context?: unknown) => unknown>;
type UnknownHandler = { unknownMethod?: (method: UnknownMethod, control: ServerControl) => void };

/** Takes the channel out of a typed end. */
function channelOf(end: ServerEnd<unknown> | Channel): Channel {
  return end instanceof ServerEnd ? end.take() : end;
}

/** Sends each message to the handler object's function of its name. */
class HandlerRoute implements Route {
  readonly shape: ServerShape;
  readonly #handlers: Handlers;

  constructor(shape: ServerShape, handlers: object) {
    this.shape = shape;
    this.#handlers = handlers as Handlers;
  }

  dispatch(method: Method, payload: unknown, context: unknown): unknown {
    const { name } = method.descriptor;
    const handlers = this.#handlers;
    if (typeof handlers[name] !== "function") throw new InvariantError(`the handlers have no ${name}`);
    return method.descriptor.request === undefined ? handlers[name](context) : handlers[name](payload, context);
  }

  unknownMethod(method: UnknownMethod, control: ServerControl): void {
    (this.#handlers as UnknownHandler).unknownMethod?.(method, control);
  }
}

function servingOf(core: ServerCore): Serving<never> {
  return {
    control: core.controls[0] as ServerControl<never>,
    controls: core.controls,
    get isClosed() {
      return core.isClosed;
    },
    get closed() {
      return core.closed;
    },
    unbind: () => core.unbind(),
    close: (epitaphStatus) => core.close(epitaphStatus),
    [Symbol.dispose]: () => core.close(),
  };
}

/** Serves one channel by several protocols; the first that knows an ordinal gets the message. */
export function serveShapes(
  shapes: readonly ServerShape[],
  end: ServerEnd<unknown> | Channel,
  handlers: object | readonly object[],
  options: ServeOptions,
): Serving<never> {
  const routes = shapes.map((shape, i) => {
    const own = Array.isArray(handlers) ? (handlers[i] as object | undefined) : handlers;
    if (own === undefined) throw new InvariantError(`no handlers for ${shape.name}`);
    return new HandlerRoute(shape, own);
  });
  return servingOf(new ServerCore(routes, channelOf(end), options));
}

interface Pulled extends IncomingRequest {
  /** Closes the payload's handles. */
  discard(): void;
}

/** The pull form. Requests wait in a bounded queue; while it is full, the channel is not read. */
export function pullRequests(
  shape: ServerShape,
  end: ServerEnd<unknown> | Channel,
  options: ServeOptions,
): AsyncIterableIterator<IncomingRequest> {
  const channel = channelOf(end);
  const queue = new PullQueue<Pulled>({
    pause: () => channel.pause(),
    resume: () => {
      if (!core.isClosed) channel.resume();
    },
    cancel: () => core.close(),
    discard: (request) => request.discard(),
  });
  const route: Route = {
    shape,
    dispatch(method, payload, context) {
      const request = {
        method: method.descriptor.name,
        payload,
        protocol: context.protocol,
        discard: () => method.request?.closeHandles(payload),
      };
      if (context instanceof OutstandingCall) {
        queue.push({ ...request, control: context.control, responder: context.responder });
        return DEFERRED;
      }
      queue.push({ ...request, control: context });
      return undefined;
    },
    unknownMethod() {},
  };
  const core = new ServerCore([route], channel, {
    ...options,
    onClosed(info) {
      queue.end();
      options.onClosed?.(info);
    },
  });
  return queue;
}
