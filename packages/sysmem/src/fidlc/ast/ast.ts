/** What the parser makes of one file. Nothing is resolved or checked beyond syntax. */
import type { SourceFile, Span } from "../source/source-file.ts";

export interface Ident {
  readonly text: string;
  readonly span: Span;
}

/** `a.b.c`. */
export interface DottedName {
  readonly parts: readonly Ident[];
  readonly text: string;
  readonly span: Span;
}

export interface LiteralNode {
  readonly kind: "literal";
  readonly literal: "string" | "numeric" | "bool" | "doc";
  /** The source text; for `doc`, the documentation itself. */
  readonly text: string;
  readonly span: Span;
}
export interface ReferenceNode {
  readonly kind: "reference";
  readonly name: DottedName;
  readonly span: Span;
}
/** All operands of `a | b | c`: a list, since a tree of that many levels would be deeper than any stack. */
export interface OrNode {
  readonly kind: "or";
  readonly operands: readonly ConstantNode[];
  readonly span: Span;
}
/** Parentheses are kept: the IR quotes the source text of expressions. */
export interface ParenthesesNode {
  readonly kind: "parentheses";
  readonly inner: ConstantNode;
  readonly span: Span;
}
export type ConstantNode = LiteralNode | ReferenceNode | OrNode | ParenthesesNode;

export interface ArgumentNode {
  /** Absent for the single argument of `@name(value)`. */
  readonly name: Ident | undefined;
  readonly value: ConstantNode;
  readonly span: Span;
}

export interface AttributeNode {
  /** As written; `doc` for doc comments. */
  readonly name: Ident;
  readonly args: readonly ArgumentNode[];
  readonly isDocComment: boolean;
  readonly span: Span;
}

export type ModifierName = "strict" | "flexible" | "resource" | "open" | "ajar" | "closed";

export interface ModifierNode {
  readonly name: ModifierName;
  /** Of `strict(added=2)`. */
  readonly args: readonly ArgumentNode[];
  readonly span: Span;
}

export type LayoutKind = "enum" | "bits" | "struct" | "table" | "union";

/** A member of any layout: which parts are there depends on the layout's kind. */
export interface LayoutMemberNode {
  readonly attributes: readonly AttributeNode[];
  readonly ordinal: { readonly value: number; readonly span: Span } | undefined;
  readonly name: Ident;
  readonly type: TypeNode | undefined;
  /** Value of an enum or bits member; default of a struct member. */
  readonly value: ConstantNode | undefined;
  readonly span: Span;
}

export interface LayoutNode {
  readonly kind: LayoutKind;
  readonly kindSpan: Span;
  readonly attributes: readonly AttributeNode[];
  readonly modifiers: readonly ModifierNode[];
  readonly subtype: TypeNode | undefined;
  readonly members: readonly LayoutMemberNode[];
  /** Every member could be read. */
  readonly isComplete: boolean;
  readonly span: Span;
}

export type TypeArgumentNode =
  | { readonly kind: "type"; readonly type: TypeNode; readonly span: Span }
  | { readonly kind: "constant"; readonly constant: ConstantNode; readonly span: Span };

export interface TypeNode {
  readonly target:
    | { readonly kind: "name"; readonly name: DottedName }
    | { readonly kind: "layout"; readonly layout: LayoutNode };
  readonly args: { readonly items: readonly TypeArgumentNode[]; readonly span: Span } | undefined;
  readonly constraints: { readonly items: readonly ConstantNode[]; readonly span: Span } | undefined;
  readonly span: Span;
}

interface DeclarationBase {
  readonly attributes: readonly AttributeNode[];
  readonly name: Ident;
  readonly span: Span;
}
export interface ConstNode extends DeclarationBase {
  readonly kind: "const";
  readonly type: TypeNode;
  readonly value: ConstantNode;
}
export interface AliasNode extends DeclarationBase {
  readonly kind: "alias";
  readonly type: TypeNode;
}
export interface TypeDeclarationNode extends DeclarationBase {
  readonly kind: "type";
  readonly type: TypeNode;
}
export interface ResourceNode extends DeclarationBase {
  readonly kind: "resource";
  readonly subtype: TypeNode;
  readonly properties: readonly TypedMemberNode[];
  readonly isComplete: boolean;
}
export interface TypedMemberNode {
  readonly attributes: readonly AttributeNode[];
  readonly name: Ident;
  readonly type: TypeNode;
  readonly span: Span;
}
export interface ServiceNode extends DeclarationBase {
  readonly kind: "service";
  readonly members: readonly TypedMemberNode[];
}
export interface ParametersNode {
  readonly type: TypeNode | undefined;
  readonly span: Span;
}
export interface ComposeNode {
  readonly kind: "compose";
  readonly attributes: readonly AttributeNode[];
  readonly protocol: DottedName;
  readonly span: Span;
}
/** A method or, without `request`, an event. */
export interface MethodNode {
  readonly kind: "method";
  readonly attributes: readonly AttributeNode[];
  readonly modifiers: readonly ModifierNode[];
  readonly name: Ident;
  readonly request: ParametersNode | undefined;
  readonly response: ParametersNode | undefined;
  readonly error: TypeNode | undefined;
  readonly span: Span;
}
export interface ProtocolNode extends DeclarationBase {
  readonly kind: "protocol";
  readonly modifiers: readonly ModifierNode[];
  readonly members: readonly (ComposeNode | MethodNode)[];
  readonly isComplete: boolean;
}
export type DeclarationNode = ConstNode | AliasNode | TypeDeclarationNode | ResourceNode | ServiceNode | ProtocolNode;

export interface UsingNode {
  readonly library: DottedName;
  readonly alias: Ident | undefined;
  readonly span: Span;
}

export interface FileNode {
  readonly file: SourceFile;
  readonly attributes: readonly AttributeNode[];
  /** Absent when the file does not begin with a library line that can be read. */
  readonly library: DottedName | undefined;
  readonly imports: readonly UsingNode[];
  readonly declarations: readonly DeclarationNode[];
  /** Names of declarations that could not be read: references to them are not reported again. */
  readonly lostNames: ReadonlySet<string>;
  /** A declaration was lost whose name is not known. */
  readonly hasLostUnnamed: boolean;
  /** The file has no syntax errors at all. */
  readonly isComplete: boolean;
}
