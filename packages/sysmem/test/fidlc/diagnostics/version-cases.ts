import type { DiagnosticCase } from "./case.ts";

const AT_3 = { available: { example: [3] } };
/** A versioned library: added at 1. */
const library = (text: string): string => `@available(added=1)\nlibrary example;\n${text}`;

export const VERSION_CASES: readonly DiagnosticCase[] = [
  { code: 120, fails: "@discoverable type S = struct {};", passes: "@discoverable protocol P {};" },
  { code: 121, fails: "protocol P { @transitional M(); };", passes: "protocol P { M(); };" },
  { code: 122, fails: "@custom @custom type S = struct {};", passes: "@custom @customs type S = struct {};" },
  { code: 123, fails: "@custom @Custom type S = struct {};", passes: "@custom type S = struct {};" },
  { code: 124, fails: "@custom(1) type S = struct {};", passes: "@custom(true) type S = struct {};" },
  { code: 125, fails: 'protocol P { @selector(value="N") M(); };', passes: 'protocol P { @selector("N") M(); };' },
  { code: 126, fails: '@discoverable("a.B") protocol P {};', passes: '@discoverable(name="a.B") protocol P {};' },
  {
    code: 128,
    fails: "protocol P { @selector M(); };",
    passes: 'protocol P { @selector("N") M(); };',
  },
  {
    code: 129,
    fails: '@discoverable(nam="a.B") protocol P {};',
    passes: '@discoverable(name="a.B") protocol P {};',
    says: /'name'/,
  },
  {
    code: 130,
    fails: '@custom(a="1", a="2") type S = struct {};',
    passes: '@custom(a="1", b="2") type S = struct {};',
  },
  {
    code: 131,
    fails: '@custom(ab="1", a_b="2", aB="3") type S = struct {};',
    passes: '@custom(ab="1", a_b="2") type S = struct {};',
  },
  {
    code: 132,
    fails: 'type E = flexible enum { @unknown("x") A = 1; };',
    passes: "type E = flexible enum { @unknown A = 1; };",
  },
  {
    code: 133,
    fails: 'const N string = "a.B"; @discoverable(name=N) protocol P {};',
    passes: 'const N string = "a.B"; @discoverable(name="a.B") protocol P {};',
  },
  { code: 135, fails: '@discoverable(name="a/B") protocol P {};', passes: '@discoverable(name="a.B") protocol P {};' },
  { code: 142, fails: '@transport("Pigeon") protocol P {};', passes: '@transport("Driver") protocol P {};' },
  { code: 145, fails: "@discoverible protocol P {};", passes: "@discoverable protocol P {};", says: /@discoverable/ },
  { code: 145, fails: '@duc("a") protocol P {};', passes: '@duck("a") protocol P {};', says: /@doc/ },
  {
    code: 146,
    fails: 'type S = struct { a @generated_name("a b") struct {}; };',
    passes: 'type S = struct { a @generated_name("AB") struct {}; };',
  },
  {
    code: 147,
    options: AT_3,
    fails: library("@available type S = struct {};"),
    passes: library("@available(added=2) type S = struct {};"),
  },
  {
    code: 148,
    options: AT_3,
    fails: library('@available(added=2, note="x") type S = struct {};'),
    passes: library('@available(deprecated=2, note="x") type S = struct {};'),
  },
  {
    code: 149,
    options: AT_3,
    fails: library('@available(added=2, platform="x") type S = struct {};'),
    passes: library("@available(added=2) type S = struct {};"),
  },
  {
    code: 150,
    options: AT_3,
    fails: "@available(deprecated=1)\nlibrary example;",
    passes: "@available(added=1, deprecated=1)\nlibrary example;",
  },
  {
    code: 151,
    fails: "@available(added=1) type S = struct {};",
    passes: library("@available(added=1) type S = struct {};"),
    options: AT_3,
  },
  {
    code: 152,
    options: AT_3,
    fails: '@available(added=1, platform="Example")\nlibrary example;',
    passes: '@available(added=1, platform="example")\nlibrary example;',
  },
  {
    code: 153,
    options: AT_3,
    fails: library("@available(added=0) type S = struct {};"),
    passes: library("@available(added=HEAD) type S = struct {};"),
  },
  {
    code: 154,
    options: AT_3,
    fails: library("@available(added=3, removed=2) type S = struct {};"),
    passes: library("@available(added=2, removed=3) type S = struct {};"),
    says: /added < removed/,
  },
  {
    code: 155,
    options: AT_3,
    fails: library("@available(added=3)\ntype S = struct { @available(added=2) a bool; };"),
    passes: library("@available(added=2)\ntype S = struct { @available(added=3) a bool; };"),
  },
  { code: 201, fails: library(""), passes: "library example;", says: /--available example:HEAD/ },
  {
    code: 203,
    options: AT_3,
    fails: library("@available(removed=2, replaced=2) type S = struct {};"),
    passes: library("@available(removed=2) type S = struct {};"),
  },
  {
    code: 204,
    options: AT_3,
    fails: "@available(added=1, replaced=2)\nlibrary example;",
    passes: "@available(added=1, removed=2)\nlibrary example;",
  },
  {
    code: 205,
    options: AT_3,
    fails: library("@available(removed=2) type S = struct {}; @available(added=2) type S = table {};"),
    passes: library("@available(replaced=2) type S = struct {}; @available(added=2) type S = table {};"),
    says: /replaced=2/,
  },
  {
    code: 206,
    options: AT_3,
    fails: library("@available(replaced=2) type S = struct {};"),
    passes: library("@available(removed=2) type S = struct {};"),
    says: /removed=2/,
  },
  {
    code: 208,
    options: AT_3,
    fails: '@available(added=1, platform="unversioned")\nlibrary example;',
    passes: '@available(added=1, platform="example")\nlibrary example;',
  },
  {
    code: 210,
    fails: '@discoverable(client="everywhere") protocol P {};',
    passes: '@discoverable(client="platform, external") protocol P {};',
  },
  {
    code: 211,
    options: AT_3,
    fails: library('@available(removed=2, renamed="T") type S = struct {};'),
    passes: library("@available(removed=2) type S = struct {};"),
  },
  {
    code: 212,
    options: AT_3,
    fails: library('type T = table { @available(added=2, renamed="b") 1: a bool; };'),
    passes: library('type T = table { @available(removed=2, renamed="b") 1: a bool; };'),
  },
  {
    code: 213,
    options: AT_3,
    fails: library('type T = table { @available(removed=2, renamed="a") 1: a bool; };'),
    passes: library('type T = table { @available(removed=2, renamed="b") 1: a bool; };'),
  },
  {
    code: 214,
    options: AT_3,
    fails: library('type T = table { @available(removed=2, renamed="b") 1: a bool; @available(added=2) 2: b bool; };'),
    passes: library(
      'type T = table { @available(replaced=2, renamed="b") 1: a bool; @available(added=2) 1: b bool; };',
    ),
  },
  {
    code: 215,
    options: AT_3,
    fails: library('type T = table { @available(replaced=2, renamed="b") 1: a bool; @available(added=2) 1: c bool; };'),
    passes: library(
      'type T = table { @available(replaced=2, renamed="c") 1: a bool; @available(added=2) 1: c bool; };',
    ),
  },
  {
    code: 216,
    options: AT_3,
    fails: library("type T = table { @available(removed=2) 1: a bool; @available(added=2) 1: b bool; };"),
    passes: library("type T = table { @available(removed=2) 1: a bool; @available(added=2) 2: b bool; };"),
  },
  {
    code: 217,
    options: AT_3,
    fails: library("type T = table { @available(replaced=2) 1: a bool; @available(added=2) 2: a string; };"),
    passes: library("type T = table { @available(replaced=2) 1: a bool; @available(added=2) 1: a string; };"),
  },
  {
    code: 218,
    options: AT_3,
    fails: library("protocol P { strict(deprecated=2) M(); };"),
    passes: library("protocol P { strict(removed=2) M(); };"),
  },
  {
    code: 219,
    options: AT_3,
    fails: library("protocol P { strict(removed=2) flexible(added=2) M() -> (); };"),
    passes: library("protocol P { strict(removed=2) flexible(added=2) M() -> () error uint32; };"),
  },
];
