/** Declarations from the syntax tree, in all their versions: elements with names and lives, nothing resolved. */
import type {
  ConstantNode,
  DeclarationNode,
  Ident,
  LayoutNode,
  ModifierName,
  TypedMemberNode,
  TypeNode,
} from "../ast/ast.ts";
import { NewTypesNotAllowed } from "../diagnostics/semantics.ts";
import { AttributeInsideTypeDeclaration } from "../diagnostics/syntax.ts";
import * as versioning from "../diagnostics/versioning.ts";
import { upperCamel } from "../names/case.ts";
import type { Span } from "../source/source-file.ts";
import { argumentSpan, consumeAttributes, findAttribute, stringArgument } from "./attributes.ts";
import { elementAvailability, inherit, UNVERSIONED } from "./availability.ts";
import { ProtocolConsumer } from "./consume-protocol.ts";
import type { Context } from "./context.ts";
import type {
  Attribute,
  ConstantUse,
  Decl,
  DeclBase,
  ElementBase,
  FileScope,
  LayoutDecl,
  Library,
  OrdinalMember,
  StructMember,
  TypeUse,
  ValueMember,
} from "./model.ts";
import { consumeModifiers, decidingVersion, modifierAt } from "./modifiers.ts";
import type { Placement } from "./attribute-schema.ts";
import type { Availability } from "./version.ts";

const LAYOUT_MODIFIERS: Readonly<Record<LayoutNode["kind"], readonly ModifierName[]>> = {
  enum: ["strict", "flexible"],
  bits: ["strict", "flexible"],
  struct: ["resource"],
  // Tables are flexible in any case, so that the word is harmless on them.
  table: ["resource", "flexible"],
  union: ["strict", "flexible", "resource"],
};

/** Where a layout is written, and what it is called if it is not named there. */
export interface NamingPlace {
  readonly path: readonly string[];
  readonly flatName: string;
}

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]*$/;

/** Consumes the declarations of one file. */
export class Consumer {
  readonly context: Context;
  readonly library: Library;
  readonly file: FileScope;
  readonly decls: Decl[];

  /** @param decls Where declarations go; inline layouts come before what holds them. */
  constructor(context: Context, library: Library, file: FileScope, decls: Decl[]) {
    this.context = context;
    this.library = library;
    this.file = file;
    this.decls = decls;
  }

  consume(node: DeclarationNode): void {
    switch (node.kind) {
      case "const": {
        const base = this.#declBase(node.name, node.attributes, "const");
        this.decls.push({ kind: "const", ...base, type: this.typeUse(node.type), value: constantUse(node.value) });
        return;
      }
      case "alias": {
        const base = this.#declBase(node.name, node.attributes, "alias");
        this.consumeType(node.type, base.availability, { path: [base.name], flatName: base.name }, base.name);
        this.decls.push({ kind: "alias", ...base, type: this.typeUse(node.type) });
        return;
      }
      case "type":
        this.#consumeTypeDeclaration(node);
        return;
      case "resource": {
        const base = this.#declBase(node.name, node.attributes, "resource definition");
        const properties = node.properties.map((member) => ({
          kind: "property" as const,
          ...this.#typedMember(member, base, "resource property"),
        }));
        this.decls.push({
          kind: "resource",
          ...base,
          subtypeNode: node.subtype,
          isComplete: node.isComplete,
          subtype: undefined,
          properties,
        });
        return;
      }
      case "service": {
        const base = this.#declBase(node.name, node.attributes, "service");
        const members = node.members.map((member) => ({
          kind: "service-member" as const,
          ...this.#typedMember(member, base, "service member"),
        }));
        this.decls.push({ kind: "service", ...base, members });
        return;
      }
      case "protocol":
        new ProtocolConsumer(this).consume(node, this.#declBase(node.name, node.attributes, "protocol"));
    }
  }

  #consumeTypeDeclaration(node: DeclarationNode & { readonly kind: "type" }): void {
    const { target } = node.type;
    if (target.kind === "name") {
      const base = this.#declBase(node.name, node.attributes, "alias");
      this.library.lostNames.add(base.name);
      this.context.reporter.reportWith(
        NewTypesNotAllowed,
        node.span,
        { suggestion: `write 'alias ${base.name} = ${target.name.text};'` },
        base.name,
        target.name.text,
      );
      return;
    }
    const { layout } = target;
    const inner = layout.attributes[0];
    if (inner !== undefined) this.context.reporter.report(AttributeInsideTypeDeclaration, inner.span);
    const base = this.#declBase(node.name, node.attributes, layout.kind);
    this.#consumeLayout(layout, base, [base.name], false);
  }

