import { expect, it } from "vitest";
import { codecOf } from "./codec.ts";
import { bytes, decodeGenerated, describeBoth, hex, PRESENT, thrownBy, word } from "./harness.ts";
import { struct, text } from "./types.ts";

const type = struct({ s: text() });
const codec = codecOf(type);

function body(content: string): Uint8Array {
  const digits = content.replace(/\s/g, "");
  const length = digits.length / 2;
  return bytes(`${word(length)}${PRESENT}${digits}${"00".repeat((8 - (length % 8)) % 8)}`);
}

/** Sequences of the Unicode standard's table of well-formed UTF-8 and their neighbours. */
const ILL_FORMED: Record<string, string> = {
  "a lone continuation byte": "80",
  "the last continuation byte": "bf",
  "an overlong form of two bytes": "c080",
  "an overlong slash": "c0af",
  "the last overlong form of two bytes": "c1bf",
  "an overlong form of three bytes": "e08080",
  "the last overlong form of three bytes": "e09fbf",
  "an overlong form of four bytes": "f0808080",
  "the last overlong form of four bytes": "f08fbfbf",
  "the first surrogate": "eda080",
  "the last surrogate": "edbfbf",
  "a surrogate pair": "eda080 edb080",
  "above U+10FFFF": "f4908080",
  "a form of five bytes": "f888808080",
  "the byte fe": "fe",
  "the byte ff": "ff",
  "two bytes cut short": "c3",
  "three bytes cut short": "e282",
  "four bytes cut short": "f09f98",
  "a missing continuation byte": "e28261",
  "a fault after 60 good characters": `${"61".repeat(60)}c3`,
  "a fault in the first of many bytes": `ff${"61".repeat(60)}`,
};

const WELL_FORMED: Record<string, string> = {
  "the last of one byte": "7f",
  "the first of two bytes": "c280",
  "the last of two bytes": "dfbf",
  "the first of three bytes": "e0a080",
  "before the surrogates": "ed9fbf",
  "after the surrogates": "ee8080",
  "a byte order mark": "efbbbf 61",
  "a noncharacter": "efbfbf",
  "the first of four bytes": "f0908080",
  "the last code point": "f48fbfbf",
  "a zero byte": "610062",
};

describeBoth("UTF-8", () => {
  it.each(Object.keys(ILL_FORMED))("refuses %s", (name) => {
    const error = thrownBy(() => codec.decode(body(ILL_FORMED[name]!)));
    expect(error).toMatchObject({ code: "STRING_NOT_UTF8", path: "Struct.s" });
  });

  it.each(Object.keys(WELL_FORMED))("takes %s", (name) => {
    const encoded = body(WELL_FORMED[name]!);
    const { s } = codec.decode(encoded) as { s: string };
    expect(s).toBe(Buffer.from(WELL_FORMED[name]!.replace(/\s/g, ""), "hex").toString());
    expect(hex(codec.encode({ s }).bytes)).toBe(hex(encoded));
  });

  it("goes through strings of every length around the limits of its shortcuts", () => {
    for (let length = 0; length <= 130; length++) {
      const s = "abcdefghijklmnopqrstuvwxyz".repeat(6).slice(0, length);
      expect(codec.decode(codec.encode({ s }).bytes)).toEqual({ s });
      const accented = `${s}é`;
      expect(codec.decode(codec.encode({ s: accented }).bytes)).toEqual({ s: accented });
      const leading = `ÿ${s}`;
      expect(codec.decode(codec.encode({ s: leading }).bytes)).toEqual({ s: leading });
    }
  });
});

it.each(Object.keys(ILL_FORMED))("generated code refuses by itself: %s", (name) => {
  expect(decodeGenerated(type, body(ILL_FORMED[name]!))).toBe("refused");
});
