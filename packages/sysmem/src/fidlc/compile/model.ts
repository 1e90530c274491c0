/**
 * What the compiler knows of a library. Elements are made from the syntax tree, pruned to the selected versions, and
 * then completed by the later steps, each of which fills the fields that it is named for.
 */
import type { ArgumentNode, AttributeNode, ConstantNode, DottedName, TypeNode } from "../ast/ast.ts";
import type { Span } from "../source/source-file.ts";
import type { TypeShape } from "./type-shape.ts";
import type { Availability, Selection } from "./version.ts";

export interface Attribute {
  /** Snake case. */
  readonly name: string;
  readonly args: readonly { readonly name: string; readonly node: ArgumentNode; value?: ConstantValue }[];
  readonly node: AttributeNode;
}

export type PrimitiveSubtype =
  | "bool"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "float32"
  | "float64";

/** Bound of strings and vectors that have none. */
export const UNBOUNDED = 0xffff_ffff;

export interface PrimitiveType {
  readonly kind: "primitive";
  readonly subtype: PrimitiveSubtype;
}
export interface StringType {
  readonly kind: "string";
  readonly bound: number;
  readonly isBoundSet: boolean;
  readonly isOptional: boolean;
}
export interface VectorType {
  readonly kind: "vector";
  readonly element: Type;
  readonly bound: number;
  readonly isBoundSet: boolean;
  readonly isOptional: boolean;
}
export interface ArrayType {
  readonly kind: "array";
  readonly element: Type;
  readonly count: number;
}
export interface BoxType {
  readonly kind: "box";
  readonly element: Type & { readonly kind: "identifier" };
}
export interface HandleType {
  readonly kind: "handle";
  readonly resource: ResourceDecl;
  /** Values of the properties by their index; absent where not constrained. */
  readonly properties: readonly (ConstantValue | undefined)[];
  readonly isOptional: boolean;
}
export interface EndpointType {
  readonly kind: "endpoint";
  readonly role: "client" | "server";
  /** Absent while the protocol is not known: `client_end` before its constraints. */
  readonly protocol: ProtocolDecl | undefined;
  readonly isOptional: boolean;
}
export interface IdentifierType {
  readonly kind: "identifier";
  readonly decl: LayoutDecl;
  readonly isOptional: boolean;
}
/** Member of result unions only. */
export interface InternalType {
  readonly kind: "internal";
  readonly subtype: "framework_error";
}
export type Type =
  | PrimitiveType
  | StringType
  | VectorType
  | ArrayType
  | BoxType
  | HandleType
  | EndpointType
  | IdentifierType
  | InternalType;

/** A type as it was written, once it is resolved. */
export interface ResolvedType {
  readonly type: Type;
  /** The alias that it was written as. */
  readonly alias?: AliasDecl | undefined;
  /** Levels of type arguments, aliases included; bounds all recursion over types. */
  readonly depth: number;
}

export type ConstantValue =
  | { readonly kind: "integer"; readonly value: bigint; readonly type: ConstantType; readonly target?: ConstantTarget }
  | { readonly kind: "float"; readonly value: number; readonly type: ConstantType; readonly target?: ConstantTarget }
  | { readonly kind: "bool"; readonly value: boolean; readonly type: ConstantType; readonly target?: ConstantTarget }
  | { readonly kind: "string"; readonly value: string; readonly type: ConstantType; readonly target?: ConstantTarget };

/** What an identifier in a constant stood for, `library/Name` or `library/Name.MEMBER`. */
export type ConstantTarget = string;

/** Types of constants. Literals that nothing has given a type have `untyped`. */
export type ConstantType =
  | PrimitiveType
  | { readonly kind: "string" }
  | { readonly kind: "identifier"; readonly decl: EnumDecl | BitsDecl }
  | { readonly kind: "untyped" };

/** A resolvable place for a type: filled by the type resolver. */
export interface TypeUse {
  /** Absent for made-up types, which are resolved from the start. */
  readonly node: TypeNode | undefined;
  resolved: ResolvedType | undefined;
}

export interface ConstantUse {
  readonly node: ConstantNode;
  value: ConstantValue | undefined;
}

export interface ElementBase {
  readonly name: string;
  readonly nameSpan: Span;
  readonly attributes: readonly Attribute[];
  readonly availability: Availability;
}

export interface DeclBase extends ElementBase {
  readonly library: Library;
  readonly file: FileScope;
  /** `library/Name`. */
  readonly fqn: string;
  /** Progress of the step that resolves it; `resolving` met again is a cycle. */
  state: "new" | "resolving" | "done";
}

