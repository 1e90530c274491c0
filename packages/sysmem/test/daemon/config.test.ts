import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import { Config, FormatCosts } from "#gen/fuchsia_sysmem2";
import { DEFAULT_CONFIG, loadConfig, parseConfig } from "../../src/daemon/config.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sysmem-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe("configuration", () => {
  it("is the default when empty", async () => {
    expect(await loadConfig(file("empty.toml", ""))).toEqual(DEFAULT_CONFIG);
    expect(await loadConfig(file("empty.json", "{}"))).toEqual(DEFAULT_CONFIG);
  });

  it("keeps every bit of a 64-bit modifier, in JSON and in TOML", async () => {
    const json = `{"format_costs": [{"pixel_format": 101, "pixel_format_modifier": 576460752303423489, "usage": {"video": 1}, "cost": 10.0}]}`;
    const toml = `[[format_costs]]\npixel_format = 101\npixel_format_modifier = 0x0800000000000001\nusage = { video = 1 }\ncost = 10.0\n`;
    const expected = [
      {
        key: { pixelFormat: 101, pixelFormatModifier: 0x0800_0000_0000_0001n, bufferUsageBits: { video: 1 } },
        cost: 10,
      },
    ];
    expect((await loadConfig(file("costs.json", json))).formatCosts).toEqual(expected);
    expect((await loadConfig(file("costs.toml", toml))).formatCosts).toEqual(expected);
  });

  it("takes formats and modifiers by name", async () => {
    const toml = `[[format_costs]]\npixel_format = "NV12"\npixel_format_modifier = "ARM_AFBC_16X16"\ncost = 1.5\n`;
    expect((await loadConfig(file("names.toml", toml))).formatCosts).toEqual([
      { key: { pixelFormat: 104, pixelFormatModifier: 0x0800_0000_0000_0001n, bufferUsageBits: {} }, cost: 1.5 },
    ]);
  });

  it("layers cost files, ours and the original's, below its own entries", async () => {
    const entry = (pixelFormat: number, cost: number) => ({
      key: {
        pixelFormat: PixelFormat.from(pixelFormat),
        pixelFormatModifier: PixelFormatModifier.LINEAR,
        bufferUsageBits: {},
      },
      cost,
    });
    const persistent = FormatCosts.encodePersistent({ formatCosts: [entry(1, 3)] });
    writeFileSync(join(folder, "board.format_costs"), persistent);
    file("platform.json", `{"format_costs": [{"pixel_format": "R8G8B8A8", "cost": 2}]}`);
    const config = `format_cost_files = ["board.format_costs", "platform.json"]\n[[format_costs]]\npixel_format = 101\ncost = 4.0\n`;
    expect((await loadConfig(file("layers.toml", config))).formatCosts).toEqual([
      entry(1, 3),
      entry(1, 2),
      entry(101, 4),
    ]);
  });

  it("takes the original's configuration as a cost file: its table says the same", async () => {
    const formatCosts = [{ key: { pixelFormat: PixelFormat.from(104) }, cost: 7 }];
    writeFileSync(join(folder, "sysmem.config"), Config.encodePersistent({ formatCosts }));
    const config = file("original.toml", `format_cost_files = ["sysmem.config"]\n`);
    expect((await loadConfig(config)).formatCosts).toEqual(formatCosts);
  });

  it("says which cost file is wrong and how", async () => {
    const names = (path: string) => file("with-costs.toml", `format_cost_files = ["${path}"]\n`);
    await expect(loadConfig(names("missing.fidl"))).rejects.toThrow(/cannot read configuration .*missing\.fidl/);
    file("garbage.fidl", "not FIDL at all");
    await expect(loadConfig(names("garbage.fidl"))).rejects.toThrow(
      /garbage\.fidl: it is no persistent fuchsia\.sysmem2\/FormatCosts/,
    );
    writeFileSync(join(folder, "half.fidl"), FormatCosts.encodePersistent({ formatCosts: [{ cost: 1 }] }));
    await expect(loadConfig(names("half.fidl"))).rejects.toThrow(
      /half\.fidl: format_costs\[0\]\.key\.pixel_format is missing/,
    );
    const infinite = { key: { pixelFormat: PixelFormat.from(1) }, cost: Number.POSITIVE_INFINITY };
    writeFileSync(join(folder, "infinite.fidl"), FormatCosts.encodePersistent({ formatCosts: [infinite] }));
    await expect(loadConfig(names("infinite.fidl"))).rejects.toThrow(
      /infinite\.fidl: format_costs\[0\]\.cost must be a finite number, not Infinity/,
    );
    file("infinite.toml", "[[format_costs]]\npixel_format = 1\ncost = inf\n");
    await expect(loadConfig(names("infinite.toml"))).rejects.toThrow(
      /format_costs\[0\]\.cost must be a finite number, not Infinity/,
    );
    file("empty-costs.json", "{}");
    await expect(loadConfig(names("empty-costs.json"))).rejects.toThrow(/format_costs is missing/);
  });

  it("takes the largest allocation as a whole number", async () => {
    expect((await loadConfig(file("max.json", `{"max_allocation_size": 4096}`))).maxAllocationSize).toBe(4096n);
  });

  it("lets participants join padded collections only where it is told to", async () => {
    expect((await loadConfig(file("nothing.toml", ""))).lateAttachmentWithPadding).toBe(false);
    const told = file("padded.toml", "late_attachment_with_padding = true");
    expect((await loadConfig(told)).lateAttachmentWithPadding).toBe(true);
  });

  it.each([
    [
      "an unknown key",
      { max_alocation_size: 1 },
      /max_alocation_size is not a setting \(known here: .*max_allocation_size/,
    ],
    [
      "an unknown key inside",
      { format_costs: [{ pixel_format: 1, cost: 1, price: 2 }] },
      /format_costs\[0\]\.price is not a setting/,
    ],
    ["a negative size", { max_allocation_size: -1 }, /max_allocation_size must be an unsigned integer, not -1/],
    ["a fraction", { max_allocation_size: 1.5 }, /max_allocation_size must be an unsigned integer, not 1.5/],
    ["2^64", { max_allocation_size: 1n << 64n }, /max_allocation_size must be an unsigned integer/],
    ["a missing cost", { format_costs: [{ pixel_format: 1 }] }, /format_costs\[0\]\.cost is missing/],
    [
      "a format of 33 bits",
      { format_costs: [{ pixel_format: 2 ** 32, cost: 1 }] },
      /pixel_format must be an integer of 32 bits/,
    ],
    ["no list", { format_costs: {} }, /format_costs must be a list, not {}/],
    [
      "an unknown format",
      { format_costs: [{ pixel_format: "NV13", cost: 1 }] },
      /pixel_format must be a member of fuchsia\.images2\/PixelFormat, not "NV13"/,
    ],
    ["a mode as a number", { socket_mode: 666 }, /socket_mode must be a file mode such as "0750", not 666/],
    ["an unknown level", { log_level: "loud" }, /log_level must be one of trace, debug, info/],
    ["no table at all", [], /the file must be a table of settings/],
  ])("refuses %s and says where", (_what, settings, message) => {
    expect(() => parseConfig(settings as never, "sysmem.toml")).toThrow(message);
    expect(() => parseConfig(settings as never, "sysmem.toml")).toThrow(/^sysmem\.toml: /);
  });

  it("names the file that cannot be read", async () => {
    await expect(loadConfig(join(folder, "missing.toml"))).rejects.toThrow(/cannot read configuration .*missing\.toml/);
    await expect(loadConfig(file("broken.toml", "a ="))).rejects.toThrow(/cannot read configuration .*broken\.toml/);
    await expect(loadConfig(file("broken.json", "{"))).rejects.toThrow(/cannot read configuration .*broken\.json/);
  });
});
