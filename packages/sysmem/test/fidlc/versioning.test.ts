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

// What `removed` and `replaced` promise, beyond one example each of the diagnostics' own tests.
describe("replacement", () => {
  const codes = (body: string): readonly string[] =>
    codesOf([`@available(added=1)\nlibrary example;\n${body}`], { available: { example: [1, 2, HEAD] } });

  it.each([
    ["bits", 'type T = bits { @available(replaced=2, renamed="B") A = 1; @available(added=2) B = 0x1; };', []],
    ["enum", "type T = enum { @available(removed=2) A = 1; @available(added=2) B = 1; };", ["fi-0216"]],
    ["enum value", "type T = enum { @available(replaced=2) A = 1; @available(added=2) A = 2; };", ["fi-0217"]],
    ["struct", "type T = struct { @available(replaced=2) a bool; @available(added=2) a uint32; };", []],
    [
      "struct offset",
      "type T = struct { @available(replaced=2) a bool; b bool; @available(added=2) a bool; };",
      ["fi-0217"],
    ],
    [
      "struct offset reused",
      "type T = struct { @available(removed=2) a bool; @available(added=2) b bool; };",
      ["fi-0216"],
    ],
    ["name in use", 'type T = table { @available(removed=2, renamed="b") 1: a bool; 2: b bool; };', ["fi-0214"]],
    [
      "name reused",
      'type T = table { @available(removed=2, renamed="old") 1: a bool; @available(added=2) 2: a bool; };',
      [],
    ],
    ["method", 'protocol P { @available(replaced=2, renamed="N") M(); @available(added=2) @selector("M") N(); };', []],
    [
      "unnamed",
      "type T = struct { @available(replaced=2) foo struct {}; @available(added=2) foo string; }; @available(added=2) type Foo = table {};",
      [],
    ],
    [
      "service",
      "protocol P {}; service S { @available(replaced=2) p client_end:P; @available(added=2, removed=3) p client_end:P; };",
      [],
    ],
    [
      "by composition",
      'protocol P { @available(replaced=2) M(); @available(added=2) compose Q; }; protocol Q { @selector("example/P.M") M(); };',
      [],
    ],
    [
      "by composition, removed",
      'protocol P { @available(removed=2) M(); @available(added=2) compose Q; }; protocol Q { @selector("example/P.M") M(); };',
      ["fi-0205"],
    ],
    [
      "by a composed method",
      'protocol P { @available(replaced=2) M(); compose Q; }; protocol Q { @available(added=2) @selector("example/P.M") M(); };',
      [],
    ],
    [
      "through compositions",
      'protocol P { @available(replaced=2) M(); compose Q; }; protocol Q { @available(added=2) compose R; }; protocol R { @selector("example/P.M") M(); };',
      [],
    ],
    [
      "of a composition",
      'protocol P { @available(replaced=2) compose Q; @available(added=2) @selector("example/Q.M") M(); }; protocol Q { M(); };',
      [],
    ],
    [
      "of a composition, removed",
      'protocol P { @available(removed=2) compose Q; @available(added=2) @selector("example/Q.M") M(); }; protocol Q { M(); };',
      ["fi-0205"],
    ],
    [
      "of a composition's composition, removed",
      'protocol P { @available(removed=2) compose Q; @available(added=2) @selector("example/R.M") M(); }; protocol Q { compose R; }; protocol R { M(); };',
      ["fi-0205"],
    ],
    [
      "of a composed method, removed",
      "protocol P { compose Q; @available(added=2) M(); }; protocol Q { @available(removed=2) M(); };",
      ["fi-0205"],
    ],
    [
      "of a composed method by another composed one, removed",
      "protocol P { compose Q; @available(added=2) compose R; }; protocol Q { @available(removed=2) M(); }; protocol R { M(); };",
      ["fi-0205"],
    ],
    [
      "of a composed method later",
      "protocol P { compose Q; @available(added=3) M(); }; protocol Q { @available(removed=2) M(); };",
      [],
    ],
    [
      "of what cannot be renamed",
      'protocol P { @available(replaced=2, renamed="R") compose Q; @available(added=2) compose R; }; protocol Q {}; protocol R {};',
      ["fi-0211"],
    ],
    ["a composition by none", "protocol P { @available(replaced=2) compose Q; }; protocol Q { M(); };", ["fi-0206"]],
  ])("of %s", (_what, body, expected) => {
    expect(codes(body)).toEqual(expected);
  });
});

