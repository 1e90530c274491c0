/**
 * `removed` promises that nothing takes an element's place, `replaced` that something does: by name, and for members also
 * by what identifies them on the wire. Checked on the whole text, whatever versions are selected.
 */
import type { ConstantNode } from "../ast/ast.ts";
import * as versioning from "../diagnostics/versioning.ts";
import { argumentSpan, findAttribute } from "./attributes.ts";
import { UNVERSIONED } from "./availability.ts";
import type { Context } from "./context.ts";
import type { Decl, ElementBase, Library, OrdinalMember, ValueMember } from "./model.ts";
import { CompositionIndex, selectorText } from "./replacement-compose.ts";
import { existsAt, type Version, versionName } from "./version.ts";

/** What members are known by on the wire. */
interface Identity<E extends ElementBase> {
  readonly of: (element: E) => string;
  /** At the end of its life, where that can differ. */
  readonly last?: (element: E) => string;
  readonly name: string;
}

/** Structs with more members are not compared by offsets: the comparison is quadratic. */
const MAX_COMPARED_MEMBERS = 1_024;

export function checkReplacements(context: Context, library: Library, decls: readonly Decl[]): void {
  // What lacks a successor, or is one, may be what could not be read.
  if (library.platform === UNVERSIONED || library.files.some((file) => !file.isComplete)) return;
  checkScope(context, decls, (decl) => decl.kind, undefined);
  const compositions = new CompositionIndex(library, decls);
  for (const decl of decls) {
    const what = (): string => `${decl.kind} member`;
    switch (decl.kind) {
      case "enum":
      case "bits":
        checkScope<ValueMember>(context, decl.members, what, {
          of: (member) => literalText(member.value.node),
          name: "value",
        });
        break;
      case "struct":
        checkScope(context, decl.members, what, structIdentity(decl.members));
        break;
      case "table":
      case "union":
        checkScope<OrdinalMember>(context, decl.members, what, {
          of: (member) => String(member.ordinal),
          name: "ordinal",
        });
        break;
      case "service":
        checkScope(context, decl.members, what, undefined);
        break;
      case "protocol":
        compositions.checkComposed(context, decl);
        if (![...decl.methods, ...decl.composed].some(isEnding)) break;
        checkScope<ElementBase>(
          context,
          decl.methods,
          () => "method",
          { of: (method) => selectorText(decl, method), name: "selector" },
          compositions.methodsOf(decl),
        );
        compositions.check(context, decl);
        break;
      default:
    }
  }
}

function isEnding(element: ElementBase): boolean {
  const { ending } = element.availability;
  return ending === "removed" || ending === "replaced";
}

/** Elements that are added at one version. */
interface Arrivals<E> {
  readonly byName: Map<string, E>;
  readonly byIdentity: Map<string, E>;
}

function checkScope<E extends ElementBase>(
  context: Context,
  elements: readonly E[],
  what: (element: E) => string,
  identity: Identity<E> | undefined,
  others: readonly E[] = [],
): void {
  const ending = elements.filter(isEnding);
  if (ending.length === 0) return;
  const arrivals = new Map<Version, Arrivals<E>>();
  const holders = new Map<string, E[]>();
  for (const element of [...elements, ...others]) {
    const { added } = element.availability;
    let arrival = arrivals.get(added);
    if (arrival === undefined) {
      arrival = { byName: new Map(), byIdentity: new Map() };
      arrivals.set(added, arrival);
    }
    if (!arrival.byName.has(element.name)) arrival.byName.set(element.name, element);
    if (identity !== undefined && !arrival.byIdentity.has(identity.of(element))) {
      arrival.byIdentity.set(identity.of(element), element);
    }
    const same = holders.get(element.name);
    if (same === undefined) holders.set(element.name, [element]);
    else same.push(element);
  }
  for (const element of ending) {
    const arrival = arrivals.get(element.availability.removed);
    if (element.availability.ending === "replaced") checkReplaced(context, element, what(element), arrival, identity);
    else {
      const { renamed, removed } = element.availability;
      // The new name of something removed must be free, whoever had it before.
      const holder =
        renamed === undefined
          ? arrival?.byName.get(element.name)
          : holders.get(renamed)?.find((other) => existsAt(other.availability, removed));
      checkRemoved(context, element, what(element), arrival, holder, identity);
    }
  }
}

