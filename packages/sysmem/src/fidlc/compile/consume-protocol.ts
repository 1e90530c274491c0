/** Protocols from the syntax tree, with the declarations that methods imply: payloads, result unions, empty structs. */
import type { MethodNode, ParametersNode, ProtocolNode, TypeNode } from "../ast/ast.ts";
import * as semantics from "../diagnostics/semantics.ts";
import { CannotChangeMethodStrictness } from "../diagnostics/versioning.ts";
import { upperCamel } from "../names/case.ts";
import { GENERATED_FILE } from "../source/source-file.ts";
import { findAttribute, stringArgument } from "./attributes.ts";
import { inherit } from "./availability.ts";
import type { Consumer, NamingPlace } from "./consume.ts";
import type {
  Compose,
  DeclBase,
  Method,
  OrdinalMember,
  Payload,
  ProtocolDecl,
  StructDecl,
  Type,
  TypeUse,
  UnionDecl,
} from "./model.ts";
import { consumeModifiers, decidingVersion, isStrictnessConstant, modifierAt } from "./modifiers.ts";
import type { Availability } from "./version.ts";

const OPENNESS = ["open", "ajar", "closed"] as const;
const GENERATED_SPAN = { file: GENERATED_FILE, start: 0, end: 0 };

export class ProtocolConsumer {
  readonly #consumer: Consumer;

  constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  consume(node: ProtocolNode, base: DeclBase): void {
    const { context, library, decls } = this.#consumer;
    const nodes = node.modifiers.filter(({ name }) => (OPENNESS as readonly string[]).includes(name));
    const modifiers = consumeModifiers(context, nodes, base.availability, OPENNESS, "protocol");
    const version = decidingVersion(base.availability, library.selection);
    const openness = modifierAt(modifiers, OPENNESS, version)?.name as ProtocolDecl["openness"] | undefined;
    if (openness === undefined && context.options.requireModifiers === true) {
      context.reporter.report(semantics.ProtocolMustDefineOpenness, base.nameSpan, base.name);
    }
    const composed: Compose[] = [];
    const methods: Method[] = [];
    for (const member of node.members) {
      if (member.kind === "method") methods.push(this.#consumeMethod(member, base));
      else {
        const name = { text: member.protocol.text, span: member.protocol.span };
        const element = this.#consumer.member(name, member.attributes, base, "composition");
        composed.push({ kind: "compose", ...element, protocolName: member.protocol, protocol: undefined });
      }
    }
    decls.push({
      kind: "protocol",
      ...base,
      isComplete: node.isComplete,
      openness: openness ?? "open",
      composed,
      methods,
      allMethods: [],
      transport: stringArgument(findAttribute(base.attributes, "transport")) ?? "Channel",
    });
  }

  #consumeMethod(node: MethodNode, protocol: DeclBase): Method {
    const { context, library } = this.#consumer;
    const base = this.#consumer.member(node.name, node.attributes, protocol, "method");
    const shape = node.request === undefined ? "event" : node.response === undefined ? "oneway" : "twoway";
    const modifiers = consumeModifiers(context, node.modifiers, base.availability, ["strict", "flexible"], "method");
    const version = decidingVersion(base.availability, library.selection);
    const strictness = modifierAt(modifiers, ["strict", "flexible"], version);
    if (strictness === undefined && context.options.requireModifiers === true) {
      context.reporter.report(semantics.MethodMustDefineStrictness, base.nameSpan, base.name);
    }
    const isStrict = strictness?.name === "strict";
    if (shape === "twoway" && node.error === undefined && !isStrictnessConstant(modifiers, base.availability)) {
      context.reporter.report(CannotChangeMethodStrictness, base.nameSpan, base.name);
    }
    const names = new MethodNames(protocol.name, base.name);
    const common = {
      ...base,
      kind: "method" as const,
      shape,
      isStrict,
      ordinal: 0n,
      selector: "",
    } as const;
    if (shape !== "twoway") {
      const request = this.#payload(node.request ?? node.response, base.availability, names.request);
      const none = { error: undefined, result: undefined, success: undefined };
      return shape === "event"
        ? { ...common, ...none, request: undefined, response: request }
        : { ...common, ...none, request, response: undefined };
    }
    const request = this.#payload(node.request, base.availability, names.request);
    if (isStrict && node.error === undefined) {
      const response = this.#payload(node.response, base.availability, names.response);
      return { ...common, request, response, error: undefined, result: undefined, success: undefined };
    }
    const response = this.#payload(node.response, base.availability, names.success);
    const error = node.error === undefined ? undefined : this.#typePayload(node.error, base.availability, names.error);
    const success = response?.type ?? this.#emptySuccess(base.availability, names.success);
    const result = this.#resultUnion(base.availability, names.result, success, error?.type, isStrict);
    return { ...common, request, response, error, result, success };
  }

