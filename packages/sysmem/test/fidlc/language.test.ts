import { MAX_FIDL_DIAGNOSTICS } from "#base";
import { describe, expect, it } from "vitest";
import { codesOf, compileText, HANDLE, irOf } from "./support.ts";

/** Decimal values of the constants of a text. */
function constants(text: string): Record<string, string> {
  return Object.fromEntries(irOf(text).const_declarations.map(({ name, value }) => [name.split("/")[1], value.value]));
}

describe("words", () => {
  it("are not reserved (fidl.md 3.1)", () => {
    const words =
      "library using as const alias type enum bits struct table union protocol service resource_definition properties resource strict flexible open ajar closed compose error reserved".split(
        " ",
      );
    expect(codesOf(`type Words = struct { ${words.map((word) => `${word} bool;`).join(" ")} };`)).toEqual([]);
    expect(codesOf(`closed protocol Words { ${words.map((word) => `strict ${word}();`).join(" ")} };`)).toEqual([]);
    for (const word of words)
      expect(codesOf(`type ${word} = struct {}; type User = struct { a ${word}; };`), word).toEqual([]);
  });

  it("that are modifiers modify what follows them", () => {
    const ir = irOf(
      "closed protocol P { strict strict(); strict compose(); }; open protocol Q { strict(); flexible(struct { a bool; }); -> open(); };",
    );
    const names = ir.protocol_declarations.map(({ methods }) => methods.map(({ name, strict }) => `${name} ${strict}`));
    expect(names).toEqual([
      ["strict true", "compose true"],
      ["strict false", "flexible false", "open false"],
    ]);
  });
});

describe("constants", () => {
  it("are read in every base, and as fractions", () => {
    expect(
      constants(
        "const A uint8 = 0b101; const B uint8 = 017; const C int8 = -0x80; const D float64 = 1.5e-3; const E float32 = 2; const F uint64 = 18446744073709551615;",
      ),
    ).toEqual({ A: "5", B: "15", C: "-128", D: "0.0015", E: "2", F: "18446744073709551615" });
  });

  it("convert by value, refer to each other in any order, and join bits", () => {
    expect(
      constants(`const A uint8 = B; const B uint64 = 7; const C uint32 = 1 | (2 | A);
        type E = enum : uint8 { X = 9; }; const D E = E.X;
        type F = bits { R = 1; W = 2; }; const G F = F.R | F.W; const H F = G | F.R;
        const I uint8 = F.R | F.W; const J int64 = E.X; const Z F = 0;
        const S string:3 = "a\\u{e9}"; const T string = S;`),
    ).toEqual({ A: "7", B: "7", C: "7", D: "9", G: "3", H: "3", I: "3", J: "9", Z: "0", S: "aé", T: "aé" });
  });

  it("say what they were in the IR", () => {
    const [, b] = irOf("const A uint32 = 1; const B uint32 = A | 2;").const_declarations;
    expect(b?.value).toEqual({ kind: "binary_operator", value: "3", expression: "A | 2" });
    const [, c] = irOf("const A uint32 = 1; const B uint32 = A;").const_declarations;
    expect(c?.value).toEqual({ kind: "identifier", value: "1", expression: "A", identifier: "example/A" });
  });

  it.each([
    ["const A uint8 = 1.0;", "fi-0065"],
    ["type E = enum { X = 256; }; const A uint8 = E.X;", "fi-0066"],
    ["type B = bits { X = 1; }; const A B = 5;", "fi-0065"],
    ["type E = enum { X = 1; }; const A E = 1;", "fi-0065"],
    ["type E = enum { X = 1; }; const A E = E.X | E.X;", "fi-0061"],
    ['const A string:2 = "aé";', "fi-0065"],
    ["const A float32 = 1e39;", "fi-0066"],
    ["const A bool = B; const B uint8 = 1;", "fi-0064"],
    ["const A uint32 = B; const B uint32 = A;", "fi-0057"],
  ])("%s is %s", (text, code) => {
    expect(codesOf(text)).toEqual([code]);
  });
});

