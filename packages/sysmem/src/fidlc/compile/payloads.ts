/** What may travel over a protocol's transport, and in protocols without resources. */
import * as semantics from "../diagnostics/semantics.ts";
import { findAttribute } from "./attributes.ts";
import type { Context } from "./context.ts";
import { isResourceType, memberTypes } from "./layout-graph.ts";
import type { Library, Method, ProtocolDecl, Type, TypeUse } from "./model.ts";

/** Transports over which Zircon handles can travel. */
const HANDLE_TRANSPORTS: ReadonlySet<string> = new Set(["Channel", "Driver"]);

export function checkPayloads(context: Context, library: Library): void {
  for (const decl of library.decls) {
    if (decl.kind !== "protocol") continue;
    const forbidsResources = findAttribute(decl.attributes, "no_resource") !== undefined;
    for (const method of decl.methods) {
      for (const use of usesOf(method)) {
        if (forbidsResources) checkNoResource(context, use);
        checkTransport(context, decl, use);
      }
    }
  }
}

function usesOf(method: Method): readonly TypeUse[] {
  return [method.request?.type, method.response?.type, method.error?.type].filter((use) => use !== undefined);
}

function checkNoResource(context: Context, use: TypeUse): void {
  const type = use.resolved?.type;
  if (type?.kind !== "identifier" || !isResourceType(type) || use.node === undefined) return;
  context.reporter.report(semantics.ResourceForbiddenHere, use.node.span, type.decl.name);
}

/** Ends of channels go where handles go; ends of other transports go only over their own. */
function checkTransport(context: Context, protocol: ProtocolDecl, use: TypeUse): void {
  const root = use.resolved?.type;
  if (root === undefined || use.node === undefined || !isResourceType(root)) return;
  const { transport } = protocol;
  const seen = new Set<unknown>();
  const work: Type[] = [root];
  for (const type of work) {
    switch (type.kind) {
      case "array":
      case "vector":
      case "box":
        work.push(type.element);
        break;
      case "identifier":
        if (!seen.has(type.decl)) {
          seen.add(type.decl);
          work.push(...memberTypes(type.decl));
        }
        break;
      case "handle":
        if (HANDLE_TRANSPORTS.has(transport)) break;
        context.reporter.report(
          semantics.HandleUsedInIncompatibleTransport,
          use.node.span,
          type.resource.name,
          transport,
        );
        return;
      case "endpoint": {
        const own = type.protocol?.transport ?? "Channel";
        if (own === transport || (own === "Channel" && HANDLE_TRANSPORTS.has(transport))) break;
        const name = type.protocol?.name ?? "";
        context.reporter.report(semantics.TransportEndUsedInIncompatibleTransport, use.node.span, name, own, transport);
        return;
      }
      default:
    }
  }
}
