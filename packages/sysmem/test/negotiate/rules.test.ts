/** Single rules of negotiation that no worked example covers, and both sides of every limit. */
import { describe, expect, test } from "vitest";
import {
  MAX_BUFFERS_PER_COLLECTION,
  MAX_BYTES_PER_BUFFER,
  MAX_BYTES_PER_COLLECTION,
  MAX_DO_NOT_CARE_FAN_OUT,
  MAX_GROUP_CHILD_COMBINATIONS,
  MAX_MESSAGE_HANDLES,
  MAX_REQUIRED_MAX_SIZES,
} from "#base";
import {
  type Allocation,
  allModifiers,
  allPixelFormats,
  checkConstraints,
  CoherencyDomain,
  costKeyText,
  DEFAULT_RULES,
  costTable,
  type Environment,
  formatCost,
  type HeapInfo,
  isPairSupported,
  negotiate,
  NegotiationError,
  negotiateLate,
  negotiateTree,
  NO_COST,
  NO_COSTS,
  PixelFormat,
  settingsToConstraints,
} from "#negotiate";
import {
  code,
  constraints,
  costs,
  image,
  joinable,
  type JsonConstraints,
  participant,
  picture,
  plain,
  raw,
  secureHeap,
  solve,
  systemRam,
} from "./support.ts";

describe("what bounds the size", () => {
  const bound = (format: JsonConstraints): ReturnType<typeof code> =>
    code(solve(plain, { usage: { cpu: 1 }, min_buffer_count: 1, image_format_constraints: [image("R8", format)] }));

  test("a min_size, a required_max_size or an item of its list that has an area, as the client gave it", () => {
    const size = (width: number, height: number): { width: number; height: number } => ({ width, height });
    for (const none of [size(0, 0), size(8, 0), size(0, 8)]) {
      expect(bound({ min_size: none })).toBe("no-size-bound");
      expect(bound({ required_max_size: none })).toBe("no-size-bound");
      expect(bound({ required_max_size_list: [none] })).toBe("no-size-bound");
      // One item that has is enough; the others are judged later.
      expect(bound({ required_max_size_list: [size(8, 8), none] })).toBe("zero-required-max-size");
    }
    expect(bound({ min_size: size(1, 1) })).toBe("ok");
    expect(bound({ required_max_size: size(1, 1) })).toBe("ok");
    expect(bound({ required_max_size_list: [size(1, 1)] })).toBe("ok");
    // Defaults and alignments bound nothing.
    expect(bound({ size_alignment: size(16, 16), min_bytes_per_row: 64 })).toBe("no-size-bound");
  });

  test("min_size_bytes above 0", () => {
    expect(code(solve(plain, raw(0)))).toBe("no-size-bound");
    expect(code(solve(plain, raw(1)))).toBe("ok");
  });
});

