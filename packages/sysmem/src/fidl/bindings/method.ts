/** Methods as the bindings use them: bodies compiled on first use, ordinals in halves, dispatch without bigint. */
import type { Result } from "#base";
import type {
  EnumDescriptor,
  MethodDescriptor,
  OrdinalMember,
  StructDescriptor,
  UnionDescriptor,
} from "../descriptors.ts";
import { Body } from "../wire/body.ts";
import { resolve } from "../wire/layout.ts";

const EMPTY_STRUCT: StructDescriptor = { kind: "struct", name: "fidl/Empty", isResource: false, members: [] };

/** What a server answers for a flexible method that it does not know. */
const FRAMEWORK_ERROR: EnumDescriptor = {
  kind: "enum",
  name: "fidl/FrameworkErr",
  isStrict: true,
  subtype: "int32",
  members: { UNKNOWN_METHOD: -2 },
};

/** The union around the response of a flexible method or of one with `error`; undefined when the response is bare. */
export function resultUnion(method: MethodDescriptor): UnionDescriptor | undefined {
  if (method.error === undefined && method.isStrict) return undefined;
  const payload = method.response === undefined ? EMPTY_STRUCT : resolve(method.response);
  const members: OrdinalMember[] = [{ name: "value", fidlName: "response", ordinal: 1, type: payload }];
  if (method.error !== undefined) members.push({ name: "error", fidlName: "err", ordinal: 2, type: method.error });
  if (!method.isStrict) {
    members.push({ name: "frameworkError", fidlName: "framework_err", ordinal: 3, type: FRAMEWORK_ERROR });
  }
  const isResource = "isResource" in payload && payload.isResource;
  return { kind: "union", name: `${method.selector}_Result`, isStrict: true, isResource, members };
}

/** Decoded content of a result union. */
export type ResultVariant =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "error"; readonly value: unknown }
  | { readonly kind: "frameworkError"; readonly value: number };

/** A method with its bodies compiled, each when it is first needed. Client and server ends of a protocol share it. */
export class Method {
  readonly descriptor: MethodDescriptor;
  readonly ordinalLow: number;
  readonly ordinalHigh: number;
  /** True when the response travels in a result union. */
  readonly isWrapped: boolean;
  /** The next method whose folded ordinal is the same. */
  next: Method | undefined;
  #request: Body | undefined;
  #response: Body | undefined;

  constructor(descriptor: MethodDescriptor) {
    this.descriptor = descriptor;
    this.ordinalLow = Number(descriptor.ordinal & 0xffff_ffffn);
    this.ordinalHigh = Number(descriptor.ordinal >> 32n);
    this.isWrapped = descriptor.kind === "two-way" && (descriptor.error !== undefined || !descriptor.isStrict);
  }

  /** Body of the request (of the event); undefined when there is no payload. */
  get request(): Body | undefined {
    if (this.#request === undefined && this.descriptor.request !== undefined) {
      this.#request = new Body(resolve(this.descriptor.request));
    }
    return this.#request;
  }

  /** Body of the response, wrapped as the method's declaration says; undefined when it is bare and empty. */
  get response(): Body | undefined {
    if (this.#response === undefined) {
      const type = resultUnion(this.descriptor) ?? this.descriptor.response;
      if (type !== undefined) this.#response = new Body(resolve(type));
    }
    return this.#response;
  }

  /** What goes into the response's body for an answer: a payload, or a `Result` where the method has `error`. */
  wrapAnswer(answer: unknown): unknown {
    if (!this.isWrapped) return answer;
    if (this.descriptor.error === undefined) return { kind: "value", value: answer ?? {} };
    const result = answer as Result<unknown, unknown> | undefined;
    if (result?.ok === true) return { kind: "value", value: result.value ?? {} };
    return { kind: "error", value: result?.error };
  }
}

function fold(low: number, high: number): number {
  return (low ^ Math.imul(high, 0x9e37_79b1)) | 0;
}

/** The methods or events of a protocol by ordinal. Ordinals have 63 bits: keys are folded, both halves are compared. */
export class OrdinalTable {
  readonly #methods: Map<number, Method> = new Map();

  constructor(methods: readonly Method[]) {
    for (const method of methods) {
      const key = fold(method.ordinalLow, method.ordinalHigh);
      method.next = this.#methods.get(key);
      this.#methods.set(key, method);
    }
  }

  find(low: number, high: number): Method | undefined {
    let method = this.#methods.get(fold(low, high));
    while (method !== undefined && (method.ordinalLow !== low || method.ordinalHigh !== high)) method = method.next;
    return method;
  }
}
