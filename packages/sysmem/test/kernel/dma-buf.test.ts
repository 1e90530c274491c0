/**
 * DMA-BUFs: what the kernel says of them, held by real processes that end in every way they can. Source: transport contract,
 * section 4; decision 16. Most machines have none: `npm run vm` starts one that does.
 */
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { CHILD_PROBE_INTERVAL_MS, MAX_DMA_BUF_NAME_BYTES, MAX_RESERVE_ON_LOOP_BYTES, ObjectType } from "#base";
import {
  asVmo,
  type BufferMemory,
  createLinuxKernel,
  dmaHeapDevices,
  isVmo,
  type LinuxKernel,
  type Vmo,
} from "#kernel";
import { contiguityFault } from "../../src/kernel/ffi/contiguity.ts";
import { parseDmaBufReferences } from "../../src/kernel/ffi/dma-buf.ts";
import { fitName } from "../../src/kernel/ffi/fit-name.ts";
import { loadLibc } from "../../src/kernel/ffi/libc.ts";
import { test } from "../support/leaks.ts";
import { inOtherProcess, type Scene } from "../support/process-scene.ts";
import { collect, eventually, isZero, message } from "./collect.ts";
import { codeOf } from "./conformance-kit.ts";
import { contiguousBytesFree, contiguousHeap, hasUdmabuf, systemHeap } from "./dma-buf-devices.ts";
import { Task } from "./fixtures/tasks.ts";

const HUGE_PAGE_BYTES = 2_097_152;

async function withKernel(body: (kernel: LinuxKernel) => Promise<void> | void): Promise<void> {
  const kernel = createLinuxKernel();
  try {
    await body(kernel);
  } finally {
    kernel.close();
  }
}

/** Time in which a wrong report would come. */
const aWhile = () => sleep(2 * CHILD_PROBE_INTERVAL_MS);

