import { expect, it } from "vitest";
import { ClientEnd, type Handle, ObjectType, Rights, ServerEnd, type TypeDescriptor } from "#fidl";
import { createMemoryChannel, MemoryHandle } from "../../support/memory-channel.ts";
import { codecOf } from "./codec.ts";
import { bytes, decodeGenerated, describeBoth, encodeGenerated, hex, PRESENT, thrownBy, word } from "./harness.ts";
import { array, box, client, event, optionalUnion, server, struct, table, text, u8, union, vector } from "./types.ts";

const vmo: TypeDescriptor = { kind: "handle", objectType: ObjectType.VMO, rights: Rights.READ | Rights.MAP };
const many = (count: number) => Array.from({ length: count }, () => new MemoryHandle());
const closes = (handles: readonly MemoryHandle[]) => handles.map((handle) => handle.closeCount);

const Everything = struct(
  {
    plain: event(),
    list: vector(event(true)),
    pair: array(event(), 2),
    boxed: box(() => struct({ h: event() }, true)),
    table: () => table({ 1: ["n", u8], 2: ["h", event()], 3: ["more", vector(event())] }, true),
    union: () => union({ 1: ["h", event()], 2: ["hs", vector(event())] }, { isResource: true }),
    maybe: optionalUnion(() => union({ 1: ["h", event()] }, { isResource: true })),
    last: text(3),
  },
  true,
);

function everything(h: readonly Handle[], last = "ok") {
  return {
    plain: h[0],
    list: [h[1], null, h[2]],
    pair: [h[3], h[4]],
    boxed: { h: h[5] },
    table: { n: 1, h: h[6], more: [h[7], h[8]] },
    union: { kind: "hs", value: [h[9]] },
    maybe: { kind: "h", value: h[10] },
    last,
  };
}

describeBoth("handles", () => {
  it("travel in the order of traversal, and come back in their places", () => {
    const handles = many(11);
    const codec = codecOf(Everything);
    const encoded = codec.encode(everything(handles));
    // Out-of-line content of a member comes before the next member.
    expect(encoded.handles).toEqual(handles);
    expect(encoded.handles.every((handle, i) => handle === handles[i])).toBe(true);
    expect(codec.decode(encoded.bytes, encoded.handles)).toEqual(everything(handles));
    expect(closes(handles)).toEqual(handles.map(() => 0));
  });

  it("are all closed when encoding fails, those after the fault too", () => {
    const handles = many(11);
    expect(thrownBy(() => codecOf(Everything).encode(everything(handles, "too long"))).code).toBe("STRING_TOO_LONG");
    expect(closes(handles)).toEqual(handles.map(() => 1));
  });

  it("are all closed when decoding fails at any point", () => {
    const codec = codecOf(Everything);
    const { bytes: body } = codec.encode(everything(many(11)));
    for (let length = 0; length < body.length; length += 8) {
      const handles = many(11);
      expect(() => codec.decode(body.subarray(0, length), handles)).toThrow();
      expect(closes(handles)).toEqual(handles.map(() => 1));
    }
    for (let count = 0; count < 14; count++) {
      if (count === 11) continue;
      const handles = many(count);
      expect(() => codec.decode(body, handles)).toThrow();
      expect(closes(handles)).toEqual(handles.map(() => 1));
    }
  });

  it("are found and closed in malformed values", () => {
    const handles = many(4);
    const value: Record<string, unknown> = {
      plain: handles[0],
      list: [handles[1], { close: 1 }, 5],
      pair: "no",
      get boxed(): never {
        throw new RangeError("unreadable");
      },
      table: { more: [handles[2]] },
      union: { kind: "nothing", value: handles[3] },
    };
    value["maybe"] = value;
    codecOf(Everything).closeHandles(value);
    expect(closes(handles)).toEqual([1, 1, 1, 1]);
    codecOf(Everything).closeHandles(null);
    codecOf(Everything).closeHandles(7);
  });

  it("may not be closed, nor occur twice", () => {
    const codec = codecOf(struct({ a: event(), b: event(true) }, true));
    const closed = new MemoryHandle();
    closed.close();
    expect(thrownBy(() => codec.encode({ a: closed, b: null }))).toMatchObject({
      code: "INVALID_HANDLE",
      path: "Struct.a",
    });
    const twice = new MemoryHandle();
    expect(thrownBy(() => codec.encode({ a: twice, b: twice }))).toMatchObject({
      code: "INVALID_HANDLE",
      path: "Struct.b",
    });
    expect(twice.closeCount).toBe(1);
  });

  it("are at most 64 in a message", () => {
    const codec = codecOf(struct({ v: vector(event()) }, true));
    const most = many(64);
    expect(codec.encode({ v: most }).handles.length).toBe(64);
    const tooMany = many(65);
    expect(thrownBy(() => codec.encode({ v: tooMany })).code).toBe("TOO_MANY_HANDLES");
    expect(closes(tooMany)).toEqual(tooMany.map(() => 1));
  });

  it("are described as their declaration says, whatever they are", () => {
    const handle = new MemoryHandle(ObjectType.CHANNEL, Rights.WAIT);
    const [channel] = createMemoryChannel();
    const codec = codecOf(struct({ v: vmo, e: event(), c: client() }, true));
    const other = new MemoryHandle();
    const { handles } = codec.encodeEtc({ v: handle, e: other, c: new ClientEnd(channel) });
    expect(handles).toEqual([
      { handle, objectType: ObjectType.VMO, rights: Rights.READ | Rights.MAP },
      { handle: other, objectType: ObjectType.EVENT, rights: Rights.SAME_RIGHTS },
      { handle: channel, objectType: ObjectType.CHANNEL, rights: Rights.SAME_RIGHTS },
    ]);
  });

  it("must have the declared type and rights when they arrive", () => {
    const codec = codecOf(struct({ v: vmo }, true));
    const body = bytes("ffffffff00000000");
    const wrongType = new MemoryHandle(ObjectType.EVENT);
    expect(thrownBy(() => codec.decode(body, [wrongType]))).toMatchObject({
      code: "INCORRECT_HANDLE_TYPE",
      path: "Struct.v",
    });
    const tooWeak = new MemoryHandle(ObjectType.VMO, Rights.READ);
    expect(thrownBy(() => codec.decode(body, [tooWeak])).code).toBe("MISSING_REQUIRED_HANDLE_RIGHTS");
    expect([wrongType.closeCount, tooWeak.closeCount]).toEqual([1, 1]);
    const exact = new MemoryHandle(ObjectType.VMO, Rights.READ | Rights.MAP);
    expect((codec.decode(body, [exact]) as { v: Handle }).v).toBe(exact);
    const unchecked = new MemoryHandle(ObjectType.VMO);
    expect((codec.decode(body, [unchecked]) as { v: Handle }).v).toBe(unchecked);
  });

  it("lose surplus rights when they arrive", () => {
    const codec = codecOf(struct({ v: vmo, w: vmo }, true));
    const [rich, exact] = [Rights.READ | Rights.MAP | Rights.WRITE, Rights.READ | Rights.MAP].map(
      (rights) => new MemoryHandle(ObjectType.VMO, rights),
    ) as [MemoryHandle, MemoryHandle];
    const { v, w } = codec.decode(bytes("ffffffffffffffff"), [rich, exact]) as { v: Handle; w: Handle };
    expect(v).toBe(rich.reduced);
    expect(v.rights).toBe(Rights.READ | Rights.MAP);
    expect(w).toBe(exact);
    // A failure after the reduction closes what became of the handle.
    const again = new MemoryHandle(ObjectType.VMO, Rights.READ | Rights.MAP | Rights.WRITE);
    expect(() => codec.decode(bytes("ffffffff00000000"), [again])).toThrow();
    expect(again.reduced?.closeCount).toBe(1);
  });

  it("of unknown members are taken and closed, the others stay in step", () => {
    const codec = codecOf(table({ 1: ["a", event()], 3: ["c", event()] }, true));
    const handles = many(4);
    const body = `${word(3)}${PRESENT}ffffffff01000100 0800000002000000 ffffffff01000100 ${word(77)}`;
    expect(codec.decode(bytes(body), handles)).toEqual({ a: handles[0], c: handles[3] });
    expect(closes(handles)).toEqual([0, 1, 1, 0]);
  });
});