describe("limits", () => {
  test("bytes of a buffer and of a collection, both inclusive", () => {
    expect(code(solve(plain, raw(MAX_BYTES_PER_BUFFER)))).toBe("ok");
    expect(code(solve(plain, raw(MAX_BYTES_PER_BUFFER + 1)))).toBe("buffer-too-big");
    const buffers = MAX_BYTES_PER_COLLECTION / MAX_BYTES_PER_BUFFER;
    expect(code(solve(plain, raw(MAX_BYTES_PER_BUFFER, { min_buffer_count: buffers })))).toBe("ok");
    expect(code(solve(plain, raw(MAX_BYTES_PER_BUFFER, { min_buffer_count: buffers + 1 })))).toBe("collection-too-big");
  });

  test("the server's max_allocation_size counts without padding", () => {
    const environment = { ...plain, maxAllocationSize: 16_384n };
    const padded = image("R8G8B8A8", { pad_beyond_image_size_bytes: 5000 });
    expect(code(solve(environment, picture(padded)))).toBe("ok");
    expect(code(solve({ ...plain, maxAllocationSize: 16_383n }, picture(padded)))).toBe("allocation-too-big");
  });

  test("buffers of a collection", () => {
    expect(DEFAULT_RULES.maxBufferCount).toBe(Math.min(MAX_BUFFERS_PER_COLLECTION, MAX_MESSAGE_HANDLES));
    expect(code(solve(plain, raw(1, { min_buffer_count: MAX_MESSAGE_HANDLES })))).toBe("ok");
    expect(code(solve(plain, raw(1, { min_buffer_count: MAX_MESSAGE_HANDLES + 1 })))).toBe("count-above-limit");
  });

  test("sums of counts do not wrap", () => {
    const huge = raw(1, { min_buffer_count_for_camping: 0xffff_ffff, min_buffer_count_for_dedicated_slack: 2 });
    expect(code(solve(plain, huge))).toBe("count-above-max");
  });

  test("formats that DO_NOT_CARE stands for", () => {
    const pairs = allPixelFormats().flatMap((format) =>
      allModifiers()
        .filter((modifier) => isPairSupported(format, modifier))
        .map((modifier) => ({ pixel_format: format.value, pixel_format_modifier: String(modifier.value) })),
    );
    const entries = (count: number): JsonConstraints => ({
      usage: { cpu: 8 },
      min_buffer_count: 1,
      image_format_constraints: Array.from({ length: Math.ceil(count / 64) }, (_, at) => ({
        pixel_format_and_modifiers: pairs.slice(at * 64, Math.min(count, at * 64 + 64)),
        color_spaces: ["PASSTHROUGH"],
        min_size: { width: 64, height: 64 },
      })),
    });
    const any: JsonConstraints = {
      usage: { cpu: 1 },
      image_format_constraints: [{ pixel_format: "DO_NOT_CARE", color_spaces: ["DO_NOT_CARE"] }],
    };
    expect(pairs.length).toBeGreaterThan(MAX_DO_NOT_CARE_FAN_OUT);
    expect(code(solve(plain, entries(MAX_DO_NOT_CARE_FAN_OUT - 1), any))).toBe("ok");
    for (const list of [
      [entries(MAX_DO_NOT_CARE_FAN_OUT), any],
      [any, entries(MAX_DO_NOT_CARE_FAN_OUT)],
    ]) {
      expect(code(solve(plain, ...list))).toBe("fan-out-limit");
    }
  });

  test("items of required_max_size_list, those that are covered not counted", () => {
    const sizes = (count: number): { width: number; height: number }[] =>
      Array.from({ length: count }, (_, at) => ({ width: 100 + at, height: 500 - at }));
    const lists = (...each: { width: number; height: number }[][]): JsonConstraints[] =>
      each.map((list) => picture(image("R8G8B8A8", { required_max_size_list: list })));
    const many = sizes(MAX_REQUIRED_MAX_SIZES + 1);
    expect(code(solve(plain, ...lists(many.slice(0, 64), many.slice(1, 64))))).toBe("ok");
    expect(code(solve(plain, ...lists(many.slice(0, 40), many.slice(40))))).toBe("required-max-size-list-limit");
    const covered = solve(plain, ...lists(many.slice(0, 40), many.slice(40), [{ width: 1000, height: 1000 }]));
    expect(covered).toMatchObject({
      ok: true,
      settings: { imageFormatConstraints: { requiredMaxSizeList: [{ width: 1000, height: 1000 }] } },
    });
  });

  test("combinations of group children", () => {
    const child = (works: boolean): JsonConstraints =>
      raw(1, works ? {} : { max_buffer_count: 1, min_buffer_count: 2 });
    const tree = (children: number, works: number): Parameters<typeof negotiateTree>[0] => ({
      kind: "group",
      children: Array.from({ length: children }, (_, at) => ({
        kind: "participant",
        participant: participant(`c${at}`, child(at === works)),
      })),
    });
    const last = MAX_GROUP_CHILD_COMBINATIONS;
    expect(negotiateTree(tree(200, last - 1), plain)).toMatchObject({ ok: true, combinationsTried: last });
    expect(negotiateTree(tree(200, last), plain)).toMatchObject({
      ok: false,
      error: NegotiationError.TOO_MANY_GROUP_CHILD_COMBINATIONS,
    });
    expect(negotiateTree(tree(last, last), plain)).toMatchObject({
      ok: false,
      error: NegotiationError.CONSTRAINTS_INTERSECTION_EMPTY,
    });
  });
});

