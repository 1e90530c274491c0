/** Settings that exist: turned back into constraints, compared, and what is no settings at all (section 1.5). */
import { describe, expect, test } from "vitest";
import {
  checkConstraints,
  CoherencyDomain,
  compareAllocations,
  DEFAULT_RULES,
  settingsToConstraints,
  SYSTEM_RAM,
} from "#negotiate";
import type { SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import { existingSubject } from "../../src/negotiate/existing.ts";
import { constraints, plain } from "./support.ts";

const heap = { heapType: SYSTEM_RAM, id: 0n };

describe("settings turned back into constraints", () => {
  const settings: SingleBufferSettings = {
    bufferSettings: {
      sizeBytes: 100n,
      rawVmoSize: 4096n,
      isPhysicallyContiguous: false,
      isSecure: false,
      coherencyDomain: CoherencyDomain.RAM,
      heap,
    },
  };

  test("size, heap and domain are pinned, and nothing else is said", () => {
    expect(settingsToConstraints(settings)).toEqual({
      usage: { none: 1 },
      bufferMemoryConstraints: {
        minSizeBytes: 100n,
        maxSizeBytes: 100n,
        cpuDomainSupported: false,
        ramDomainSupported: true,
        inaccessibleDomainSupported: false,
        permittedHeaps: [heap],
      },
    });
  });

  test.each([
    [CoherencyDomain.CPU, [true, false, false]],
    [CoherencyDomain.RAM, [false, true, false]],
    [CoherencyDomain.INACCESSIBLE, [false, false, true]],
  ] as const)("domain %d", (coherencyDomain, expected) => {
    const memory = settingsToConstraints({ bufferSettings: { coherencyDomain } }).bufferMemoryConstraints ?? {};
    expect([memory.cpuDomainSupported, memory.ramDomainSupported, memory.inaccessibleDomainSupported]).toEqual(
      expected,
    );
    expect(memory.permittedHeaps).toBeUndefined();
  });

  test("contiguous, secure, the image format and the number of buffers only where there are any", () => {
    const imageFormatConstraints = { pixelFormat: 1 } as const;
    const bufferSettings = { isPhysicallyContiguous: true, isSecure: true };
    expect(settingsToConstraints({ bufferSettings, imageFormatConstraints }, 3)).toMatchObject({
      minBufferCount: 3,
      maxBufferCount: 3,
      bufferMemoryConstraints: { physicallyContiguousRequired: true, secureRequired: true },
      imageFormatConstraints: [imageFormatConstraints],
    });
    const without = settingsToConstraints({ bufferSettings: { isPhysicallyContiguous: false, isSecure: false } });
    expect(Object.keys(without)).toEqual(["usage", "bufferMemoryConstraints"]);
    expect(without.bufferMemoryConstraints).not.toHaveProperty("physicallyContiguousRequired");
    expect(without.bufferMemoryConstraints).not.toHaveProperty("secureRequired");
  });

  test("room for padding is let through, where the rules say so, and the size itself stays pinned", () => {
    const joinable = { ...DEFAULT_RULES, lateAttachmentWithPadding: true };
    const bounds = (rules: typeof DEFAULT_RULES, raw: bigint | undefined): unknown => {
      const subject = existingSubject(rules, "existing", { bufferSettings: { sizeBytes: 100n, rawVmoSize: raw } });
      return [subject.constraints.bufferMemoryConstraints?.maxSizeBytes, subject.synthetic?.maxUnpaddedBytes];
    };
    expect(bounds(joinable, 4096n)).toEqual([4096n, 100]);
    expect(bounds(joinable, 100n)).toEqual([100n, 100]);
    expect(bounds(joinable, 50n)).toEqual([100n, 100]);
    expect(bounds(joinable, undefined)).toEqual([100n, undefined]);
    expect(bounds(DEFAULT_RULES, 4096n)).toEqual([100n, undefined]);
    expect(existingSubject(joinable, "existing", {}).synthetic).toBeUndefined();
  });

  test("what is no settings at all matches nothing", () => {
    const answer = checkConstraints(constraints({ usage: { cpu: 1 } }), {}, plain);
    expect(answer).toMatchObject({ ok: false, error: 6 });
    const own = checkConstraints(constraints({ usage: { none: 2 } }), { bufferSettings: { sizeBytes: 1n } }, plain);
    expect(own).toMatchObject({ ok: false, reason: { participant: "constraints_to_check" } });
    const half = checkConstraints(
      constraints({ usage: { cpu: 1 } }),
      { imageFormatConstraints: {}, bufferSettings: { sizeBytes: 1n } },
      plain,
    );
    expect(half).toMatchObject({ ok: false, reason: { code: "format-missing", participant: "existing buffers" } });
  });
});

describe("differences", () => {
  const of = (
    settings: SingleBufferSettings,
    bufferCount = 1,
  ): { settings: SingleBufferSettings; bufferCount: number } => ({ settings, bufferCount });

  test("each member by its path, the number of buffers first", () => {
    const before = of({
      bufferSettings: { sizeBytes: 1n, isSecure: false },
      imageFormatConstraints: { minSize: { width: 1, height: 2 } },
    });
    const after = of(
      {
        bufferSettings: { sizeBytes: 2n, isSecure: false },
        imageFormatConstraints: { minSize: { width: 1, height: 3 } },
      },
      2,
    );
    expect(compareAllocations(before, after)).toEqual([
      { field: "buffer_count", before: 1, after: 2 },
      { field: "buffer_settings.size_bytes", before: 1n, after: 2n },
      { field: "image_format_constraints.min_size.height", before: 2, after: 3 },
    ]);
    expect(compareAllocations(before, before)).toEqual([]);
  });

  test("what one of the two has not", () => {
    const raw = of({ bufferSettings: {} });
    const image = of({ bufferSettings: { isSecure: true }, imageFormatConstraints: {} });
    expect(compareAllocations(raw, image)).toEqual([
      { field: "buffer_settings.is_secure", before: undefined, after: true },
      { field: "image_format_constraints", before: undefined, after: {} },
    ]);
    expect(compareAllocations(image, raw).map(({ field }) => field)).toEqual([
      "buffer_settings.is_secure",
      "image_format_constraints",
    ]);
  });

  test("lists and heaps as wholes", () => {
    const listed = (width: number, id: bigint): ReturnType<typeof of> =>
      of({
        bufferSettings: { heap: { heapType: "a", id } },
        imageFormatConstraints: { colorSpaces: [1], requiredMaxSizeList: [{ width, height: 1 }] },
      });
    expect(compareAllocations(listed(1, 0n), listed(1, 0n))).toEqual([]);
    expect(compareAllocations(listed(1, 0n), listed(2, 7n))).toEqual([
      { field: "buffer_settings.heap", before: { heapType: "a", id: 0n }, after: { heapType: "a", id: 7n } },
      {
        field: "image_format_constraints.required_max_size_list",
        before: [{ width: 1, height: 1 }],
        after: [{ width: 2, height: 1 }],
      },
    ]);
  });
});