describe("names", () => {
  it("reach built-ins that are shadowed, and the library by its own name", () => {
    expect(
      codesOf("library a.b; type string = struct {}; type S = struct { a a.b.string; b fidl.string; c string; };"),
    ).toEqual([]);
  });

  it("go through imports by name or by alias, also to members", () => {
    expect(
      codesOf([
        "library a.b.c; type E = enum { X = 1; };",
        "library example; using a.b.c as the_c; const A the_c.E = the_c.E.X; type S = struct { a a.b.c.E; };",
      ]),
    ).toEqual(["fi-0051"]);
    expect(
      codesOf([
        "library a.b.c; type E = enum { X = 1; };",
        "library example; using a.b.c; const A a.b.c.E = a.b.c.E.X;",
      ]),
    ).toEqual([]);
  });

  it("are imported per file", () => {
    expect(
      codesOf([
        "library one; const X uint32 = 1;",
        ["library example; using one; const A uint32 = one.X;", "library example; const B uint32 = one.X;"],
      ]),
    ).toEqual(["fi-0052"]);
  });

  it("of handle properties need no prefix", () => {
    expect(
      codesOf(
        `${HANDLE} const RW Rights = Rights.READ | Rights.WRITE; type S = resource struct { a Handle:<EVENT, RW>; b Handle:<READ, optional>; };`,
      ),
    ).toEqual([]);
  });
});

describe("composition", () => {
  it("by two ways to one protocol gives its methods once", () => {
    const ir = irOf(
      "protocol A { M(); }; protocol B { compose A; }; protocol C { compose A; }; protocol D { compose B; compose C; N(); };",
    );
    expect(ir.protocol_declarations.at(-1)?.methods.map(({ name }) => name)).toEqual(["M", "N"]);
  });
});

describe("constraints", () => {
  it("can be added to an alias where it has none, and where it says MAX", () => {
    expect(codesOf("alias A = vector<uint8>:MAX; type S = struct { a A:5; b A:<5, optional>; };")).toEqual([]);
  });

  it.each([
    [`${HANDLE} type S = resource struct { h Handle:EVNT; };`, "fi-0166", "did you mean 'EVENT'?"],
    ["type S = struct { a vector<uint8>:NOPE; };", "fi-0166", undefined],
    ["const optional uint8 = 3; type S = struct { a string:<10, optional>; };", "fi-0166", undefined],
    ["protocol P {}; type S = resource struct { e server_end:<P, 0>; };", "fi-0166", undefined],
    ["protocol P {}; type S = resource struct { e client_end:<P, S>; };", "fi-0166", undefined],
    ["protocol P {}; alias E = client_end:P; type S = resource struct { e E:P; };", "fi-0167", undefined],
    ['type S = struct { a vector<uint8>:"five"; };', "fi-0065", undefined],
    ["type S = struct { a array<uint8, uint8>; };", "fi-0063", undefined],
    ["type E = enum { X = 1; }; type S = struct { a E:<1, 2>; };", "fi-0164", undefined],
    ["type S = struct { a struct {}<1>; };", "fi-0162", undefined],
  ])("%s is %s", (text, code, suggestion) => {
    const { diagnostics } = compileText(text);
    expect(diagnostics.map(({ id, suggestion: found }) => [id, found])).toEqual([[code, suggestion]]);
  });
});

describe("doc comments", () => {
  it("keep their text, joined by line ends, on every element", () => {
    const ir = irOf("/// One\n///  two\ntype S = struct { /// member\n a struct { /// inner\n b bool; }; };");
    const docs = ir.struct_declarations
      .flatMap((decl) => [decl, ...decl.members])
      .map((element) => element.maybe_attributes?.[0]?.arguments[0]?.value.value);
    expect(docs.filter((doc) => doc !== undefined)).toEqual([" inner\n", " One\n  two\n", " member\n"]);
  });

  it("of a library's files are joined", () => {
    const ir = irOf([["/// One\nlibrary example;", "/// Two\nlibrary example;"]]);
    expect(ir.maybe_attributes?.[0]?.arguments[0]?.value.value).toBe(" One\n Two\n");
  });
});

