/** FIDL texts for property tests: generated declarations, as lists of tokens that can be written in many ways. */
import fc from "fast-check";

type Tokens = readonly string[];

const tokens = (text: string): Tokens => text.split(" ").filter((token) => token !== "");
const name = fc.constantFrom("a", "b", "foo_bar", "Node", "X1", "strict", "type", "error");
const attribute = fc.constantFrom("", "@custom", '@custom ( "text" )', '@more ( a = "x" , b = true )').map(tokens);
const number = fc.constantFrom("1", "2", "0x10", "0b11", "MAX_SIZE");

const scalar = fc
  .constantFrom(
    "bool",
    "uint8",
    "string",
    "string : 5",
    "string : < MAX_SIZE , optional >",
    "vector < uint8 > : 4",
    "array < bytes , 3 >",
  )
  .map(tokens);

interface Trees {
  readonly type: Tokens;
  readonly layout: Tokens;
}

/** Numbers members, so that ordinals and names are unique. */
const members = (list: readonly Tokens[], hasOrdinals: boolean): Tokens =>
  list.flatMap((type, at) => [...(hasOrdinals ? [`${at + 1}`, ":"] : []), `m${at}`, ...type, ";"]);

const { layout } = fc.letrec<Trees>((tie: fc.LetrecTypedTie<Trees>) => ({
  layout: fc.oneof(
    { maxDepth: 3 },
    fc
      .array(number, { minLength: 1, maxLength: 2 })
      .map((values) => [
        "strict",
        "enum",
        ":",
        "uint16",
        "{",
        ...values.flatMap((value, at) => [`V${at}`, "=", value, "|", `${at}`, ";"]),
        "}",
      ]),
    fc
      .tuple(fc.constantFrom("struct", "table", "union"), fc.array(tie("type"), { maxLength: 3 }))
      .map(([kind, list]) => [kind, "{", ...members(list, kind !== "struct"), "}"]),
  ),
  type: fc.oneof({ maxDepth: 3 }, { weight: 3, arbitrary: scalar }, { weight: 1, arbitrary: tie("layout") }),
}));

const method = fc
  .tuple(fc.constantFrom("", "strict", "flexible"), fc.option(layout), fc.option(fc.option(layout)), fc.boolean())
  .map(
    ([strictness, request, response, hasError]) =>
      (at: number): Tokens => [
        ...tokens(strictness),
        `M${at}`,
        "(",
        ...(request ?? []),
        ")",
        ...(response === null ? [] : ["->", "(", ...(response ?? []), ")", ...(hasError ? ["error", "uint32"] : [])]),
        ";",
      ],
  );

const declaration = fc.oneof(
  fc.tuple(layout, attribute).map(
    ([body, attributes]) =>
      (at: number): Tokens => [...attributes, "type", `T${at}`, "=", ...body, ";"],
  ),
  scalar.map(
    (type) =>
      (at: number): Tokens => ["alias", `A${at}`, "=", ...type, ";"],
  ),
  fc.tuple(number, number).map(
    ([a, b]) =>
      (at: number): Tokens => ["const", `C${at}`, "uint32", "=", a, "|", "(", b, ")", ";"],
  ),
  fc.tuple(fc.array(method, { maxLength: 3 }), attribute, name).map(
    ([list, attributes]) =>
      (at: number): Tokens => [
        ...attributes,
        "open",
        "protocol",
        `P${at}`,
        "{",
        ...list.flatMap((one, index) => one(index)),
        "->",
        "OnEvent",
        "(",
        ")",
        ";",
        "}",
        ";",
      ],
  ),
);

/** Tokens of a whole library. */
export const declarations: fc.Arbitrary<Tokens> = fc
  .array(declaration, { maxLength: 4 })
  .map((list) => [
    "library",
    "example",
    ";",
    "const",
    "MAX_SIZE",
    "uint32",
    "=",
    "8",
    ";",
    ...list.flatMap((one, at) => one(at)),
  ]);

const gap = fc.oneof(
  { weight: 12, arbitrary: fc.constant(" ") },
  { weight: 2, arbitrary: fc.constant("\n") },
  { weight: 1, arbitrary: fc.constant("\r\n\n\t ") },
  { weight: 1, arbitrary: fc.constant("\n\n\n\n") },
  { weight: 1, arbitrary: fc.constant(" // note  \n") },
  { weight: 1, arbitrary: fc.constant("\n// note\n\n//// other\n") },
);

/** Writes tokens with any white space and comments between them. */
export function scatter(source: fc.Arbitrary<Tokens>): fc.Arbitrary<string> {
  return source.chain((list) =>
    fc
      .array(gap, { minLength: list.length, maxLength: list.length })
      .map((gaps) => list.map((token, at) => token + gaps[at]).join("")),
  );
}