describeBoth("typed ends of channels", () => {
  const Ends = struct({ c: client(), s: server(true) }, true);

  it("arrive typed and leave empty", () => {
    const [a, b] = createMemoryChannel();
    const [c, s] = [new ClientEnd(a), new ServerEnd(b)];
    const encoded = codecOf(Ends).encode({ c, s });
    expect(encoded.handles).toEqual([a, b]);
    expect([c.isClosed, s.isClosed, a.isClosed]).toEqual([true, true, false]);
    const decoded = codecOf(Ends).decode(encoded.bytes, encoded.handles) as {
      c: ClientEnd<never>;
      s: ServerEnd<never>;
    };
    expect(decoded.c).toBeInstanceOf(ClientEnd);
    expect(decoded.s).toBeInstanceOf(ServerEnd);
    expect(decoded.c.take()).toBe(a);
    expect(decoded.s.channel).toBe(b);
    decoded.s.close();
    expect(b.isClosed).toBe(true);
  });

  it("may be bare channels, but not ends of the other kind", () => {
    const [a, b] = createMemoryChannel();
    expect(codecOf(Ends).encode({ c: a, s: null }).handles).toEqual([a]);
    expect(thrownBy(() => codecOf(Ends).encode({ c: new ServerEnd(b), s: null })).code).toBe("INCORRECT_HANDLE_TYPE");
    expect(b.isClosed).toBe(true);
  });

  it("that were taken cannot be sent", () => {
    const [a] = createMemoryChannel();
    const end = new ClientEnd(a);
    end.take();
    expect(thrownBy(() => codecOf(Ends).encode({ c: end, s: null })).code).toBe("INVALID_HANDLE");
    expect(a.isClosed).toBe(false);
  });

  it("must be channels when they arrive", () => {
    const handle = new MemoryHandle(ObjectType.EVENT);
    expect(thrownBy(() => codecOf(Ends).decode(bytes("ffffffff00000000"), [handle])).code).toBe(
      "INCORRECT_HANDLE_TYPE",
    );
  });
});

it("generated code handles handles by itself", () => {
  const handles = many(11);
  const encoded = encodeGenerated(Everything, everything(handles));
  expect(encoded).toMatchObject({ handles });
  const body = (encoded as { bytes: string }).bytes;
  expect(body).toBe(hex(codecOf(Everything).encode(everything(handles)).bytes));
  expect(decodeGenerated(Everything, bytes(body), handles)).toEqual({ value: everything(handles) });
});
