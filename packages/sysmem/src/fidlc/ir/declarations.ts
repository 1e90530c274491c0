/** One IR object per declaration. */
import { findAttribute, stringArgument } from "../compile/attributes.ts";
import type {
  AliasDecl,
  BitsDecl,
  ConstDecl,
  ConstantValue,
  EnumDecl,
  Library,
  Method,
  OrdinalMember,
  ProtocolDecl,
  ResolvedType,
  ResourceDecl,
  ServiceDecl,
  StructDecl,
  TableDecl,
  Type,
  TypeUse,
  UnionDecl,
  ValueMember,
} from "../compile/model.ts";
import type { TypeNode } from "../ast/ast.ts";
import { fieldShapes, type TypeShape } from "../compile/type-shape.ts";
import { parseLocations } from "../compile/protocols.ts";
import { irConstant, irElement, irShape, irType, irTypeConstructor, irTypeUse } from "./parts.ts";
import type {
  IrAlias,
  IrBits,
  IrConst,
  IrEnum,
  IrMethod,
  IrOrdinalMember,
  IrProtocol,
  IrResource,
  IrService,
  IrStruct,
  IrTable,
  IrType,
  IrUnion,
  IrValueMember,
} from "./types.ts";

/** A constant with its value. */
export function emitConst(decl: ConstDecl): IrConst {
  const value = irConstant(decl.value.node, decl.value.value as ConstantValue);
  return { ...irElement(decl, decl.library), ...irTypeUse(decl.type), value };
}

/** An alias: the type it was written as, and the type it is. */
export function emitAlias(decl: AliasDecl): IrAlias {
  const resolved = decl.type.resolved as ResolvedType;
  return {
    ...irElement(decl, decl.library),
    partial_type_ctor: irTypeConstructor(decl.type.node as TypeNode, resolved),
    ...irTypeUse(decl.type),
  };
}

function emitValueMembers(members: readonly ValueMember[], library: Library): readonly IrValueMember[] {
  return members.map((member) => ({
    ...irElement(member, library),
    value: irConstant(member.value.node, member.value.value as ConstantValue),
  }));
}

/** Bits with their mask. */
export function emitBits(decl: BitsDecl): IrBits {
  return {
    ...irElement(decl, decl.library),
    naming_context: decl.namingContext,
    type: irType({ kind: "primitive", subtype: decl.subtype ?? "uint32" }),
    mask: String(decl.mask),
    members: emitValueMembers(decl.members, decl.library),
    strict: decl.isStrict,
  };
}

/** An enum; a flexible one with its member for unknown values, if it names one. */
export function emitEnum(decl: EnumDecl): IrEnum {
  return {
    ...irElement(decl, decl.library),
    naming_context: decl.namingContext,
    type: decl.subtype ?? "uint32",
    members: emitValueMembers(decl.members, decl.library),
    strict: decl.isStrict,
    ...(decl.unknownValue === undefined ? {} : { maybe_unknown_value: decl.unknownValue }),
  };
}

/** A `resource_definition` with its properties. */
export function emitResource(decl: ResourceDecl): IrResource {
  return {
    ...irElement(decl, decl.library),
    type: irType({ kind: "primitive", subtype: decl.subtype ?? "uint32" }),
    properties: decl.properties.map((property) => ({
      ...irElement(property, decl.library),
      ...irTypeUse(property.type),
    })),
  };
}

/** A struct with its members' places and padding. */
export function emitStruct(decl: StructDecl): IrStruct {
  const fields = fieldShapes(decl);
  return {
    ...irElement(decl, decl.library),
    naming_context: decl.namingContext,
    members: decl.members.map((member, index) => {
      const { defaultValue } = member;
      return {
        ...irTypeUse(member.type),
        ...irElement(member, decl.library),
        ...(defaultValue?.value === undefined
          ? {}
          : { maybe_default_value: irConstant(defaultValue.node, defaultValue.value) }),
        field_shape_v2: fields[index] ?? { offset: 0, padding: 0 },
      };
    }),
    resource: decl.isResource,
    is_empty_success_struct: decl.isEmptySuccess,
    type_shape_v2: irShape(decl.shape as TypeShape),
  };
}

