/** Attributes from the syntax tree: names, placement, arguments. Values are resolved later, with the other constants. */
import type { ArgumentNode, AttributeNode, ConstantNode } from "../ast/ast.ts";
import { nearest } from "../diagnostics/suggest.ts";
import * as versioning from "../diagnostics/versioning.ts";
import { decodeStringLiteral } from "../lexer/string-literal.ts";
import { canonicalName, lowerSnake } from "../names/case.ts";
import { ATTRIBUTES, type AttributeSchema, type Placement } from "./attribute-schema.ts";
import type { Context } from "./context.ts";
import type { Attribute } from "./model.ts";

/** Checks and converts the attributes of one element. */
export function consumeAttributes(
  context: Context,
  nodes: readonly AttributeNode[],
  placement: Placement,
): readonly Attribute[] {
  const { reporter } = context;
  const seen = new Map<string, AttributeNode>();
  const attributes: Attribute[] = [];
  for (const node of nodes) {
    const name = lowerSnake(node.name.text);
    const earlier = seen.get(name);
    if (earlier !== undefined) {
      const related = [{ message: "the earlier one", span: earlier.span }];
      if (earlier.name.text === node.name.text || node.isDocComment || earlier.isDocComment) {
        reporter.reportWith(versioning.DuplicateAttribute, node.span, { related }, node.name.text);
      } else {
        reporter.reportWith(
          versioning.DuplicateAttributeCanonical,
          node.span,
          { related },
          node.name.text,
          earlier.name.text,
        );
      }
      continue;
    }
    seen.set(name, node);
    const schema = ATTRIBUTES.get(name);
    if (schema === undefined) {
      const near = nearest(name, ATTRIBUTES.keys());
      if (near !== undefined) reporter.report(versioning.AttributeTypo, node.span, node.name.text, near);
    } else if (!checkPlacement(context, node, schema, placement)) continue;
    attributes.push({ name, args: consumeArguments(context, name, node, schema), node });
  }
  return attributes;
}

function checkPlacement(context: Context, node: AttributeNode, schema: AttributeSchema, placement: Placement): boolean {
  const { reporter } = context;
  if (schema.isObsolete !== undefined) {
    reporter.reportWith(versioning.DeprecatedAttribute, node.span, { suggestion: schema.isObsolete }, node.name.text);
    return false;
  }
  const isMisplaced =
    (schema.placements !== undefined && !schema.placements.has(placement)) ||
    (schema.isNamedLayoutOnly === true && placement === "unnamed layout");
  if (isMisplaced) reporter.report(versioning.InvalidAttributePlacement, node.span, node.name.text, placement);
  return !isMisplaced;
}

function consumeArguments(
  context: Context,
  attribute: string,
  node: AttributeNode,
  schema: AttributeSchema | undefined,
): Attribute["args"] {
  const { reporter } = context;
  const args: { name: string; node: ArgumentNode }[] = [];
  const names = schema === undefined ? undefined : Object.keys(schema.args);
  if (names !== undefined && names.length === 0 && node.args.length > 0) {
    reporter.report(versioning.AttributeDisallowsArgs, node.span, attribute);
    return [];
  }
  for (const argument of node.args) {
    let name = "value";
    if (argument.name !== undefined) {
      name = lowerSnake(argument.name.text);
      if (names?.length === 1) {
        reporter.report(versioning.AttributeArgMustNotBeNamed, argument.name.span);
        name = names[0] as string;
      }
    } else if (names !== undefined) {
      if (names.length > 1) {
        reporter.report(
          versioning.AttributeArgNotNamed,
          argument.span,
          argument.span.file.text.slice(argument.span.start, argument.span.end),
        );
        continue;
      }
      name = names[0] as string;
    }
    const earlier = args.find((other) => canonicalName(other.name) === canonicalName(name));
    if (earlier !== undefined) {
      const written = argument.name?.text ?? name;
      const other = earlier.node.name?.text ?? earlier.name;
      if (other === written) reporter.report(versioning.DuplicateAttributeArg, argument.span, attribute, written);
      else reporter.report(versioning.DuplicateAttributeArgCanonical, argument.span, attribute, written, other);
      continue;
    }
    const argumentSchema = schema?.args[name];
    if (schema !== undefined && argumentSchema === undefined) {
      const near = nearest(name, names ?? []);
      const suggestion = near === undefined ? undefined : `did you mean '${near}'?`;
      reporter.reportWith(
        versioning.UnknownAttributeArg,
        argument.span,
        { suggestion },
        attribute,
        argument.name?.text ?? name,
      );
      continue;
    }
    if (argumentSchema?.needsLiteral === true && argument.value.kind !== "literal") {
      reporter.report(versioning.AttributeArgRequiresLiteral, argument.value.span, name, attribute);
      continue;
    }
    args.push({ name, node: argument });
  }
  // Arguments of attributes with several are all optional; a wrong one was reported already.
  const [only] = names ?? [];
  const isMissing = only !== undefined && schema?.args[only]?.isRequired === true && node.args.length === 0;
  if (isMissing) reporter.report(versioning.MissingRequiredAnonymousAttributeArg, node.span, attribute);
  return args;
}

/** The attribute of that name, if it is there. Names are in canonical form. */
export function findAttribute(attributes: readonly Attribute[], name: string): Attribute | undefined {
  return attributes.find((attribute) => attribute.name === name);
}

/** Text of a string literal argument; nothing when it is missing or not a literal string. */
export function stringArgument(attribute: Attribute | undefined, name = "value"): string | undefined {
  const node = attribute?.args.find((argument) => argument.name === name)?.node.value;
  return node === undefined ? undefined : stringOf(node);
}

/** The text that a literal stands for; nothing when it is no string. */
export function stringOf(node: ConstantNode): string | undefined {
  if (node.kind !== "literal") return undefined;
  if (node.literal === "doc") return node.text;
  return node.literal === "string" ? decodeStringLiteral(node.text) : undefined;
}

/** Where an argument of an attribute stands. */
export function argumentSpan(attribute: Attribute, name: string): Attribute["node"]["span"] {
  return attribute.args.find((argument) => argument.name === name)?.node.span ?? attribute.node.span;
}
