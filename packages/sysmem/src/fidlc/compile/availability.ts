/** `@available`: from arguments to the life of an element, within the life of its parent. */
import type { ConstantNode } from "../ast/ast.ts";
import * as versioning from "../diagnostics/versioning.ts";
import type { Span } from "../source/source-file.ts";
import { argumentSpan, findAttribute, stringArgument } from "./attributes.ts";
import type { Context } from "./context.ts";
import type { Attribute } from "./model.ts";
import { parseNumber } from "./numbers.ts";
import {
  ALWAYS,
  type Availability,
  type Ending,
  HEAD,
  NEVER,
  parseVersion,
  type Selection,
  type Version,
  versionName,
} from "./version.ts";

const PLATFORM = /^[a-z][a-z0-9]*$/;
/** Of libraries without `@available`. */
export const UNVERSIONED = "unversioned";

/** What the library's own attribute says. */
export interface LibraryAvailability {
  readonly platform: string;
  readonly availability: Availability;
  readonly selection: Selection;
}

/** The life of a library, and the versions it is compiled for. */
export function libraryAvailability(
  context: Context,
  name: string,
  span: Span,
  attributes: readonly Attribute[],
): LibraryAvailability {
  const attribute = findAttribute(attributes, "available");
  if (attribute === undefined) return { platform: UNVERSIONED, availability: ALWAYS, selection: [HEAD] };
  const { reporter } = context;
  let platform = name.split(".")[0] as string;
  const written = stringArgument(attribute, "platform");
  if (written !== undefined) {
    const place = argumentSpan(attribute, "platform");
    if (written === UNVERSIONED) reporter.report(versioning.ReservedPlatform, place, written);
    else if (!PLATFORM.test(written)) reporter.report(versioning.InvalidPlatform, place, written);
    else platform = written;
  }
  if (attribute.args.length > 0 && !attribute.args.some((argument) => argument.name === "added")) {
    reporter.report(versioning.LibraryAvailabilityMissingAdded, attribute.node.span);
  }
  const replaced = attribute.args.find((argument) => argument.name === "replaced");
  if (replaced !== undefined) reporter.report(versioning.LibraryReplaced, replaced.node.span);
  if (attribute.args.some((argument) => argument.name === "renamed")) {
    reporter.report(versioning.CannotBeRenamed, argumentSpan(attribute, "renamed"), "library");
  }
  const availability = childAvailability(context, attribute, ALWAYS, "library", "library");
  const chosen = context.options.available?.[platform];
  // What should have been selected for a platform without a valid name is not known.
  const isPlatformKnown = written === undefined || written === platform;
  if (isPlatformKnown && (chosen === undefined || chosen.length === 0)) {
    reporter.reportWith(
      versioning.PlatformVersionNotSelected,
      span,
      { suggestion: `use '--available ${platform}:HEAD'` },
      name,
      platform,
    );
  }
  const selection = chosen === undefined || chosen.length === 0 ? [HEAD] : [...new Set(chosen)].sort((a, b) => a - b);
  return { platform, availability, selection };
}

/** The life of a declaration or member. `parentName` is for messages. */
export function elementAvailability(
  context: Context,
  attributes: readonly Attribute[],
  parent: Availability,
  parentName: string,
  isLibraryVersioned: boolean,
  libraryName: string,
  element: { readonly name: string; readonly what: string; readonly isMember: boolean },
): Availability {
  const attribute = findAttribute(attributes, "available");
  if (attribute === undefined) return inherit(parent);
  const { reporter } = context;
  if (!isLibraryVersioned) {
    reporter.report(versioning.MissingLibraryAvailability, attribute.node.span, libraryName);
    return inherit(parent);
  }
  const platform = attribute.args.find((argument) => argument.name === "platform");
  if (platform !== undefined) reporter.report(versioning.PlatformNotOnLibrary, platform.node.span);
  const availability = childAvailability(context, attribute, parent, parentName, element.what);
  const renamed = stringArgument(attribute, "renamed");
  if (renamed === undefined) return availability;
  const span = argumentSpan(attribute, "renamed");
  if (!element.isMember) reporter.report(versioning.CannotBeRenamed, span, element.what);
  else if (availability.ending !== "removed" && availability.ending !== "replaced") {
    reporter.report(versioning.RenamedWithoutReplacedOrRemoved, span);
  } else if (renamed === element.name) reporter.report(versioning.RenamedToSameName, span, renamed);
  else return { ...availability, renamed };
  // What takes its place was to have the new name: that there is none of the old one is not a further fault.
  return { ...availability, ending: availability.ending === "none" ? "none" : "inherited" };
}

/** An element without an attribute lives as long as its parent. */
export function inherit(parent: Availability): Availability {
  return {
    added: parent.added,
    deprecated: parent.deprecated,
    removed: parent.removed,
    ending: parent.removed === NEVER ? "none" : "inherited",
  };
}

