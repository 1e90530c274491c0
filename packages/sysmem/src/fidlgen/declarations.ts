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
import { comment, docComment, indent, quote } from "./text.ts";
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
  // The value of an enum or bits constant is a decimal number, which may be none that the literal type lists.
  const literal = integerLiteral(value, isBigNamed(library, type.identifier));
  const named = library.reference(type.identifier, false);
  return `${doc}export const ${name}: ${named} = ${literal} as ${named};\n`;
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

export function enumeration(library: Library, declaration: IrEnum): string {
  const name = library.localName(declaration.name);
  const members = `${name}$members`;
  const literals = `(typeof ${members})[keyof typeof ${members}]`;
  const type = declaration.strict
    ? literals
    : `${library.runtime("FlexibleEnum")}<${literals}, ${quote(declaration.name)}>`;
  return [
    `const ${members} = ${memberObject(declaration.members, isBigSubtype(declaration.type))} as const;\n\n`,
    docComment(declaration),
    `export type ${name} = ${declaration.members.length === 0 && declaration.strict ? "never" : type};\n`,
    `export const ${name}: ${library.runtime("EnumType")}<${name}, ${membersType(declaration.members, members)}> = `,
    valueType(library, "enumType", name, members, declaration, declaration.type),
  ].join("");
}

export function bits(library: Library, declaration: IrBits): string {
  const name = library.localName(declaration.name);
  const members = `${name}$members`;
  const subtype = subtypeOf(library, declaration.type);
  const isBig = isBigSubtype(subtype);
  return [
    `const ${members} = ${memberObject(declaration.members, isBig)} as const;\n\n`,
    docComment(declaration),
    `export type ${name} = ${isBig ? "bigint" : "number"};\n`,
    `export const ${name}: ${library.runtime("BitsType")}<${name}, ${membersType(declaration.members, members)}> = `,
    valueType(library, "bitsType", name, members, declaration, subtype),
  ].join("");
}

/** The call that makes the constant of an enum or bits type. */
function valueType(
  library: Library,
  factory: "enumType" | "bitsType",
  name: string,
  members: string,
  declaration: IrEnum | IrBits,
  subtype: string,
): string {
  return [
    `/* @__PURE__ */ ${library.runtime(factory)}<${name}, ${membersType(declaration.members, members)}>({\n`,
    `  name: ${quote(declaration.name)},\n`,
    `  isStrict: ${declaration.strict},\n`,
    `  subtype: ${quote(subtype)},\n`,
    `  members: ${members},\n`,
    `});\n`,
  ].join("");
}

/** Type of the members as they appear on the constant: out of the way of what the runtime puts beside them. */
function membersType(members: readonly IrValueMember[], object: string): string {
  const renamed = members
    .filter((member) => RESERVED_CONSTANT_NAMES.includes(member.name))
    .map(({ name }) => quote(name));
  if (renamed.length === 0) return `typeof ${object}`;
  const key = `K extends ${renamed.join(" | ")} ? \`\${K}_\` : K`;
  return `{ readonly [K in keyof typeof ${object} as ${key}]: (typeof ${object})[K] }`;
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
    docComment(declaration),
    properties.length === 0
      ? `export type ${name} = ${library.global("Record")}<never, never>;\n`
      : `export interface ${name} {\n${indent(properties.join(""))}}\n`,
    layoutConstant(
      library,
      "struct",
      name,
      declaration,
      declaration.members.map((member) => memberDescriptor(library, member)),
    ),
  ].join("");
}

export function table(library: Library, declaration: IrTable): string {
  const name = library.localName(declaration.name);
  const properties = declaration.members.map((member) => {
    const type = tsType(library, member.type, member.experimental_maybe_from_alias);
    return `${docComment(member)}${propertyKey(lowerCamel(member.name))}?: ${type} | undefined;\n`;
  });
  return [
    docComment(declaration),
    `export interface ${name} extends ${library.runtime("TableExtras")} {\n${indent(properties.join(""))}}\n`,
    layoutConstant(library, "table", name, declaration, ordinalDescriptors(library, declaration.members)),
  ].join("");
}

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
  return `export const ${name}: ${codec} = /* @__PURE__ */ ${library.runtime(kind)}<${name}>({\n${indent(lines.join(""))}});\n`;
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