  #declBase(name: Ident, nodes: Parameters<typeof consumeAttributes>[1], placement: Placement): DeclBase {
    const attributes = consumeAttributes(this.context, nodes, placement);
    const availability = elementAvailability(
      this.context,
      attributes,
      this.library.availability,
      `library '${this.library.name}'`,
      this.library.platform !== UNVERSIONED,
      this.library.name,
      { name: name.text, what: placement, isMember: false },
    );
    return this.declBase(name.text, name.span, attributes, availability);
  }

  declBase(name: string, nameSpan: Span, attributes: readonly Attribute[], availability: Availability): DeclBase {
    const { library, file } = this;
    return { library, file, name, nameSpan, attributes, availability, fqn: `${library.name}/${name}`, state: "new" };
  }

  /** Name, attributes and life of a member. */
  member(
    name: Ident,
    nodes: Parameters<typeof consumeAttributes>[1],
    parent: { readonly name: string; readonly availability: Availability },
    placement: Placement,
  ): ElementBase {
    const attributes = consumeAttributes(this.context, nodes, placement);
    const availability = elementAvailability(
      this.context,
      attributes,
      parent.availability,
      `'${parent.name}'`,
      this.library.platform !== UNVERSIONED,
      this.library.name,
      { name: name.text, what: placement, isMember: placement !== "composition" },
    );
    return { name: name.text, nameSpan: name.span, attributes, availability };
  }

  #typedMember(
    node: TypedMemberNode,
    parent: DeclBase,
    placement: Placement,
  ): ElementBase & { readonly type: TypeUse } {
    const base = this.member(node.name, node.attributes, parent, placement);
    const place = { path: [parent.name, base.name], flatName: upperCamel(base.name) };
    this.consumeType(node.type, base.availability, place, base.name);
    return { ...base, type: this.typeUse(node.type) };
  }

  typeUse(node: TypeNode | undefined): TypeUse {
    return { node, resolved: undefined };
  }

  /** Makes declarations of the layouts written inside a type. Several in one type share a name, which then collides. */
  consumeType(node: TypeNode, availability: Availability, place: NamingPlace, holder: string): void {
    for (const item of node.args?.items ?? []) {
      if (item.kind === "type") this.consumeType(item.type, availability, place, holder);
    }
    if (node.target.kind !== "layout") return;
    const { layout } = node.target;
    const attributes = consumeAttributes(this.context, layout.attributes, "unnamed layout");
    const generated = findAttribute(attributes, "generated_name");
    let name = place.flatName;
    const override = stringArgument(generated);
    if (generated !== undefined && override !== undefined) {
      if (IDENTIFIER.test(override) && !override.endsWith("_")) name = override;
      else this.context.reporter.report(versioning.InvalidGeneratedName, argumentSpan(generated, "value"), override);
    }
    const base = this.declBase(name, layout.kindSpan, attributes, inherit(availability));
    this.#consumeLayout(layout, base, place.path, true);
  }

  #consumeLayout(layout: LayoutNode, base: DeclBase, path: readonly string[], isAnonymous: boolean): void {
    const { kind } = layout;
    const modifiers = consumeModifiers(this.context, layout.modifiers, base.availability, LAYOUT_MODIFIERS[kind], kind);
    const version = decidingVersion(base.availability, this.library.selection);
    const common = {
      ...base,
      namingContext: path,
      isAnonymous,
      isComplete: layout.isComplete,
      isStrict: modifierAt(modifiers, ["strict", "flexible"], version)?.name === "strict",
      isResource: modifierAt(modifiers, ["resource"], version) !== undefined,
      shape: undefined,
    };
    let decl: LayoutDecl;
    switch (kind) {
      case "enum":
      case "bits": {
        const members: ValueMember[] = layout.members.map((member) => ({
          kind: "value-member",
          ...this.member(member.name, member.attributes, base, kind === "enum" ? "enum member" : "bits member"),
          value: constantUse(member.value as ConstantNode),
        }));
        const valueCommon = { ...common, subtypeNode: layout.subtype, subtype: undefined, members };
        decl = kind === "enum" ? { kind, ...valueCommon, unknownValue: undefined } : { kind, ...valueCommon, mask: 0n };
        break;
      }
      case "struct": {
        const members: StructMember[] = layout.members.map((member) => ({
          kind: "struct-member",
          ...this.#layoutMember(member, base, path, "struct member"),
          defaultValue: member.value === undefined ? undefined : constantUse(member.value),
        }));
        decl = { kind, ...common, members, isEmptySuccess: false };
        break;
      }
      default: {
        const members: OrdinalMember[] = layout.members.map((member) => ({
          kind: "ordinal-member",
          ...this.#layoutMember(member, base, path, kind === "table" ? "table member" : "union member"),
          ordinal: member.ordinal?.value ?? 0,
          ordinalSpan: member.ordinal?.span ?? member.span,
        }));
        decl = kind === "table" ? { kind, ...common, members } : { kind, ...common, members, isResult: false };
      }
    }
    this.library.inlineLayouts.set(layout, decl);
    this.decls.push(decl);
  }

  #layoutMember(
    node: LayoutNode["members"][number],
    parent: DeclBase,
    path: readonly string[],
    placement: Placement,
  ): ElementBase & { readonly type: TypeUse } {
    const base = this.member(node.name, node.attributes, parent, placement);
    const type = node.type as TypeNode;
    const place = { path: [...path, base.name], flatName: upperCamel(base.name) };
    this.consumeType(type, base.availability, place, base.name);
    return { ...base, type: this.typeUse(type) };
  }
}

function constantUse(node: ConstantNode): ConstantUse {
  return { node, value: undefined };
}
