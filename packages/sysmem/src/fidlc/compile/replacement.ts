/**
 * `removed` promises that nothing takes an element's place, `replaced` that something does: by name, and for members also
 * by what identifies them on the wire. Checked on the whole text, whatever versions are selected.
 */
import * as versioning from "../diagnostics/versioning.ts";
import { argumentSpan, findAttribute, stringArgument } from "./attributes.ts";
import type { Context } from "./context.ts";
import type { Decl, ElementBase, Library, ProtocolDecl } from "./model.ts";
import { versionName } from "./version.ts";
import type { ConstantNode } from "../ast/ast.ts";

interface Identity {
  /** Nothing when members of this kind have no identity besides their name. */
  readonly of: (element: ElementBase) => string | undefined;
  readonly name: string;
}

export function checkReplacements(context: Context, library: Library, decls: readonly Decl[]): void {
  if (library.platform === "unversioned") return;
  checkScope(context, decls, (decl) => (decl as Decl).kind, undefined);
  for (const decl of decls) {
    switch (decl.kind) {
      case "enum":
      case "bits":
        checkScope(context, decl.members, () => `${decl.kind} member`, {
          of: (member) => literalText((member as { value?: { node: ConstantNode } }).value?.node),
          name: "value",
        });
        break;
      case "struct":
        // Offsets depend on all members of a version; names are what an author can be held to here.
        checkScope(context, decl.members, () => "struct member", undefined);
        break;
      case "table":
      case "union":
        checkScope(context, decl.members, () => `${decl.kind} member`, {
          of: (member) => String((member as { ordinal?: number }).ordinal),
          name: "ordinal",
        });
        break;
      case "service":
        checkScope(context, decl.members, () => "service member", undefined);
        break;
      case "protocol":
        checkScope(context, decl.methods, () => "method", {
          of: (method) => selectorText(decl, method),
          name: "selector",
        });
        break;
      default:
    }
  }
}

function checkScope(
  context: Context,
  elements: readonly ElementBase[],
  what: (element: ElementBase) => string,
  identity: Identity | undefined,
): void {
  const addedAt = new Map<number, ElementBase[]>();
  for (const element of elements) {
    const { added } = element.availability;
    const same = addedAt.get(added);
    if (same === undefined) addedAt.set(added, [element]);
    else same.push(element);
  }
  for (const element of elements) {
    const { ending, removed, renamed } = element.availability;
    if (ending !== "removed" && ending !== "replaced") continue;
    const successors = (addedAt.get(removed) ?? []).filter((other) => other !== element);
    checkElement(context, element, what(element), successors, renamed, identity);
  }
}

function checkElement(
  context: Context,
  element: ElementBase,
  what: string,
  successors: readonly ElementBase[],
  renamed: string | undefined,
  identity: Identity | undefined,
): void {
  const { reporter } = context;
  const attribute = findAttribute(element.attributes, "available");
  if (attribute === undefined) return;
  const { ending, removed } = element.availability;
  const span = argumentSpan(attribute, ending);
  const version = versionName(removed);
  const successor = successors.find((other) => other.name === (renamed ?? element.name));
  const details = successor === undefined ? {} : { related: [{ message: "its successor", span: successor.nameSpan }] };
  const own = identity?.of(element);
  if (ending === "removed") {
    if (successor !== undefined) {
      if (renamed !== undefined) {
        reporter.reportWith(versioning.InvalidRemovedAndRenamed, span, details, what, element.name, version, renamed);
      } else {
        const suggestion = `write 'replaced=${version}'`;
        reporter.reportWith(versioning.InvalidRemoved, span, { ...details, suggestion }, what, element.name, version);
      }
      return;
    }
    const heir = own === undefined ? undefined : successors.find((other) => identity?.of(other) === own);
    if (identity !== undefined && heir !== undefined) {
      reporter.report(versioning.InvalidRemovedAbi, span, what, element.name, version, identity.name);
    }
    return;
  }
  if (successor === undefined) {
    if (renamed !== undefined) {
      reporter.report(versioning.InvalidReplacedAndRenamed, span, what, element.name, version, renamed);
    } else {
      const suggestion = `write 'removed=${version}'`;
      reporter.reportWith(versioning.InvalidReplaced, span, { suggestion }, what, element.name, version);
    }
    return;
  }
  if (identity !== undefined && own !== undefined && identity.of(successor) !== own) {
    reporter.reportWith(versioning.InvalidReplacedAbi, span, details, what, element.name, version, identity.name);
  }
}

/** Values are compared as numbers where they are literals; references are compared as written. */
function literalText(node: ConstantNode | undefined): string | undefined {
  if (node === undefined) return undefined;
  const text = node.span.file.text.slice(node.span.start, node.span.end);
  return /^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[bB][01]+)$/.test(text) ? String(BigInt(text)) : text;
}

function selectorText(protocol: ProtocolDecl, method: ElementBase): string {
  const selector = stringArgument(findAttribute(method.attributes, "selector")) ?? method.name;
  return selector.includes("/") ? selector : `${protocol.fqn}.${selector}`;
}
