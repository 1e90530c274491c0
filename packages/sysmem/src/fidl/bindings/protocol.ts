/** Turns a protocol's descriptor into its client class, its dispatch tables and its constant. */
import type { Channel } from "#base";
import type { MethodDescriptor, ProtocolDescriptor } from "../descriptors.ts";
import { ClientEnd, ServerEnd } from "../endpoints.ts";
import { ClientCore, type ClientShape } from "./client.ts";
import { Method, OrdinalTable } from "./method.ts";
import { pullRequests, serveShapes } from "./serve.ts";
import type { ServerShape } from "./server.ts";
import type {
  BindOptions,
  CallOptions,
  ChannelFactory,
  Client,
  ClientClosed,
  EventHandler,
  Protocol,
  ServeOptions,
  Serving,
} from "./types.ts";

type Shape = ClientShape & ServerShape;

/** Made when a protocol is first bound or served: a module may define hundreds that are never used. */
function makeShape(descriptor: ProtocolDescriptor): Shape {
  const methods = descriptor.methods.filter(({ kind }) => kind !== "event").map((method) => new Method(method));
  const events = descriptor.methods.filter(({ kind }) => kind === "event").map((event) => new Method(event));
  return {
    name: descriptor.name,
    openness: descriptor.openness,
    methods: new OrdinalTable(methods),
    events: new OrdinalTable(events),
    eventsByName: new Map(events.map((event) => [event.descriptor.name, event])),
  };
}

const coreOf = Symbol("core");

/** What all clients share. The methods of the protocol are added to a subclass's prototype. */
class BoundClient implements Client<Record<string, unknown>> {
  declare readonly [coreOf]: ClientCore;

  constructor(core: ClientCore) {
    // Not enumerable: a client that is printed shows no entrails.
    Object.defineProperty(this, coreOf, { value: core });
  }

  get protocol(): string {
    return this[coreOf].protocol;
  }

  get closed(): Promise<ClientClosed> {
    return this[coreOf].closed;
  }

  get isClosed(): boolean {
    return this[coreOf].isClosed;
  }

  get koid(): number {
    return this[coreOf].channel.koid;
  }

  relatedKoid(): number {
    return this[coreOf].channel.relatedKoid();
  }

  on(event: string, handler: EventHandler<unknown>): () => void {
    return this[coreOf].on(event, handler);
  }

  // The generated interface knows the events; here they are names.
  events(): AsyncIterableIterator<{ readonly event: string; readonly payload: unknown }> {
    return this[coreOf].events();
  }

  close(): void {
    this[coreOf].close();
  }

  unbind(): ClientEnd<this> {
    return this[coreOf].unbind() as ClientEnd<this>;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

type ClientClass = new (core: ClientCore) => BoundClient;

function makeClientClass(descriptor: ProtocolDescriptor, shape: Shape): ClientClass {
  const ProtocolClient = class extends BoundClient {};
  const name = `${descriptor.name.slice(descriptor.name.lastIndexOf("/") + 1)}Client`;
  Object.defineProperty(ProtocolClient, "name", { value: name });
  for (const method of descriptor.methods) {
    if (method.kind === "event") continue;
    const value = clientMethod(method, findMethod(shape, method));
    Object.defineProperty(ProtocolClient.prototype, method.name, { value, writable: true, configurable: true });
  }
  return ProtocolClient;
}

function findMethod(shape: Shape, { ordinal }: MethodDescriptor): Method {
  return shape.methods.find(Number(ordinal & 0xffff_ffffn), Number(ordinal >> 32n)) as Method;
}

function clientMethod(descriptor: MethodDescriptor, method: Method): (this: BoundClient, ...args: never[]) => unknown {
  const hasPayload = descriptor.request !== undefined;
  if (descriptor.kind === "one-way") {
    return function (this: BoundClient, payload?: unknown): void {
      this[coreOf].send(method, payload);
    };
  }
  return function (this: BoundClient, first?: unknown, second?: unknown): Promise<unknown> {
    const options = (hasPayload ? second : first) as CallOptions | undefined;
    return this[coreOf].call(method, hasPayload ? first : undefined, options);
  };
}

const shapes: WeakMap<ProtocolDescriptor, Shape> = new WeakMap();

function shapeOf(descriptor: ProtocolDescriptor): Shape {
  let shape = shapes.get(descriptor);
  if (shape === undefined) {
    shape = makeShape(descriptor);
    shapes.set(descriptor, shape);
  }
  return shape;
}

/** Constant of a protocol: `export const Lamp: Protocol<LampClient, LampServer> = protocol({ … })`. */
export function protocol<C extends object, S extends object>(
  declaration: Omit<ProtocolDescriptor, "kind">,
): Protocol<C, S> {
  const descriptor: ProtocolDescriptor = { kind: "protocol", ...declaration };
  let Bound: ClientClass | undefined;
  const self: Protocol<C, S> = {
    descriptor,
    name: descriptor.name,
    discoverableName: descriptor.discoverableName,
    bind(end: ClientEnd<C> | Channel, options: BindOptions<never> = {}): C {
      const shape = shapeOf(descriptor);
      Bound ??= makeClientClass(descriptor, shape);
      const channel = end instanceof ClientEnd ? end.take() : end;
      return new Bound(new ClientCore(shape, channel, options)) as unknown as C;
    },
    serve: (end, handlers, options = {}) => serveShapes([shapeOf(descriptor)], end, handlers, options),
    requests: (end, options = {}) => pullRequests(shapeOf(descriptor), end, options),
    createEndpoints(factory: ChannelFactory) {
      const [client, server] = factory.createChannel();
      return [new ClientEnd<C>(client), new ServerEnd<C>(server)];
    },
    createProxy(factory: ChannelFactory, options?: BindOptions<never>) {
      const [client, server] = self.createEndpoints(factory);
      return { proxy: self.bind(client, options), server };
    },
    clientEnd: (channel) => new ClientEnd<C>(channel),
    serverEnd: (channel) => new ServerEnd<C>(channel),
  };
  return Object.freeze(self);
}

/** Handler interface of a protocol. */
export type HandlersOf<P> = P extends Protocol<infer _C, infer S> ? S : never;

type AnyProtocol = { readonly descriptor: ProtocolDescriptor };

/**
 * Serves one channel by the ordinals of several protocols. `handlers` is a list, one object per protocol in the same order,
 * or a single object for all. The protocol by which a message came is in `control.protocol` and `call.protocol`; each has
 * its own control (`serving.controls`). Takes ownership of `end`.
 */
export function serveAny<const P extends readonly AnyProtocol[]>(
  protocols: P,
  end: ServerEnd<unknown> | Channel,
  handlers: { readonly [I in keyof P]: HandlersOf<P[I]> } | HandlersOf<P[number]>,
  options: ServeOptions = {},
): Serving {
  const served = protocols.map(({ descriptor }) => shapeOf(descriptor));
  return serveShapes(served, end, handlers, options);
}
