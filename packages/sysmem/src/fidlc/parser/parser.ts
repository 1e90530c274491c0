/** One file: the library line, imports and declarations. */
import { MAX_FIDL_SOURCE_LENGTH } from "#base";
import type {
  AttributeNode,
  ComposeNode,
  DeclarationNode,
  DottedName,
  FileNode,
  MethodNode,
  ModifierNode,
  ParametersNode,
  TypedMemberNode,
  TypeNode,
  UsingNode,
} from "../ast/ast.ts";
import type { Reporter } from "../diagnostics/reporter.ts";
import { didYouMean } from "../diagnostics/suggest.ts";
import * as syntax from "../diagnostics/syntax.ts";
import { lex } from "../lexer/lexer.ts";
import { describeToken } from "../lexer/token.ts";
import type { SourceFile } from "../source/source-file.ts";
import { parseAttributes, parseConstant, parseModifiers, reportDangling } from "./attributes.ts";
import { Cursor, type Parsed } from "./cursor.ts";
import { parseBlock, parseSubtype, parseType } from "./types.ts";

const DECLARATION_WORDS = ["const", "alias", "type", "protocol", "service", "resource_definition"] as const;
const LIBRARY_COMPONENT = /^[a-z][a-z0-9]*$/;

/** Reads a file. Everything that can be read is in the result, whatever is wrong elsewhere in the file. */
export function parseFile(file: SourceFile, reporter: Reporter): FileNode {
  if (file.text.length > MAX_FIDL_SOURCE_LENGTH) {
    reporter.report(syntax.SourceTooLong, { file, start: 0, end: 0 }, MAX_FIDL_SOURCE_LENGTH);
    return {
      file,
      attributes: [],
      library: undefined,
      imports: [],
      declarations: [],
      lostNames: new Set(),
      hasLostUnnamed: true,
      isComplete: false,
    };
  }
  const errorsBefore = reporter.errorCount;
  return new FileParser(new Cursor(file, lex(file, reporter), reporter), errorsBefore).parse();
}

class FileParser {
  readonly #cursor: Cursor;
  readonly #imports: UsingNode[] = [];
  readonly #declarations: DeclarationNode[] = [];
  readonly #lostNames = new Set<string>();
  readonly #errorsBefore: number;
  #hasLostUnnamed = false;

  /** @param errorsBefore Errors reported before this file was begun, its tokens included. */
  constructor(cursor: Cursor, errorsBefore: number) {
    this.#cursor = cursor;
    this.#errorsBefore = errorsBefore;
  }

  parse(): FileNode {
    const cursor = this.#cursor;
    let attributes = parseAttributes(cursor);
    const library = this.#parseLibraryLine();
    // Without a library line the attributes read so far belong to the first declaration.
    let pending: readonly AttributeNode[] | undefined;
    if (library === undefined) {
      pending = attributes;
      attributes = [];
    }
    while (!cursor.at("end")) {
      const before = cursor.position;
      const own = pending ?? parseAttributes(cursor);
      pending = undefined;
      if (cursor.at("end")) reportDangling(cursor, own);
      else this.#parseItem(own);
      if (cursor.position === before && !cursor.at("end")) cursor.take();
    }
    return {
      file: cursor.file,
      attributes,
      library,
      imports: this.#imports,
      declarations: this.#declarations,
      lostNames: this.#lostNames,
      hasLostUnnamed: this.#hasLostUnnamed,
      isComplete: cursor.reporter.errorCount === this.#errorsBefore,
    };
  }

  #parseLibraryLine(): Parsed<DottedName> {
    const cursor = this.#cursor;
    if (cursor.expectWord("library") === undefined) {
      // A misspelt word is skipped with its line; anything else is left to be read as a declaration.
      if (cursor.at("identifier") && cursor.peek(1).kind === "identifier" && !this.#atDeclaration()) cursor.recover();
      return undefined;
    }
    const name = this.#libraryName();
    if (name === undefined || cursor.expect(";") === undefined) cursor.recover();
    return name;
  }

