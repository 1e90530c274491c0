/** Protocols: composition, payloads, errors, ordinals, openness. */
import * as semantics from "../diagnostics/semantics.ts";
import { NameCollision, NameCollisionCanonical } from "../diagnostics/syntax.ts";
import * as versioning from "../diagnostics/versioning.ts";
import { canonicalName } from "../names/case.ts";
import { textOf } from "../source/source-file.ts";
import { argumentSpan, findAttribute, stringArgument } from "./attributes.ts";
import { type Context, type Referrer, referrer } from "./context.ts";
import { enter, resolveValueLayout } from "./declarations.ts";
import type { Compose, Method, Payload, ProtocolDecl, ProtocolMethod } from "./model.ts";
import { resolveName } from "./names.ts";
import { assignOrdinal } from "./ordinals.ts";
import { resolveTypeUse } from "./types.ts";
import { overlap } from "./version.ts";

const TRANSPORTS: ReadonlySet<string> = new Set(["Banjo", "Channel", "Driver", "Syscall"]);
const OPENNESS_RANK = { closed: 0, ajar: 1, open: 2 } as const;
const DISCOVERABLE_NAME = /^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)*\.[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?$/;

/**
 * Resolves what a protocol composes and the payloads of its methods, and gives the methods their ordinals. Faults are
 * reported.
 */
export function resolveProtocol(context: Context, decl: ProtocolDecl): void {
  enter(context, decl, () => {
    checkAttributes(context, decl);
    for (const compose of decl.composed) {
      const target = resolveName(context, compose.protocolName, referrer(decl, compose));
      if (target === undefined) continue;
      if (target.kind !== "decl" || target.decl.kind !== "protocol") {
        context.reporter.report(semantics.ComposingNonProtocol, compose.nameSpan, compose.name);
        continue;
      }
      const composed = target.decl;
      resolveProtocol(context, composed);
      // A protocol that is still being resolved is part of a cycle, which was reported.
      if (composed.state !== "done") continue;
      compose.protocol = composed;
      checkComposition(context, decl, compose.nameSpan, composed);
    }
    for (const method of decl.methods) {
      assignOrdinal(context, decl, method);
      resolveMethod(context, decl, method);
    }
    collectMethods(context, decl);
  });
}

function checkAttributes(context: Context, decl: ProtocolDecl): void {
  const { reporter } = context;
  const transport = findAttribute(decl.attributes, "transport");
  if (transport !== undefined && !TRANSPORTS.has(decl.transport)) {
    reporter.report(versioning.InvalidTransportType, argumentSpan(transport, "value"), decl.transport);
    decl.transport = "Channel";
  }
  const discoverable = findAttribute(decl.attributes, "discoverable");
  if (discoverable !== undefined) {
    const name = stringArgument(discoverable, "name");
    if (name !== undefined && !DISCOVERABLE_NAME.test(name)) {
      reporter.report(versioning.InvalidDiscoverableName, argumentSpan(discoverable, "name"), name);
    }
    for (const side of ["client", "server"]) {
      const text = stringArgument(discoverable, side);
      if (text !== undefined && parseLocations(text) === undefined) {
        reporter.report(versioning.InvalidDiscoverableLocation, argumentSpan(discoverable, side), text);
      }
    }
  }
  const noResource = findAttribute(decl.attributes, "no_resource");
  if (noResource !== undefined && context.options.experiments?.includes("no_resource_attribute") !== true) {
    reporter.report(semantics.ExperimentalNoResource, noResource.node.span);
  }
}

/** `platform`, `external` or both; an empty text is an empty list. */
export function parseLocations(text: string): readonly string[] | undefined {
  if (text.trim() === "") return [];
  const parts = text.split(",").map((part) => part.trim());
  const isKnown = parts.every((part) => part === "platform" || part === "external");
  return isKnown && new Set(parts).size === parts.length ? parts.sort() : undefined;
}

function checkComposition(
  context: Context,
  decl: ProtocolDecl,
  span: ProtocolDecl["nameSpan"],
  composed: ProtocolDecl,
): void {
  if (OPENNESS_RANK[composed.openness] > OPENNESS_RANK[decl.openness]) {
    context.reporter.report(semantics.ComposedProtocolTooOpen, span, decl.openness, composed.name, composed.openness);
  }
  const forbids = findAttribute(decl.attributes, "no_resource") !== undefined;
  if (forbids && findAttribute(composed.attributes, "no_resource") === undefined) {
    context.reporter.report(semantics.NoResourceForbidsCompose, span, decl.name, composed.name);
  }
}

function resolveMethod(context: Context, decl: ProtocolDecl, method: Method): void {
  const from = referrer(decl, method);
  for (const payload of [method.request, method.response]) {
    if (payload !== undefined) checkPayload(context, method, payload, from);
  }
  if (method.error !== undefined) checkError(context, method.error, from);
  const what = method.shape === "event" ? "event" : "one-way method";
  if (!method.isStrict && method.shape === "twoway" && decl.openness !== "open") {
    context.reporter.report(
      semantics.FlexibleTwoWayMethodRequiresOpenProtocol,
      method.nameSpan,
      method.name,
      decl.openness,
    );
  } else if (!method.isStrict && decl.openness === "closed") {
    context.reporter.report(semantics.FlexibleOneWayMethodInClosedProtocol, method.nameSpan, what, method.name);
  }
}

function checkPayload(context: Context, method: Method, payload: Payload, from: Referrer): void {
  const { reporter } = context;
  const type = resolveTypeUse(context, payload.type, from)?.type;
  if (type === undefined) return;
  if (type.kind !== "identifier" || type.isOptional) {
    reporter.report(semantics.InvalidMethodPayloadType, payload.span, textOf(payload.span));
    return;
  }
  const { decl } = type;
  if (decl.kind === "enum" || decl.kind === "bits") {
    reporter.report(semantics.InvalidMethodPayloadLayoutClass, payload.span, decl.kind === "enum" ? "an enum" : "bits");
    return;
  }
  if (decl.kind !== "struct") return;
  if (decl.members.length === 0 && decl.isComplete)
    reporter.report(semantics.EmptyPayloadStructs, payload.span, method.name);
  const withDefault = decl.members.find((member) => member.defaultValue !== undefined);
  if (withDefault !== undefined) reporter.report(semantics.PayloadStructHasDefaultMembers, payload.span);
}

function checkError(context: Context, error: Payload, from: Referrer): void {
  const type = resolveTypeUse(context, error.type, from)?.type;
  if (type === undefined) return;
  let subtype: string | undefined;
  if (type.kind === "primitive") subtype = type.subtype;
  else if (type.kind === "identifier" && type.decl.kind === "enum") {
    resolveValueLayout(context, type.decl);
    // An enum without an underlying type has an error of its own.
    if (type.decl.subtype === undefined) return;
    subtype = type.decl.subtype;
  }
  if (subtype === "int32" || subtype === "uint32") return;
  context.reporter.report(semantics.InvalidErrorType, error.span, textOf(error.span));
}

/** Own methods and those of composed protocols, which must not share names or ordinals at any time. */
function collectMethods(context: Context, decl: ProtocolDecl): void {
  const { reporter } = context;
  const collected = new MethodSet(context);
  const composed = new Map<ProtocolDecl, Compose>();
  for (const compose of decl.composed) {
    const { protocol } = compose;
    if (protocol === undefined) continue;
    const earlier = composed.get(protocol);
    if (earlier !== undefined && overlap(earlier.availability, compose.availability)) {
      const related = [{ message: "the other composition", span: earlier.nameSpan }];
      reporter.reportWith(NameCollision, compose.nameSpan, { related }, "composition", compose.name);
    }
    composed.set(protocol, compose);
    for (const { method, owner, availability } of protocol.allMethods) {
      const added = Math.max(compose.availability.added, availability.added);
      const removed = Math.min(compose.availability.removed, availability.removed);
      collected.add({ method, owner, availability: { ...availability, added, removed } }, compose.nameSpan);
    }
  }
  // Own methods were checked against each other by name already, but may collide with composed ones.
  for (const method of decl.methods)
    collected.add({ method, owner: decl, availability: method.availability }, method.nameSpan);
  decl.allMethods = collected.methods();
}

class MethodSet {
  readonly #context: Context;
  readonly #byName = new Map<string, ProtocolMethod>();
  readonly #byOrdinal = new Map<bigint, ProtocolMethod>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** In the order of first appearance. */
  methods(): ProtocolMethod[] {
    return [...this.#byName.values()];
  }

  /** @param span Where a collision is told: the method, or the composition that brings it. */
  add(entry: ProtocolMethod, span: ProtocolDecl["nameSpan"]): void {
    const { method } = entry;
    const canonical = canonicalName(method.name);
    const sameName = this.#byName.get(canonical);
    // A protocol that is composed by two composed ones gives its methods once.
    if (sameName?.method === method) return;
    if (sameName !== undefined && !this.#supersedes(entry, sameName, canonical)) {
      if (overlap(sameName.availability, entry.availability)) this.#reportName(entry, sameName, canonical, span);
      return;
    }
    if (!this.#checkOrdinal(entry, span)) return;
    this.#byName.set(canonical, entry);
  }

  /** When several versions are compiled together, the newest of the forms that replaced each other stays. */
  #supersedes(entry: ProtocolMethod, earlier: ProtocolMethod, canonical: string): boolean {
    if (overlap(earlier.availability, entry.availability) || earlier.availability.added > entry.availability.added)
      return false;
    this.#byName.delete(canonical);
    this.#byOrdinal.delete(earlier.method.ordinal);
    return true;
  }

  #reportName(
    { method }: ProtocolMethod,
    other: ProtocolMethod,
    canonical: string,
    span: ProtocolDecl["nameSpan"],
  ): void {
    const { reporter } = this.#context;
    const related = [{ message: "the other method", span: other.method.nameSpan }];
    if (other.method.name === method.name) reporter.reportWith(NameCollision, span, { related }, "method", method.name);
    else
      reporter.reportWith(
        NameCollisionCanonical,
        span,
        { related },
        "method",
        method.name,
        other.method.name,
        canonical,
      );
  }

  #checkOrdinal(entry: ProtocolMethod, span: ProtocolDecl["nameSpan"]): boolean {
    const { reporter } = this.#context;
    const { method } = entry;
    if (method.ordinal === 0n) {
      reporter.report(semantics.GeneratedZeroValueOrdinal, method.nameSpan, method.selector);
      return true;
    }
    const other = this.#byOrdinal.get(method.ordinal);
    if (other !== undefined && overlap(other.availability, entry.availability)) {
      const related = [{ message: "the other method", span: other.method.nameSpan }];
      reporter.reportWith(semantics.DuplicateMethodOrdinal, span, { related }, method.name);
      return false;
    }
    this.#byOrdinal.set(method.ordinal, entry);
    return true;
  }
}
