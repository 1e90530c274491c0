import { HEAD, NEXT, type Selection } from "#fidlc";
import { describe, expect, it } from "vitest";
import { codesOf, irOf } from "./support.ts";

const TEXT = `
@available(added=1)
library example;

@available(added=2, deprecated=4, removed=6)
type Old = struct {};

@available(replaced=3)
type Form = struct { @available(added=2) late bool; };
@available(added=3)
type Form = table { 1: late bool; };

type Fields = table {
    @available(removed=4, renamed="first_legacy") 1: first bool;
    @available(added=2, replaced=5) 2: second uint32;
    @available(added=5) 2: second uint64;
    @available(added=NEXT) 3: next bool;
    @available(added=HEAD) 4: head bool;
};

closed(removed=3) open(added=3) protocol P {
    @available(added=3) strict(removed=5) flexible(added=5) M();
};
`;

function at(...versions: number[]): ReturnType<typeof irOf> {
  return irOf([TEXT], { available: { example: versions } });
}

/** Declarations, with members where there are any. */
function shapeAt(...versions: number[]): readonly string[] {
  const ir = at(...versions);
  const fields = ir.table_declarations.find(({ name }) => name === "example/Fields");
  return [
    ...Object.entries(ir.declarations).map(([name, kind]) => `${kind} ${name.split("/")[1]}`),
    ...(fields?.members ?? []).map(
      ({ ordinal, name, type }) => `${ordinal} ${name} ${"subtype" in type ? type.subtype : ""}`,
    ),
  ];
}

// fidl.md 3.12: one library, compiled at each version.
describe("a versioned library", () => {
  it.each([
    [1, ["protocol P", "struct Form", "table Fields", "1 first bool"]],
    [2, ["protocol P", "struct Form", "struct Old", "table Fields", "1 first bool", "2 second uint32"]],
    [3, ["protocol P", "struct Old", "table Fields", "table Form", "1 first bool", "2 second uint32"]],
    [4, ["protocol P", "struct Old", "table Fields", "table Form", "2 second uint32"]],
    [5, ["protocol P", "struct Old", "table Fields", "table Form", "2 second uint64"]],
    [6, ["protocol P", "table Fields", "table Form", "2 second uint64"]],
    [NEXT, ["protocol P", "table Fields", "table Form", "2 second uint64", "3 next bool"]],
    [HEAD, ["protocol P", "table Fields", "table Form", "2 second uint64", "3 next bool", "4 head bool"]],
  ] as const)("at %i has its elements of that version", (version, expected) => {
    expect(shapeAt(version)).toEqual(expected);
  });

  it("keeps what exists in any of several versions, the newest of its forms, and renamed members", () => {
    expect(shapeAt(2, HEAD)).toEqual([
      "protocol P",
      "struct Old",
      "table Fields",
      "table Form",
      "1 first_legacy bool",
      "2 second uint64",
      "3 next bool",
      "4 head bool",
    ]);
    expect(at(2, HEAD).available).toEqual({ example: ["2", "HEAD"] });
  });

  it("marks what is deprecated", () => {
    const isOldDeprecated = (version: number): boolean | undefined =>
      at(version).struct_declarations.find(({ name }) => name === "example/Old")?.deprecated;
    expect([isOldDeprecated(3), isOldDeprecated(4)]).toEqual([false, true]);
  });

  it("has the modifiers of the version", () => {
    const protocolAt = (version: number) => at(version).protocol_declarations[0];
    expect(protocolAt(2)?.openness).toBe("closed");
    expect(protocolAt(3)).toMatchObject({ openness: "open", methods: [{ name: "M", strict: true }] });
    expect(protocolAt(5)).toMatchObject({ openness: "open", methods: [{ name: "M", strict: false }] });
  });

  it("writes versions into the IR as the numbers that HEAD and NEXT stand for", () => {
    const fields = at(HEAD).table_declarations.find(({ name }) => name === "example/Fields");
    const value = fields?.members.at(-1)?.maybe_attributes?.[0]?.arguments[0]?.value;
    expect(value).toEqual({ kind: "identifier", identifier: "fidl/HEAD", value: "4292870144", expression: "HEAD" });
  });
});

describe("references between versions", () => {
  const library = (body: string): string => `@available(added=1)\nlibrary example;\n${body}`;
  const codes = (body: string, ...versions: Selection): readonly string[] =>
    codesOf([library(body)], { available: { example: versions } });

  it("must be possible in every selected version of the referrer", () => {
    const body = "@available(added=2) type A = struct {}; type B = struct { a A; };";
    expect(codes(body, 2)).toEqual([]);
    expect(codes(body, 1)).toEqual(["fi-0052"]);
    expect(codes(body, 1, HEAD)).toEqual(["fi-0052"]);
  });

  it("may go to any of the forms that replaced each other", () => {
    const body =
      "@available(replaced=2) type A = struct {}; @available(added=2) type A = table {}; type B = struct { a A; };";
    expect(codes(body, 1, 2, HEAD)).toEqual([]);
  });

  it("from members live as long as the member", () => {
    const body = "@available(added=2) type A = table {}; type B = table { @available(added=2) 1: a A; };";
    expect([codes(body, 1), codes(body, 2)]).toEqual([[], []]);
  });
});

describe("inheritance", () => {
  it("gives unnamed layouts the life of what holds them", () => {
    const body = "type A = table { @available(added=2) 1: inner struct { b bool; }; };";
    const names = (version: number): readonly string[] =>
      Object.keys(
        irOf([`@available(added=1)\nlibrary example;\n${body}`], { available: { example: [version] } }).declarations,
      );
    expect(names(1)).toEqual(["example/A"]);
    expect(names(2)).toEqual(["example/Inner", "example/A"]);
  });

  it("deprecates the children of what is deprecated", () => {
    const ir = irOf(["@available(added=1, deprecated=2)\nlibrary example;\ntype A = struct { b bool; };"], {
      available: { example: [2] },
    });
    expect(ir.struct_declarations[0]).toMatchObject({ deprecated: true, members: [{ deprecated: true }] });
  });

  it("lets libraries of several platforms be compiled at different versions", () => {
    const ir = irOf(
      [
        '@available(platform="one", added=1)\nlibrary first;\ntype A = table { @available(added=5) 1: a bool; };',
        '@available(platform="two", added=1)\nlibrary second; using first;\ntype B = struct { a first.A; };',
      ],
      { available: { one: [4], two: [9] } },
    );
    expect([ir.platform, ir.available]).toEqual(["two", { two: ["9"] }]);
  });
});
