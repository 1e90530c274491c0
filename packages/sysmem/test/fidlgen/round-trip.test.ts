/** Every type of every library, encoded and decoded with values made from its descriptor. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type CodeGeneration,
  explainBody,
  formatJsonFault,
  fromJson,
  setCodeGeneration,
  toJson,
  type TypeCodec,
  type TypeDescriptor,
} from "#fidl";
import { FakeHandle } from "../gidl/fake-handle.ts";
import { valueOf } from "./arbitraries.ts";

/** Values for each type and mode. */
const RUNS = 20;

/** The generated modules under test, by library. */
const MODULES: Readonly<Record<string, object>> = {
  zx: await import("#gen/zx"),
  "fuchsia.math": await import("#gen/fuchsia_math"),
  "fuchsia.images2": await import("#gen/fuchsia_images2"),
  "fuchsia.io": await import("#gen/fuchsia_io"),
  "fuchsia.sysmem2": await import("#gen/fuchsia_sysmem2"),
  "fuchsia.sysmem": await import("#gen/fuchsia_sysmem"),
  "fuchsia.sysmem.v2018": await import("#gen/fuchsia_sysmem_v2018"),
  "fuchsia.sysmem.v2019": await import("#gen/fuchsia_sysmem_v2019"),
  "fuchsia.hardware.sysmem": await import("#gen/fuchsia_hardware_sysmem"),
  "sysmem.frames": await import("#gen/sysmem_frames"),
  "sysmem.demo": await import("#gen/sysmem_demo"),
  "test.base": await import("./goldens/test_base.ts"),
  "test.features": await import("./goldens/test_features.ts"),
};

function isCodec(item: unknown): item is TypeCodec<unknown> {
  return typeof item === "object" && item !== null && "encode" in item && "descriptor" in item;
}

const CODECS = Object.entries(MODULES).flatMap(([library, module]) =>
  Object.values(module)
    .filter(isCodec)
    .map((codec) => ({ library, name: codec.descriptor.name, codec })),
);

/** A copy in which handles are their numbers, so that it can be compared after the handles were moved. */
function picture(value: unknown): unknown {
  if (value instanceof FakeHandle) return `handle ${value.id}`;
  if (typeof value !== "object" || value === null) return value;
  if ("channel" in value && "role" in value) return { role: value.role, channel: picture(value.channel) };
  if (ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(picture);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, picture(item)]));
}

function hasHandles(type: TypeDescriptor): boolean {
  return "isResource" in type && type.isResource;
}

describe.each<CodeGeneration>(["never", "eager"])("with code generation %s", (mode) => {
  beforeAll(() => setCodeGeneration(mode));
  afterAll(() => setCodeGeneration("lazy"));

  it.each(CODECS)("$name comes back as it was", ({ codec }) => {
    fc.assert(
      fc.property(valueOf(codec.descriptor), (value) => {
        const before = picture(value);
        const { bytes, handles } = codec.encode(value);
        const explained = explainBody(bytes, codec.descriptor, "value", { handleCount: handles.length });
        expect(explained.fault).toBeUndefined();
        const decoded = codec.decode(bytes, handles);
        expect(picture(decoded)).toEqual(before);
        codec.closeHandles(decoded);
        for (const handle of handles) expect(handle.isClosed).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("as JSON", () => {
  it.each(CODECS.filter(({ codec }) => !hasHandles(codec.descriptor)))("$name comes back as it was", ({ codec }) => {
    fc.assert(
      fc.property(valueOf(codec.descriptor), (value) => {
        const result = fromJson(codec, JSON.parse(JSON.stringify(toJson(codec, value))));
        if (!result.ok) expect.fail(result.error.map(formatJsonFault).join("\n"));
        // JSON has no negative zero.
        expect(withoutNegativeZero(result.value)).toEqual(withoutNegativeZero(value));
      }),
      { numRuns: RUNS },
    );
  });
});

function withoutNegativeZero(value: unknown): unknown {
  if (typeof value === "number") return value === 0 ? 0 : value;
  if (value instanceof Float32Array || value instanceof Float64Array)
    return value.map((item) => (item === 0 ? 0 : item));
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutNegativeZero(item)]));
}

describe("the libraries under test", () => {
  it("are all there", () => {
    for (const library of Object.keys(MODULES)) {
      if (library !== "fuchsia.io")
        expect(
          CODECS.some((item) => item.library === library),
          library,
        ).toBe(true);
    }
    expect(CODECS.length).toBeGreaterThan(200);
  });
});
