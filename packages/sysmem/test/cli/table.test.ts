import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTable } from "../../src/cli/table.ts";

describe("formatTable", () => {
  it("aligns columns and leaves no trailing space", () => {
    const text = formatTable(
      [
        ["a", "long cell", "x"],
        ["longer", "b", ""],
      ],
      { head: ["one", "two", "three"], indent: "  " },
    );
    expect(text).toBe(["  one     two        three", "  a       long cell  x", "  longer  b"].join("\n"));
  });

  it("aligns numbers to the right", () => {
    expect(
      formatTable(
        [
          ["n", "5"],
          ["m", "12"],
        ],
        { right: [1] },
      ),
    ).toBe("n   5\nm  12");
  });

  it("gives escape sequences no room", () => {
    const text = formatTable([
      ["\x1b[1mab\x1b[22m", "c"],
      ["abcd", "d"],
    ]);
    expect(text).toBe("\x1b[1mab\x1b[22m    c\nabcd  d");
  });

  it("gives a cell of several lines several lines", () => {
    expect(
      formatTable([
        ["a\nb", "c"],
        ["d", "e"],
      ]),
    ).toBe("a  c\nb\nd  e");
  });

  it("takes rows of any lengths", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string({ maxLength: 5 }), { maxLength: 4 }), { maxLength: 5 }), (rows) => {
        expect(() => formatTable(rows)).not.toThrow();
      }),
      { numRuns: 100 },
    );
  });
});
