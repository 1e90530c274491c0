/** Methods that a protocol has by composition, as far as they matter to what is removed or replaced in it. */
import * as versioning from "../diagnostics/versioning.ts";
import { argumentSpan, findAttribute, stringArgument } from "./attributes.ts";
import type { Context } from "./context.ts";
import type { Compose, Decl, ElementBase, Library, ProtocolDecl } from "./model.ts";
import { type Availability, versionName } from "./version.ts";

/** A composed method: its own name and attributes, in the time in which the protocol has it. */
export interface ComposedMethod extends ElementBase {
  readonly selector: string;
  /** The protocol that declares it, and its life there. */
  readonly owner: ProtocolDecl;
  readonly declared: Availability;
}

/** What the ordinal of a method is made from: its full name, or what `@selector` says instead. */
export function selectorText(protocol: ProtocolDecl, method: ElementBase): string {
  // Of composed methods it is known, with the protocol that declares them.
  if ("selector" in method && typeof method.selector === "string" && method.selector !== "") return method.selector;
  const selector = stringArgument(findAttribute(method.attributes, "selector")) ?? method.name;
  return selector.includes("/") ? selector : `${protocol.fqn}.${selector}`;
}

function intersect(a: Availability, b: Availability): Availability {
  return { ...a, added: Math.max(a.added, b.added), removed: Math.min(a.removed, b.removed) };
}

/** Finds what compositions mean before names are resolved, in all versions of this library. */
export class CompositionIndex {
  readonly #library: Library;
  readonly #protocols = new Map<string, ProtocolDecl[]>();
  /** Whether any protocol removes a method. */
  readonly #hasRemoved: boolean;

  constructor(library: Library, decls: readonly Decl[]) {
    this.#library = library;
    this.#hasRemoved = decls.some(
      (decl) => decl.kind === "protocol" && decl.methods.some(({ availability }) => availability.ending === "removed"),
    );
    for (const decl of decls) {
      if (decl.kind !== "protocol") continue;
      const forms = this.#protocols.get(decl.name);
      if (forms === undefined) this.#protocols.set(decl.name, [decl]);
      else forms.push(decl);
    }
  }

  /** All forms of the protocols that a composition may mean. Other libraries are pruned already. */
  #formsOf(protocol: ProtocolDecl, compose: Compose): readonly ProtocolDecl[] {
    const parts = compose.protocolName.parts.map(({ text }) => text);
    const last = parts[parts.length - 1] ?? "";
    const prefix = parts.slice(0, -1).join(".");
    const library = prefix === "" ? protocol.library : protocol.file.imports.get(prefix)?.library;
    if (library === this.#library || prefix === this.#library.name) return this.#protocols.get(last) ?? [];
    return (library?.byName.get(last) ?? []).filter((decl): decl is ProtocolDecl => decl.kind === "protocol");
  }

  /** Methods through the protocol's compositions, or some of them; those of compositions' compositions included. */
  methodsOf(protocol: ProtocolDecl, compositions: readonly Compose[] = protocol.composed): readonly ComposedMethod[] {
    const found: ComposedMethod[] = [];
    const seen = new Set<ProtocolDecl>([protocol]);
    const work = compositions.map((compose) => ({ compose, from: protocol, life: compose.availability }));
    for (const { compose, from, life } of work) {
      for (const form of this.#formsOf(from, compose)) {
        const within = intersect(life, form.availability);
        for (const { name, nameSpan, attributes, availability, ...method } of form.methods) {
          const selector = selectorText(form, { ...method, name, nameSpan, attributes, availability });
          const life = { availability: intersect(within, availability), declared: availability };
          found.push({ name, nameSpan, attributes, selector, owner: form, ...life });
        }
        if (seen.has(form)) continue;
        seen.add(form);
        for (const next of form.composed) {
          work.push({ compose: next, from: form, life: intersect(within, next.availability) });
        }
      }
    }
    return found.filter(({ availability }) => availability.added < availability.removed);
  }

  /** A method that its own protocol removes is not to come back, at once, where that protocol is composed. */
  checkComposed(context: Context, protocol: ProtocolDecl): void {
    if (!this.#hasRemoved || protocol.composed.length === 0) return;
    const composed = this.methodsOf(protocol);
    for (const method of composed) {
      const { ending, removed } = method.declared;
      const attribute = findAttribute(method.attributes, "available");
      if (attribute === undefined || ending !== "removed" || method.availability.removed !== removed) continue;
      // Other libraries know nothing of this one.
      if (method.owner.library !== this.#library) continue;
      // A successor in the same protocol is told there.
      const others = composed.filter(({ owner }) => owner.name !== method.owner.name);
      const heir = [...protocol.methods, ...others].find(
        ({ name, availability }) => name === method.name && availability.added === removed,
      );
      if (heir === undefined) continue;
      context.reporter.reportWith(
        versioning.InvalidRemoved,
        argumentSpan(attribute, "removed"),
        { related: [{ message: `its successor in '${protocol.name}'`, span: heir.nameSpan }] },
        "method",
        method.name,
        versionName(removed),
      );
    }
  }

  /** A composition that is removed takes its methods along; one that is replaced leaves some of them in other hands. */
  check(context: Context, protocol: ProtocolDecl): void {
    for (const compose of protocol.composed) {
      const { ending, removed } = compose.availability;
      const attribute = findAttribute(compose.attributes, "available");
      if (attribute === undefined || (ending !== "removed" && ending !== "replaced")) continue;
      const last = this.methodsOf(protocol, [compose]).filter(({ availability }) => availability.removed === removed);
      const names = new Set(last.map(({ name }) => name));
      const after = [...protocol.methods, ...this.methodsOf(protocol)];
      const hasHeir = after.some(({ name, availability }) => availability.added === removed && names.has(name));
      const span = argumentSpan(attribute, ending);
      const version = versionName(removed);
      if (ending === "removed" && hasHeir) {
        const suggestion = `write 'replaced=${version}'`;
        context.reporter.reportWith(
          versioning.InvalidRemoved,
          span,
          { suggestion },
          "composition",
          compose.name,
          version,
        );
      } else if (ending === "replaced" && !hasHeir) {
        const suggestion = `write 'removed=${version}'`;
        context.reporter.reportWith(
          versioning.InvalidReplaced,
          span,
          { suggestion },
          "composition",
          compose.name,
          version,
        );
      }
    }
  }
}
