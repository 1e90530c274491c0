import { decode } from "fast-png";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { MAX_THUMBNAILS } from "#base";
import { drawText, GLYPH_HEIGHT, GLYPH_WIDTH } from "../../src/cli/media/font.ts";
import { ContactSheet, MediaIoError, REC709, tightLayout } from "../../src/cli/media/index.ts";
import { rejection, withFolder } from "./support.ts";

const size = { width: 8, height: 4 };
const layout = tightLayout("R8G8B8A8", size);
const solid = (red: number, green: number, blue: number) =>
  new Uint8Array(8 * 4 * 4).map((_, i) => [red, green, blue, 255][i % 4]!);

describe("ContactSheet", () => {
  it("lays pictures out row by row, averaged down to the thumbnail's size", async () => {
    const sheet = new ContactSheet({ columns: 2, thumbnailWidth: 4 });
    sheet.add(solid(250, 0, 0), layout, REC709, "");
    sheet.add(solid(0, 250, 0), layout, REC709, "");
    sheet.add(solid(0, 0, 250), layout, REC709, "");
    const { width, height, data, channels, depth } = decode(await sheet.encode());
    expect([channels, depth]).toEqual([3, 8]);
    // Gaps of 8, pictures of 4 by 2, captions of 8 with gaps around.
    expect([width, height]).toEqual([8 + 2 * 12, 8 + 2 * (2 + 8 + 8 + 8)]);
    const pixel = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
    expect(pixel(0, 0)).toEqual([0x18, 0x18, 0x18]);
    expect(pixel(8, 8)).toEqual([250, 0, 0]);
    expect(pixel(11, 9)).toEqual([250, 0, 0]);
    expect(pixel(12, 9)).toEqual([0x18, 0x18, 0x18]);
    expect(pixel(20, 8)).toEqual([0, 250, 0]);
    expect(pixel(8, 34)).toEqual([0, 0, 250]);
  });

  it("averages what a thumbnail's pixel covers, and enlarges what is smaller", () => {
    const sheet = new ContactSheet({ columns: 1, thumbnailWidth: 1 });
    const halves = new Uint8Array(8 * 4 * 4).map((_, i) => ((i >> 2) % 8 < 4 ? 0 : 200));
    sheet.add(halves, layout, REC709, "");
    expect([...sheet.draw().rgb.subarray((8 * 17 + 8) * 3, (8 * 17 + 8) * 3 + 3)]).toEqual([100, 100, 100]);
    const larger = new ContactSheet({ columns: 1, thumbnailWidth: 16 });
    larger.add(halves, layout, REC709, "");
    const { rgb, width } = larger.draw();
    const row = Array.from({ length: 16 }, (_, x) => rgb[(8 * width + 8 + x) * 3]);
    expect(row).toEqual([...Array(8).fill(0), ...Array(8).fill(200)]);
  });

  it("converts frames in YUV", () => {
    const sheet = new ContactSheet({ columns: 1, thumbnailWidth: 8 });
    const nv12 = tightLayout("NV12", size);
    sheet.add(new Uint8Array(48).fill(235, 0, 32).fill(128, 32), nv12, REC709, "");
    const { rgb, width } = sheet.draw();
    expect(rgb[(8 * width + 8) * 3]).toBe(255);
  });

  it("takes no more pictures than it can hold, and says so", () => {
    const sheet = new ContactSheet({ thumbnailWidth: 1 });
    for (let i = 0; i < MAX_THUMBNAILS; i++) expect(sheet.add(solid(1, 2, 3), layout, REC709, "")).toBe(true);
    expect(sheet.add(solid(1, 2, 3), layout, REC709, "")).toBe(false);
    expect(sheet.count).toBe(MAX_THUMBNAILS);
  });

  it("writes a file, also without pictures, and says when it cannot", async () => {
    await withFolder(async (folder) => {
      await new ContactSheet().write(`${folder}/sheet.png`);
      expect(decode(await readFile(`${folder}/sheet.png`)).width).toBe(8 + 248);
    });
    expect(await rejection(new ContactSheet().write("/nonexistent/sheet.png"))).toBeInstanceOf(MediaIoError);
  });

  it("cuts captions to the width of their picture", () => {
    const sheet = new ContactSheet({ columns: 2, thumbnailWidth: 13 });
    sheet.add(solid(0, 0, 0), layout, REC709, "WWWW");
    sheet.add(solid(0, 0, 0), layout, REC709, "");
    const { rgb, width } = sheet.draw();
    const lit = new Set<number>();
    for (let i = 0; i < rgb.length; i += 3) if (rgb[i] === 0xd0) lit.add((i / 3) % width);
    expect(Math.max(...lit)).toBe(8 + 2 * GLYPH_WIDTH - 2);
  });
});

describe("drawText", () => {
  const text = (value: string, width = value.length * GLYPH_WIDTH) => {
    const canvas = { width, height: GLYPH_HEIGHT, rgb: new Uint8Array(width * GLYPH_HEIGHT * 3) };
    drawText(canvas, value, 0, 0, 255);
    return Array.from({ length: GLYPH_HEIGHT }, (_, y) =>
      Array.from({ length: width }, (_, x) => (canvas.rgb[(y * width + x) * 3] === 255 ? "#" : ".")).join(""),
    );
  };

  it("draws letters, small ones as capitals", () => {
    expect(text("F7")).toEqual([
      "#####.#####.",
      "#.........#.",
      "#........#..",
      "####....#...",
      "#......#....",
      "#......#....",
      "#......#....",
      "............",
    ]);
    expect(text("frame")).toEqual(text("FRAME"));
  });

  it("draws every letter differently", () => {
    const letters = " !#%()*+,-./0123456789:=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    expect(new Set([...letters, "§"].map((letter) => text(letter).join())).size).toBe(letters.length + 1);
  });

  it("leaves out what is beyond the canvas", () => {
    expect(text("HH", 7)[0]).toBe("#...#.#");
    const canvas = { width: 4, height: 4, rgb: new Uint8Array(48) };
    drawText(canvas, "H", -2, -3, 255);
    expect(canvas.rgb.filter((value) => value === 255).length).toBe(3 * (3 + 1 + 1 + 1));
  });

  it("keeps every second picture when thinned", () => {
    const sheet = new ContactSheet({ columns: 2, thumbnailWidth: 8 });
    const square = tightLayout("R8G8B8A8", { width: 8, height: 8 });
    for (let shade = 0; shade < 5; shade++) {
      sheet.add(new Uint8Array(256).fill(shade * 10), square, REC709, "");
    }
    sheet.thin();
    expect(sheet.count).toBe(3);
    const { rgb, width } = sheet.draw();
    const shadeAt = (x: number, y: number) => rgb[(y * width + x) * 3];
    expect([shadeAt(8, 8), shadeAt(24, 8)]).toEqual([0, 20]);
  });
});