describe("a library's platform", () => {
  it.each([
    ["unversioned", "fi-0208"],
    ["Two Words", "fi-0152"],
  ])("of the name '%s' is told once, without asking for its version", (platform, code) => {
    expect(codesOf(`@available(added=1, platform="${platform}")\nlibrary example;`)).toEqual([code]);
  });
});

describe("an import", () => {
  const used = "@available(added=2) type S = struct { t other.lib.T; };";
  const report = (body: string, using = "other.lib", version = 1) =>
    codesOf(
      ["library other.lib; type T = struct {};", `@available(added=1)\nlibrary example; using ${using};\n${body}`],
      {
        available: { example: [version] },
      },
    );

  it("is used by what the selected version leaves out", () => {
    expect(report(used)).toEqual([]);
    expect(report(used, "other.lib", 2)).toEqual([]);
    expect(report("@available(added=2) type S = struct { t o.T; };", "other.lib as o")).toEqual([]);
  });

  it("is unused where no version uses it", () => {
    expect(report('/// other.lib.T\nconst OTHER string = "other.lib.T"; // other.lib.T')).toEqual(["fi-0178"]);
    expect(report("type other = enum { lib = 1; }; const LIB other = other.lib;")).toEqual(["fi-0178"]);
  });

  it("is not told to be unused where a library attribute should not use it", () => {
    expect(codesOf(["library other; const X bool = true;", "@custom(other.X)\nlibrary example; using other;"])).toEqual(
      ["fi-0181"],
    );
  });
});

describe("what '@deprecated' marks", () => {
  it("may refer to what versions deprecate", () => {
    const text = (mark: string) => `@available(added=1)\nlibrary example;
      ${mark} const A uint32 = B; @available(deprecated=2) const B uint32 = 1;`;
    expect(codesOf(text("@deprecated"), { available: { example: [HEAD] } })).toEqual([]);
    expect(codesOf(text(""), { available: { example: [HEAD] } })).toEqual(["fi-0055"]);
  });
});

describe("offsets of struct members", () => {
  // Beyond MAX_COMPARED_MEMBERS the comparison would take too long; names are compared all the same.
  it.each([
    [1_024, ["fi-0216"]],
    [1_025, []],
  ])("are compared in a struct of %i members", (count, expected) => {
    const others = Array.from({ length: count - 2 }, (_, at) => `m${at} bool;`).join(" ");
    const body = `type T = struct { @available(removed=2) a bool; @available(added=2) b bool; ${others} };`;
    expect(codesOf([`@available(added=1)\nlibrary example;\n${body}`], { available: { example: [HEAD] } })).toEqual(
      expected,
    );
  });
});

describe("arguments of @available", () => {
  const codes = (attribute: string): readonly string[] =>
    codesOf([`@available(${attribute})\nlibrary example;`], { available: { example: [HEAD] } });

  it.each([
    ["added=0x7fffffff", []],
    ["added=0xFFD00000", []],
    ["added=0xFFE00000", []],
    ["added=fidl.HEAD", []],
    ["added=0x80000000", ["fi-0153"]],
    ["added=0xFFF00000", ["fi-0153"]],
    ["added=LEGACY", ["fi-0153"]],
    ["added=-1", ["fi-0153"]],
    ['added="1"', ["fi-0153"]],
    ['added=1, removed=2, renamed="x"', ["fi-0211"]],
  ])("%s", (attribute, expected) => {
    expect(codes(attribute)).toEqual(expected);
  });
});

describe("life within the parent's (fidl.md 3.12)", () => {
  const codes = (attribute: string): readonly string[] =>
    codesOf(
      [
        `@available(added=2, deprecated=4, removed=6)\nlibrary example;\n@available(${attribute})\ntype Foo = struct {};`,
      ],
      {
        available: { example: [HEAD] },
      },
    );

  it.each(["added=2, deprecated=4, removed=6", "added=4", "added=5", "deprecated=3", "removed=3", "removed=5"])(
    "%s fits",
    (attribute) => {
      expect(codes(attribute)).toEqual([]);
    },
  );

  it.each([
    "added=1",
    "added=6",
    "added=7",
    "deprecated=1",
    "deprecated=5",
    "deprecated=6",
    "removed=1",
    "removed=2",
    "removed=7",
    "replaced=6",
  ])("%s does not fit", (attribute) => {
    expect(codes(attribute)).toEqual(["fi-0155"]);
  });
});