describe("numbers", () => {
  test("rounding up past 32 bits fails instead of wrapping", () => {
    const huge = image("R8G8B8A8", {
      min_size: { width: 0xffff_ffff, height: 1 },
      size_alignment: { width: 2, height: 1 },
    });
    expect(code(solve(plain, picture(huge)))).toBe("rounding-overflow");
    const row = image("R8G8B8A8", { min_bytes_per_row: 0xffff_ffff, bytes_per_row_divisor: 16 });
    expect(code(solve(plain, picture(row)))).toBe("rounding-overflow");
  });

  test("a divisor of 0 is refused, with and without a minimum", () => {
    for (const min_bytes_per_row of [0, 64]) {
      const zero = image("R8G8B8A8", { bytes_per_row_divisor: 0, min_bytes_per_row });
      expect(code(solve(plain, picture(zero)))).toBe("divisor-zero");
    }
  });

  test("sizes past 32 and past 64 bits fail", () => {
    expect(code(solve(plain, raw(2 ** 33)))).toBe("collection-too-big");
    const most = { min_size_bytes: "18446744073709551615" };
    expect(code(solve(plain, raw(1, { buffer_memory_constraints: most })))).toBe("collection-too-big");
    const wide = image("R8G8B8A8", { min_size: { width: 65_536, height: 65_535 } });
    expect(code(solve(plain, picture(wide)))).toBe("collection-too-big");
    const beyond = image("R8G8B8A8", { pad_beyond_image_size_bytes: "18446744073709551615" });
    expect(code(solve(plain, picture(beyond)))).not.toBe("ok");
  });

  test("64-bit values come out exact", () => {
    const area = "9007199254740993";
    const outcome = solve(plain, picture(image("R8G8B8A8", { max_width_times_height: area })));
    expect(outcome).toMatchObject({ settings: { imageFormatConstraints: { maxWidthTimesHeight: BigInt(area) } } });
  });

  test("start_offset_divisor is raised to the sample alignment before it is judged", () => {
    const start = (value: number): JsonConstraints => picture(image("R8G8B8A8", { start_offset_divisor: value }));
    for (const value of [0, 3, 4, 4096]) expect(code(solve(plain, start(value)))).toBe("ok");
    for (const value of [6, 8192]) expect(code(solve(plain, start(value)))).toBe("start-offset-divisor");
  });
});

describe("formats", () => {
  test("nothing that is not in the tables can be had, not even with the modifier that claims everything", () => {
    for (const pixel_format of ["MJPEG", 9999]) {
      const entry = { pixel_format, pixel_format_modifier: "GOOGLE_GOLDFISH_OPTIMAL", color_spaces: ["PASSTHROUGH"] };
      expect(code(solve(plain, picture(entry)))).toBe("unsupported-format");
    }
    expect(code(solve(plain, picture(image("R8G8B8A8", { pixel_format_modifier: "GOOGLE_GOLDFISH_OPTIMAL" }))))).toBe(
      "ok",
    );
    for (const entry of [{ pixel_format: "INVALID" }, { pixel_format: "NV12", pixel_format_modifier: "INVALID" }]) {
      expect(code(solve(plain, picture({ ...entry, color_spaces: ["REC709"] })))).toBe("invalid-format");
    }
  });

  test("an entry has to say which formats it is about", () => {
    expect(code(solve(plain, picture({ color_spaces: ["SRGB"] })))).toBe("format-missing");
    const alone = { pixel_format_modifier: "LINEAR", color_spaces: ["SRGB"] };
    expect(code(solve(plain, picture(alone)))).toBe("modifier-without-format");
    const listed = { pixel_format_and_modifiers: [{ pixel_format: "NV12", pixel_format_modifier: "LINEAR" }] };
    expect(code(solve(plain, picture({ ...listed, color_spaces: ["REC709"] })))).toBe("ok");
  });

  test("block padding needs a linear single plane, and a bound on the width where blocks are high", () => {
    const block = (width: number, height: number, bounded = true): JsonConstraints => ({
      pad_for_block_size: { width, height },
      ...(bounded && { max_size: { width: 64, height: 64 } }),
    });
    expect(code(solve(plain, picture(image("R8G8B8A8", block(4, 4)))))).toBe("ok");
    expect(code(solve(plain, picture(image("R8G8B8A8", block(4, 4, false)))))).toBe("padding-unbounded");
    expect(code(solve(plain, picture(image("R8G8B8A8", block(4, 1, false)))))).toBe("ok");
    expect(code(solve(plain, picture(image("R8G8B8A8", block(3, 4)))))).toBe("not-a-power-of-two");
    expect(code(solve(plain, picture(image("NV12", block(4, 4)))))).toBe("padding-format");
    const p010 = { pixel_format: "P010", color_spaces: ["REC2020"], ...block(4, 4) };
    expect(code(solve(plain, picture(p010)))).toBe("ok");
    // Only the width is looked at, as in the original.
    expect(code(solve(plain, picture(image("NV12", block(1, 16)))))).toBe("ok");
  });

  test("is_alpha_present is echoed only where there is an alpha channel", () => {
    const alpha = (pixel_format: string): unknown => {
      const outcome = solve(plain, picture(image(pixel_format, { is_alpha_present: false })));
      return outcome.ok && outcome.settings.imageFormatConstraints?.isAlphaPresent;
    };
    expect(alpha("B8G8R8A8")).toBe(false);
    expect(alpha("R5G6B5")).toBeUndefined();
  });
});