  #libraryName(): Parsed<DottedName> {
    const cursor = this.#cursor;
    const name = cursor.dotted("the name of a library");
    for (const part of name?.parts ?? []) {
      if (!LIBRARY_COMPONENT.test(part.text))
        cursor.reporter.report(syntax.InvalidLibraryNameComponent, part.span, part.text);
    }
    return name;
  }

  #atDeclaration(): boolean {
    return DECLARATION_WORDS.some((word) => this.#cursor.atWord(word)) || this.#cursor.atWord("using");
  }

  #parseItem(attributes: readonly AttributeNode[]): void {
    const cursor = this.#cursor;
    if (cursor.atWord("using")) {
      if (this.#declarations.length > 0)
        cursor.reporter.report(syntax.LibraryImportsMustBeGroupedAtTopOfFile, cursor.peek().span);
      const attribute = attributes[0];
      if (attribute !== undefined) cursor.reporter.report(syntax.AttributesNotAllowedOnLibraryImport, attribute.span);
      const using = this.#parseUsing();
      if (using === undefined) cursor.recover();
      else {
        this.#imports.push(using);
        this.#semicolon();
      }
      return;
    }
    const before = cursor.peek();
    const modifiers = parseModifiers(cursor);
    const word = cursor.peek();
    if (!this.#atDeclaration() || cursor.atWord("using")) {
      const names = [...DECLARATION_WORDS, "using"];
      const suggestion =
        word.kind === "identifier" ? (oldDeclaration(word.text) ?? didYouMean(word.text, names)) : undefined;
      cursor.reporter.reportWith(syntax.ExpectedDeclaration, word.span, { suggestion }, describeToken(word));
      this.#hasLostUnnamed = true;
      if (!cursor.at("}")) cursor.recover();
      this.#skipBlockEnd();
      return;
    }
    const name = cursor.peek(1);
    const declaration = this.#parseDeclaration(attributes, modifiers);
    if (declaration === undefined) {
      if (name.kind === "identifier") this.#lostNames.add(name.text);
      else this.#hasLostUnnamed = true;
      if (cursor.peek() === before) cursor.take();
      cursor.recover();
      this.#skipBlockEnd();
      return;
    }
    this.#declarations.push(declaration);
    this.#semicolon();
  }

  /** The end of a block that nothing opened, or whose start was lost: no declaration is within one. */
  #skipBlockEnd(): void {
    if (this.#cursor.takeIf("}") !== undefined) this.#cursor.takeIf(";");
  }

  /** A missing semicolon at a line's end is the only fault there; otherwise what follows on the line is skipped. */
  #semicolon(): void {
    if (this.#cursor.expect(";") === undefined && this.#cursor.peek().breaksBefore === 0) this.#cursor.recover();
  }

  #parseUsing(): Parsed<UsingNode> {
    const cursor = this.#cursor;
    const first = cursor.take();
    const library = this.#libraryName();
    if (library === undefined) return undefined;
    if (!cursor.atWord("as")) return { library, alias: undefined, span: cursor.spanFrom(first.span) };
    cursor.take();
    const alias = cursor.identifier();
    if (alias === undefined) return undefined;
    return { library, alias, span: cursor.spanFrom(first.span) };
  }

  #parseDeclaration(attributes: readonly AttributeNode[], modifiers: readonly ModifierNode[]): Parsed<DeclarationNode> {
    const cursor = this.#cursor;
    const first = attributes[0]?.span ?? modifiers[0]?.span ?? cursor.peek().span;
    const word = cursor.take();
    for (const modifier of modifiers) {
      const fits =
        word.text === "protocol" &&
        (modifier.name === "open" || modifier.name === "ajar" || modifier.name === "closed");
      if (fits) continue;
      const hint = word.text === "type" ? "modifiers of a layout go after '='" : undefined;
      const what = word.text === "type" ? "type declaration" : word.text;
      cursor.reporter.reportWith(
        syntax.CannotSpecifyModifier,
        modifier.span,
        { suggestion: hint },
        modifier.name,
        what,
      );
    }
    const name = cursor.identifier();
    if (name === undefined) return undefined;
    switch (word.text) {
      case "const": {
        const type = parseType(cursor);
        if (type === undefined || cursor.expect("=") === undefined) return undefined;
        const value = parseConstant(cursor);
        return value === undefined
          ? undefined
          : { kind: "const", attributes, name, type, value, span: cursor.spanFrom(first) };
      }
      case "alias":
      case "type": {
        if (cursor.expect("=") === undefined) return undefined;
        const type = parseType(cursor);
        return type === undefined
          ? undefined
          : { kind: word.text, attributes, name, type, span: cursor.spanFrom(first) };
      }
      case "protocol": {
        const block = parseBlock(cursor, (own) => this.#parseProtocolMember(own));
        if (block === undefined) return undefined;
        return { kind: "protocol", attributes, modifiers, name, ...block, span: cursor.spanFrom(first) };
      }
      case "service": {
        const block = parseBlock(cursor, (own) => this.#parseTypedMember(own));
        return block === undefined
          ? undefined
          : { kind: "service", attributes, name, members: block.members, span: cursor.spanFrom(first) };
      }
      default: {
        if (cursor.expect(":") === undefined) return undefined;
        const subtype = parseSubtype(cursor);
        if (subtype === undefined || cursor.expect("{") === undefined || cursor.expectWord("properties") === undefined)
          return undefined;
        const block = parseBlock(cursor, (own) => this.#parseTypedMember(own));
        if (block === undefined || cursor.expect(";") === undefined || cursor.expect("}") === undefined)
          return undefined;
        return {
          kind: "resource",
          attributes,
          name,
          subtype,
          properties: block.members,
          isComplete: block.isComplete,
          span: cursor.spanFrom(first),
        };
      }
    }
  }

  #parseTypedMember(attributes: readonly AttributeNode[]): Parsed<TypedMemberNode> {
    const cursor = this.#cursor;
    const first = attributes[0]?.span ?? cursor.peek().span;
    const name = cursor.identifier("a member's name");
    if (name === undefined) return undefined;
    const type = parseType(cursor);
    return type === undefined ? undefined : { attributes, name, type, span: cursor.spanFrom(first) };
  }

  #parseProtocolMember(attributes: readonly AttributeNode[]): Parsed<ComposeNode | MethodNode> {
    const cursor = this.#cursor;
    const first = attributes[0]?.span ?? cursor.peek().span;
    const modifiers = parseModifiers(cursor);
    if (cursor.atWord("compose") && cursor.peek(1).kind === "identifier") {
      cursor.take();
      const protocol = cursor.dotted("the name of a protocol");
      if (protocol === undefined) return undefined;
      const modifier = modifiers[0];
      if (modifier !== undefined) {
        cursor.reporter.report(syntax.CannotSpecifyModifier, modifier.span, modifier.name, "composition");
      }
      return { kind: "compose", attributes, protocol, span: cursor.spanFrom(first) };
    }
    for (const modifier of modifiers) {
      if (modifier.name === "strict" || modifier.name === "flexible") continue;
      cursor.reporter.report(syntax.CannotSpecifyModifier, modifier.span, modifier.name, "method");
    }
    const strictness = modifiers.filter(({ name }) => name === "strict" || name === "flexible");
    if (cursor.takeIf("->") !== undefined) {
      const name = cursor.identifier("an event's name");
      const response = name === undefined ? undefined : this.#parseParameters();
      if (name === undefined || response === undefined) return undefined;
      if (cursor.atWord("error")) {
        cursor.reporter.report(syntax.UnexpectedToken, cursor.peek().span, "'error'", "on an event");
        return undefined;
      }
      return {
        kind: "method",
        attributes,
        modifiers: strictness,
        name,
        request: undefined,
        response,
        error: undefined,
        span: cursor.spanFrom(first),
      };
    }
    const word = cursor.peek();
    if (word.kind !== "identifier" || cursor.peek(1).kind !== "(") {
      const found = word.kind === "identifier" ? describeToken(cursor.peek(1)) : describeToken(word);
      const span = word.kind === "identifier" ? cursor.peek(1).span : word.span;
      cursor.reporter.report(syntax.InvalidProtocolMember, span, found);
      return undefined;
    }
    const name = cursor.identifier();
    const request = this.#parseParameters();
    if (name === undefined || request === undefined) return undefined;
    let response: ParametersNode | undefined;
    let error: TypeNode | undefined;
    if (cursor.takeIf("->") !== undefined) {
      response = this.#parseParameters();
      if (response === undefined) return undefined;
      if (cursor.atWord("error")) {
        cursor.take();
        error = parseType(cursor);
        if (error === undefined) return undefined;
      }
    } else if (cursor.atWord("error")) {
      cursor.reporter.report(syntax.UnexpectedToken, cursor.peek().span, "'error'", "on a method without a response");
      return undefined;
    }
    return {
      kind: "method",
      attributes,
      modifiers: strictness,
      name,
      request,
      response,
      error,
      span: cursor.spanFrom(first),
    };
  }

  #parseParameters(): Parsed<ParametersNode> {
    const cursor = this.#cursor;
    const open = cursor.expect("(");
    if (open === undefined) return undefined;
    while (cursor.at("doc")) cursor.reporter.report(syntax.DocCommentOnParameters, cursor.take().span);
    let type: TypeNode | undefined;
    if (!cursor.at(")")) {
      type = parseType(cursor);
      if (type === undefined) return undefined;
    }
    if (cursor.at("identifier") || cursor.at(",")) {
      const suggestion = "a method has one payload: write '(struct { name type; })'";
      cursor.reporter.reportWith(
        syntax.UnexpectedTokenOfKind,
        cursor.peek().span,
        { suggestion },
        describeToken(cursor.peek()),
        "')'",
      );
      return undefined;
    }
    return cursor.expect(")") === undefined ? undefined : { type, span: cursor.spanFrom(open.span) };
  }
}

/** Before 2021 layouts were declared without `type`. */
function oldDeclaration(word: string): string | undefined {
  return ["struct", "table", "union", "enum", "bits", "strict", "flexible", "resource"].includes(word)
    ? `layouts are declared as in 'type Name = ${word} { ... };'`
    : undefined;
}
