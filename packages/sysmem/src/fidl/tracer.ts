/** Observation of every message, for logs and inspectors. Costs one property read per message while nobody listens. */

/** One message, seen just before it is sent or just before it is looked at. */
export interface TracedMessage {
  readonly direction: "sent" | "received";
  readonly side: "client" | "server";
  /** Full name of the protocol that the binding speaks. */
  readonly protocol: string;
  /** FIDL name of the method; undefined when unknown. */
  readonly method: string | undefined;
  readonly ordinal: bigint;
  readonly txid: number;
  /** koid of the end it was sent from or received by. */
  readonly koid: number;
  /** Header and body. Valid only during the call. */
  readonly bytes: Uint8Array;
  readonly handleCount: number;
}

/** Sees messages; must not throw and must not touch the channel. */
export type Tracer = (message: TracedMessage) => void;

/** Name of the `node:diagnostics_channel` that carries every `TracedMessage`. */
export const MESSAGE_DIAGNOSTICS_CHANNEL = "sysmem.fidl.message";

interface DiagnosticsChannel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

/** Where there is no diagnostics_channel (a browser), nobody can subscribe. */
const nobody: DiagnosticsChannel = { hasSubscribers: false, publish() {} };

function openDiagnostics(): DiagnosticsChannel {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const module = host?.getBuiltinModule?.("node:diagnostics_channel") as
    | { channel(name: string): DiagnosticsChannel }
    | undefined;
  return module?.channel(MESSAGE_DIAGNOSTICS_CHANNEL) ?? nobody;
}

const diagnostics: DiagnosticsChannel = openDiagnostics();
let processTracer: Tracer | undefined;

/** Sets or removes the tracer of this process. */
export function setTracer(tracer: Tracer | undefined): void {
  processTracer = tracer;
}

/** @internal True when a message must be described to somebody. */
export function isTracing(own: Tracer | undefined): boolean {
  return own !== undefined || processTracer !== undefined || diagnostics.hasSubscribers;
}

/** @internal Tells everybody who listens. */
export function trace(own: Tracer | undefined, message: TracedMessage): void {
  own?.(message);
  processTracer?.(message);
  if (diagnostics.hasSubscribers) diagnostics.publish(message);
}