export interface ConstDecl extends DeclBase {
  readonly kind: "const";
  readonly type: TypeUse;
  readonly value: ConstantUse;
}
export interface AliasDecl extends DeclBase {
  readonly kind: "alias";
  readonly type: TypeUse;
}
export interface ValueMember extends ElementBase {
  readonly kind: "value-member";
  readonly value: ConstantUse;
}
export interface StructMember extends ElementBase {
  readonly kind: "struct-member";
  readonly type: TypeUse;
  readonly defaultValue: ConstantUse | undefined;
}
export interface OrdinalMember extends ElementBase {
  readonly kind: "ordinal-member";
  readonly ordinal: number;
  readonly ordinalSpan: Span;
  readonly type: TypeUse;
}
interface LayoutBase extends DeclBase {
  readonly namingContext: readonly string[];
  readonly isAnonymous: boolean;
  /** Every member could be read; otherwise what lacks may be what was lost. */
  readonly isComplete: boolean;
  readonly isStrict: boolean;
  isResource: boolean;
  shape: TypeShape | undefined;
}
interface ValueLayoutBase extends LayoutBase {
  readonly subtypeNode: TypeNode | undefined;
  subtype: PrimitiveSubtype | undefined;
  members: ValueMember[];
}
export interface EnumDecl extends ValueLayoutBase {
  readonly kind: "enum";
  unknownValue: bigint | undefined;
}
export interface BitsDecl extends ValueLayoutBase {
  readonly kind: "bits";
  mask: bigint;
}
export interface StructDecl extends LayoutBase {
  readonly kind: "struct";
  members: StructMember[];
  readonly isEmptySuccess: boolean;
}
export interface TableDecl extends LayoutBase {
  readonly kind: "table";
  members: OrdinalMember[];
}
export interface UnionDecl extends LayoutBase {
  readonly kind: "union";
  members: OrdinalMember[];
  readonly isResult: boolean;
}
export type LayoutDecl = EnumDecl | BitsDecl | StructDecl | TableDecl | UnionDecl;

export interface ResourceProperty extends ElementBase {
  readonly kind: "property";
  readonly type: TypeUse;
}
export interface ResourceDecl extends DeclBase {
  readonly kind: "resource";
  readonly subtypeNode: TypeNode;
  readonly isComplete: boolean;
  subtype: PrimitiveSubtype | undefined;
  properties: ResourceProperty[];
}
export interface ServiceMember extends ElementBase {
  readonly kind: "service-member";
  readonly type: TypeUse;
}
export interface ServiceDecl extends DeclBase {
  readonly kind: "service";
  members: ServiceMember[];
}
export interface Compose extends ElementBase {
  readonly kind: "compose";
  readonly protocolName: DottedName;
  protocol: ProtocolDecl | undefined;
}
/** A payload as written: the type use, and its place for messages. */
export interface Payload {
  readonly type: TypeUse;
  readonly span: Span;
}
export interface Method extends ElementBase {
  readonly kind: "method";
  readonly shape: "oneway" | "twoway" | "event";
  readonly isStrict: boolean;
  /** Absent: `()` or no such direction. */
  readonly request: Payload | undefined;
  readonly response: Payload | undefined;
  readonly error: Payload | undefined;
  /** In use when the response can be an error of either kind. */
  readonly result: UnionDecl | undefined;
  /** Payload of success inside the result: the written one, or the empty struct. */
  readonly success: TypeUse | undefined;
  ordinal: bigint;
  selector: string;
}
/** A method that a protocol has, itself or by composition. */
export interface ProtocolMethod {
  readonly method: Method;
  /** The protocol that declares it. */
  readonly owner: ProtocolDecl;
  /** When the protocol has it. */
  readonly availability: Availability;
}
export interface ProtocolDecl extends DeclBase {
  readonly kind: "protocol";
  readonly isComplete: boolean;
  openness: "open" | "ajar" | "closed";
  composed: Compose[];
  methods: Method[];
  /** Own and composed methods, after the protocol is resolved. */
  allMethods: ProtocolMethod[];
  transport: string;
}
export type Decl = ConstDecl | AliasDecl | LayoutDecl | ResourceDecl | ServiceDecl | ProtocolDecl;

export interface Import {
  readonly library: Library;
  readonly span: Span;
  readonly name: string;
  isUsed: boolean;
}

/** Names that one file sees besides its library's. */
export interface FileScope {
  /** By library name or alias, dotted. */
  readonly imports: Map<string, Import>;
  /** Imports that could not be resolved: what is behind them is not reported again. */
  readonly brokenImports: Set<string>;
  /** The file has no syntax errors. */
  readonly isComplete: boolean;
}

export interface Library {
  readonly name: string;
  readonly span: Span;
  platform: string;
  attributes: readonly Attribute[];
  availability: Availability;
  selection: Selection;
  readonly files: FileScope[];
  /** Declarations of the selected versions. */
  decls: Decl[];
  /** The same by name. Where a name has several forms (versions), the newest is first. */
  readonly byName: Map<string, Decl[]>;
  /** Layouts written in place, by their node. */
  readonly inlineLayouts: Map<object, LayoutDecl>;
  /** See `FileNode.lostNames`. */
  readonly lostNames: Set<string>;
  hasLostUnnamed: boolean;
  readonly dependencies: Set<Library>;
}

export function isLayout(decl: Decl): decl is LayoutDecl {
  const { kind } = decl;
  return kind === "struct" || kind === "table" || kind === "union" || kind === "enum" || kind === "bits";
}
