/** Elements of versions that are not selected vanish, before anything is resolved. */
import type { Decl, ElementBase, Library } from "./model.ts";
import { type Availability, existsAt, isSelected, type Selection } from "./version.ts";

/** Fills `decls` and `byName` with what the selection keeps. */
export function prune(library: Library, decls: readonly Decl[]): void {
  const { selection } = library;
  const selected = decls.filter((decl) => isSelected(decl.availability, selection));
  for (const decl of selected) {
    const forms = library.byName.get(decl.name);
    if (forms === undefined) library.byName.set(decl.name, [decl]);
    else forms.push(decl);
  }
  for (const forms of library.byName.values()) forms.sort((a, b) => b.availability.added - a.availability.added);
  library.decls = selected.filter((decl) => library.byName.get(decl.name)?.[0] === decl);
  for (const decl of library.decls) pruneMembers(decl, selection);
}

function pruneMembers(decl: Decl, selection: Selection): void {
  switch (decl.kind) {
    case "enum":
    case "bits":
      decl.members = keep(decl.members, selection);
      break;
    case "struct":
      decl.members = keep(decl.members, selection);
      break;
    case "table":
    case "union":
      decl.members = keep(decl.members, selection).sort((a, b) => a.ordinal - b.ordinal);
      break;
    case "service":
      decl.members = keep(decl.members, selection);
      break;
    case "resource":
      decl.properties = keep(decl.properties, selection);
      break;
    case "protocol":
      decl.methods = keep(decl.methods, selection);
      decl.composed = keep(decl.composed, selection);
      break;
    default:
  }
}

/**
 * Members of the selected versions. When several versions are compiled together, only the newest of the forms that
 * replaced each other stays, and a member that was renamed on removal stays under its new name.
 */
function keep<M extends ElementBase>(members: readonly M[], selection: Selection): M[] {
  const selected = members.filter((member) => isSelected(member.availability, selection));
  const kept: M[] = [];
  for (const member of selected) {
    const { availability } = member;
    const newName = availability.renamed ?? member.name;
    const isReplaced =
      availability.ending === "replaced" &&
      selected.some(
        (other) => other !== member && other.name === newName && other.availability.added === availability.removed,
      );
    if (isReplaced) continue;
    kept.push(
      availability.renamed !== undefined && isGoneLater(availability, selection)
        ? { ...member, name: newName }
        : member,
    );
  }
  return kept;
}

function isGoneLater(availability: Availability, selection: Selection): boolean {
  const newest = selection.at(-1);
  return newest !== undefined && !existsAt(availability, newest);
}
