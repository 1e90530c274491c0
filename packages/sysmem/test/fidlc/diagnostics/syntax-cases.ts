import { MAX_FIDL_NESTING_DEPTH, MAX_FIDL_REFERENCE_CHAIN, MAX_FIDL_SOURCE_LENGTH } from "#base";
import type { DiagnosticCase } from "./case.ts";

// The struct and the innermost type are levels as well.
const nested = (depth: number): string => `type A = struct { a ${"vector<".repeat(depth)}bool${">".repeat(depth)}; };`;
const chain = (length: number): string =>
  Array.from({ length }, (_, at) => `const C${at} uint32 = ${at + 1 === length ? "1" : `C${at + 1}`};`).join("\n");
const padded = (length: number): string => `library example;\n//${" ".repeat(length - "library example;\n//".length)}`;

export const SYNTAX_CASES: readonly DiagnosticCase[] = [
  { code: 1, fails: "const A uint32 = 1;\n%", passes: "const A uint32 = 1;", says: /'%'/ },
  { code: 2, fails: 'const A string = "one\n;', passes: 'const A string = "one";' },
  { code: 3, fails: 'const A string = "a\\q";', passes: 'const A string = "a\\n";', says: /\\q/ },
  { code: 4, fails: 'const A string = "\\u{1g}";', passes: 'const A string = "\\u{1f}";', says: /'g'/ },
  { code: 6, fails: "struct A { a bool; };", passes: "type A = struct { a bool; };", says: /type Name = struct/ },
  {
    code: 7,
    fails: "protocol P { M() -> () error uint32; -> E() error uint32; };",
    passes: "protocol P { M() -> () error uint32; -> E(); };",
  },
  { code: 8, fails: "const A uint32 1;", passes: "const A uint32 = 1;", says: /'='/ },
  { code: 9, fails: "libary example;", passes: "library example;", says: /'library'/ },
  { code: 10, fails: "const A_ uint32 = 1;", passes: "const A_B uint32 = 1;" },
  { code: 11, fails: "library Example;", passes: "library example;" },
  { code: 12, fails: "type A = strct { a bool; };", passes: "type A = struct { a bool; };", says: /'struct'/ },
  { code: 14, fails: "@custom()\nconst A uint32 = 1;", passes: "@custom\nconst A uint32 = 1;" },
  { code: 15, fails: '@custom("a", b="c")\nconst A uint32 = 1;', passes: '@custom(a="a", b="c")\nconst A uint32 = 1;' },
  { code: 16, fails: "type A = table { a bool; };", passes: "type A = table { 1: a bool; };" },
  { code: 17, fails: "type A = union { 4294967296: a bool; };", passes: "type A = union { 4294967295: a bool; };" },
  { code: 18, fails: "type A = table { 0: a bool; };", passes: "type A = table { 1: a bool; };" },
  { code: 19, fails: "type A = strict enum {};", passes: "type A = flexible enum {};" },
  { code: 20, fails: "protocol P { M; };", passes: "protocol P { M(); };" },
  { code: 23, fails: "type A = @custom struct {};", passes: "@custom type A = struct {};" },
  {
    code: 24,
    fails: "protocol P { M(/// text\nstruct { a bool; }); };",
    passes: "protocol P { /// text\nM(struct { a bool; }); };",
  },
  {
    code: 25,
    fails: [
      "library one; const X uint32 = 1;",
      "library example; const A uint32 = 1; using one; const B uint32 = one.X;",
    ],
    passes: [
      "library one; const X uint32 = 1;",
      "library example; using one; const A uint32 = 1; const B uint32 = one.X;",
    ],
  },
  {
    code: 26,
    fails: "/// one\n// two\n/// three\nconst A uint32 = 1;",
    passes: "// two\n/// one\n/// three\nconst A uint32 = 1;",
  },
  { code: 27, fails: "/// one\n\n/// two\nconst A uint32 = 1;", passes: "/// one\n///\n/// two\nconst A uint32 = 1;" },
  { code: 28, fails: "const A uint32 = 1;\n/// text\n", passes: "/// text\nconst A uint32 = 1;\n" },
  {
    code: 29,
    fails: "resource_definition R : uint32 { properties {}; };",
    passes: "type S = enum { A = 1; }; resource_definition R : uint32 { properties { subtype S; }; };",
  },
  { code: 30, fails: "type A = strict struct { a bool; };", passes: "type A = strict union { 1: a bool; };" },
  { code: 31, fails: "type A = struct : uint32 { a bool; };", passes: "type A = enum : uint32 { A = 1; };" },
  { code: 32, fails: "type A = strict strict enum { A = 1; };", passes: "type A = strict enum { A = 1; };" },
  { code: 33, fails: "type A = strict flexible enum { A = 1; };", passes: "type A = flexible enum { A = 1; };" },
  { code: 34, fails: "type A = struct {}; type A = table {};", passes: "type A = struct {}; type B = table {};" },
  {
    code: 35,
    fails: "type HTTPServer = struct {}; type HttpServer = table {};",
    passes: "type HTTPServer = struct {}; type HttpsServer = table {};",
    says: /http_server/,
  },
  {
    code: 36,
    options: { available: { example: [3] } },
    fails:
      "@available(added=1)\nlibrary example;\n@available(removed=4)\ntype A = struct {};\n@available(added=3)\ntype A = table {};",
    passes:
      "@available(added=1)\nlibrary example;\n@available(replaced=3)\ntype A = struct {};\n@available(added=3)\ntype A = table {};",
  },
  {
    code: 37,
    options: { available: { example: [3] } },
    fails:
      "@available(added=1)\nlibrary example;\n@available(removed=4)\ntype AB = struct {};\n@available(added=3)\ntype Ab = table {};",
    passes:
      "@available(added=1)\nlibrary example;\n@available(removed=3)\ntype AB = struct {};\n@available(added=3)\ntype Ab = table {};",
  },
  {
    code: 38,
    fails: [
      "library one; const X uint32 = 1;",
      "library example; using one; const A uint32 = one.X; type one = struct {};",
    ],
    passes: [
      "library one; const X uint32 = 1;",
      "library example; using one; const A uint32 = one.X; type two = struct {};",
    ],
  },
  {
    code: 39,
    fails: [
      "library one; const X uint32 = 1;",
      "library example; using one; const A uint32 = one.X; type One = struct {};",
    ],
    passes: [
      "library one; const X uint32 = 1;",
      "library example; using one; const A uint32 = one.X; type Two = struct {};",
    ],
  },
  { code: 40, fails: [["library example;", "library other;"]], passes: [["library example;", "library example;"]] },
  { code: 41, fails: ["library example;", "library example;"], passes: ["library example;", "library other;"] },
  {
    code: 42,
    fails: ["library one; const X uint32 = 1;", "library example; using one; using one; const A uint32 = one.X;"],
    passes: ["library one; const X uint32 = 1;", "library example; using one; const A uint32 = one.X;"],
  },
  {
    code: 43,
    fails: [
      "library one; const X uint32 = 1;",
      "library two; const X uint32 = 1;",
      "library example; using one as two; using two; const A uint32 = two.X;",
    ],
    passes: [
      "library one; const X uint32 = 1;",
      "library two; const X uint32 = 1;",
      "library example; using one as first; using two; const A uint32 = two.X; const B uint32 = first.X;",
    ],
  },
  {
    code: 44,
    fails: [
      "library one; const X uint32 = 1;",
      "library two; const X uint32 = 1;",
      "library example; using one; using two as one; const A uint32 = one.X;",
    ],
    passes: [
      "library one; const X uint32 = 1;",
      "library two; const X uint32 = 1;",
      "library example; using one; using two as second; const A uint32 = one.X; const B uint32 = second.X;",
    ],
  },
  {
    code: 45,
    fails: ["library one; const X uint32 = 1;", "library example; @custom using one; const A uint32 = one.X;"],
    passes: ["library one; const X uint32 = 1;", "library example; using one; @custom const A uint32 = one.X;"],
  },
  {
    code: 46,
    fails: ["library one; const X uint32 = 1;", "library example; using onee;"],
    passes: ["library one; const X uint32 = 1;", "library example; using one; const A uint32 = one.X;"],
    says: /did you mean 'one'/,
  },
  {
    code: 51,
    fails: ["library one.two; const X uint32 = 1;", "library example; const A uint32 = one.two.X;"],
    passes: ["library one.two; const X uint32 = 1;", "library example; using one.two; const A uint32 = one.two.X;"],
    says: /using one\.two;/,
  },
  {
    code: 52,
    fails: "type A = struct { a Bee; }; type Be = struct {};",
    passes: "type A = struct { a Bee; }; type Bee = struct {};",
    says: /did you mean 'Be'/,
  },
  {
    code: 53,
    fails: "type A = struct { a uint32; }; const B uint32 = A.a;",
    passes: "type A = enum { a = 1; }; const B A = A.a;",
  },
  {
    code: 54,
    fails: "type A = enum { FIRST = 1; }; const B A = A.FRIST;",
    passes: "type A = enum { FIRST = 1; }; const B A = A.FIRST;",
    says: /'FIRST'/,
  },
  {
    code: 55,
    options: { available: { example: [3] } },
    fails:
      "@available(added=1)\nlibrary example;\n@available(deprecated=2)\ntype A = struct {};\ntype B = struct { a A; };",
    passes:
      "@available(added=1)\nlibrary example;\n@available(deprecated=2)\ntype A = struct {};\n@available(deprecated=2)\ntype B = struct { a A; };",
  },
  {
    code: 56,
    options: { available: { example: [3], one: [3] } },
    fails: [
      "@available(added=1, deprecated=2)\nlibrary one;\ntype A = struct {};",
      "@available(added=1)\nlibrary example; using one;\ntype B = struct { a one.A; };",
    ],
    passes: [
      "@available(added=1, deprecated=4)\nlibrary one;\ntype A = struct {};",
      "@available(added=1)\nlibrary example; using one;\ntype B = struct { a one.A; };",
    ],
  },
  {
    code: 58,
    fails: "type A = struct { inner struct {}; }; alias B = Inner;",
    passes: "type A = struct { inner struct {}; }; alias B = A;",
  },
  {
    code: 178,
    fails: ["library one; const X uint32 = 1;", "library example; using one;"],
    passes: ["library one; const X uint32 = 1;", "library example; using one; const A uint32 = one.X;"],
  },
  {
    code: 181,
    fails: '@custom(TEXT)\nlibrary example; const TEXT string = "a";',
    passes: '@custom("a")\nlibrary example; const TEXT string = "a";',
  },
  { code: 184, fails: 'const A string = "a\tb";', passes: 'const A string = "a\\tb";' },
  { code: 185, fails: 'const A string = "\\u1f600";', passes: 'const A string = "\\u{1f600}";' },
  { code: 186, fails: 'const A string = "\\u{1f600";', passes: 'const A string = "\\u{1f600}";' },
  { code: 187, fails: 'const A string = "\\u{}";', passes: 'const A string = "\\u{0}";' },
  { code: 188, fails: 'const A string = "\\u{0000041}";', passes: 'const A string = "\\u{000041}";' },
  { code: 189, fails: 'const A string = "\\u{110000}";', passes: 'const A string = "\\u{10FFFF}";' },
  {
    code: 209,
    fails: "type A = table { 1: reserved; 2: a bool; };",
    passes: "type A = table { 2: a bool; 3: reserved bool; };",
  },
  { code: 9001, fails: nested(MAX_FIDL_NESTING_DEPTH - 1), passes: nested(MAX_FIDL_NESTING_DEPTH - 2) },
  { code: 9002, fails: chain(MAX_FIDL_REFERENCE_CHAIN + 1), passes: chain(MAX_FIDL_REFERENCE_CHAIN) },
  { code: 9003, fails: padded(MAX_FIDL_SOURCE_LENGTH + 1), passes: padded(MAX_FIDL_SOURCE_LENGTH) },
];
