/** Names of one scope must differ in their canonical form wherever their lives overlap (fi-0034 to fi-0037). */
import * as syntax from "../diagnostics/syntax.ts";
import { canonicalName } from "../names/case.ts";
import type { Span } from "../source/source-file.ts";
import type { Context } from "./context.ts";
import type { Decl, ElementBase } from "./model.ts";
import { type Availability, describeOverlap, overlap } from "./version.ts";

interface Entry {
  readonly name: string;
  readonly span: Span;
  readonly availability: Availability;
  readonly what: string;
}

/** Elements of one name that are compared with each other; a hostile text could make this quadratic. */
const MAX_COMPARED = 64;

/** Names that must differ from each other, by their canonical form, wherever their availabilities overlap. */
export class NameScope {
  readonly #context: Context;
  readonly #byCanonical = new Map<string, Entry[]>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Adds a name, unless it collides, which is reported. */
  add(name: string, span: Span, availability: Availability, what: string): boolean {
    const canonical = canonicalName(name);
    let entries = this.#byCanonical.get(canonical);
    if (entries === undefined) {
      entries = [];
      this.#byCanonical.set(canonical, entries);
    }
    for (const other of entries.slice(0, MAX_COMPARED)) {
      if (!overlap(other.availability, availability)) continue;
      this.#report(name, span, availability, what, other, canonical);
      return false;
    }
    entries.push({ name, span, availability, what });
    return true;
  }

  #report(name: string, span: Span, availability: Availability, what: string, other: Entry, canonical: string): void {
    const { reporter } = this.#context;
    const isSameLife =
      other.availability.added === availability.added && other.availability.removed === availability.removed;
    const related = other.span.file.text === "" ? [] : [{ message: "the other one", span: other.span }];
    const details = { related };
    if (isSameLife && other.name === name) reporter.reportWith(syntax.NameCollision, span, details, what, name);
    else if (isSameLife)
      reporter.reportWith(syntax.NameCollisionCanonical, span, details, what, name, other.name, canonical);
    else {
      const versions = describeOverlap(other.availability, availability);
      if (other.name === name) reporter.reportWith(syntax.NameOverlap, span, details, what, name, versions);
      else reporter.reportWith(syntax.NameOverlapCanonical, span, details, what, name, other.name, canonical, versions);
    }
  }
}

/** Checks the members of a declaration against each other. */
export function checkMemberNames(context: Context, decl: Decl): void {
  const scope = new NameScope(context);
  const addAll = (elements: readonly ElementBase[], what: string): void => {
    for (const element of elements) scope.add(element.name, element.nameSpan, element.availability, what);
  };
  switch (decl.kind) {
    case "enum":
    case "bits":
      return addAll(decl.members, `${decl.kind} member`);
    case "struct":
    case "table":
    case "union":
      return addAll(decl.members, `${decl.kind} member`);
    case "service":
      return addAll(decl.members, "service member");
    case "resource":
      return addAll(decl.properties, "property");
    case "protocol":
      return addAll(decl.methods, "method");
    default:
  }
}
