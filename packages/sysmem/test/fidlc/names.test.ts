import { canonicalName, lowerSnake, upperCamel } from "#fidlc";
import { describe, expect, it } from "vitest";
import { irOf } from "./support.ts";

describe("canonical form (fidl.md 3.10)", () => {
  it.each([
    ["HTTPServer", "http_server"],
    ["HttpServer", "http_server"],
    ["http_server", "http_server"],
    ["Foo2Bar", "foo2_bar"],
    ["a__b", "a_b"],
    ["ABC", "abc"],
  ])("%s is %s", (name, canonical) => {
    expect(canonicalName(name)).toBe(canonical);
  });
});

describe("upper camel (fidl.md 3.10)", () => {
  it.each([
    ["real_id", "RealId"],
    ["URLLoader", "UrlLoader"],
    ["URL_LOADER", "UrlLoader"],
    ["android_8_0_0", "Android8_0_0"],
    ["real_i_d", "RealID"],
    ["PPPoE", "PpPoE"],
    ["kConstant", "Constant"],
    ["kind", "Kind"],
  ])("%s is %s", (name, camel) => {
    expect(upperCamel(name)).toBe(camel);
  });

  it("has a small counterpart for attributes", () => {
    expect(lowerSnake("NoDoc")).toBe("no_doc");
  });
});

describe("names of unnamed layouts (fidl.md 3.10)", () => {
  const ir = irOf(`
    type L = struct { foo_bar vector<struct { deep_er box<struct { a bool; }>; }>; other @generated_name("Chosen") table {}; };
    open protocol URLLoader {
      strict One(struct { a bool; });
      strict Two() -> (struct { a bool; });
      flexible Three() -> (struct { a bool; }) error enum { A = 1; };
      flexible Four() -> ();
      -> Event(table {});
    };`);
  const contexts = new Map(
    [...ir.struct_declarations, ...ir.table_declarations, ...ir.union_declarations, ...ir.enum_declarations].map(
      (decl) => [decl.name, decl.naming_context.join(" ")],
    ),
  );

  it.each([
    ["FooBar", "L foo_bar"],
    ["DeepEr", "L foo_bar deep_er"],
    ["Chosen", "L other"],
    ["UrlLoaderOneRequest", "URLLoader One Request"],
    ["UrlLoaderTwoResponse", "URLLoader Two Response"],
    ["URLLoader_Three_Result", "URLLoader Three Response"],
    ["URLLoader_Three_Response", "URLLoader Three Response response"],
    ["URLLoader_Three_Error", "URLLoader Three Response err"],
    ["URLLoader_Four_Result", "URLLoader Four Response"],
    ["URLLoader_Four_Response", "URLLoader Four Response response"],
    ["UrlLoaderEventRequest", "URLLoader Event Request"],
  ])("%s is [%s]", (name, context) => {
    expect(contexts.get(`example/${name}`)).toBe(context);
  });

  it("are all there are", () => {
    expect(contexts.size).toBe(12);
  });
});
