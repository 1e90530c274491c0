/** Contiguous memory in pieces: what every kernel that has it must do. Source: `port.ts`. */
import { describe, expect } from "vitest";
import { SysmemError } from "#base";
import { createLinuxKernel, type Kernel } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { CARVE_OUT_BYTES, whyNoCarveOut } from "../support/carve-out.ts";
import { test } from "../support/leaks.ts";
import { eventually } from "./collect.ts";

const PAGE = 4_096;
const NAMED = { name: "carve-out" };

describeCarveOut("the fake kernel", undefined, () => createFakeKernel());
describeCarveOut("the Linux kernel", await whyNoCarveOut(), () => createLinuxKernel());

function describeCarveOut(name: string, whyMissing: string | undefined, open: () => Kernel): void {
  describe(name, () => {
    const it = (behaviour: string, body: (kernel: Kernel) => Promise<void>): void => {
      if (whyMissing !== undefined) {
        test.skip(`${behaviour} (${whyMissing})`, () => {});
        return;
      }
      test(behaviour, async () => {
        const kernel = open();
        try {
          await body(kernel);
        } finally {
          kernel.close();
        }
      });
    };

    it("is zeros, and shares its pages with its pieces and with nobody else", async (kernel) => {
      const carveOut = await kernel.createCarveOut(CARVE_OUT_BYTES, NAMED);
      expect(carveOut.sizeBytes).toBeGreaterThanOrEqual(CARVE_OUT_BYTES);
      expect(carveOut.bytes).toHaveLength(carveOut.sizeBytes);
      expect(carveOut.bytes.every((byte) => byte === 0)).toBe(true);
      const pieces = [0, 1].map((index) =>
        carveOut.createPiece((2 + index * 3) * PAGE, 3 * PAGE, { name: `piece:${index}` }),
      );
      expect(new Set(pieces.map(({ koid }) => koid)).size).toBe(2);
      for (const [index, piece] of pieces.entries()) {
        expect([piece.sizeBytes, piece.vmo.sizeBytes]).toEqual([3 * PAGE, 3 * PAGE]);
        const { vmo } = piece.handOut({ writable: true });
        const mapping = vmo.map();
        mapping.bytes.fill(index + 1);
        mapping.unmap();
        vmo.close();
      }
      const at = (page: number): number[] => [carveOut.bytes[page * PAGE] ?? -1, carveOut.bytes[page * PAGE - 1] ?? -1];
      expect([at(2), at(5), at(8)]).toEqual([
        [1, 0],
        [2, 1],
        [0, 2],
      ]);
      await eventually(() => pieces.every(({ liveChildren }) => liveChildren.size === 0));
      for (const piece of pieces) piece.close();
      carveOut.close();
    });

    it("gives the same pages out again, in another division", async (kernel) => {
      const carveOut = await kernel.createCarveOut(CARVE_OUT_BYTES, NAMED);
      for (const [offset, size] of [
        [0, 8],
        [4, 2],
        [0, 1],
      ] as const) {
        const piece = carveOut.createPiece(offset * PAGE, size * PAGE, NAMED);
        expect(piece.sizeBytes).toBe(size * PAGE);
        piece.close();
      }
      carveOut.close();
    });

    it("has pieces that know their children and report their end", async (kernel) => {
      const carveOut = await kernel.createCarveOut(CARVE_OUT_BYTES, NAMED);
      const piece = carveOut.createPiece(0, PAGE, NAMED);
      const gone: number[] = [];
      piece.onChildGone((childId) => gone.push(childId));
      const { vmo, childId } = piece.handOut({ writable: true });
      expect([piece.identify(vmo), piece.hasDescendants()]).toEqual([childId, true]);
      const mapping = vmo.map();
      vmo.close();
      expect(gone).toEqual([]);
      mapping.unmap();
      await eventually(() => gone.length === 1);
      piece.close();
      carveOut.close();
    });

    it("leaves pieces to their holders when it is closed", async (kernel) => {
      const carveOut = await kernel.createCarveOut(CARVE_OUT_BYTES, NAMED);
      const piece = carveOut.createPiece(0, PAGE, NAMED);
      const { vmo } = piece.handOut({ writable: true });
      carveOut.close();
      carveOut.close();
      piece.close();
      const mapping = vmo.map({ writable: true });
      mapping.bytes[0] = 1;
      expect(mapping.bytes[0]).toBe(1);
      mapping.unmap();
      vmo.close();
    });

    it("is divided by pages and has no more than it has", async (kernel) => {
      await expect(kernel.createCarveOut(0, NAMED)).rejects.toMatchObject({ code: "INVALID_ARGS" });
      const carveOut = await kernel.createCarveOut(CARVE_OUT_BYTES, NAMED);
      const { sizeBytes } = carveOut;
      for (const [offset, size] of [
        [1, PAGE],
        [0, PAGE + 1],
        [0, 0],
        [-PAGE, PAGE],
        [sizeBytes, PAGE],
        [sizeBytes - PAGE, 2 * PAGE],
      ] as const) {
        expect(() => carveOut.createPiece(offset, size, NAMED)).toThrow(SysmemError);
      }
      carveOut.createPiece(sizeBytes - PAGE, PAGE, NAMED).close();
      carveOut.close();
    });
  });
}

test("the fake kernel's pages are taken until the last piece is gone", async () => {
  const kernel = createFakeKernel();
  kernel.faults.memoryLimitBytes = CARVE_OUT_BYTES;
  const carveOut = await kernel.createCarveOut(CARVE_OUT_BYTES, NAMED);
  await expect(kernel.createCarveOut(PAGE, NAMED)).rejects.toMatchObject({ code: "NO_MEMORY" });
  const piece = carveOut.createPiece(0, PAGE, NAMED);
  expect(() => carveOut.createPiece(0, PAGE, NAMED)).toThrow("share no page");
  const { vmo } = piece.handOut({ writable: true });
  carveOut.close();
  piece.close();
  expect(kernel.usedMemoryBytes).toBe(CARVE_OUT_BYTES);
  vmo.close();
  expect([kernel.usedMemoryBytes, kernel.openHandleCount]).toEqual([0, 0]);
});
