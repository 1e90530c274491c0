/** The part of the conformance suite about memory. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { CHILD_PROBE_INTERVAL_MS, Rights } from "#base";
import { asVmo, type BufferMemory, type Kernel, type Vmo } from "#kernel";
import { collect, eventually, message, someTurns } from "./collect.ts";
import { codeOf, type It, NAMES } from "./conformance-kit.ts";

/** Where a buffer's memory comes from, and what the kernel tells of its children. */
export interface MemorySource<K extends Kernel = Kernel> {
  make(kernel: K): Promise<BufferMemory>;
  /** Each VMO has the rights that it was handed out with; otherwise all have those of the memory. */
  readonly hasRightsPerVmo: boolean;
  /** The memory is looked at in intervals. */
  readonly isProbed?: boolean;
}

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

    it("can be promised before it is made, as long as there is so much", async (kernel) => {
      const half = Math.floor(kernel.availableMemoryBytes() * 0.6);
      const claim = kernel.claimMemory(half);
      expect(codeOf(() => kernel.claimMemory(half))).toBe("NO_MEMORY");
      await expect(kernel.createMemory(half, NAMES)).rejects.toMatchObject({ code: "NO_MEMORY" });
      (await kernel.createMemory(4_096, { ...NAMES, claim })).close();
      claim.release();
      claim.release();
      kernel.claimMemory(half).release();
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

    describeBufferMemory(it, { make: (kernel) => kernel.createMemory(4_096, NAMES), hasRightsPerVmo: true });
  });
}

