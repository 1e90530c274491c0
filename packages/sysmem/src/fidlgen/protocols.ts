/** Protocols: client and server interfaces, events, and the constant that binds and serves. */
import { InvalidIrError } from "./errors.ts";
import type { IrMethod, IrProtocol, IrType } from "./ir.ts";
import type { Library } from "./library.ts";
import { lowerCamel, propertyKey, splitName } from "./names.ts";
import { RESERVED_METHOD_NAMES } from "./reserved.ts";
import { selectorOf } from "./selectors.ts";
import { block, braces, comment, docComment, indent, quote } from "./text.ts";
import { descriptor, tsType } from "./types.ts";

/** A method with its payloads: of the request (or event), of the successful response, and the type after `error`. */
interface Interaction {
  readonly method: IrMethod;
  readonly name: string;
  readonly request: IrType | undefined;
  readonly response: IrType | undefined;
  readonly error: IrType | undefined;
}

export function protocol(library: Library, declaration: IrProtocol): string {
  const all = declaration.methods.map((method) => interaction(library, declaration, method));
  // Methods of composed protocols of this library come with the interfaces of those; others are repeated.
  const inherited = declaration.composed_protocols.map((item) => item.name).filter((name) => isOwn(library, name));
  const own = all.filter(({ method }) => !inherited.some((name) => hasMethod(library, name, method)));
  return [
    eventsInterface(library, declaration, all),
    clientInterface(library, declaration, own, inherited),
    serverInterface(library, declaration, own, inherited),
    protocolConstant(library, declaration, all),
  ]
    .filter((text) => text !== "")
    .join("\n");
}

function isOwn(library: Library, name: string): boolean {
  return splitName(name).library === library.ir.name;
}

function hasMethod(library: Library, name: string, method: IrMethod): boolean {
  const other = library.ir.protocol_declarations.find((item) => item.name === name);
  return other?.methods.some((item) => item.ordinal === method.ordinal) ?? false;
}

/** True when another protocol of the library composes this one, so that its methods need interfaces of their own. */
function isComposed(library: Library, declaration: IrProtocol): boolean {
  return library.ir.protocol_declarations.some((other) =>
    other.composed_protocols.some((item) => item.name === declaration.name),
  );
}

function interaction(library: Library, declaration: IrProtocol, method: IrMethod): Interaction {
  const camel = lowerCamel(method.name);
  const name = RESERVED_METHOD_NAMES.includes(camel) ? `${camel}_` : camel;
  if (method.kind === "event") {
    return { method, name, request: method.maybe_response_payload, response: undefined, error: undefined };
  }
  const hasResultUnion = method.kind === "twoway" && (method.has_error || !method.strict);
  const error = method.has_error ? method.maybe_response_err_type : undefined;
  if (method.has_error && error === undefined) {
    throw new InvalidIrError(`${declaration.name}.${method.name}`, "the method has an error but no error type");
  }
  const response = hasResultUnion ? method.maybe_response_success_type : method.maybe_response_payload;
  return {
    method,
    name,
    request: method.maybe_request_payload,
    response: response !== undefined && isEmptySuccess(library, response) ? undefined : response,
    error,
  };
}

/** A success without payload is an empty struct on the wire, and nothing here. */
function isEmptySuccess(library: Library, type: IrType): boolean {
  return type.kind_v2 === "identifier" && library.structNamed(type.identifier)?.is_empty_success_struct === true;
}

/** `XEvents`, or `NoEvents` where there are none. */
function eventsType(library: Library, declaration: IrProtocol): string {
  const hasEvents = declaration.methods.some((method) => method.kind === "event");
  return hasEvents ? library.reference(declaration.name, false, "Events") : library.runtime("NoEvents");
}

function eventsInterface(library: Library, declaration: IrProtocol, all: readonly Interaction[]): string {
  const events = all.filter(({ method }) => method.kind === "event");
  if (events.length === 0) return "";
  const lines = events.map(
    ({ method, name, request }) => `${docComment(method)}${propertyKey(name)}: ${payload(library, request)};\n`,
  );
  const doc = comment([`Events of {@link ${library.localName(declaration.name)}} and what they carry.`]);
  return `${doc}export interface ${library.reference(declaration.name, false, "Events")} ${block(lines)}\n`;
}

function payload(library: Library, type: IrType | undefined, none = "undefined"): string {
  return type === undefined ? none : tsType(library, type);
}

/** What a client's two-way method resolves to, and a handler's answer. */
function emptySuccess(library: Library): string {
  return `${library.global("Record")}<never, never>`;
}

function clientInterface(
  library: Library,
  declaration: IrProtocol,
  own: readonly Interaction[],
  inherited: readonly string[],
): string {
  const methods = own.filter(({ method }) => method.kind !== "event").map((item) => clientMethod(library, item));
  const base = `${library.runtime("Client")}<${eventsType(library, declaration)}, ${quote(declaration.name)}>`;
  const parents = inherited.map((name) => library.reference(name, false, "Methods"));
  const client = library.reference(declaration.name, false, "Client");
  if (!isComposed(library, declaration)) {
    return interfaceText(docComment(declaration), client, [...parents, base], methods);
  }
  const alone = library.reference(declaration.name, false, "Methods");
  const doc = comment([`Methods of {@link ${client}}, which protocols that compose it have as well.`]);
  return `${interfaceText(doc, alone, parents, methods)}\n${interfaceText(docComment(declaration), client, [alone, base], [])}`;
}

