/** Constants, aliases and data types. */
import { InvalidIrError } from "./errors.ts";
import type {
  IrAlias,
  IrBits,
  IrConst,
  IrConstant,
  IrEnum,
  IrOrdinalMember,
  IrService,
  IrStruct,
  IrTable,
  IrType,
  IrTypedMember,
  IrUnion,
  IrValueMember,
} from "./ir.ts";
import type { Library } from "./library.ts";
import { lowerCamel, propertyKey } from "./names.ts";
import { RESERVED_CONSTANT_NAMES } from "./reserved.ts";
import { block, comment, docComment, indent, quote } from "./text.ts";
import { descriptor, isBigSubtype, tsType } from "./types.ts";

/** `export const MAX_COUNT = 64;` Values are written out, so that they need nothing at run time. */
export function constant(library: Library, declaration: IrConst): string {
  const name = library.localName(declaration.name);
  const { type, value } = declaration;
  const doc = docComment(declaration);
  if (type.kind_v2 === "string") return `${doc}export const ${name} = ${quote(value.value)};\n`;
  if (type.kind_v2 === "primitive") return `${doc}export const ${name} = ${primitiveLiteral(type.subtype, value)};\n`;
  if (type.kind_v2 !== "identifier")
    throw new InvalidIrError(declaration.name, `a constant cannot be of kind ${type.kind_v2}`);
  const literal = integerLiteral(value, isBigNamed(library, type.identifier));
  const named = library.reference(type.identifier, false);
  return `${doc}export const ${name}: ${named} = ${literal};\n`;
}

function primitiveLiteral(subtype: string, constant: IrConstant): string {
  if (subtype === "bool" || subtype.startsWith("float")) return constant.value;
  return integerLiteral(constant, isBigSubtype(subtype));
}

/** An integer as it was written where that was hexadecimal, which says more of masks and codes; else in decimal. */
function integerLiteral(constant: IrConstant, isBig: boolean): string {
  const { value, expression = "" } = constant;
  const text = /^0x/i.test(expression) ? `0x${BigInt(value).toString(16)}` : value;
  return isBig ? `${text}n` : text;
}

/** Whether values of a named enum or bits type are bigints. Another library's type is 64 bits wide only if it says so. */
function isBigNamed(library: Library, name: string): boolean {
  const own = library.ir.enum_declarations.find((item) => item.name === name);
  if (own !== undefined) return isBigSubtype(own.type);
  const bits = library.ir.bits_declarations.find((item) => item.name === name);
  if (bits !== undefined) return isBigSubtype(subtypeOf(library, bits.type));
  const shape = library.ir.library_dependencies.flatMap((item) => item.declarations[name] ?? [])[0]?.type_shape_v2;
  return shape?.inline_size === 8;
}

/** `export type Koid = bigint;` */
export function alias(library: Library, declaration: IrAlias): string {
  const name = library.localName(declaration.name);
  return `${docComment(declaration)}export type ${name} = ${tsType(library, declaration.type)};\n`;
}

/** The members, type and constant of an enum. */
export function enumeration(library: Library, declaration: IrEnum): string {
  return valueType(library, declaration, declaration.type, "enum", enumTypeText(library, declaration));
}

/** The members, type and constant of a bits type. */
export function bits(library: Library, declaration: IrBits): string {
  const subtype = subtypeOf(library, declaration.type);
  return valueType(library, declaration, subtype, "bits", isBigSubtype(subtype) ? "bigint" : "number");
}

/** The declared literals, and for flexible enums whatever else was received or made by `from`. */
function enumTypeText(library: Library, declaration: IrEnum): string {
  const { members, strict, name, type } = declaration;
  const object = membersObject(library, declaration);
  if (members.length === 0) {
    return strict
      ? "never"
      : `${library.runtime("Branded")}<${isBigSubtype(type) ? "bigint" : "number"}, ${quote(name)}>`;
  }
  const literals = `(typeof ${object})[keyof typeof ${object}]`;
  return strict ? literals : `${library.runtime("FlexibleEnum")}<${literals}, ${quote(name)}>`;
}