function emitOrdinalMembers(members: readonly OrdinalMember[], library: Library): readonly IrOrdinalMember[] {
  return members.map((member) => ({
    ordinal: member.ordinal,
    ...irTypeUse(member.type),
    ...irElement(member, library),
  }));
}

/** A table with its members by ordinal. */
export function emitTable(decl: TableDecl): IrTable {
  return {
    ...irElement(decl, decl.library),
    naming_context: decl.namingContext,
    members: emitOrdinalMembers(decl.members, decl.library),
    strict: false,
    resource: decl.isResource,
    type_shape_v2: irShape(decl.shape as TypeShape),
  };
}

/** A union with its members by ordinal. */
export function emitUnion(decl: UnionDecl): IrUnion {
  return {
    ...irElement(decl, decl.library),
    naming_context: decl.namingContext,
    members: emitOrdinalMembers(decl.members, decl.library),
    strict: decl.isStrict,
    resource: decl.isResource,
    ...(decl.isResult ? { is_result: true as const } : {}),
    type_shape_v2: irShape(decl.shape as TypeShape),
  };
}

/** A service with its members. */
export function emitService(decl: ServiceDecl): IrService {
  return {
    ...irElement(decl, decl.library),
    members: decl.members.map((member) => ({ ...irTypeUse(member.type), ...irElement(member, decl.library) })),
  };
}

/** A protocol with all its methods, composed ones included. */
export function emitProtocol(decl: ProtocolDecl): IrProtocol {
  return {
    ...irElement(decl, decl.library),
    openness: decl.openness,
    composed_protocols: decl.composed.map((compose) => ({
      ...irElement(compose, decl.library),
      name: compose.protocol?.fqn ?? compose.name,
    })),
    methods: decl.allMethods.map(({ method, owner }) => emitMethod(method, owner, owner !== decl)),
    ...implementationLocations(decl),
  };
}

/** Of discoverable protocols: where each side may be; both everywhere unless told. */
function implementationLocations(decl: ProtocolDecl): Pick<IrProtocol, "implementation_locations"> {
  const attribute = findAttribute(decl.attributes, "discoverable");
  if (attribute === undefined) return {};
  const side = (name: string): readonly string[] => {
    const text = stringArgument(attribute, name);
    return (text === undefined ? undefined : parseLocations(text)) ?? ["external", "platform"];
  };
  return { implementation_locations: { client: side("client"), server: side("server") } };
}

function emitMethod(method: Method, owner: ProtocolDecl, isComposed: boolean): IrMethod {
  const response: Type | undefined =
    method.result === undefined
      ? method.response?.type.resolved?.type
      : { kind: "identifier", decl: method.result, isOptional: false };
  return {
    kind: method.shape,
    ordinal: method.ordinal,
    ...irElement(method, owner.library),
    strict: method.isStrict,
    has_request: method.shape !== "event",
    ...optional("maybe_request_payload", typeOf(method.request?.type)),
    has_response: method.shape !== "oneway",
    ...optional("maybe_response_payload", response === undefined ? undefined : irType(response)),
    is_composed: isComposed,
    has_error: method.error !== undefined,
    ...optional("maybe_response_success_type", typeOf(method.success)),
    ...optional("maybe_response_err_type", typeOf(method.error?.type)),
  };
}

function typeOf(use: TypeUse | undefined): IrType | undefined {
  return use?.resolved === undefined ? undefined : irType(use.resolved.type);
}

function optional<K extends string>(key: K, type: IrType | undefined): { readonly [key in K]?: IrType } {
  return (type === undefined ? {} : { [key]: type }) as { readonly [key in K]?: IrType };
}
