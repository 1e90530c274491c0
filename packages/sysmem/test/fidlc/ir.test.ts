import { type IrMethod, type IrType, writeIr } from "#fidlc";
import { describe, expect, it } from "vitest";
import { HANDLE, irOf } from "./support.ts";

const LAMP = `@available(added=1)
library example.lamp;
type Level = flexible enum : uint8 { LOW = 1; HIGH = 0x02; };
open protocol Lamp {
    flexible Set(table { 1: level Level; 2: label string:16; }) -> () error uint32;
    flexible -> OnChange(struct { level Level; at int64; });
};
`;

/** Without shapes, for comparing the rest of a type. */
function bare(type: IrType | undefined): unknown {
  if (type === undefined) return undefined;
  const { type_shape_v2: _shape, ...rest } = type;
  return "element_type" in rest ? { ...rest, element_type: bare(rest.element_type) } : rest;
}

// fidl.md 4.5.
describe("the IR of the reference example", () => {
  const ir = irOf([LAMP], { available: { example: [0xffe00000] } });

  it("names the library, its platform and its version", () => {
    expect([ir.name, ir.platform, ir.available]).toEqual(["example.lamp", "example", { example: ["HEAD"] }]);
  });

  it("has the enum with its unknown value, and values in decimal", () => {
    expect(ir.enum_declarations[0]).toMatchObject({
      name: "example.lamp/Level",
      naming_context: ["Level"],
      type: "uint8",
      strict: false,
      maybe_unknown_value: 255n,
    });
    expect(ir.enum_declarations[0]?.members[1]?.value).toEqual({
      kind: "literal",
      value: "2",
      expression: "0x02",
      literal: { kind: "numeric", value: "2", expression: "0x02" },
    });
  });

  it("has the methods with exact ordinals and payloads", () => {
    const [set, onChange] = (ir.protocol_declarations[0]?.methods ?? []) as [IrMethod, IrMethod];
    expect(set).toMatchObject({
      kind: "twoway",
      ordinal: 909874077684622785n,
      strict: false,
      has_request: true,
      has_response: true,
      has_error: true,
    });
    expect(bare(set.maybe_request_payload)).toEqual({
      kind_v2: "identifier",
      identifier: "example.lamp/LampSetRequest",
      nullable: false,
    });
    expect(bare(set.maybe_response_payload)).toEqual({
      kind_v2: "identifier",
      identifier: "example.lamp/Lamp_Set_Result",
      nullable: false,
    });
    expect(bare(set.maybe_response_success_type)).toEqual({
      kind_v2: "identifier",
      identifier: "example.lamp/Lamp_Set_Response",
      nullable: false,
    });
    expect(bare(set.maybe_response_err_type)).toEqual({ kind_v2: "primitive", subtype: "uint32" });
    expect(onChange).toMatchObject({
      kind: "event",
      ordinal: 4144399159037940475n,
      has_request: false,
      has_response: true,
      has_error: false,
    });
    expect(onChange).not.toHaveProperty("maybe_request_payload");
  });

  it("has the made-up declarations", () => {
    expect(ir.struct_declarations.find(({ name }) => name.endsWith("Lamp_Set_Response"))).toMatchObject({
      naming_context: ["Lamp", "Set", "Response", "response"],
      members: [],
      is_empty_success_struct: true,
    });
    expect(ir.union_declarations[0]).toMatchObject({
      strict: true,
      is_result: true,
      members: [{ ordinal: 1 }, { ordinal: 2 }, { ordinal: 3 }],
    });
    expect(bare(ir.union_declarations[0]?.members[2]?.type)).toEqual({
      kind_v2: "internal",
      subtype: "framework_error",
    });
    expect(ir.table_declarations[0]?.type_shape_v2).toMatchObject({ depth: 3, max_out_of_line: 48, has_padding: true });
  });

  it("orders declarations by need and lists them by kind", () => {
    expect(ir.declaration_order.indexOf("example.lamp/Level")).toBeLessThan(
      ir.declaration_order.indexOf("example.lamp/LampSetRequest"),
    );
    expect(ir.declaration_order.at(-1)).toBe("example.lamp/Lamp");
    expect(Object.keys(ir.declarations)[0]).toBe("example.lamp/Level");
  });

  it("is written with exact integers", () => {
    const text = writeIr(ir);
    expect(text).toContain('"ordinal": 909874077684622785,');
    expect(text).toContain('"ordinal": 4144399159037940475,');
    expect(text).toContain('"maybe_unknown_value": 255');
    expect(JSON.parse(text)).toHaveProperty("name", "example.lamp");
  });

  it("tells where names are", () => {
    expect(ir.enum_declarations[0]?.location).toEqual({ filename: "lib0/file0.fidl", line: 3, column: 6, length: 5 });
    expect(ir.union_declarations[0]?.members[0]?.location.filename).toBe("generated");
  });
});