/** Name of the object literal that holds the members. No FIDL name has a dollar sign. */
function membersObject(library: Library, declaration: IrEnum | IrBits): string {
  return `${library.localName(declaration.name)}$members`;
}

/** Members, type and constant of an enum or bits type. */
function valueType(
  library: Library,
  declaration: IrEnum | IrBits,
  subtype: string,
  kind: "enum" | "bits",
  type: string,
): string {
  const name = library.localName(declaration.name);
  const object = membersObject(library, declaration);
  const renamed = declaration.members.filter((member) => RESERVED_CONSTANT_NAMES.includes(member.name));
  const constantMembers = renamed.length === 0 ? `typeof ${object}` : `${name}$named`;
  const constantType = library.runtime(kind === "enum" ? "EnumType" : "BitsType");
  const descriptorLines = [
    `name: ${quote(declaration.name)},\n`,
    `isStrict: ${declaration.strict},\n`,
    `subtype: ${quote(subtype)},\n`,
    `members: ${object},\n`,
  ];
  return [
    `const ${object} = ${memberObject(declaration.members, isBigSubtype(subtype))} as const;\n`,
    renamed.length === 0 ? "\n" : `${renamedMembers(object, constantMembers, renamed)}\n`,
    docComment(declaration),
    `export type ${name} = ${type};\n`,
    `export const ${name}: ${constantType}<${name}, ${constantMembers}> = `,
    `/* @__PURE__ */ ${library.runtime(`${kind}Type`)}({\n${indent(descriptorLines.join(""))}});\n`,
  ].join("");
}

/** The type of the members as they appear on the constant, out of the way of what the runtime puts beside them. */
function renamedMembers(object: string, name: string, renamed: readonly IrValueMember[]): string {
  const names = renamed.map((member) => quote(member.name)).join(" | ");
  const lines = [
    `readonly [K in keyof typeof ${object} as K extends ${names} ? \`\${K}_\` : K]: (typeof ${object})[K];\n`,
  ];
  return `type ${name} = ${block(lines)};\n`;
}

function memberObject(members: readonly IrValueMember[], isBig: boolean): string {
  const lines = members.map((member) => {
    return `${docComment(member)}${propertyKey(member.name)}: ${integerLiteral(member.value, isBig)},\n`;
  });
  return lines.length === 0 ? "{}" : `{\n${indent(lines.join(""))}}`;
}

function subtypeOf(library: Library, type: IrType): string {
  if (type.kind_v2 !== "primitive") throw new InvalidIrError(library.ir.name, `bits cannot be of kind ${type.kind_v2}`);
  return type.subtype;
}

/** What an anonymous layout is, told by where it stands; empty for one that has a name of its own. */
function payloadComment({ naming_context: [protocol, method, ...part] = [] }: IrStruct | IrTable): string {
  if (protocol === undefined || method === undefined) return "";
  const what = part.at(-1) ?? "Response";
  const role = /Request/.test(what) ? "request" : "answer";
  return comment([`The ${role} of \`${protocol}.${method}\`.`]);
}

/** The interface and codec of a struct. Absent optionals may be left out of a literal. */
export function struct(library: Library, declaration: IrStruct): string {
  const name = library.localName(declaration.name);
  const properties = declaration.members.map((member) => {
    const type = tsType(library, member.type, member.experimental_maybe_from_alias);
    // An absent optional may be left out of a literal; a decoded value has null there.
    const key = propertyKey(lowerCamel(member.name));
    const isOptional = "nullable" in member.type && member.type.nullable;
    return `${docComment(member)}${key}${isOptional ? `?: ${type} | undefined` : `: ${type}`};\n`;
  });
  return [
    docComment(declaration) || payloadComment(declaration),
    properties.length === 0
      ? `export type ${name} = ${library.global("Record")}<never, never>;\n`
      : `export interface ${name} ${block(properties)}\n`,
    layoutConstant(
      library,
      "struct",
      name,
      declaration,
      declaration.members.map((member) => memberDescriptor(library, member)),
    ),
  ].join("");
}