describe("what the kernel writes", () => {
  test("the count of references is that of a DMA-BUF's fdinfo, and of nothing else's", () => {
    const info =
      "pos:\t0\nflags:\t02000002\nmnt_id:\t12\nino:\t3\nsize:\t8192\ncount:\t5\nexp_name:\tsystem\nname:\tcamera\n";
    expect(parseDmaBufReferences(info)).toBe(5);
    expect(parseDmaBufReferences(readFileSync("/proc/self/fdinfo/0", "latin1"))).toBeUndefined();
    expect(parseDmaBufReferences("")).toBeUndefined();
    expect(parseDmaBufReferences("count:\tmany\n")).toBeUndefined();
  });

  test("heaps are the files of the folder, in order; and none where it is absent or hidden", () => {
    const folder = mkdtempSync(join(tmpdir(), "sysmem-dma-heap-"));
    writeFileSync(join(folder, "system"), "");
    symlinkSync("/nowhere", join(folder, "reserved"));
    expect(dmaHeapDevices(folder)).toEqual([
      { name: "reserved", path: join(folder, "reserved"), isAccessible: false },
      { name: "system", path: join(folder, "system"), isAccessible: true },
    ]);
    expect(dmaHeapDevices(join(folder, "absent"))).toEqual([]);
    expect(dmaHeapDevices(join(folder, "system"))).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test("a name is cut between characters", () => {
    expect(fitName("x".repeat(40), MAX_DMA_BUF_NAME_BYTES)).toBe("x".repeat(MAX_DMA_BUF_NAME_BYTES));
    expect(fitName(`${"x".repeat(MAX_DMA_BUF_NAME_BYTES - 1)}ä`, MAX_DMA_BUF_NAME_BYTES)).toHaveLength(
      MAX_DMA_BUF_NAME_BYTES - 1,
    );
  });

  test("a file that is named like a DMA-BUF is a memory file like any other", () =>
    withKernel((kernel) => {
      const folder = mkdtempSync(join(tmpdir(), "sysmem-dma-buf-"));
      mkdirSync(join(folder, "dmabuf:"));
      writeFileSync(join(folder, "dmabuf:", "evil"), "not one");
      const handle = kernel.adoptDescriptor(openSync(join(folder, "dmabuf:", "evil"), "r")) as Vmo;
      expect(handle.objectType).toBe(ObjectType.VMO);
      expect(codeOf(() => handle.map())).toBe("INVALID_ARGS");
      handle.close();
      rmSync(folder, { recursive: true });
    }));
});

test("allocating from a heap that is not there, or is none, says so", () =>
  withKernel(async (kernel) => {
    const allocate = (device: string, size: number) => kernel.allocateDmaBuf(device, size, { name: "none" });
    await expect(allocate("/dev/dma_heap/absent", 4_096)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(allocate("/dev/null", 4_096)).rejects.toThrow("cannot allocate 4096 bytes from /dev/null: ENOTTY");
    await expect(allocate("/dev/null", MAX_RESERVE_ON_LOOP_BYTES + 1)).rejects.toThrow("ENOTTY");
    for (const size of [0, -1, 1.5, Number.NaN]) {
      await expect(allocate("/dev/null", size)).rejects.toMatchObject({ code: "INVALID_ARGS" });
    }
    await expect(allocate("/dev/dma_heap/system", 2 ** 50)).rejects.toMatchObject({ code: "NO_MEMORY" });
  }));

describe.skipIf(systemHeap === undefined)("a DMA-BUF (needs /dev/dma_heap/system)", () => {
  const device = systemHeap as string;
  const make = (kernel: LinuxKernel, size = 4_096, name = "camera:0") => kernel.allocateDmaBuf(device, size, { name });

  test("is named, in pages, zeroed at any size, and recognised when it comes back", () =>
    withKernel(async (kernel) => {
      for (const size of [5_000, MAX_RESERVE_ON_LOOP_BYTES + 1]) {
        const memory = await make(kernel, size);
        expect(memory.sizeBytes).toBe(Math.ceil(size / 4_096) * 4_096);
        expect(memory.vmo.name).toBe("camera:0");
        const mapping = memory.vmo.map();
        expect(isZero(mapping.bytes)).toBe(true);
        mapping.bytes.fill(0xaa);
        mapping.unmap();
        const [left, right] = kernel.createChannel();
        left.write(message(1), [memory.handOut({ writable: true }).vmo]);
        const received = collect(right);
        const [arrived] = (await received.packet(0)).handles;
        expect(arrived !== undefined && isVmo(arrived)).toBe(true);
        const vmo = asVmo(arrived as Vmo);
        expect([vmo.koid, vmo.sizeBytes, vmo.name]).toEqual([memory.koid, memory.sizeBytes, "camera:0"]);
        for (const each of [received, left, memory]) each.close();
      }
    }));

  test("is not what was in the memory before", () =>
    withKernel(async (kernel) => {
      for (let round = 0; round < 20; round += 1) {
        const memory = await make(kernel, 1 << 20);
        const mapping = memory.vmo.map();
        expect(isZero(mapping.bytes)).toBe(true);
        mapping.bytes.fill(0xaa);
        mapping.unmap();
        memory.close();
      }
    }));

  test("has as much of its name as fits", () =>
    withKernel(async (kernel) => {
      const memory = await make(kernel, 4_096, "n".repeat(100));
      expect(memory.vmo.name).toBe("n".repeat(MAX_DMA_BUF_NAME_BYTES));
      memory.close();
    }));

  test("cannot be opened anew, and has no watch", () =>
    withKernel(async (kernel) => {
      const memory = await make(kernel);
      expect(() => openSync(`/proc/self/fd/${kernel.descriptorOf(memory.vmo)}`, "r")).toThrow(/ENXIO|ENOENT|EACCES/);
      const before = kernel.ownDescriptors.length;
      const { vmo } = memory.handOut({ writable: true });
      expect(kernel.ownDescriptors.length).toBe(before);
      vmo.close();
      memory.close();
    }));

  test("is bracketed by what its maker is told", () =>
    withKernel(async (kernel) => {
      const memory = await make(kernel);
      for (const access of ["read", "write", "read-write"] as const) {
        memory.vmo.beginCpuAccess(access);
        memory.vmo.endCpuAccess(access);
      }
      memory.close();
    }));

  test("of somebody else counts its maker's handle out, and sees participants before and after", () =>
    withKernel(async (kernel) => {
      const made = await make(kernel);
      const given = made.handOut({ writable: true }).vmo;
      const adopted = kernel.adoptMemory(given, { isKeptByMaker: true });
      expect(adopted.tellsChildrenApart).toBe(false);
      expect(adopted.hasDescendants()).toBe(false);
      const gone: number[] = [];
      adopted.onChildGone((id) => gone.push(id));
      const { vmo, childId } = adopted.handOut({ writable: false });
      await aWhile();
      expect(gone).toEqual([]);
      vmo.close();
      await eventually(() => gone.length === 1);
      expect(gone).toEqual([childId]);
      expect(made.liveChildren.size).toBe(1);
      adopted.close();
      await eventually(() => made.liveChildren.size === 0);
      made.close();
    }));

  test("that is out of memory says so, and leaves nothing", () =>
    withKernel(async (kernel) => {
      await expect(make(kernel, 2 ** 46)).rejects.toMatchObject({ code: "NO_MEMORY" });
    }));

  describe("in another process", () => {
    const sources: Record<string, (kernel: LinuxKernel) => Promise<{ memory: BufferMemory; dispose(): void }>> = {
      "one DMA-BUF": async (kernel) => ({ memory: await make(kernel, 1_000_000), dispose() {} }),
      ...(hasUdmabuf && {
        "a piece of a carve-out": async (kernel) => {
          const carveOut = await kernel.createCarveOut(HUGE_PAGE_BYTES, { name: "carve-out" });
          return {
            memory: carveOut.createPiece(0, 1 << 20, { name: "piece" }),
            dispose: () => carveOut.close(),
          };
        },
      }),
    };

    for (const [name, source] of Object.entries(sources)) {
      const scene = (behaviour: string, body: (scene: Scene) => Promise<void>) =>
        test(`${name} ${behaviour}`, () =>
          withKernel(async (kernel) => {
            const { memory, dispose } = await source(kernel);
            try {
              await inOtherProcess(kernel, memory, body);
            } finally {
              dispose();
            }
          }));

      for (const [state, task] of [
        ["its handle is open", Task.HOLD],
        ["it is mapped although its handle is closed", Task.MAP_AND_CLOSE],
        ["its handle is open although it is unmapped", Task.MAP_AND_UNMAP],
      ] as const) {
        scene(`is alive while ${state}, and gone when the process is killed`, async (it) => {
          const { childId } = await it.give(task);
          await aWhile();
          expect(it.gone).toEqual([]);
          expect([...it.memory.liveChildren]).toEqual([childId]);
          await it.program.kill();
          await eventually(() => it.gone.length > 0);
          expect(it.gone).toEqual([childId]);
        });
      }

      scene("is gone when the process has let it go, and lives", async (it) => {
        const { childId } = await it.give(Task.LET_GO);
        await eventually(() => it.gone.length > 0);
        expect(it.gone).toEqual([childId]);
        expect(it.program.process.exitCode).toBeNull();
      });

      scene("lives on in a process that inherited it", async (it) => {
        const { childId, answer } = await it.give(Task.GIVE_TO_CHILD);
        const heir = new DataView(answer.buffer, answer.byteOffset).getUint32(16, true);
        try {
          await it.program.kill();
          await aWhile();
          expect([...it.memory.liveChildren]).toEqual([childId]);
        } finally {
          process.kill(heir, "SIGKILL");
        }
        await eventually(() => it.gone.length > 0);
      });

      scene("is gone when the process is killed with the message unread", async (it) => {
        it.program.process.kill("SIGSTOP");
        const { vmo, childId } = it.memory.handOut({ writable: true });
        expect(it.program.channel.write(message(Task.HOLD), [vmo])).toBe(true);
        await aWhile();
        expect([...it.memory.liveChildren]).toEqual([childId]);
        await it.program.kill();
        await eventually(() => it.gone.length > 0);
        expect(it.gone).toEqual([childId]);
      });

      scene("is one of several, each told apart or all together", async (it) => {
        const held = await it.give(Task.HOLD);
        const freed = await it.give(Task.LET_GO);
        if (it.memory.tellsChildrenApart) {
          await eventually(() => it.gone.length === 1);
          expect(it.gone).toEqual([freed.childId]);
        } else {
          await aWhile();
          expect(it.gone).toEqual([]);
        }
        await it.program.kill();
        await eventually(() => it.gone.length === 2);
        expect(new Set(it.gone)).toEqual(new Set([held.childId, freed.childId]));
      });
    }
  });
});

test.skipIf(contiguousHeap === undefined)(
  "a contiguous heap's memory is out of that area (needs a heap over a CMA)",
  () =>
    withKernel(async (kernel) => {
      const before = contiguousBytesFree();
      const memory = await kernel.allocateDmaBuf(contiguousHeap as string, 8 << 20, { name: "contiguous" });
      // The kernel moves other pages out of the area, and into it, meanwhile.
      expect(contiguousBytesFree()).toBeLessThan(before - (4 << 20));
      const mapping = memory.vmo.map();
      expect(isZero(mapping.bytes)).toBe(true);
      // Nobody is shown where the pages of a DMA-BUF are.
      expect(contiguityFault(loadLibc(), mapping.bytes, 4_096)).toMatch("CAP_SYS_ADMIN");
      mapping.unmap();
      memory.close();
      // The area is smaller than the machine.
      const pending = kernel.allocateDmaBuf(contiguousHeap as string, 1 << 30, { name: "too large" });
      await expect(pending).rejects.toMatchObject({ code: "NO_MEMORY" });
    }),
);

test.skipIf(systemHeap === undefined)("memory that is not contiguous is found out (needs /dev/dma_heap/system)", () =>
  withKernel(async (kernel) => {
    const memory = await kernel.createMemory(64 << 20, { name: "scattered" });
    const mapping = memory.vmo.map();
    expect(contiguityFault(loadLibc(), mapping.bytes, 4_096)).toBe("they do not follow each other");
    mapping.unmap();
    memory.close();
  }),
);