// fidl.md 4.4.
describe("types in the IR", () => {
  const ir = irOf(`${HANDLE}
    protocol P {};
    alias Short = string:8;
    alias Vmo = Handle:VMO;
    type U = union { 1: a bool; };
    type Inner = struct { a bool; };
    type S = resource struct {
      text string; bound string:<3, optional>; list vector<uint8>:MAX; data bytes:4;
      grid array<array<byte, 2>, 3>; any Handle; vmo Handle:<VMO, Rights.READ, optional>; rights Handle:<Rights.READ | Rights.WRITE>;
      event Handle:<EVENT>; c client_end:P; s server_end:<P, optional>; u U:optional; b box<Inner>; alias_ok Short; v Vmo:optional;
    };`);
  const types = new Map(
    ir.struct_declarations.find(({ name }) => name === "example/S")?.members.map((member) => [member.name, member]),
  );
  const handle = {
    kind_v2: "handle",
    obj_type: 0,
    subtype: "handle",
    rights: 0x80000000,
    nullable: false,
    resource_identifier: "example/Handle",
  };

  it.each([
    ["text", { kind_v2: "string", nullable: false }],
    ["bound", { kind_v2: "string", maybe_element_count: 3, nullable: true }],
    ["list", { kind_v2: "vector", element_type: { kind_v2: "primitive", subtype: "uint8" }, nullable: false }],
    [
      "data",
      {
        kind_v2: "vector",
        element_type: { kind_v2: "primitive", subtype: "uint8" },
        maybe_element_count: 4,
        nullable: false,
      },
    ],
    ["any", handle],
    ["vmo", { ...handle, obj_type: 3, subtype: "vmo", rights: 4, nullable: true }],
    ["rights", { ...handle, rights: 12 }],
    ["event", { ...handle, obj_type: 5, subtype: "event" }],
    [
      "c",
      { kind_v2: "endpoint", role: "client", protocol: "example/P", protocol_transport: "Channel", nullable: false },
    ],
    [
      "s",
      { kind_v2: "endpoint", role: "server", protocol: "example/P", protocol_transport: "Channel", nullable: true },
    ],
    ["u", { kind_v2: "identifier", identifier: "example/U", nullable: true }],
    ["b", { kind_v2: "identifier", identifier: "example/Inner", nullable: true }],
  ])("%s", (name, expected) => {
    expect(bare(types.get(name)?.type)).toEqual(expected);
  });

  it("tell the alias that they were written as", () => {
    expect(types.get("alias_ok")?.experimental_maybe_from_alias).toEqual({
      name: "example/Short",
      args: [],
      nullable: false,
    });
    expect(types.get("v")?.experimental_maybe_from_alias).toEqual({ name: "example/Vmo", args: [], nullable: true });
    expect(types.get("text")).not.toHaveProperty("experimental_maybe_from_alias");
  });
});