describe("one run", () => {
  it.each([
    ["resource_definition R : uint32 { };\nconst A uint32 = 1;", ["fi-0008"]],
    ["struct Old { a bool; };\nconst A uint32 = 1;", ["fi-0006"]],
    ["};\nconst A uint32 = 1;", ["fi-0006"]],
    ["};\nconst A uint32 = true;", ["fi-0006", "fi-0065"]],
  ])("does not tell the end of a block that was not understood: %j", (text, expected) => {
    expect(codesOf(text)).toEqual(expected);
  });

  it("reports independent errors of all phases, in the order of the text", () => {
    const text = `type A = struct { a bool b bool; c Missing; };
const B uint8 = 256;
type C = enum { X = 1 Y = 2; };
protocol P { M(uint32) -> (); N; O(); };
junk here;
type D = strict enum {};
type E = struct { handle E2; };`;
    expect(codesOf(text)).toEqual(["fi-0008", "fi-0066", "fi-0008", "fi-0075", "fi-0020", "fi-0006", "fi-0019"]);
  });

  it("does not report what follows from an error", () => {
    expect(
      codesOf("type A = struct { ; }; type B = struct { a A; }; const C uint32 = D; const D uint32 = 0x;"),
    ).toEqual(["fi-0008", "fi-0060"]);
    expect(
      codesOf([
        "library one; type X = struct { a Nope; };",
        "library example; using one; type S = struct { a one.X; };",
      ]),
    ).toEqual(["fi-0052"]);
    expect(codesOf("library example; using missing; type S = struct { a missing.X; };")).toEqual(["fi-0046"]);
    // What is lost in one place may be what is missed in another.
    expect(codesOf("type E = enum { A; B = 2; }; const X E = E.A; const Y E = E.B;")).toEqual(["fi-0008"]);
    expect(
      codesOf("type E = strict enum { A 1; }; type U = strict union { 1 a bool }; protocol P { M(struct { a; }); };"),
    ).toEqual(["fi-0008", "fi-0008", "fi-0008", "fi-0008"]);
    expect(
      codesOf([
        "library one; const X uint32 = 1;",
        "library example; using one; type S = struct { a array<bool one.X>; };",
      ]),
    ).toEqual(["fi-0008"]);
    expect(codesOf("type A = bits : string { X = 1; }; const B A = A.X; type S = struct { a A; };")).toEqual([
      "fi-0069",
    ]);
  });

  it("finds composed methods that collide, by name and by ordinal", () => {
    const base = "open protocol A { strict M(); }; open protocol B { strict M(); };";
    expect(codesOf(`${base} open protocol P { compose A; compose B; };`)).toEqual(["fi-0034"]);
    expect(
      codesOf(
        'open protocol A { @selector("x/P.N") strict M(); }; open protocol P { compose A; @selector("x/P.N") strict O(); };',
      ),
    ).toEqual(["fi-0081"]);
    expect(codesOf("protocol A { compose B; }; protocol B { compose A; };")).toEqual(["fi-0057"]);
    expect(codesOf("protocol A { M(); }; protocol P { compose A; compose A; };")).toEqual(["fi-0034"]);
  });

  it("keeps as many diagnostics as anybody reads, and counts the others", () => {
    const texts = (count: number): string =>
      Array.from({ length: count }, (_, at) => `const C${at} uint8 = 256;`).join("\n");
    const at = compileText(texts(MAX_FIDL_DIAGNOSTICS));
    expect([at.diagnostics.length, at.droppedDiagnostics]).toEqual([MAX_FIDL_DIAGNOSTICS, 0]);
    const beyond = compileText(texts(MAX_FIDL_DIAGNOSTICS + 1));
    expect([beyond.diagnostics.length, beyond.droppedDiagnostics, beyond.ok]).toEqual([MAX_FIDL_DIAGNOSTICS, 1, false]);
  });

  it("leaves no IR and no doubt after an error", () => {
    const { ok, ir } = compileText("type A = struct { a Missing; };");
    expect([ok, ir]).toEqual([false, undefined]);
    expect(compileText([]).ok).toBe(true);
  });
});