describe("memory", () => {
  const secure = raw(4096, { usage: { video: 1 }, buffer_memory_constraints: { secure_required: true } });

  test("secure memory: absent, not yet there, there, lost", () => {
    const environment = (secureMemory: Environment["secureMemory"], ...heaps: HeapInfo[]): Environment => ({
      ...plain,
      heaps: [systemRam, ...heaps],
      secureMemory,
    });
    expect(solve(environment("not-expected"), secure)).toMatchObject({
      error: 6,
      reason: { code: "secure-not-permitted" },
    });
    expect(solve(environment("not-ready"), secure)).toMatchObject({ error: NegotiationError.PENDING });
    expect(solve(environment("lost"), secure)).toMatchObject({ error: NegotiationError.UNSPECIFIED });
    expect(code(solve(environment("lost"), raw(1)))).toBe("ok");
    const other = { ...secureHeap, heapType: "a.sysmem.heap.HEAP_TYPE.SECURE", id: 9n };
    expect(solve(environment("ready", secureHeap, other), secure)).toMatchObject({
      ok: true,
      heap: { heapType: other.heapType, id: 9n },
      settings: { bufferSettings: { isSecure: true, coherencyDomain: CoherencyDomain.INACCESSIBLE } },
    });
  });

  test("a secure heap that is only permitted does not make the buffers secure", () => {
    const permitted = raw(1, {
      usage: { video: 1 },
      buffer_memory_constraints: { permitted_heaps: [{ heap_type: secureHeap.heapType, id: 3 }] },
    });
    const outcome = solve({ ...plain, heaps: [systemRam, secureHeap] }, permitted);
    expect(outcome).toMatchObject({ ok: true, heap: { id: 3n }, settings: { bufferSettings: { isSecure: false } } });
  });

  test("contiguous memory needs an allocator for it, and carries the strictest alignment", () => {
    const contiguous = (alignment: number): JsonConstraints =>
      raw(1, {
        buffer_memory_constraints: { physically_contiguous_required: true, min_physical_base_alignment: alignment },
      });
    expect(solve(plain, contiguous(65_536), contiguous(1), raw(1))).toMatchObject({
      ok: true,
      contiguous: true,
      baseAlignment: 65_536,
    });
    expect(solve(plain, contiguous(1))).toMatchObject({ ok: true, baseAlignment: 4096 });
    expect(code(solve({ heaps: [systemRam] }, contiguous(1)))).toBe("no-allocator");
    expect(code(solve({ heaps: [] }, raw(1)))).toBe("no-allocator");
    expect(code(solve(plain, contiguous(3)))).toBe("base-alignment-not-power-of-two");
  });

  test("who displays gets RAM where all allow it, even if the heap does not say that it can", () => {
    const heap: HeapInfo = { ...systemRam, domains: { cpu: true, ram: false, inaccessible: false } };
    const shown = raw(1, { usage: { display: 1 } });
    const domain = (...list: JsonConstraints[]): unknown => {
      const outcome = solve({ heaps: [heap] }, ...list);
      return outcome.ok && outcome.settings.bufferSettings.coherencyDomain;
    };
    expect(domain(shown)).toBe(CoherencyDomain.RAM);
    expect(domain(shown, raw(1))).toBe(CoherencyDomain.CPU);
  });

  test("permitted_heaps: empty is refused, and so is an entry without a type", () => {
    const permitting = (heaps: unknown[]): JsonConstraints =>
      raw(1, { buffer_memory_constraints: { permitted_heaps: heaps } });
    expect(code(solve(plain, permitting([])))).toBe("empty-permitted-heaps");
    expect(code(solve(plain, permitting([{ id: 1 }])))).toBe("heap-without-type");
    expect(code(solve(plain, permitting([{ heap_type: systemRam.heapType, id: 1 }])))).toBe("no-usable-heap");
  });

  test("a page is whatever the environment says", () => {
    expect(solve({ ...plain, pageSize: 16_384 }, raw(1))).toMatchObject({
      settings: { bufferSettings: { rawVmoSize: 16_384n } },
      baseAlignment: 16_384,
    });
  });
});