describe("aliases in the IR", () => {
  const ir = irOf(`
    type Inner = struct {};
    alias List = vector<uint8>:5;
    alias Maybe = List:optional;
    alias Open = vector<uint8>;
    alias Short = Open:3;
    alias Boxed = box<Inner>;
    type S = struct { a Maybe; b Open:<9, optional>; c List:optional; d Boxed; };`);
  const size = (value: string) => ({
    kind: "literal",
    value,
    expression: value,
    literal: { kind: "numeric", value, expression: value },
  });
  const bytes = [{ name: "uint8", args: [], nullable: false }];

  it.each([
    ["List", { name: "vector", args: bytes, nullable: false, maybe_size: size("5") }, undefined],
    ["Maybe", { name: "vector", args: [], nullable: true }, { name: "example/List", args: [], nullable: true }],
    [
      "Short",
      { name: "vector", args: [], nullable: false, maybe_size: size("3") },
      { name: "example/Open", args: [], nullable: false, maybe_size: size("3") },
    ],
    ["Boxed", { name: "box", args: [{ name: "example/Inner", args: [], nullable: false }], nullable: true }, undefined],
  ])("%s tells its type, what it adds to it, and the alias that it stands for", (name, partial, from) => {
    const alias = ir.alias_declarations.find((candidate) => candidate.name === `example/${name}`);
    expect(alias?.partial_type_ctor).toEqual(partial);
    expect(alias?.experimental_maybe_from_alias).toEqual(from);
  });

  it("are told by members with what the member adds, and no more", () => {
    const members = ir.struct_declarations.find(({ name }) => name === "example/S")?.members;
    expect(members?.map((member) => member.experimental_maybe_from_alias)).toEqual([
      { name: "example/Maybe", args: [], nullable: false },
      { name: "example/Open", args: [], nullable: true, maybe_size: size("9") },
      { name: "example/List", args: [], nullable: true },
      { name: "example/Boxed", args: [], nullable: false },
    ]);
  });
});

describe("response payloads (fidl.md 1.13)", () => {
  const ir = irOf(`open protocol P {
    strict Plain() -> (struct { a bool; }); strict Empty() -> (); strict Err() -> () error int32;
    flexible Flex() -> (); flexible Both() -> () error int32; strict OneWay(); };`);
  const methods = new Map(ir.protocol_declarations[0]?.methods.map((method) => [method.name, method]));
  const ordinals = (name: string): readonly number[] | undefined =>
    ir.union_declarations
      .find((decl) => decl.name === `example/P_${name}_Result`)
      ?.members.map(({ ordinal }) => ordinal);

  it("are bare for strict methods without an error", () => {
    expect(bare(methods.get("Plain")?.maybe_response_payload)).toMatchObject({ identifier: "example/PPlainResponse" });
    expect(methods.get("Empty")).not.toHaveProperty("maybe_response_payload");
    expect([ordinals("Plain"), ordinals("Empty")]).toEqual([undefined, undefined]);
  });

  it("are result unions where they can be errors", () => {
    expect([ordinals("Err"), ordinals("Flex"), ordinals("Both")]).toEqual([
      [1, 2],
      [1, 3],
      [1, 2, 3],
    ]);
    expect([methods.get("Flex")?.has_error, methods.get("Both")?.has_error]).toEqual([false, true]);
  });
});

describe("composition across libraries", () => {
  const ir = irOf([
    "library one; open protocol Node { flexible Sync() -> (); strict Go(struct { a bool; }); };",
    "library example; using one; open protocol P { compose one.Node; strict Own(); };",
  ]);

  it("brings the methods, the structs and the library that declares them", () => {
    const methods = ir.protocol_declarations[0]?.methods.map(({ name, is_composed }) => `${name} ${is_composed}`);
    expect(methods).toEqual(["Sync true", "Go true", "Own false"]);
    expect(ir.protocol_declarations[0]?.composed_protocols.map(({ name }) => name)).toEqual(["one/Node"]);
    expect(ir.external_struct_declarations.map(({ name }) => name)).toEqual([
      "one/NodeGoRequest",
      "one/Node_Sync_Response",
    ]);
    expect(ir.library_dependencies[0]?.declarations["one/NodeGoRequest"]).toMatchObject({
      kind: "struct",
      resource: false,
    });
  });
});
