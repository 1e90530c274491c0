/**
 * The JSON IR, key by key as fidlc writes it. Integers that a number cannot hold are bigints in memory; `writeIr` writes
 * them as JSON numbers.
 */

/** Kinds of declarations. */
export type IrKind =
  | "alias"
  | "bits"
  | "const"
  | "enum"
  | "experimental_resource"
  | "protocol"
  | "service"
  | "struct"
  | "table"
  | "union";

/** Where something is declared. */
export interface IrLocation {
  readonly filename: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** A literal as it is written, and its value. */
export interface IrLiteral {
  readonly kind: "string" | "numeric" | "bool";
  readonly value: string;
  readonly expression: string;
}

/** A constant expression with its value. */
export interface IrConstant {
  readonly kind: "literal" | "identifier" | "binary_operator";
  /** Decimal digits, `true`, `false`, or the text of a string. */
  readonly value: string;
  /** Source text. */
  readonly expression: string;
  readonly identifier?: string;
  readonly literal?: IrLiteral;
}

/** An argument of an attribute. */
export interface IrAttributeArgument {
  readonly name: string;
  readonly type: string;
  readonly value: IrConstant;
  readonly location: IrLocation;
}

/** An attribute. A doc comment is one named `doc`. */
export interface IrAttribute {
  /** Snake case. */
  readonly name: string;
  readonly arguments: readonly IrAttributeArgument[];
  readonly location: IrLocation;
}

/** Size, alignment and what follows of a type, in wire format v2. */
export interface IrTypeShape {
  readonly inline_size: number;
  readonly alignment: number;
  readonly depth: number;
  readonly max_handles: number;
  readonly max_out_of_line: number;
  readonly has_padding: boolean;
  readonly has_flexible_envelope: boolean;
}

/** Where a member of a struct lies. */
export interface IrFieldShape {
  readonly offset: number;
  readonly padding: number;
}

interface IrTypeBase {
  readonly type_shape_v2: IrTypeShape;
}
/** `bool`, an integer or a float. */
export interface IrPrimitiveType extends IrTypeBase {
  readonly kind_v2: "primitive";
  readonly subtype: string;
}
/** A string. */
export interface IrStringType extends IrTypeBase {
  readonly kind_v2: "string";
  readonly maybe_element_count?: number;
  readonly nullable: boolean;
}
/** A vector. */
export interface IrVectorType extends IrTypeBase {
  readonly kind_v2: "vector";
  readonly element_type: IrType;
  readonly maybe_element_count?: number;
  readonly nullable: boolean;
}
/** An array. */
export interface IrArrayType extends IrTypeBase {
  readonly kind_v2: "array";
  readonly element_type: IrType;
  readonly element_count: number;
}
/** A handle, with its object type and rights. */
export interface IrHandleType extends IrTypeBase {
  readonly kind_v2: "handle";
  /** 0: any. */
  readonly obj_type: number;
  readonly subtype: string;
  /** 2147483648: those that it has. */
  readonly rights: number;
  readonly nullable: boolean;
  readonly resource_identifier: string;
}
/** The client or server end of a protocol. */
export interface IrEndpointType extends IrTypeBase {
  readonly kind_v2: "endpoint";
  readonly role: "client" | "server";
  readonly protocol: string;
  readonly protocol_transport: string;
  readonly nullable: boolean;
}
/** A reference to a declaration. */
export interface IrIdentifierType extends IrTypeBase {
  readonly kind_v2: "identifier";
  readonly identifier: string;
  readonly nullable: boolean;
}
/** A type of the bindings' own: the framework's error. */
export interface IrInternalType extends IrTypeBase {
  readonly kind_v2: "internal";
  readonly subtype: string;
}
/** Any type. */
export type IrType =
  | IrPrimitiveType
  | IrStringType
  | IrVectorType
  | IrArrayType
  | IrHandleType
  | IrEndpointType
  | IrIdentifierType
  | IrInternalType;

/** A type as written: its name before aliases are followed. */
export interface IrTypeConstructor {
  readonly name: string;
  readonly args: readonly IrTypeConstructor[];
  readonly nullable: boolean;
  readonly maybe_size?: IrConstant;
  readonly handle_rights?: IrConstant;
}

/** The type was written as this alias. */
export interface IrFromAlias {
  readonly name: string;
  readonly args: readonly IrTypeConstructor[];
  /** Whether this use adds `optional`, and the size it adds. */
  readonly nullable: boolean;
  readonly maybe_size?: IrConstant;
}

/** What every declaration and member has. */
export interface IrElement {
  readonly name: string;
  readonly location: IrLocation;
  readonly deprecated: boolean;
  readonly maybe_attributes?: readonly IrAttribute[];
}

/** A `const`. */
export interface IrConst extends IrElement {
  readonly type: IrType;
  readonly experimental_maybe_from_alias?: IrFromAlias;
  readonly value: IrConstant;
}
/** An `alias`. */
export interface IrAlias extends IrElement {
  readonly partial_type_ctor: IrTypeConstructor;
  readonly type: IrType;
  readonly experimental_maybe_from_alias?: IrFromAlias;
}
/** A member of an enum or of bits. */
export interface IrValueMember extends IrElement {
  readonly value: IrConstant;
}
/** A `bits`. */
export interface IrBits extends IrElement {
  readonly naming_context: readonly string[];
  readonly type: IrType;
  readonly mask: string;
  readonly members: readonly IrValueMember[];
  readonly strict: boolean;
}
/** An `enum`. */
export interface IrEnum extends IrElement {
  readonly naming_context: readonly string[];
  readonly type: string;
  readonly members: readonly IrValueMember[];
  readonly strict: boolean;
  readonly maybe_unknown_value?: bigint;
}
/** A member with a type. */
export interface IrTypedMember extends IrElement {
  readonly type: IrType;
  readonly experimental_maybe_from_alias?: IrFromAlias;
}
/** A member of a struct. */
export interface IrStructMember extends IrTypedMember {
  readonly maybe_default_value?: IrConstant;
  readonly field_shape_v2: IrFieldShape;
}
/** A `struct`. */
export interface IrStruct extends IrElement {
  readonly naming_context: readonly string[];
  readonly members: readonly IrStructMember[];
  readonly resource: boolean;
  readonly is_empty_success_struct: boolean;
  readonly type_shape_v2: IrTypeShape;
}
/** A member of a table or union. */
export interface IrOrdinalMember extends IrTypedMember {
  readonly ordinal: number;
}
/** A `table`. */
export interface IrTable extends IrElement {
  readonly naming_context: readonly string[];
  readonly members: readonly IrOrdinalMember[];
  readonly strict: boolean;
  readonly resource: boolean;
  readonly type_shape_v2: IrTypeShape;
}
/** A `union`. */
export interface IrUnion extends IrTable {
  /** Present on result unions only. */
  readonly is_result?: true;
}
/** A `resource_definition`. */
export interface IrResource extends IrElement {
  readonly type: IrType;
  readonly properties: readonly IrTypedMember[];
}
/** A method or event. */
export interface IrMethod extends IrElement {
  readonly kind: "oneway" | "twoway" | "event";
  readonly ordinal: bigint;
  readonly strict: boolean;
  readonly has_request: boolean;
  readonly maybe_request_payload?: IrType;
  readonly has_response: boolean;
  readonly maybe_response_payload?: IrType;
  readonly is_composed: boolean;
  readonly has_error: boolean;
  readonly maybe_response_success_type?: IrType;
  readonly maybe_response_err_type?: IrType;
}
/** A protocol that another one composes. */
export interface IrComposition extends IrElement {}
/** A `protocol`. */
export interface IrProtocol extends IrElement {
  readonly openness: "open" | "ajar" | "closed";
  readonly composed_protocols: readonly IrComposition[];
  readonly methods: readonly IrMethod[];
  readonly implementation_locations?: { readonly client: readonly string[]; readonly server: readonly string[] };
}
/** A `service`. */
export interface IrService extends IrElement {
  readonly members: readonly IrTypedMember[];
}

/** What is known of a declaration of another library. */
export interface IrDependencyDeclaration {
  readonly kind: IrKind;
  readonly resource?: boolean;
  readonly type_shape_v2?: IrTypeShape;
}
/** A library that this one uses. */
export interface IrDependency {
  readonly name: string;
  readonly declarations: Readonly<Record<string, IrDependencyDeclaration>>;
}

/** One library. */
export interface JsonIr {
  readonly name: string;
  readonly platform: string;
  readonly available: Readonly<Record<string, readonly string[]>>;
  readonly maybe_attributes?: readonly IrAttribute[];
  readonly experiments: readonly string[];
  readonly library_dependencies: readonly IrDependency[];
  readonly bits_declarations: readonly IrBits[];
  readonly const_declarations: readonly IrConst[];
  readonly enum_declarations: readonly IrEnum[];
  readonly experimental_resource_declarations: readonly IrResource[];
  readonly protocol_declarations: readonly IrProtocol[];
  readonly service_declarations: readonly IrService[];
  readonly struct_declarations: readonly IrStruct[];
  /** Structs of other libraries that composed methods here need. */
  readonly external_struct_declarations: readonly IrStruct[];
  readonly table_declarations: readonly IrTable[];
  readonly union_declarations: readonly IrUnion[];
  readonly alias_declarations: readonly IrAlias[];
  readonly new_type_declarations: readonly never[];
  /** Names of this library's declarations, each after those it needs. */
  readonly declaration_order: readonly string[];
  readonly declarations: Readonly<Record<string, IrKind>>;
}
