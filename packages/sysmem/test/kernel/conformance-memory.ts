/** The part of the conformance suite about memory. */
import { describe, expect } from "vitest";
import { Rights } from "#base";
import { asVmo, type BufferMemory, type Vmo } from "#kernel";
import { collect, eventually, message, someTurns } from "./collect.ts";
import { codeOf, type It, NAMES } from "./conformance-kit.ts";

export function describeMemory(it: It): void {
  describe("memory", () => {
    it("is zeroed, rounded up to pages, named and shared by all who map it", async (kernel) => {
      const memory = await kernel.createMemory(5_000, { name: "camera:0" });
      expect(memory.sizeBytes).toBe(8_192);
      expect(memory.vmo.name).toBe("camera:0");
      expect(memory.koid).toBe(memory.vmo.koid);
      expect(memory.koid.endsWith(`:${memory.inode}`)).toBe(true);
      const { vmo } = memory.handOut({ writable: true });
      const [left, right] = [vmo.map(), memory.vmo.map({ writable: false })];
      expect(left.bytes.length).toBe(8_192);
      expect(right.bytes.every((byte) => byte === 0)).toBe(true);
      left.bytes[4_999] = 42;
      expect(right.bytes[4_999]).toBe(42);
      for (const mapping of [left, right]) mapping.unmap();
      expect(left.isMapped).toBe(false);
      left.unmap();
      vmo.close();
      memory.close();
    });

    it("cannot be of no size, or of a size that is none", async (kernel) => {
      for (const size of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
        await expect(kernel.createMemory(size, NAMES)).rejects.toMatchObject({ code: "INVALID_ARGS" });
      }
    });

    it("has the rights it was handed out with", async (kernel) => {
      const memory = await kernel.createMemory(4_096, NAMES);
      const reader = memory.handOut({ writable: false }).vmo;
      const writer = memory.handOut({ writable: true }).vmo;
      expect(reader.rights & (Rights.READ | Rights.WRITE | Rights.MAP)).toBe(Rights.READ | Rights.MAP);
      expect(writer.rights & (Rights.READ | Rights.WRITE | Rights.MAP)).toBe(Rights.READ | Rights.WRITE | Rights.MAP);
      expect(codeOf(() => reader.map({ writable: true }))).toBe("ACCESS_DENIED");
      reader.map().unmap();
      for (const each of [reader, writer, memory]) each.close();
    });

    it("knows which handed-out VMO a handle is", async (kernel) => {
      const memory = await kernel.createMemory(4_096, NAMES);
      const other = await kernel.createMemory(4_096, NAMES);
      const first = memory.handOut({ writable: true });
      const second = memory.handOut({ writable: false });
      const foreign = other.handOut({ writable: true });
      expect(first.childId).not.toBe(second.childId);
      const duplicate = first.vmo.duplicate();
      expect(memory.identify(first.vmo)).toBe(first.childId);
      expect(memory.identify(duplicate)).toBe(first.childId);
      expect(memory.identify(second.vmo)).toBe(second.childId);
      expect(memory.identify(memory.vmo)).toBeUndefined();
      expect(memory.identify(foreign.vmo)).toBeUndefined();
      for (const each of [first.vmo, duplicate, second.vmo, foreign.vmo, memory, other]) each.close();
    });

    it("reports each handed-out VMO that is gone, and only then", async (kernel) => {
      const memory = await kernel.createMemory(4_096, NAMES);
      const gone: number[] = [];
      memory.onChildGone((childId) => gone.push(childId));
      const first = memory.handOut({ writable: true });
      const second = memory.handOut({ writable: true });
      expect([...memory.liveChildren]).toEqual([first.childId, second.childId]);
      const duplicate = first.vmo.duplicate();
      first.vmo.close();
      await someTurns();
      expect(gone).toEqual([]);
      duplicate.close();
      expect(gone).toEqual([]);
      await eventually(() => gone.length === 1);
      expect(gone).toEqual([first.childId]);
      expect([...memory.liveChildren]).toEqual([second.childId]);
      second.vmo.close();
      await eventually(() => gone.length === 2);
      expect(memory.liveChildren.size).toBe(0);
      memory.close();
    });

    it("counts a mapping as somebody who holds the VMO", async (kernel) => {
      const memory = await kernel.createMemory(4_096, NAMES);
      const gone: number[] = [];
      memory.onChildGone((childId) => gone.push(childId));
      const writable = memory.handOut({ writable: true });
      const readable = memory.handOut({ writable: false });
      const mappings = [writable.vmo.map(), readable.vmo.map()] as const;
      writable.vmo.close();
      readable.vmo.close();
      await someTurns();
      expect(gone).toEqual([]);
      mappings[0].unmap();
      await eventually(() => gone.length === 1);
      expect(gone).toEqual([writable.childId]);
      mappings[1].unmap();
      await eventually(() => gone.length === 2);
      memory.close();
    });

    it("counts a message on its way as somebody who holds the VMO", async (kernel) => {
      const memory = await kernel.createMemory(4_096, NAMES);
      const gone: number[] = [];
      memory.onChildGone((childId) => gone.push(childId));
      const [left, right] = kernel.createChannel();
      const { vmo, childId } = memory.handOut({ writable: true });
      left.write(message(1), [vmo]);
      left.close();
      await someTurns();
      expect([...memory.liveChildren]).toEqual([childId]);
      const received = collect(right);
      const [arrived] = (await received.packet(0)).handles;
      expect(memory.identify(asVmo(arrived as Vmo))).toBe(childId);
      received.close();
      await eventually(() => gone.length === 1);
      memory.close();
    });

    it("reports nothing after it was closed, and what was handed out lives on", async (kernel) => {
      const memory = await kernel.createMemory(4_096, NAMES);
      const gone: number[] = [];
      memory.onChildGone((childId) => gone.push(childId));
      const { vmo } = memory.handOut({ writable: true });
      memory.close();
      memory.close();
      const mapping = vmo.map();
      mapping.bytes[0] = 1;
      mapping.unmap();
      vmo.close();
      await someTurns();
      expect(gone).toEqual([]);
    });

    it("of somebody else can be handed out as one's own", async (kernel) => {
      const made = await kernel.createMemory(4_096, NAMES);
      const given = made.handOut({ writable: false }).vmo;
      const adopted: BufferMemory = kernel.adoptMemory(given);
      expect(adopted.koid).toBe(made.koid);
      const { vmo, childId } = adopted.handOut({ writable: false });
      const gone: number[] = [];
      adopted.onChildGone((id) => gone.push(id));
      expect(adopted.identify(vmo)).toBe(childId);
      // Given for reading, it cannot be handed out for more.
      expect(codeOf(() => adopted.handOut({ writable: true }))).toBe("ACCESS_DENIED");
      vmo.close();
      await eventually(() => gone.length === 1);
      adopted.close();
      made.close();
    });
  });
}
