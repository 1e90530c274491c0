import { expect, it } from "vitest";
import { MAX_PERSISTENT_BYTES } from "#base";
import { codecOf } from "./codec.ts";
import { bytes, describeBoth, hex, thrownBy, word } from "./harness.ts";
import { event, struct, u8, u64, vector } from "./types.ts";
import { MemoryHandle } from "../../support/memory-channel.ts";

const codec = codecOf(struct({ a: u64 }));
const blob = codecOf(struct({ v: vector(u8) }));

describeBoth("the standalone form", () => {
  it("is a header and the body", () => {
    expect(hex(codec.encodePersistent({ a: 5n }))).toBe(`0001020000000000${word(5)}`);
    expect(codec.decodePersistent(bytes(`0001020000000000${word(5)}`))).toEqual({ a: 5n });
  });

  it.each(["", "00010200000000", "0101020000000000", "0002020000000000", "0001000000000000", "0001020000000001"])(
    "refuses the header %s",
    (header) => {
      expect(
        thrownBy(() => codec.decodePersistent(bytes(`${header}${header.length === 16 ? word(5) : ""}`))).code,
      ).toBe("INVALID_PERSISTENT_HEADER");
    },
  );

  it("may be larger than a message, up to its own limit", () => {
    for (const size of [65_500, 70_000, 1_000_000, MAX_PERSISTENT_BYTES - 24]) {
      const encoded = blob.encodePersistent({ v: new Uint8Array(size).fill(7) });
      const { v } = blob.decodePersistent(encoded) as { v: Uint8Array };
      expect([v.length, v[0], v[size - 1]]).toEqual([size, 7, 7]);
    }
    expect(thrownBy(() => blob.encodePersistent({ v: new Uint8Array(MAX_PERSISTENT_BYTES - 23) })).code).toBe(
      "MESSAGE_TOO_LARGE",
    );
    const tooLong = new Uint8Array(MAX_PERSISTENT_BYTES + 8);
    tooLong.set([0, 1, 2]);
    expect(thrownBy(() => blob.decodePersistent(tooLong)).code).toBe("MESSAGE_TOO_LARGE");
  });

  it("holds no handles", () => {
    const handle = new MemoryHandle();
    expect(thrownBy(() => codecOf(struct({ h: event() }, true)).encodePersistent({ h: handle })).code).toBe(
      "TOO_MANY_HANDLES",
    );
    expect(handle.closeCount).toBe(1);
    expect(codecOf(struct({ h: event(true) }, true)).decodePersistent(bytes(`0001020000000000${word(0)}`))).toEqual({
      h: null,
    });
  });
});
