/** Whole messages: which method they belong to, what they carry, what each byte is. */
import { statusName, unreachable } from "#base";
import { resultUnion } from "../bindings/method.ts";
import type { MethodDescriptor, ProtocolDescriptor, TypeDescriptor } from "../descriptors.ts";
import { resolve } from "../wire/layout.ts";
import { type Annotation, AnnotationFault, formatListing } from "./annotation.ts";
import { formatShown, type Shown } from "./shown.ts";
import { Walker } from "./walk.ts";

const HEADER_BYTES = 16;
const EPITAPH_ORDINAL = 0xffff_ffff_ffff_ffffn;

/** Methods by ordinal, of the protocols that messages may belong to. */
export class MethodIndex {
  readonly #methods = new Map<bigint, MethodDescriptor>();

  constructor(protocols: readonly ProtocolDescriptor[]) {
    for (const protocol of protocols) {
      for (const method of protocol.methods) this.#methods.set(method.ordinal, method);
    }
  }

  find(ordinal: bigint): MethodDescriptor | undefined {
    return this.#methods.get(ordinal);
  }
}

/** Which of a method's messages it is. */
export type MessageRole = "request" | "response" | "event" | "epitaph";

/** What is known of a message beside its bytes. */
export interface ExplainOptions {
  /** Handles that came with the bytes. Default: as many as the bytes ask for. */
  readonly handleCount?: number | undefined;
  /** Whether a two-way message is the request or the response. Default: what the bytes fit. */
  readonly role?: "request" | "response" | undefined;
}

/** What a message is. */
export interface ExplainedMessage {
  readonly bytes: Uint8Array;
  readonly txid: number;
  readonly ordinal: bigint;
  readonly isFlexible: boolean;
  /** Undefined when no known protocol has the ordinal. */
  readonly method: MethodDescriptor | undefined;
  readonly role: MessageRole | undefined;
  /** The payload, with the result union around it where there is one; undefined when there is none or nothing is known of it. */
  readonly payload: Shown | undefined;
  readonly annotations: readonly Annotation[];
  /** Where the message breaks the wire format. */
  readonly fault: AnnotationFault | undefined;
}

