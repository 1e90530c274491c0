/**
 * The header line of YUV4MPEG2 (`.y4m`): `YUV4MPEG2 W640 H360 F30:1 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED`. What follows
 * it are frames, each a line that starts with `FRAME` and then planes of samples without padding.
 */
import { MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE } from "#base";
import type { YuvRange } from "#images";
import { MediaFormatError, MediaUnsupportedError } from "./errors.ts";
import { half, type MediaSize } from "./layout.ts";

/** A ratio of two whole numbers, both above 0. */
export interface Ratio {
  readonly numerator: number;
  readonly denominator: number;
}

/** How a frame's chroma is stored. The variants of 4:2:0 differ only in where between the pixels the samples lie. */
export type Y4mChroma = "420jpeg" | "420mpeg2" | "420paldv" | "420" | "422" | "444" | "mono";

/** What a stream says of all its frames. */
export interface Y4mHeader extends MediaSize {
  /** Frames a second. Undefined: the stream does not say. */
  readonly frameRate: Ratio | undefined;
  readonly chroma: Y4mChroma;
  readonly range: YuvRange;
  /** Width of a pixel to its height. Undefined: the stream does not say. */
  readonly pixelAspect: Ratio | undefined;
}

/** First bytes of every stream. */
export const Y4M_MAGIC = "YUV4MPEG2";

const CHROMAS: readonly string[] = [
  "420jpeg",
  "420mpeg2",
  "420paldv",
  "420",
  "422",
  "444",
  "mono",
] satisfies Y4mChroma[];

/** Samples of one chroma plane. */
export function chromaSamples(header: MediaSize & { readonly chroma: Y4mChroma }): number {
  const { width, height, chroma } = header;
  switch (chroma) {
    case "mono":
      return 0;
    case "422":
      return half(width) * height;
    case "444":
      return width * height;
    default:
      return half(width) * half(height);
  }
}

/** Bytes of one frame's samples. */
export function frameBytes(header: MediaSize & { readonly chroma: Y4mChroma }): number {
  return header.width * header.height + 2 * chromaSamples(header);
}

/** Reads the header line, without its line feed. `file` is for messages. */
export function parseY4mHeader(line: string, file: string): Y4mHeader {
  return new HeaderParser(line, file).parse();
}

class HeaderParser {
  readonly #line: string;
  readonly #file: string;
  readonly #parameters = new Map<string, { value: string; offset: number }>();

  constructor(line: string, file: string) {
    this.#line = line;
    this.#file = file;
  }

  parse(): Y4mHeader {
    const [magic = "", ...words] = this.#line.split(" ");
    if (magic !== Y4M_MAGIC) throw this.#error("signature", 0, `expected "${Y4M_MAGIC}"`);
    let offset = magic.length + 1;
    let range: YuvRange = "limited";
    for (const word of words) {
      const value = word.slice(1);
      if (word === "XCOLORRANGE=FULL") range = "full";
      // Other extensions, and parameters of later versions, do not concern us; a later word replaces an earlier one.
      if (word !== "") this.#parameters.set(word.charAt(0), { value, offset });
      offset += word.length + 1;
    }
    const width = this.#side("W", "width");
    const height = this.#side("H", "height");
    if (width * height > MAX_IMAGE_PIXELS) {
      throw new MediaUnsupportedError(this.#file, `frames of ${width} by ${height} pixels are too large`);
    }
    const chroma = this.#chroma();
    return {
      width,
      height,
      frameRate: this.#ratio("F", "frame rate"),
      chroma,
      range,
      pixelAspect: this.#ratio("A", "pixel aspect"),
    };
  }

  #side(letter: string, field: string): number {
    const parameter = this.#parameters.get(letter);
    if (parameter === undefined) throw this.#error(field, this.#line.length, `the header has no ${letter} parameter`);
    const value = /^[0-9]{1,9}$/.test(parameter.value) ? Number(parameter.value) : 0;
    if (value === 0)
      throw this.#error(field, parameter.offset, `"${letter}${parameter.value}" is not a positive number`);
    if (value > MAX_IMAGE_SIDE) {
      throw new MediaUnsupportedError(
        this.#file,
        `a ${field} of ${value} pixels is too large; ${MAX_IMAGE_SIDE} is possible`,
      );
    }
    return value;
  }

  #ratio(letter: string, field: string): Ratio | undefined {
    const parameter = this.#parameters.get(letter);
    if (parameter === undefined) return undefined;
    const parts = /^([0-9]{1,9}):([0-9]{1,9})$/.exec(parameter.value);
    if (parts === null)
      throw this.#error(field, parameter.offset, `"${letter}${parameter.value}" is not a ratio like 30:1`);
    const [numerator, denominator] = [Number(parts[1]), Number(parts[2])];
    // 0:0 is the format's way to say "unknown".
    if (numerator === 0 && denominator === 0) return undefined;
    if (numerator === 0 || denominator === 0) throw this.#error(field, parameter.offset, `${parameter.value} has a 0`);
    return { numerator, denominator };
  }

  #chroma(): Y4mChroma {
    const value = this.#parameters.get("C")?.value ?? "420";
    if (CHROMAS.includes(value)) return value as Y4mChroma;
    throw new MediaUnsupportedError(
      this.#file,
      `its pixels are C${value}; ${CHROMAS.map((name) => `C${name}`).join(", ")} with 8 bits a sample are possible`,
    );
  }

  #error(field: string, offset: number, why: string): MediaFormatError {
    return new MediaFormatError({ file: this.#file, offset, field }, why);
  }
}

/** Writes a header line, its line feed included. */
export function formatY4mHeader(header: Y4mHeader): string {
  const ratio = (value: Ratio | undefined) => (value === undefined ? "0:0" : `${value.numerator}:${value.denominator}`);
  const { width, height, frameRate, chroma, range, pixelAspect } = header;
  const words = [`W${width}`, `H${height}`, `F${ratio(frameRate)}`, "Ip", `A${ratio(pixelAspect)}`, `C${chroma}`];
  return `${Y4M_MAGIC} ${words.join(" ")} XCOLORRANGE=${range === "full" ? "FULL" : "LIMITED"}\n`;
}