function interfaceText(doc: string, name: string, parents: readonly string[], members: readonly string[]): string {
  const heritage = parents.length === 0 ? "" : ` extends ${parents.join(", ")}`;
  return `${doc}export interface ${name}${heritage} ${block(members)}\n`;
}

function clientMethod(library: Library, item: Interaction): string {
  const parameters = item.request === undefined ? [] : [`payload: ${tsType(library, item.request)}`];
  let result = "void";
  if (item.method.kind === "twoway") {
    parameters.push(`options?: ${library.runtime("CallOptions")}`);
    result =
      item.error === undefined
        ? `${library.global("Promise")}<${payload(library, item.response, "void")}>`
        : `${library.runtime("ResultPromise")}<${payload(library, item.response, emptySuccess(library))}, ${tsType(library, item.error)}>`;
  }
  return `${docComment(item.method)}${propertyKey(item.name)}(${parameters.join(", ")}): ${result};\n`;
}

function serverInterface(
  library: Library,
  declaration: IrProtocol,
  own: readonly Interaction[],
  inherited: readonly string[],
): string {
  const events = eventsType(library, declaration);
  const methods = own
    .filter(({ method }) => method.kind !== "event")
    .map((item) => serverMethod(library, item, events));
  const parents = inherited.map((name) => library.reference(name, false, "Handlers"));
  if (declaration.openness !== "closed") parents.push(`${library.runtime("ServerHandlers")}<${events}>`);
  const server = library.reference(declaration.name, false, "Server");
  const doc = comment([`Handlers of a server of {@link ${library.localName(declaration.name)}}.`]);
  if (!isComposed(library, declaration)) return interfaceText(doc, server, parents, methods);
  const alone = library.reference(declaration.name, false, "Handlers");
  const aloneDoc = comment([`Handlers of {@link ${server}}, which protocols that compose it have as well.`]);
  const inner = interfaceText(aloneDoc, alone, parents.slice(0, inherited.length), methods);
  return `${inner}\n${interfaceText(doc, server, [alone, ...parents.slice(inherited.length)], [])}`;
}

function serverMethod(library: Library, item: Interaction, events: string): string {
  const parameters = item.request === undefined ? [] : [`payload: ${tsType(library, item.request)}`];
  let result = "void";
  if (item.method.kind === "oneway") {
    parameters.push(`control: ${library.runtime("ServerControl")}<${events}>`);
  } else {
    const error = item.error === undefined ? "never" : tsType(library, item.error);
    const success = payload(library, item.response, item.error === undefined ? "undefined" : emptySuccess(library));
    parameters.push(`call: ${library.runtime("ServerCall")}<${success}, ${error}, ${events}>`);
    const plain = item.response === undefined ? "void" : success;
    const answer = item.error === undefined ? plain : `${library.runtime("Result")}<${success}, ${error}>`;
    result = `${library.runtime("Reply")}<${answer}>`;
  }
  return `${docComment(item.method)}${propertyKey(item.name)}(${parameters.join(", ")}): ${result};\n`;
}

function protocolConstant(library: Library, declaration: IrProtocol, all: readonly Interaction[]): string {
  const name = library.localName(declaration.name);
  const client = library.reference(declaration.name, false, "Client");
  const server = library.reference(declaration.name, false, "Server");
  const discoverable = discoverableName(declaration);
  const methods = all.map((item) => `${methodDescriptor(library, declaration, item)},\n`);
  const lines = [
    `name: ${quote(declaration.name)},\n`,
    ...(discoverable === undefined ? [] : [`discoverableName: ${quote(discoverable)},\n`]),
    `openness: "${declaration.openness}",\n`,
    methods.length === 0 ? "methods: [],\n" : `methods: [\n${indent(methods.join(""))}],\n`,
  ];
  return [
    docComment(declaration),
    `export const ${name}: ${library.runtime("Protocol")}<${client}, ${server}> = `,
    `/* @__PURE__ */ ${library.runtime("protocol")}({\n${indent(lines.join(""))}});\n`,
  ].join("");
}

function discoverableName(declaration: IrProtocol): string | undefined {
  const attribute = declaration.maybe_attributes?.find((item) => item.name === "discoverable");
  if (attribute === undefined) return undefined;
  const given = attribute.arguments.find((argument) => argument.name === "name" || argument.name === "value");
  return given?.value.value ?? declaration.name.replace("/", ".");
}

const METHOD_KINDS = { oneway: "one-way", twoway: "two-way", event: "event" } as const;

function methodDescriptor(library: Library, declaration: IrProtocol, item: Interaction): string {
  const { method } = item;
  const pairs = [
    `name: ${quote(item.name)}`,
    `fidlName: ${quote(method.name)}`,
    `selector: ${quote(selectorOf(library, declaration, method))}`,
    `ordinal: 0x${BigInt(method.ordinal).toString(16).padStart(16, "0")}n`,
    `kind: "${METHOD_KINDS[method.kind]}"`,
    `isStrict: ${method.strict}`,
  ];
  if (item.request !== undefined) pairs.push(`request: ${descriptor(library, item.request)}`);
  if (item.response !== undefined) pairs.push(`response: ${descriptor(library, item.response)}`);
  if (item.error !== undefined) pairs.push(`error: ${descriptor(library, item.error)}`);
  return braces(pairs, 4);
}
