import type { IrTypeShape } from "#fidlc";
import { describe, expect, it } from "vitest";
import { HANDLE, irOf } from "./support.ts";

const MAX = 4294967295;
type Row = readonly [
  text: string,
  inline: number,
  align: number,
  depth: number,
  handles: number,
  ool: number,
  padding: boolean,
  flexible: boolean,
];

// fidl.md 4.6, every row; then shapes worked out by hand from its rules.
const ROWS: readonly Row[] = [
  ["struct {}", 1, 1, 0, 0, 0, false, false],
  ["struct { a bool; b int16; c int64; d uint8; }", 24, 8, 0, 0, 0, true, false],
  ["struct { s string; }", 16, 8, 1, 0, MAX, true, false],
  ["struct { s string:10; }", 16, 8, 1, 0, 16, true, false],
  ["struct { v vector<uint32>:6; }", 16, 8, 1, 0, 24, true, false],
  ["struct { v vector<string:8>:4; }", 16, 8, 2, 0, 96, true, false],
  ["resource struct { v vector<Handle>:8; }", 16, 8, 1, 8, 32, true, false],
  ["resource struct { a array<Handle, 3>; }", 12, 4, 0, 3, 0, false, false],
  ["table {}", 16, 8, 1, 0, 0, false, true],
  ["table { 1: a uint32; }", 16, 8, 2, 0, 8, false, true],
  ["table { 1: a uint32; 3: s string:10; }", 16, 8, 3, 0, 56, true, true],
  ["table { 2: t table { 1: a uint32; }; }", 16, 8, 4, 0, 40, false, true],
  ["strict union { 1: a uint8; 2: s string:10; }", 16, 8, 2, 0, 32, true, false],
  ["flexible union { 1: a uint64; }", 16, 8, 1, 0, 8, false, true],
  ["struct { next box<Rec>; }", 8, 8, MAX, 0, MAX, false, false],
  ["resource struct { h Handle; next box<Rec>; }", 16, 8, MAX, MAX, MAX, true, false],
  // Vectors of whole words need no padding; of nothing, no bytes.
  ["struct { v vector<uint64>:6; }", 16, 8, 1, 0, 48, false, false],
  ["struct { v vector<uint64>:0; }", 16, 8, 1, 0, 0, false, false],
  ["resource struct { v vector<Handle>; }", 16, 8, 1, MAX, MAX, true, false],
  ["struct { b box<struct { a uint32; }>; }", 8, 8, 1, 0, 8, true, false],
  ["struct { u strict union { 1: a uint32; }:optional; }", 16, 8, 1, 0, 0, false, false],
  ["strict union { 1: a array<uint8, 3>; }", 16, 8, 1, 0, 0, true, false],
  ["strict union { 1: t table {}; }", 16, 8, 2, 0, 16, false, true],
  ["struct { f float64; b bool; }", 16, 8, 0, 0, 0, true, false],
  ["struct { e enum : uint8 { A = 1; }; b bits : uint64 { A = 1; }; }", 16, 8, 0, 0, 0, true, false],
  ["resource table { 1: c client_end:P; 2: s server_end:<P>; }", 16, 8, 2, 2, 16, false, true],
  ["struct { v vector<Rec>:optional; }", 16, 8, MAX, 0, MAX, false, false],
];

describe("type shapes", () => {
  it.each(ROWS)(
    "%s",
    (text, inline_size, alignment, depth, max_handles, max_out_of_line, has_padding, has_flexible_envelope) => {
      const expected: IrTypeShape = {
        inline_size,
        alignment,
        depth,
        max_handles,
        max_out_of_line,
        has_padding,
        has_flexible_envelope,
      };
      const ir = irOf(`${HANDLE} protocol P {}; type Rec = ${text};`);
      const all = [...ir.struct_declarations, ...ir.table_declarations, ...ir.union_declarations];
      expect(all.find(({ name }) => name === "example/Rec")?.type_shape_v2).toEqual(expected);
    },
  );

  it("do not depend on where a cycle is entered", () => {
    const decls = ["type A = struct { b B; };", "type B = struct { a box<A>; n uint32; };"];
    const shapes = [decls, [...decls].reverse()].map((order) => {
      const ir = irOf(order.join("\n"));
      return ir.struct_declarations.map((decl) => [decl.name, decl.type_shape_v2]);
    });
    expect(shapes[0]).toEqual(shapes[1]);
    const shape = {
      inline_size: 16,
      alignment: 8,
      depth: MAX,
      max_handles: 0,
      max_out_of_line: MAX,
      has_padding: true,
      has_flexible_envelope: false,
    };
    expect(shapes[0]).toEqual([
      ["example/A", shape],
      ["example/B", shape],
    ]);
  });

  it("place members and tell the gaps after them", () => {
    const [decl] = irOf("type S = struct { a bool; b int16; c int64; d uint8; };").struct_declarations;
    expect(decl?.members.map((member) => member.field_shape_v2)).toEqual([
      { offset: 0, padding: 1 },
      { offset: 2, padding: 4 },
      { offset: 8, padding: 0 },
      { offset: 16, padding: 7 },
    ]);
  });

  it("survive a chain of ten thousand structs", () => {
    const count = 10_000;
    const text = Array.from(
      { length: count },
      (_, at) => `type S${at} = struct { a ${at + 1 === count ? "bool" : `box<S${at + 1}>`}; };`,
    );
    const ir = irOf(text.join("\n"));
    expect(ir.struct_declarations.find(({ name }) => name === "example/S0")?.type_shape_v2.depth).toBe(count - 1);
  });
});