/** The interface and codec of a table. */
export function table(library: Library, declaration: IrTable): string {
  const name = library.localName(declaration.name);
  const properties = declaration.members.map((member) => {
    const type = tsType(library, member.type, member.experimental_maybe_from_alias);
    return `${docComment(member)}${propertyKey(lowerCamel(member.name))}?: ${type} | undefined;\n`;
  });
  return [
    docComment(declaration) || payloadComment(declaration),
    `export interface ${name} extends ${library.runtime("TableExtras")} ${block(properties)}\n`,
    layoutConstant(library, "table", name, declaration, ordinalDescriptors(library, declaration.members)),
  ].join("");
}

/** The discriminated union and codec of a union. */
export function union(library: Library, declaration: IrUnion): string {
  const name = library.localName(declaration.name);
  const variants = declaration.members.map((member) => {
    const type = tsType(library, member.type, member.experimental_maybe_from_alias);
    const doc = indent(docComment(member));
    return `${doc}  | { kind: ${quote(lowerCamel(member.name))}; value: ${type} }\n`;
  });
  if (!declaration.strict) variants.push(`  | ${library.runtime("UnknownVariant")}\n`);
  return [
    docComment(declaration),
    variants.length === 0
      ? `export type ${name} = never;\n`
      : `export type ${name} =\n${variants.join("").trimEnd()};\n`,
    layoutConstant(library, "union", name, declaration, ordinalDescriptors(library, declaration.members), [
      `isStrict: ${declaration.strict},\n`,
    ]),
  ].join("");
}

function ordinalDescriptors(library: Library, members: readonly IrOrdinalMember[]): string[] {
  return [...members]
    .sort((a, b) => a.ordinal - b.ordinal)
    .map((member) => memberDescriptor(library, member, `ordinal: ${member.ordinal}, `));
}

function memberDescriptor(library: Library, member: IrTypedMember, ordinal = ""): string {
  const names = `name: ${quote(lowerCamel(member.name))}, fidlName: ${quote(member.name)}`;
  return `{ ${ordinal}${names}, type: ${descriptor(library, member.type)} },\n`;
}

/** The constant beside the type of a struct, table or union. */
function layoutConstant(
  library: Library,
  kind: "struct" | "table" | "union",
  name: string,
  declaration: IrStruct | IrTable | IrUnion,
  members: readonly string[],
  more: readonly string[] = [],
): string {
  const list = members.length === 0 ? "[]" : `[\n${indent(members.join(""))}]`;
  const lines = [
    `name: ${quote(declaration.name)},\n`,
    ...more,
    `isResource: ${declaration.resource},\n`,
    `members: ${list},\n`,
  ];
  const codec = `${library.runtime("TypeCodec")}<${name}>`;
  return `export const ${name}: ${codec} = /* @__PURE__ */ ${library.runtime(kind)}({\n${indent(lines.join(""))}});\n`;
}

/** The names under which a service and its members are found in a service directory. */
export function service(library: Library, declaration: IrService): string {
  const members = declaration.members.map((member) => {
    if (member.type.kind_v2 !== "endpoint")
      throw new InvalidIrError(declaration.name, `member ${member.name} is no client end`);
    return `${docComment(member)}${propertyKey(lowerCamel(member.name))}: ${quote(member.type.protocol)},\n`;
  });
  const name = library.localName(declaration.name);
  const path = declaration.name.replace("/", ".");
  return [
    docComment(declaration),
    `export const ${name} = {\n`,
    indent(`name: ${quote(path)},\n${comment(["Protocol of each member."])}`),
    `  members: {${members.length === 0 ? "" : `\n${indent(indent(members.join("")))}  `}},\n`,
    `} as const;\n`,
  ].join("");
}
