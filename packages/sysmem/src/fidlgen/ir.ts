/**
 * The parts of the JSON IR that the generator reads, as fidlc writes it. Keys that are not read are not listed, so
 * that our compiler's output and published IR both fit.
 */

/** An integer of up to 64 bits: a bigint, or a number where it is exact (see `parseIr`). */
export type IrInteger = number | bigint;

export interface IrConstant {
  readonly kind: string;
  /** Decimal digits, `true`, `false`, or the text of a string. */
  readonly value: string;
  /** Source text. */
  readonly expression?: string;
}

export interface IrAttribute {
  /** Snake case. */
  readonly name: string;
  readonly arguments: readonly { readonly name: string; readonly value: IrConstant }[];
}

export interface IrElement {
  readonly name: string;
  readonly deprecated?: boolean;
  readonly maybe_attributes?: readonly IrAttribute[];
}

/** `experimental_maybe_from_alias`: the type was written as this alias. */
export interface IrFromAlias {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly nullable: boolean;
}

export interface IrPrimitiveType {
  readonly kind_v2: "primitive";
  readonly subtype: string;
}
export interface IrStringType {
  readonly kind_v2: "string";
  readonly maybe_element_count?: number | null;
  readonly nullable: boolean;
}
export interface IrVectorType {
  readonly kind_v2: "vector";
  readonly element_type: IrType;
  readonly maybe_element_count?: number | null;
  readonly nullable: boolean;
}
export interface IrArrayType {
  readonly kind_v2: "array";
  readonly element_type: IrType;
  readonly element_count: number;
}
export interface IrHandleType {
  readonly kind_v2: "handle";
  readonly obj_type: number;
  readonly rights: number;
  readonly nullable: boolean;
}
export interface IrEndpointType {
  readonly kind_v2: "endpoint";
  readonly role: "client" | "server";
  readonly protocol: string;
  readonly nullable: boolean;
}
export interface IrIdentifierType {
  readonly kind_v2: "identifier";
  readonly identifier: string;
  readonly nullable: boolean;
}
export interface IrInternalType {
  readonly kind_v2: "internal";
  readonly subtype: string;
}
export type IrType =
  | IrPrimitiveType
  | IrStringType
  | IrVectorType
  | IrArrayType
  | IrHandleType
  | IrEndpointType
  | IrIdentifierType
  | IrInternalType;

export interface IrConst extends IrElement {
  readonly type: IrType;
  readonly value: IrConstant;
}

export interface IrAlias extends IrElement {
  readonly type: IrType;
}

export interface IrValueMember extends IrElement {
  readonly value: IrConstant;
}

export interface IrBits extends IrElement {
  readonly type: IrType;
  readonly strict: boolean;
  readonly members: readonly IrValueMember[];
}

export interface IrEnum extends IrElement {
  readonly type: string;
  readonly strict: boolean;
  readonly members: readonly IrValueMember[];
}

export interface IrTypedMember extends IrElement {
  readonly type: IrType;
  readonly experimental_maybe_from_alias?: IrFromAlias;
}

export interface IrStruct extends IrElement {
  /** Where the layout stands, from the outermost name: one alone for a layout that has a name of its own. */
  readonly naming_context?: readonly string[];
  readonly members: readonly IrTypedMember[];
  readonly resource: boolean;
  readonly is_empty_success_struct?: boolean;
}

export interface IrOrdinalMember extends IrTypedMember {
  readonly ordinal: number;
}

export interface IrTable extends IrElement {
  readonly naming_context?: readonly string[];
  readonly members: readonly IrOrdinalMember[];
  readonly resource: boolean;
}

export interface IrUnion extends IrElement {
  readonly members: readonly IrOrdinalMember[];
  readonly strict: boolean;
  readonly resource: boolean;
  readonly is_result?: boolean;
}

export interface IrMethod extends IrElement {
  readonly kind: "oneway" | "twoway" | "event";
  readonly ordinal: IrInteger;
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

export interface IrProtocol extends IrElement {
  readonly openness: "open" | "ajar" | "closed";
  readonly composed_protocols: readonly { readonly name: string }[];
  readonly methods: readonly IrMethod[];
}

export interface IrServiceMember extends IrElement {
  readonly type: IrType;
}

export interface IrService extends IrElement {
  readonly members: readonly IrServiceMember[];
}

export interface IrDependency {
  readonly name: string;
  readonly declarations: Readonly<
    Record<string, { readonly kind: string; readonly type_shape_v2?: { readonly inline_size: number } }>
  >;
}

/** One library. */
export interface JsonIr {
  readonly name: string;
  readonly maybe_attributes?: readonly IrAttribute[];
  readonly library_dependencies: readonly IrDependency[];
  readonly bits_declarations: readonly IrBits[];
  readonly const_declarations: readonly IrConst[];
  readonly enum_declarations: readonly IrEnum[];
  readonly protocol_declarations: readonly IrProtocol[];
  readonly service_declarations: readonly IrService[];
  readonly struct_declarations: readonly IrStruct[];
  readonly external_struct_declarations?: readonly IrStruct[];
  readonly table_declarations: readonly IrTable[];
  readonly union_declarations: readonly IrUnion[];
  readonly alias_declarations: readonly IrAlias[];
  readonly declaration_order: readonly string[];
  /** Name to kind (`struct`, `enum`, …). */
  readonly declarations: Readonly<Record<string, string>>;
}
