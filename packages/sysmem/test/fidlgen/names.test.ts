import { describe, expect, it } from "vitest";
import * as runtime from "#fidl";
import { lowerCamel, moduleName, upperCamel } from "#fidlgen";
import { declarable, propertyKey } from "../../src/fidlgen/names.ts";
import { RESERVED_CONSTANT_NAMES, RESERVED_METHOD_NAMES } from "../../src/fidlgen/reserved.ts";

describe("names", () => {
  // FIDL reference, scopes and generated names.
  it.each([
    ["real_id", "RealId", "realId"],
    ["URLLoader", "UrlLoader", "urlLoader"],
    ["URL_LOADER", "UrlLoader", "urlLoader"],
    ["android_8_0_0", "Android8_0_0", "android8_0_0"],
    ["real_i_d", "RealID", "realID"],
    ["PPPoE", "PpPoE", "ppPoE"],
    ["GetVmoInfo", "GetVmoInfo", "getVmoInfo"],
    ["Allocator_GetVmoInfo_Result", "AllocatorGetVmoInfoResult", "allocatorGetVmoInfoResult"],
    ["kMaxCount", "MaxCount", "maxCount"],
    ["key", "Key", "key"],
    ["BufferCollectionInfo_2", "BufferCollectionInfo2", "bufferCollectionInfo2"],
    ["x", "X", "x"],
  ])("%s is %s as a type and %s as a member", (name, type, member) => {
    expect(upperCamel(name)).toBe(type);
    expect(lowerCamel(name)).toBe(member);
  });

  it("keeps away from keywords", () => {
    expect(["default", "class", "await", "Error", "NONE_USAGE"].map(declarable)).toEqual([
      "default_",
      "class_",
      "await_",
      "Error",
      "NONE_USAGE",
    ]);
    expect(["a", "default", "8k", "__proto__"].map(propertyKey)).toEqual(["a", "default", '"8k"', '"__proto__"']);
  });

  it("names modules after libraries", () => {
    expect(moduleName("fuchsia.hardware.sysmem")).toBe("fuchsia_hardware_sysmem");
  });

  it("reserves what the runtime reserves", () => {
    expect(RESERVED_CONSTANT_NAMES).toEqual(runtime.RESERVED_CONSTANT_NAMES);
    expect(RESERVED_METHOD_NAMES).toEqual(runtime.RESERVED_METHOD_NAMES);
  });
});