describe("existing settings", () => {
  const format = image("R8G8B8A8", {
    min_size: { width: 450, height: 450 },
    max_size: { width: 450, height: 450 },
    bytes_per_row_divisor: 64,
  });
  const allocated = (): Allocation => {
    const outcome = solve(plain, { usage: { cpu: 8 }, min_buffer_count: 2, image_format_constraints: [format] });
    if (!outcome.ok) throw new TypeError("no allocation");
    return outcome;
  };

  test("turn back into constraints that only they satisfy", () => {
    const first = allocated();
    const back = settingsToConstraints(first.settings, first.bufferCount);
    expect(back).toMatchObject({
      usage: { none: 1 },
      minBufferCount: 2,
      maxBufferCount: 2,
      bufferMemoryConstraints: {
        minSizeBytes: 835_200n,
        maxSizeBytes: 835_200n,
        cpuDomainSupported: true,
        ramDomainSupported: false,
      },
    });
    const again = negotiate(
      [{ name: "existing", constraints: back }, participant("user", { usage: { cpu: 1 } })],
      plain,
    );
    expect(again).toMatchObject({ ok: true, bufferCount: 2, settings: first.settings });
  });

  test("constraints_to_check: what fits and what does not", () => {
    const first = allocated();
    const check = (json: JsonConstraints): unknown => {
      const answer = checkConstraints(constraints(json), first.settings, plain);
      return answer.ok ? "ok" : answer.reason.code;
    };
    expect(check({ usage: { cpu: 1 } })).toBe("ok");
    expect(check({ usage: { cpu: 1 }, image_format_constraints: [image("R8G8B8A8")] })).toBe("ok");
    // Numbers of buffers are not looked at.
    expect(check({ usage: { cpu: 1 }, min_buffer_count_for_camping: 9 })).toBe("ok");
    expect(check({ usage: { cpu: 1 }, buffer_memory_constraints: { min_size_bytes: 835_201 } })).toBe(
      "min-above-max-size-bytes",
    );
    expect(check({ usage: { cpu: 1 }, image_format_constraints: [image("NV12")] })).toBe("no-common-format");
    expect(check({ usage: { cpu: 1 }, buffer_memory_constraints: { max_size_bytes: 835_199 } })).toBe(
      "min-above-max-size-bytes",
    );
    expect(check({})).toBe("only-none-usage");
  });

  test("must_match_vmo makes a new collection like another one", () => {
    const first = allocated();
    const user = participant("user", { usage: { cpu: 8 }, min_buffer_count: 7 });
    const like = negotiate([{ ...user, mustMatch: first.settings }], plain);
    expect(like).toMatchObject({ ok: true, bufferCount: 7, settings: first.settings });
    const bigger = negotiate(
      [{ ...user, mustMatch: first.settings }, participant("other", raw(835_201, { usage: { cpu: 1 } }))],
      plain,
    );
    expect(code(bigger)).toBe("min-above-max-size-bytes");
  });

  test("must_match_vmo of a padded collection works where that is allowed, and still pins the size", () => {
    const padded = solve(plain, {
      usage: { cpu: 8 },
      min_buffer_count: 2,
      image_format_constraints: [{ ...format, pad_beyond_image_size_bytes: 4096 }],
    });
    if (!padded.ok) throw new TypeError("no allocation");
    const user = { ...participant("user", { usage: { cpu: 8 }, min_buffer_count: 1 }), mustMatch: padded.settings };
    expect(code(negotiate([user], plain))).toBe("padding-above-max-size-bytes");
    expect(negotiate([user], joinable)).toMatchObject({ ok: true, settings: padded.settings });
    const wants = participant("other", {
      usage: { cpu: 1 },
      image_format_constraints: [image("R8G8B8A8", { min_bytes_per_row: 1857 })],
    });
    expect(code(negotiate([user, wants], joinable))).toBe("image-above-max-size-bytes");
    // The room for padding is for padding alone.
    const taller = participant("taller", {
      usage: { cpu: 1 },
      image_format_constraints: [image("R8", { required_max_size_list: [{ width: 64, height: 65 }] })],
    });
    const small = solve(plain, picture(image("R8", { pad_beyond_image_size_bytes: 4096 })));
    if (!small.ok) throw new TypeError("no allocation");
    const like = { ...participant("like", { usage: { cpu: 8 }, min_buffer_count: 1 }), mustMatch: small.settings };
    expect(negotiate([like], joinable)).toMatchObject({ ok: true, settings: small.settings });
    expect(negotiate([like, taller], joinable)).toMatchObject({
      reason: { code: "image-above-max-size-bytes", values: { width: 64, height: 65, size: 4160, max: 4096 } },
    });
  });

  test("late attachment is not asked about secure memory again", () => {
    const first = allocated();
    const users = [participant("p0", { usage: { cpu: 8 }, min_buffer_count: 2, image_format_constraints: [format] })];
    const outcome = negotiateLate({
      existing: first,
      allocated: users,
      tree: {
        kind: "plain",
        children: [{ kind: "participant", participant: participant("late", { usage: { cpu: 1 } }) }],
      },
      environment: { ...plain, secureMemory: "lost" },
    });
    expect(outcome).toMatchObject({ ok: true, combinationsTried: 1 });
  });
});