  #payload(node: ParametersNode | undefined, availability: Availability, place: NamingPlace): Payload | undefined {
    return node?.type === undefined ? undefined : this.#typePayload(node.type, availability, place);
  }

  #typePayload(node: TypeNode, availability: Availability, place: NamingPlace): Payload {
    this.#consumer.consumeType(node, availability, place, place.flatName);
    return { type: this.#consumer.typeUse(node), span: node.span };
  }

  #emptySuccess(availability: Availability, place: NamingPlace): TypeUse {
    const decl: StructDecl = {
      kind: "struct",
      ...this.#generated(availability, place),
      isStrict: false,
      members: [],
      isEmptySuccess: true,
    };
    this.#consumer.decls.push(decl);
    return madeUpType({ kind: "identifier", decl, isOptional: false });
  }

  #resultUnion(
    availability: Availability,
    place: NamingPlace,
    success: TypeUse,
    error: TypeUse | undefined,
    isStrict: boolean,
  ): UnionDecl {
    const member = (name: string, ordinal: number, type: TypeUse): OrdinalMember => ({
      kind: "ordinal-member",
      name,
      nameSpan: GENERATED_SPAN,
      attributes: [],
      availability: inherit(availability),
      ordinal,
      ordinalSpan: GENERATED_SPAN,
      type,
    });
    const members = [member("response", 1, success)];
    if (error !== undefined) members.push(member("err", 2, error));
    if (!isStrict)
      members.push(member("framework_err", 3, madeUpType({ kind: "internal", subtype: "framework_error" })));
    const decl: UnionDecl = {
      kind: "union",
      ...this.#generated(availability, place),
      isStrict: true,
      members,
      isResult: true,
    };
    this.#consumer.decls.push(decl);
    return decl;
  }

  #generated(availability: Availability, place: NamingPlace) {
    return {
      ...this.#consumer.declBase(place.flatName, GENERATED_SPAN, [], inherit(availability)),
      namingContext: place.path,
      isAnonymous: true,
      isComplete: true,
      // A result holds what its payload holds; the resource step sets it.
      isResource: false,
      shape: undefined,
    };
  }
}

function madeUpType(type: Type): TypeUse {
  return { node: undefined, resolved: { type, depth: 1 } };
}

/** Names that the payloads of one method get when they are written in place. */
class MethodNames {
  readonly request: NamingPlace;
  readonly response: NamingPlace;
  readonly result: NamingPlace;
  readonly success: NamingPlace;
  readonly error: NamingPlace;

  constructor(protocol: string, method: string) {
    const joined = `${upperCamel(protocol)}${upperCamel(method)}`;
    const scored = `${protocol}_${method}`;
    this.request = { path: [protocol, method, "Request"], flatName: `${joined}Request` };
    this.response = { path: [protocol, method, "Response"], flatName: `${joined}Response` };
    this.result = { path: [protocol, method, "Response"], flatName: `${scored}_Result` };
    this.success = { path: [protocol, method, "Response", "response"], flatName: `${scored}_Response` };
    this.error = { path: [protocol, method, "Response", "err"], flatName: `${scored}_Error` };
  }
}