function checkRemoved<E extends ElementBase>(
  context: Context,
  element: E,
  what: string,
  arrival: Arrivals<E> | undefined,
  holder: E | undefined,
  identity: Identity<E> | undefined,
): void {
  const { reporter } = context;
  const { removed, renamed } = element.availability;
  const span = placeOf(element, "removed");
  if (span === undefined) return;
  const version = versionName(removed);
  if (holder !== undefined) {
    const related = [{ message: "its successor", span: holder.nameSpan }];
    if (renamed !== undefined) {
      reporter.reportWith(versioning.InvalidRemovedAndRenamed, span, { related }, what, element.name, version, renamed);
    } else {
      const suggestion = `write 'replaced=${version}'`;
      reporter.reportWith(versioning.InvalidRemoved, span, { related, suggestion }, what, element.name, version);
    }
    return;
  }
  if (identity === undefined) return;
  const heir = arrival?.byIdentity.get((identity.last ?? identity.of)(element));
  if (heir === undefined || heir === element) return;
  const related = [{ message: "the other one", span: heir.nameSpan }];
  reporter.reportWith(versioning.InvalidRemovedAbi, span, { related }, what, element.name, version, identity.name);
}

function checkReplaced<E extends ElementBase>(
  context: Context,
  element: E,
  what: string,
  arrival: Arrivals<E> | undefined,
  identity: Identity<E> | undefined,
): void {
  const { reporter } = context;
  const { removed, renamed } = element.availability;
  const span = placeOf(element, "replaced");
  if (span === undefined) return;
  const version = versionName(removed);
  const successor = arrival?.byName.get(renamed ?? element.name);
  if (successor === undefined) {
    if (renamed !== undefined) {
      reporter.report(versioning.InvalidReplacedAndRenamed, span, what, element.name, version, renamed);
    } else {
      const suggestion = `write 'removed=${version}'`;
      reporter.reportWith(versioning.InvalidReplaced, span, { suggestion }, what, element.name, version);
    }
    return;
  }
  if (identity === undefined || identity.of(successor) === (identity.last ?? identity.of)(element)) return;
  const related = [{ message: "its successor", span: successor.nameSpan }];
  reporter.reportWith(versioning.InvalidReplacedAbi, span, { related }, what, element.name, version, identity.name);
}

/** Where the end of a life is written; nothing for a life that is inherited. */
function placeOf(element: ElementBase, argument: string): ElementBase["nameSpan"] | undefined {
  const attribute = findAttribute(element.attributes, "available");
  return attribute === undefined ? undefined : argumentSpan(attribute, argument);
}

/** Values are compared as numbers where they are literals; references are compared as written. */
function literalText(node: ConstantNode): string {
  const text = node.span.file.text.slice(node.span.start, node.span.end);
  return /^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[bB][01]+)$/.test(text) ? String(BigInt(text)) : text;
}

/**
 * A struct member is known by its offset. Lives are compared before types have sizes, so its place among the members of its
 * last version, and of its first for a successor, stands for it.
 */
function structIdentity<E extends ElementBase>(members: readonly E[]): Identity<E> | undefined {
  if (members.length > MAX_COMPARED_MEMBERS) return undefined;
  const placeAt = (member: E, version: Version): string =>
    String(members.filter((other) => existsAt(other.availability, version)).indexOf(member));
  return {
    of: (member) => placeAt(member, member.availability.added),
    last: (member) => placeAt(member, member.availability.removed - 1),
    name: "offset",
  };
}