describe("costs", () => {
  const entry = (pixelFormat: number, cost: number, bufferUsageBits = {}): Parameters<typeof costTable>[0][number] => ({
    key: { pixelFormat: pixelFormat as 1, bufferUsageBits },
    cost,
  });

  test("a later file replaces what an earlier one says of the same key", () => {
    const table = costTable([entry(1, 10), entry(104, 5)], [entry(1, 20)]);
    expect(table.entries).toHaveLength(2);
    expect(formatCost(table, 1, 0n, {})).toBe(20);
    expect(formatCost(table, 104, 0n, {})).toBe(5);
    expect(formatCost(table, 104, 1n, {})).toBe(NO_COST);
    expect(formatCost(table, 102, 0n, {})).toBe(NO_COST);
  });

  test("the entry with most of the used bits counts, of equals the later, and none with unused bits", () => {
    const table = costTable([
      entry(1, 1),
      entry(1, 2, { cpu: 1 }),
      entry(1, 3, { vulkan: 4 }),
      entry(1, 4, { cpu: 1, video: 1 }),
    ]);
    expect(formatCost(table, 1, 0n, {})).toBe(1);
    expect(formatCost(table, 1, 0n, { cpu: 3 })).toBe(2);
    expect(formatCost(table, 1, 0n, { cpu: 1, vulkan: 4 })).toBe(3);
    expect(formatCost(table, 1, 0n, { cpu: 1, vulkan: 4, video: 1 })).toBe(4);
    // What nobody uses does not matter: `none` is ignored.
    expect(formatCost(costTable([entry(1, 7, { none: 1 })]), 1, 0n, { cpu: 1 })).toBe(7);
    expect(formatCost(costTable([entry(1, 9, { cpu: 1 }), entry(1, 7, { none: 3 })]), 1, 0n, { cpu: 1 })).toBe(9);
  });

  test("a key is the format, the modifier and all usage bits; what is un-set is LINEAR, or no bits", () => {
    const key = (key: Parameters<typeof costKeyText>[0]["key"]): string => costKeyText({ key, cost: 1 });
    expect(key({ pixelFormat: 1 })).toBe(key({ pixelFormat: 1, pixelFormatModifier: 0n, bufferUsageBits: {} }));
    expect(key({ pixelFormat: 1 })).toBe(key({ pixelFormat: 1, bufferUsageBits: { cpu: 0, none: 0 } }));
    const different = [
      key({ pixelFormat: 1 }),
      key({ pixelFormat: 104 }),
      key({ pixelFormat: 1, pixelFormatModifier: 1n as 0n }),
      ...(["none", "cpu", "vulkan", "display", "video"] as const).map((field) =>
        key({ pixelFormat: 1, bufferUsageBits: { [field]: 1 } }),
      ),
    ];
    expect(new Set(different).size).toBe(different.length);
    expect(key({ pixelFormat: 1, bufferUsageBits: { cpu: 1, vulkan: 11 } })).not.toBe(
      key({ pixelFormat: 1, bufferUsageBits: { cpu: 11, vulkan: 1 } }),
    );
    expect(costKeyText({})).not.toBe(key({ pixelFormat: 1 }));
  });

  test("each group of usage bits has to be used, and counts", () => {
    for (const field of ["cpu", "vulkan", "display", "video"] as const) {
      const table = costTable([entry(1, 5), entry(1, 3, { [field]: 0x8000_0001 })]);
      expect(formatCost(table, 1, 0n, { [field]: 0x8000_0003 }), field).toBe(3);
      expect(formatCost(table, 1, 0n, { [field]: 1 }), field).toBe(5);
      expect(formatCost(table, 1, 0n, {}), field).toBe(5);
      // More bits beat fewer, whichever comes later.
      const two = costTable([entry(1, 3, { [field]: 3 }), entry(1, 4, { [field]: 1 })]);
      expect(formatCost(two, 1, 0n, { [field]: 3 }), field).toBe(3);
      expect(formatCost(two, 1, 0n, { [field]: 1 }), field).toBe(4);
    }
  });

  test("of equal entries the later, also where the same key moved up", () => {
    const tie = costTable([entry(1, 3, { cpu: 1 }), entry(1, 4, { cpu: 2 })]);
    expect(formatCost(tie, 1, 0n, { cpu: 3 })).toBe(4);
    const moved = costTable([entry(1, 3, { cpu: 1 }), entry(1, 4, { cpu: 2 })], [entry(1, 5, { cpu: 1 })]);
    expect(moved.entries.map(({ cost }) => cost)).toEqual([4, 5]);
    expect(formatCost(moved, 1, 0n, { cpu: 3 })).toBe(5);
  });

  test("a modifier that is named, and one that is not", () => {
    const tiled = { key: { pixelFormat: 1, pixelFormatModifier: 0x0100_0000_0000_0001n }, cost: 9 } as const;
    const table = costTable([entry(1, 5), tiled]);
    expect(formatCost(table, 1, 0x0100_0000_0000_0001n, {})).toBe(9);
    expect(formatCost(table, 1, 0n, {})).toBe(5);
    expect(formatCost(NO_COSTS, 1, 0n, {})).toBe(NO_COST);
  });

  test("costs are float32, and entries without one are ignored", () => {
    expect(formatCost(costTable([entry(1, 0.1)]), 1, 0n, {})).toBe(Math.fround(0.1));
    const broken = [{ key: { pixelFormat: PixelFormat.NV12 } }, { cost: 1 }, entry(1, Number.NaN)];
    expect(costTable(broken).entries).toEqual([]);
  });

  test("any format with a cost beats any without", () => {
    const both = picture(image("I420"), {
      image_format_constraints: [
        image("I420", { min_size: { width: 2, height: 2 } }),
        image("NV12", { min_size: { width: 2, height: 2 } }),
      ],
    });
    const chosen = (environment: Environment, usage: JsonConstraints): unknown => {
      const outcome = solve(environment, { ...both, usage });
      return outcome.ok && outcome.settings.imageFormatConstraints?.pixelFormat;
    };
    const environment = { ...plain, costs: costs("video_decoder_nv12") };
    expect(chosen(environment, { video: 1 })).toBe(PixelFormat.NV12);
    expect(chosen(environment, { video: 8 })).toBe(PixelFormat.I420);
    expect(chosen(plain, { video: 1 })).toBe(PixelFormat.I420);
  });
});