function childAvailability(
  context: Context,
  attribute: Attribute,
  parent: Availability,
  parentName: string,
  what: string,
): Availability {
  const { reporter } = context;
  const { span } = attribute.node;
  if (attribute.node.args.length === 0) {
    reporter.report(versioning.AvailableMissingArguments, span);
    return inherit(parent);
  }
  const errorsBefore = reporter.errorCount;
  const version = (argument: string): Version | undefined => {
    const node = attribute.args.find((candidate) => candidate.name === argument)?.node;
    return node === undefined ? undefined : readVersion(context, node.value);
  };
  const added = version("added");
  const deprecated = version("deprecated");
  const removedOnly = version("removed");
  const replaced = version("replaced");
  const removed = removedOnly ?? replaced;
  if (removedOnly !== undefined && replaced !== undefined) reporter.report(versioning.RemovedAndReplaced, span);
  const hasNote = attribute.args.some((argument) => argument.name === "note");
  if (hasNote && deprecated === undefined && removed === undefined) {
    reporter.report(versioning.NoteWithoutDeprecationOrRemoval, argumentSpan(attribute, "note"));
  }
  if (reporter.errorCount === errorsBefore)
    checkOrder(context, span, added, deprecated, removed, removedOnly === undefined);
  if (reporter.errorCount === errorsBefore && what !== "library") {
    checkParent(context, attribute, parent, parentName, { added, deprecated, removed: removedOnly, replaced });
  }
  if (reporter.errorCount > errorsBefore) {
    // Deprecated was meant in any case: what it refers to is not a further fault.
    return deprecated === undefined ? inherit(parent) : { ...inherit(parent), deprecated: parent.added };
  }
  const start = added ?? parent.added;
  let ending: Ending = parent.removed === NEVER ? "none" : "inherited";
  if (removed !== undefined) ending = removedOnly === undefined ? "replaced" : "removed";
  const inherited = parent.deprecated === NEVER ? NEVER : Math.max(parent.deprecated, start);
  return {
    added: start,
    deprecated: deprecated ?? inherited,
    removed: removed ?? parent.removed,
    ending,
  };
}

/** A literal or one of the names HEAD and NEXT. */
export function readVersion(context: Context, node: ConstantNode): Version | undefined {
  let text: string | undefined;
  if (node.kind === "literal" && node.literal === "numeric") {
    // In any base, as other numbers.
    const number = parseNumber(node.text);
    text = number?.kind === "integer" ? String(number.value) : undefined;
  }
  if (node.kind === "reference") text = node.name.text.replace(/^fidl\./, "");
  const value = text === undefined ? undefined : parseVersion(text);
  if (value === undefined) {
    const { file, start, end } = node.span;
    context.reporter.report(versioning.InvalidVersion, node.span, file.text.slice(start, end));
  }
  return value;
}

function checkOrder(
  context: Context,
  span: Span,
  added: Version | undefined,
  deprecated: Version | undefined,
  removed: Version | undefined,
  isReplaced: boolean,
): void {
  const isOrdered =
    (added === undefined || deprecated === undefined || added <= deprecated) &&
    (added === undefined || removed === undefined || added < removed) &&
    (deprecated === undefined || removed === undefined || deprecated < removed);
  if (isOrdered) return;
  const parts: string[] = [];
  if (added !== undefined) parts.push("added");
  if (deprecated !== undefined) parts.push(parts.length > 0 ? "<= deprecated" : "deprecated");
  if (removed !== undefined) parts.push(`< ${isReplaced ? "replaced" : "removed"}`);
  context.reporter.report(versioning.InvalidAvailabilityOrder, span, parts.join(" "));
}

function checkParent(
  context: Context,
  attribute: Attribute,
  parent: Availability,
  parentName: string,
  given: {
    readonly added: Version | undefined;
    readonly deprecated: Version | undefined;
    readonly removed: Version | undefined;
    readonly replaced: Version | undefined;
  },
): void {
  const conflict = (argument: string, value: Version, rule: string): void => {
    context.reporter.report(
      versioning.AvailabilityConflictsWithParent,
      argumentSpan(attribute, argument),
      argument,
      versionName(value),
      parentName,
      rule,
    );
  };
  const addedRule = `added at ${versionName(parent.added)}`;
  const removedRule = `removed at ${versionName(parent.removed)}`;
  const { added, deprecated, removed, replaced } = given;
  for (const [argument, value] of [
    ["added", added],
    ["deprecated", deprecated],
  ] as const) {
    if (value === undefined) continue;
    if (value < parent.added) return conflict(argument, value, addedRule);
    if (value >= parent.removed) return conflict(argument, value, removedRule);
  }
  if (deprecated !== undefined && deprecated > parent.deprecated) {
    return conflict("deprecated", deprecated, `deprecated at ${versionName(parent.deprecated)}`);
  }
  if (removed !== undefined) {
    if (removed <= parent.added) return conflict("removed", removed, addedRule);
    if (removed > parent.removed) return conflict("removed", removed, removedRule);
  }
  if (replaced !== undefined) {
    if (replaced <= parent.added) return conflict("replaced", replaced, addedRule);
    if (replaced >= parent.removed) return conflict("replaced", replaced, removedRule);
  }
}
