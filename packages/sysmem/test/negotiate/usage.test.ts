/** Usage bits: what a participant receives for them, and their names. */
import { describe, expect, test } from "vitest";
import * as sysmem2 from "#gen/fuchsia_sysmem2";
import { describeUsage, getsVmo, hasRealUsage, hasWriteUsage, USAGE_BITS } from "#negotiate";
import facts from "./data/pixel-formats.json" with { type: "json" };

describe("usage", () => {
  test("write bits are exactly those of the facts", () => {
    for (const field of ["cpu", "vulkan", "display", "video"] as const) {
      for (let bit = 0; bit < 32; bit++) {
        const usage = { [field]: (1 << bit) >>> 0 };
        const writes = (facts.write_usage_bits[field] >>> bit) % 2 === 1;
        expect(hasWriteUsage(usage), `${field} bit ${bit}`).toBe(writes);
        expect(getsVmo(usage)).toBe(true);
      }
    }
    expect(hasWriteUsage(undefined)).toBe(false);
  });

  test("NONE usage gets no VMOs unless it permits allocation", () => {
    expect(getsVmo({ none: sysmem2.NONE_USAGE })).toBe(false);
    expect(getsVmo({ none: sysmem2.NONE_USAGE | sysmem2.NONE_USAGE_PERMIT_ALLOCATION })).toBe(true);
    expect(getsVmo({})).toBe(false);
    expect(getsVmo(undefined)).toBe(false);
  });

  test("real usage is any bit but NONE's", () => {
    for (const field of ["cpu", "vulkan", "display", "video"] as const) {
      expect(hasRealUsage({ [field]: 0x8000_0000 }), field).toBe(true);
      expect(hasRealUsage({ [field]: 0 }), field).toBe(false);
    }
    expect(hasRealUsage({ none: 3 })).toBe(false);
  });

  test("bits are those that the FIDL declares, by its names without what they have in common", () => {
    const declared: Record<string, Record<string, unknown>> = { none: {}, cpu: {}, vulkan: {}, display: {}, video: {} };
    for (const [name, value] of Object.entries(sysmem2)) {
      if (typeof value !== "number") continue;
      const [, field, bit] = /^(CPU|DISPLAY|VIDEO)_USAGE_(.*)$/.exec(name) ?? [];
      const [, kind, vulkan] = /^VULKAN_(IMAGE|BUFFER)_USAGE_(.*?)(?:_BUFFER)?$/.exec(name) ?? [];
      if (field !== undefined && bit !== undefined)
        Object.assign(declared[field.toLowerCase()] ?? {}, { [bit]: value });
      if (kind !== undefined) Object.assign(declared.vulkan ?? {}, { [`${kind}_${vulkan}`]: value });
      if (name.startsWith("NONE_USAGE")) Object.assign(declared.none ?? {}, { [name]: value });
    }
    expect(USAGE_BITS).toEqual(declared);
  });

  test("usage in words: each group with its bits, and what has no name in hexadecimal", () => {
    expect(describeUsage({ cpu: 5, display: 1 })).toBe("cpu READ|WRITE, display LAYER");
    expect(describeUsage({ none: 1 })).toBe("NONE_USAGE");
    expect(describeUsage({ none: 3 })).toBe("NONE_USAGE|NONE_USAGE_PERMIT_ALLOCATION");
    expect(describeUsage({ video: 0x8000_0001 })).toBe("video HW_DECODER|0x80000000");
    expect(describeUsage({ display: 64 })).toBe("display 0x40");
    expect(describeUsage({ vulkan: 0x8 | 0x20_0000 })).toBe("vulkan IMAGE_STORAGE|BUFFER_STORAGE");
    expect(describeUsage({ cpu: 0 })).toBe("no usage");
    expect(describeUsage({})).toBe("no usage");
    expect(describeUsage(undefined)).toBe("no usage");
  });
});
