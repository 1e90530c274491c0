import { HANDLE } from "../support.ts";
import type { DiagnosticCase } from "./case.ts";

const NO_RESOURCE = { experiments: ["no_resource_attribute"] };
const DRIVER = '@transport("Driver") protocol D {};';

export const PROTOCOL_CASES: readonly DiagnosticCase[] = [
  {
    code: 73,
    fails: "type S = struct {}; protocol P { compose S; };",
    passes: "protocol Q {}; protocol P { compose Q; };",
  },
  {
    code: 74,
    fails: "protocol P { M(enum { A = 1; }); };",
    passes: "protocol P { M(struct { a enum { A = 1; }; }); };",
  },
  { code: 75, fails: "protocol P { M(uint32); };", passes: "protocol P { M(struct { a uint32; }); };" },
  { code: 77, fails: "protocol P { M(struct {}); };", passes: "protocol P { M(); };" },
  {
    code: 80,
    options: { hashSelector: (text) => (text.endsWith("Zero") ? 0n : 1n) },
    fails: "protocol P { Zero(); };",
    passes: "protocol P { One(); };",
  },
  {
    code: 81,
    options: { hashSelector: (text) => BigInt(text.length) },
    fails: "protocol P { Ab(); Cd(); };",
    passes: "protocol P { Ab(); Cde(); };",
  },
  { code: 82, fails: 'protocol P { @selector("a b") M(); };', passes: 'protocol P { @selector("a.b/C.D") M(); };' },
  {
    code: 84,
    fails: "@allow_deprecated_struct_defaults\ntype S = struct { a uint32 = 1; }; protocol P { M(S); };",
    passes: "@allow_deprecated_struct_defaults\ntype S = struct { a uint32 = 1; }; protocol P { M(struct { s S; }); };",
  },
  {
    code: 88,
    fails: "protocol P {}; service S { a client_end:<P, optional>; };",
    passes: "protocol P {}; service S { a client_end:P; };",
  },
  {
    code: 112,
    fails: "protocol P {}; service S { a server_end:P; };",
    passes: "protocol P {}; service S { a client_end:P; };",
  },
  {
    code: 113,
    fails: `${DRIVER} protocol P {}; service S { a client_end:P; b client_end:D; };`,
    passes: `${DRIVER} service S { a client_end:D; b client_end:D; };`,
  },
  {
    code: 114,
    fails: "open protocol Q {}; ajar protocol P { compose Q; };",
    passes: "closed protocol Q {}; ajar protocol P { compose Q; };",
  },
  { code: 115, fails: "ajar protocol P { flexible M() -> (); };", passes: "ajar protocol P { strict M() -> (); };" },
  { code: 116, fails: "closed protocol P { flexible M(); };", passes: "closed protocol P { strict M(); };" },
  {
    code: 117,
    fails: `${HANDLE}@transport("Banjo") protocol P { strict M(resource struct { h Handle; }); };`,
    passes: `${HANDLE}@transport("Driver") protocol P { strict M(resource struct { h Handle; }); };`,
  },
  {
    code: 118,
    fails: `${DRIVER} protocol P { M(resource struct { d client_end:D; }); };`,
    passes: `${DRIVER} @transport("Driver") protocol P { M(resource struct { d client_end:D; }); };`,
  },
  { code: 141, fails: "protocol P { M() -> () error string; };", passes: "protocol P { M() -> () error int32; };" },
  {
    code: 191,
    options: { requireModifiers: true },
    fails: "open protocol P { M(); };",
    passes: "open protocol P { strict M(); };",
  },
  {
    code: 192,
    options: { requireModifiers: true },
    fails: "protocol P { strict M(); };",
    passes: "open protocol P { strict M(); };",
  },
  {
    code: 221,
    options: NO_RESOURCE,
    fails: `${HANDLE}@no_resource protocol P { M(resource struct { h Handle; }); };`,
    passes: `${HANDLE}@no_resource protocol P { M(struct { h bool; }); };`,
  },
  { code: 222, fails: "@no_resource protocol P {};", passes: "@no_doc protocol P {};" },
  {
    code: 223,
    options: NO_RESOURCE,
    fails: "protocol Q {}; @no_resource protocol P { compose Q; };",
    passes: "@no_resource protocol Q {}; @no_resource protocol P { compose Q; };",
  },
];