/** Explains one message, header included. Never throws because of the bytes. */
export function explainMessage(
  bytes: Uint8Array,
  methods: MethodIndex,
  options: ExplainOptions = {},
): ExplainedMessage {
  const unknown = { txid: 0, ordinal: 0n, isFlexible: false, method: undefined, role: undefined, payload: undefined };
  if (bytes.length < HEADER_BYTES) {
    const fault = new AnnotationFault(0, "header", `a message has at least ${HEADER_BYTES} bytes, not ${bytes.length}`);
    return { bytes, ...unknown, annotations: [], fault };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ordinal = view.getBigUint64(8, true);
  const txid = view.getUint32(0, true);
  const method = methods.find(ordinal);
  const common = { bytes, txid, ordinal, isFlexible: (view.getUint8(6) & 0x80) !== 0, method };
  const header = headerAnnotations(view, method);
  const fault = headerFault(view);
  if (fault !== undefined) return { ...common, role: undefined, payload: undefined, annotations: header, fault };
  if (ordinal === EPITAPH_ORDINAL) return { ...common, role: "epitaph", ...explainEpitaph(view, header) };
  if (method === undefined) {
    return { ...common, role: undefined, payload: undefined, annotations: header, fault: undefined };
  }
  const attempts = rolesOf(method, txid, options.role).map((role) => {
    const body = explainBody(bytes, bodyType(method, role), role, {
      start: HEADER_BYTES,
      handleCount: options.handleCount,
    });
    return { ...common, role, ...body, annotations: [...header, ...body.annotations] };
  });
  // Where the role is not known, the bytes decide.
  return attempts.find((attempt) => attempt.fault === undefined) ?? (attempts[0] as ExplainedMessage);
}

function rolesOf(method: MethodDescriptor, txid: number, given: "request" | "response" | undefined): MessageRole[] {
  switch (method.kind) {
    case "event":
      return ["event"];
    case "one-way":
      return ["request"];
    case "two-way":
      if (given !== undefined) return [given];
      return txid === 0 ? ["request"] : ["request", "response"];
    default:
      return unreachable(method.kind);
  }
}

/** What a body is. */
export interface ExplainedBody {
  readonly payload: Shown | undefined;
  readonly annotations: readonly Annotation[];
  readonly fault: AnnotationFault | undefined;
}

/** Explains a body without header, as a value of `type`; undefined: nothing may be there. Never throws because of the bytes. */
export function explainBody(
  bytes: Uint8Array,
  type: TypeDescriptor | undefined,
  label: string,
  options: { readonly start?: number; readonly handleCount?: number | undefined } = {},
): ExplainedBody {
  const walker = new Walker(bytes, options.start ?? 0, options.handleCount);
  try {
    const payload = type === undefined ? undefined : walker.body(type, label);
    if (type === undefined) walker.finish();
    return { payload, annotations: walker.annotations, fault: undefined };
  } catch (error) {
    if (!(error instanceof AnnotationFault)) throw error;
    return { payload: undefined, annotations: walker.annotations, fault: error };
  }
}

function bodyType(method: MethodDescriptor, role: MessageRole): TypeDescriptor | undefined {
  const type = role === "response" ? (resultUnion(method) ?? method.response) : method.request;
  return type === undefined ? undefined : resolve(type);
}

function explainEpitaph(view: DataView, header: readonly Annotation[]): ExplainedBody {
  if (view.byteLength !== HEADER_BYTES + 8) {
    const fault = new AnnotationFault(HEADER_BYTES, "epitaph", `must be 24 bytes, is ${view.byteLength}`);
    return { payload: undefined, annotations: header, fault };
  }
  const status = statusName(view.getInt32(16, true));
  return {
    payload: status,
    annotations: [
      ...header,
      { offset: 16, length: 4, level: 0, label: "status", meaning: status },
      { offset: 20, length: 4, level: 0, label: "padding", meaning: "4" },
    ],
    fault: undefined,
  };
}

function headerAnnotations(view: DataView, method: MethodDescriptor | undefined): Annotation[] {
  const ordinal = view.getBigUint64(8, true);
  const dynamic = view.getUint8(6);
  const name = ordinal === EPITAPH_ORDINAL ? "epitaph" : (method?.selector ?? "unknown");
  const part = (offset: number, length: number, label: string, meaning: string): Annotation => {
    return { offset, length, level: 0, label, meaning };
  };
  return [
    part(0, 4, "txid", String(view.getUint32(0, true))),
    part(4, 2, "at-rest flags", (view.getUint8(4) & 2) !== 0 ? "wire format v2" : "NOT WIRE FORMAT V2"),
    part(6, 1, "dynamic flags", (dynamic & 0x80) !== 0 ? "flexible" : "strict"),
    part(7, 1, "magic", String(view.getUint8(7))),
    part(8, 8, "ordinal", `0x${ordinal.toString(16).padStart(16, "0")} ${name}`),
  ];
}

function headerFault(view: DataView): AnnotationFault | undefined {
  if (view.getUint8(7) !== 1) return new AnnotationFault(7, "magic", "must be 1");
  if ((view.getUint8(4) & 2) === 0) return new AnnotationFault(4, "at-rest flags", "must say wire format v2");
  if (view.getBigUint64(8, true) === 0n) return new AnnotationFault(8, "ordinal", "must not be 0");
  return undefined;
}

/** Columns of text that a payload may take before it is spread over lines. */
const TEXT_WIDTH = 100;

/** `fuchsia.sysmem2/Node.SetName request { priority = 10 }`, with the fault if there is one. */
export function formatSummary(message: ExplainedMessage, indent: string = ""): string {
  const name = message.method?.selector ?? `unknown method 0x${message.ordinal.toString(16).padStart(16, "0")}`;
  const head = message.role === "epitaph" ? "epitaph" : [name, message.role].filter(Boolean).join(" ");
  const txid = message.txid === 0 ? "" : ` txid ${message.txid}`;
  const payload = message.payload === undefined ? "" : ` ${formatShown(message.payload, TEXT_WIDTH, indent)}`;
  const fault = message.fault;
  const problem =
    fault === undefined ? "" : `\n${indent}MALFORMED at byte ${fault.offset}: ${fault.label}: ${fault.problem}`;
  return `${head}${txid}${payload}${problem}`;
}

/** The summary, and every byte with its meaning. */
export function formatExplained(message: ExplainedMessage): string {
  return `${formatSummary(message)}\n${formatListing(message.bytes, message.annotations)}`;
}
