import { HANDLE } from "../support.ts";
import type { DiagnosticCase } from "./case.ts";

const OTHER_PROTOCOL = "protocol Q {};";
const tableMembers = (highest: string): string => `type T = table { 1: a bool; ${highest} };`;

export const TYPE_CASES: readonly DiagnosticCase[] = [
  { code: 48, fails: "type T = table { 1: a string:optional; };", passes: "type T = table { 1: a string; };" },
  { code: 49, fails: "type U = union { 1: a string:optional; };", passes: "type U = union { 1: a string; };" },
  {
    code: 50,
    fails: "type S = struct { a uint32 = 1; };",
    passes: "@allow_deprecated_struct_defaults\ntype S = struct { a uint32 = 1; };",
  },
  {
    code: 57,
    fails: "type A = struct { b B; }; type B = struct { a vector<A>; };",
    passes: "type A = struct { b B; }; type B = struct { a box<A>; };",
    says: /A -> B -> A/,
  },
  { code: 59, fails: "type S = struct {}; const A S = 1;", passes: "type E = enum { X = 1; }; const A E = E.X;" },
  { code: 60, fails: "const A uint32 = 1_000;", passes: "const A uint32 = 1000;" },
  { code: 61, fails: 'const A string = "a" | "b";', passes: "const A uint32 = 1 | 2;" },
  { code: 62, fails: "type A = uint32;", passes: "alias A = uint32;", says: /alias A = uint32/ },
  { code: 63, fails: "type S = struct {}; const A uint32 = S;", passes: "const S uint32 = 1; const A uint32 = S;" },
  {
    code: 64,
    fails: "type E = enum { X = 1; }; type F = enum { X = 1; }; const A E = F.X;",
    passes: "type E = enum { X = 1; }; type F = enum { X = 1; }; const A E = E.X;",
  },
  { code: 65, fails: 'const A uint32 = "one";', passes: 'const A string = "one";' },
  { code: 66, fails: "const A uint8 = 256;", passes: "const A uint8 = 255;" },
  { code: 67, fails: "type B = bits { X = 3; };", passes: "type B = bits { X = 4; };" },
  {
    code: 68,
    fails: "type E = flexible enum : uint8 { X = 255; };",
    passes: "type E = flexible enum : uint8 { @unknown X = 255; };",
  },
  { code: 69, fails: "type B = bits : int32 { X = 1; };", passes: "type B = bits : uint64 { X = 1; };" },
  { code: 70, fails: "type E = enum : float32 { X = 1; };", passes: "type E = enum : int64 { X = 1; };" },
  {
    code: 71,
    fails: "type E = strict enum { @unknown X = 1; };",
    passes: "type E = flexible enum { @unknown X = 1; };",
  },
  {
    code: 72,
    fails: "type E = flexible enum { @unknown X = 1; @unknown Y = 2; };",
    passes: "type E = flexible enum { @unknown X = 1; Y = 2; };",
  },
  {
    code: 91,
    fails: "@allow_deprecated_struct_defaults\ntype S = struct { a vector<bool> = 1; };",
    passes: "@allow_deprecated_struct_defaults\ntype S = struct { a bool = true; };",
  },
  { code: 92, fails: tableMembers("65: b bool;"), passes: tableMembers("63: b bool;") },
  { code: 93, fails: tableMembers("64: b bool;"), passes: tableMembers("64: b table {};") },
  { code: 94, fails: "type T = table { 1: a bool; 1: b bool; };", passes: "type T = table { 1: a bool; 2: b bool; };" },
  { code: 97, fails: "type U = union { 1: a bool; 1: b bool; };", passes: "type U = union { 1: a bool; 2: b bool; };" },
  { code: 101, fails: "type S = struct { a array<uint8, 0x>; };", passes: "type S = struct { a array<uint8, 0x1>; };" },
  { code: 102, fails: "type E = enum { X = 0x; };", passes: "type E = enum { X = 0x1; };" },
  {
    code: 103,
    fails: "@allow_deprecated_struct_defaults\ntype S = struct { a uint32 = 0b2; };",
    passes: "@allow_deprecated_struct_defaults\ntype S = struct { a uint32 = 0b1; };",
  },
  { code: 104, fails: "@custom(1_0)\ntype S = struct {};", passes: '@custom("1_0")\ntype S = struct {};' },
  { code: 107, fails: "type E = enum { X = 1; Y = 1; };", passes: "type E = enum { X = 1; Y = 2; };" },
  {
    code: 110,
    fails: `${HANDLE}type S = struct { h Handle; };`,
    passes: `${HANDLE}type S = resource struct { h Handle; };`,
  },
  {
    code: 111,
    fails: "type S = struct { a array<uint8, 65536>; };",
    passes: "type S = struct { a array<uint8, 65535>; };",
  },
  { code: 156, fails: "type S = struct { a uint32:optional; };", passes: "type S = struct { a string:optional; };" },
  {
    code: 157,
    fails: "type S = resource struct { a client_end:S; };",
    passes: `${OTHER_PROTOCOL}type S = resource struct { a client_end:Q; };`,
  },
  {
    code: 158,
    fails: "alias A = string:5; type S = struct { a A:6; };",
    passes: "alias A = string:5; type S = struct { a A:optional; };",
  },
  {
    code: 159,
    fails: "type A = struct {}; type S = struct { a A:optional; };",
    passes: "type A = struct {}; type S = struct { a box<A>; };",
  },
  {
    code: 160,
    fails: "alias A = string:optional; type S = struct { a A:optional; };",
    passes: "alias A = string; type S = struct { a A:optional; };",
  },
  { code: 161, fails: "type S = struct { a array<uint8, 0>; };", passes: "type S = struct { a array<uint8, 1>; };" },
  { code: 162, fails: "type S = struct { a vector; };", passes: "type S = struct { a vector<bool>; };" },
  {
    code: 163,
    fails: "type S = struct { a string:5:optional; };",
    passes: "type S = struct { a string:<5, optional>; };",
  },
  {
    code: 164,
    fails: "type S = struct { a string:<1, 2, optional>; };",
    passes: "type S = struct { a string:<1, optional>; };",
  },
  {
    code: 165,
    fails: "protocol P {}; type S = struct { a P; };",
    passes: "protocol P {}; type S = resource struct { a client_end:P; };",
  },
  {
    code: 166,
    fails: `${HANDLE}type S = resource struct { h Handle:7; };`,
    passes: `${HANDLE}type S = resource struct { h Handle:VMO; };`,
  },
  {
    code: 167,
    fails: `${HANDLE}alias V = Handle:VMO; type S = resource struct { h V:EVENT; };`,
    passes: `${HANDLE}alias V = Handle:VMO; type S = resource struct { h V:<Rights.READ, optional>; };`,
  },
  {
    code: 168,
    fails: "type S = resource struct { a client_end; };",
    passes: `${OTHER_PROTOCOL}type S = resource struct { a client_end:Q; };`,
  },
  {
    code: 169,
    fails: "type A = struct {}; type S = struct { a box<A>:optional; };",
    passes: "type A = struct {}; type S = struct { a box<A>; };",
  },
  { code: 171, fails: "type S = struct { a box<string>; };", passes: "type S = struct { a string:optional; };" },
  {
    code: 172,
    fails: "type T = enum { A = 1; }; resource_definition R : uint64 { properties { subtype T; }; };",
    passes: "type T = enum { A = 1; }; resource_definition R : uint32 { properties { subtype T; }; };",
  },
  {
    code: 173,
    fails: "resource_definition R : uint32 { properties { rights uint32; }; };",
    passes: "type T = enum { A = 1; }; resource_definition R : uint32 { properties { subtype T; rights uint32; }; };",
  },
  {
    code: 175,
    fails: "resource_definition R : uint32 { properties { subtype uint32; }; };",
    passes: "type T = enum { A = 1; }; resource_definition R : uint32 { properties { subtype T; }; };",
  },
  {
    code: 177,
    fails: "type T = enum { A = 1; }; resource_definition R : uint32 { properties { subtype T; rights string; }; };",
    passes: "type T = enum { A = 1; }; resource_definition R : uint32 { properties { subtype T; rights uint32; }; };",
  },
  {
    code: 193,
    fails: "type S = struct { a box<uint32>; };",
    passes: "type A = struct {}; type S = struct { a box<A>; };",
  },
  {
    code: 207,
    fails: "type S = struct { a array<uint64, 4294967295>; };",
    passes: "type S = struct { a array<uint64, 8191>; };",
  },
];