/** What holds for a buffer's memory wherever it comes from. */
export function describeBufferMemory<K extends Kernel>(it: It<K>, source: MemorySource<K>): void {
  const { make, hasRightsPerVmo, isProbed = false } = source;
  /** Time in which a wrong report would come. */
  const aWhile = () => (isProbed ? sleep(2 * CHILD_PROBE_INTERVAL_MS) : someTurns());

  it("is zeros that all who map it share, and knows its own identity", async (kernel) => {
    const memory = await make(kernel);
    expect(memory.koid).toBe(memory.vmo.koid);
    expect(memory.koid.endsWith(`:${memory.inode}`)).toBe(true);
    expect(memory.sizeBytes).toBeGreaterThanOrEqual(4_096);
    const [left, right] = [memory.handOut({ writable: true }).vmo, memory.handOut({ writable: false }).vmo];
    const mappings = [left.map(), right.map({ writable: false }), memory.vmo.map()] as const;
    for (const { bytes } of mappings) expect(bytes.length).toBe(memory.sizeBytes);
    expect(mappings[1].bytes.every((byte) => byte === 0)).toBe(true);
    left.beginCpuAccess("write");
    mappings[0].bytes[4_095] = 42;
    left.endCpuAccess("write");
    right.beginCpuAccess("read");
    expect(mappings[1].bytes[4_095]).toBe(42);
    right.endCpuAccess("read");
    expect(mappings[2].bytes[4_095]).toBe(42);
    for (const mapping of mappings) mapping.unmap();
    for (const each of [left, right, memory]) each.close();
  });

  it("has the rights it was handed out with, or says that they are all the same", async (kernel) => {
    const memory = await make(kernel);
    const reader = memory.handOut({ writable: false }).vmo;
    const writer = memory.handOut({ writable: true }).vmo;
    const access = (vmo: Vmo) => vmo.rights & (Rights.READ | Rights.WRITE | Rights.MAP);
    const everything = Rights.READ | Rights.WRITE | Rights.MAP;
    expect(access(reader)).toBe(hasRightsPerVmo ? Rights.READ | Rights.MAP : everything);
    expect(access(writer)).toBe(everything);
    if (hasRightsPerVmo) expect(codeOf(() => reader.map({ writable: true }))).toBe("ACCESS_DENIED");
    reader.map().unmap();
    for (const each of [reader, writer, memory]) each.close();
  });

  it("knows which handed-out VMO a handle is, or that it is one", async (kernel) => {
    const memory = await make(kernel);
    const other = await make(kernel);
    const first = memory.handOut({ writable: true });
    const second = memory.handOut({ writable: false });
    const foreign = other.handOut({ writable: true });
    expect(first.childId).not.toBe(second.childId);
    const duplicate = first.vmo.duplicate();
    const ids = [first.vmo, duplicate, second.vmo].map((vmo) => memory.identify(vmo));
    if (memory.tellsChildrenApart) expect(ids).toEqual([first.childId, first.childId, second.childId]);
    else for (const id of ids) expect([first.childId, second.childId]).toContain(id);
    expect(memory.identify(memory.vmo)).toBeUndefined();
    expect(memory.identify(foreign.vmo)).toBeUndefined();
    for (const each of [first.vmo, duplicate, second.vmo, foreign.vmo, memory, other]) each.close();
  });

  it("reports each handed-out VMO that is gone, and only then", async (kernel) => {
    const memory = await make(kernel);
    const gone: number[] = [];
    memory.onChildGone((childId) => gone.push(childId));
    const first = memory.handOut({ writable: true });
    const second = memory.handOut({ writable: true });
    expect([...memory.liveChildren]).toEqual([first.childId, second.childId]);
    expect(memory.hasDescendants()).toBe(true);
    const duplicate = first.vmo.duplicate();
    first.vmo.close();
    await aWhile();
    expect(gone).toEqual([]);
    duplicate.close();
    expect(gone).toEqual([]);
    if (memory.tellsChildrenApart) {
      await eventually(() => gone.length === 1);
      expect(gone).toEqual([first.childId]);
      expect([...memory.liveChildren]).toEqual([second.childId]);
    } else {
      await aWhile();
      expect([...memory.liveChildren]).toEqual([first.childId, second.childId]);
    }
    second.vmo.close();
    await eventually(() => gone.length === 2);
    expect(gone).toEqual([first.childId, second.childId]);
    expect(memory.liveChildren.size).toBe(0);
    await eventually(() => !memory.hasDescendants());
    // What was all gone can be handed out again.
    const third = memory.handOut({ writable: true });
    expect([...memory.liveChildren]).toEqual([third.childId]);
    third.vmo.close();
    await eventually(() => gone.length === 3);
    memory.close();
  });

  it("counts a mapping as somebody who holds the VMO", async (kernel) => {
    const memory = await make(kernel);
    const gone: number[] = [];
    memory.onChildGone((childId) => gone.push(childId));
    const writable = memory.handOut({ writable: true });
    const readable = memory.handOut({ writable: false });
    const mappings = [writable.vmo.map(), readable.vmo.map()] as const;
    writable.vmo.close();
    readable.vmo.close();
    await aWhile();
    expect(gone).toEqual([]);
    mappings[0].unmap();
    if (memory.tellsChildrenApart) {
      await eventually(() => gone.length === 1);
      expect(gone).toEqual([writable.childId]);
    } else {
      await aWhile();
      expect(gone).toEqual([]);
    }
    mappings[1].unmap();
    await eventually(() => gone.length === 2);
    memory.close();
  });

  it("counts a message on its way as somebody who holds the VMO", async (kernel) => {
    const memory = await make(kernel);
    const gone: number[] = [];
    memory.onChildGone((childId) => gone.push(childId));
    const [left, right] = kernel.createChannel();
    const { vmo, childId } = memory.handOut({ writable: true });
    left.write(message(1), [vmo]);
    left.close();
    await aWhile();
    expect([...memory.liveChildren]).toEqual([childId]);
    const received = collect(right);
    const [arrived] = (await received.packet(0)).handles;
    expect(memory.identify(asVmo(arrived as Vmo))).toBe(childId);
    received.close();
    await eventually(() => gone.length === 1);
    memory.close();
  });

  it("reports nothing after it was closed, and what was handed out lives on", async (kernel) => {
    const memory = await make(kernel);
    const gone: number[] = [];
    memory.onChildGone((childId) => gone.push(childId));
    const { vmo } = memory.handOut({ writable: true });
    memory.close();
    memory.close();
    const mapping = vmo.map();
    mapping.bytes[0] = 1;
    mapping.unmap();
    vmo.close();
    await aWhile();
    expect(gone).toEqual([]);
  });
}
