/**
 * Letters of five by seven pixels for captions: digits, capitals and the punctuation of names, sizes and numbers. Small
 * letters are drawn as capitals, anything else as an empty box.
 */

/** Pixels that a letter takes, with one column and one row of space behind it. */
export const GLYPH_WIDTH = 6;
export const GLYPH_HEIGHT = 8;

/** Seven rows of each letter as hexadecimal digits, two to a row; the lowest five bits are the columns from the left. */
const GLYPHS: Readonly<Record<string, string>> = {
  " ": "00000000000000",
  "!": "04040404000004",
  "#": "0a0a1f0a1f0a0a",
  "%": "18190204081303",
  "(": "02040808080402",
  ")": "08040202020408",
  "*": "00040e1f0e0400",
  "+": "0004041f040400",
  ",": "000000000c0408",
  "-": "0000001f000000",
  ".": "00000000000c0c",
  "/": "00010204081000",
  "0": "0e11131519110e",
  "1": "040c040404040e",
  "2": "0e11010204081f",
  "3": "1f02040201110e",
  "4": "02060a121f0202",
  "5": "1f101e0101110e",
  "6": "0608101e11110e",
  "7": "1f010204080808",
  "8": "0e11110e11110e",
  "9": "0e11110f01020c",
  ":": "000c0c000c0c00",
  "=": "00001f001f0000",
  "?": "0e110102040004",
  "@": "0e11010d15150e",
  A: "0e1111111f1111",
  B: "1e11111e11111e",
  C: "0e11101010110e",
  D: "1c12111111121c",
  E: "1f10101e10101f",
  F: "1f10101e101010",
  G: "0e11101711110f",
  H: "1111111f111111",
  I: "0e04040404040e",
  J: "0702020202120c",
  K: "11121418141211",
  L: "1010101010101f",
  M: "111b1515111111",
  N: "11111915131111",
  O: "0e11111111110e",
  P: "1e11111e101010",
  Q: "0e11111115120d",
  R: "1e11111e141211",
  S: "0f10100e01011e",
  T: "1f040404040404",
  U: "1111111111110e",
  V: "11111111110a04",
  W: "1111111515150a",
  X: "11110a040a1111",
  Y: "1111110a040404",
  Z: "1f01020408101f",
  _: "0000000000001f",
};
const BOX = "1f11111111111f";

/** A picture of RGB samples without padding. */
export interface RgbCanvas {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** Draws `text` from (x, y) to the right, in one shade of grey. What is outside of the canvas is left out. */
export function drawText(canvas: RgbCanvas, text: string, x: number, y: number, shade: number): void {
  let left = x;
  for (const letter of text.toUpperCase()) {
    const rows = GLYPHS[letter] ?? BOX;
    for (let row = 0; row < GLYPH_HEIGHT - 1; row++) {
      const bits = Number.parseInt(rows.slice(row * 2, row * 2 + 2), 16);
      for (let column = 0; column < GLYPH_WIDTH - 1; column++) {
        if ((bits & (1 << (GLYPH_WIDTH - 2 - column))) === 0) continue;
        const px = left + column;
        const py = y + row;
        if (px < 0 || py < 0 || px >= canvas.width || py >= canvas.height) continue;
        canvas.rgb.fill(shade, (py * canvas.width + px) * 3, (py * canvas.width + px) * 3 + 3);
      }
    }
    left += GLYPH_WIDTH;
  }
}
