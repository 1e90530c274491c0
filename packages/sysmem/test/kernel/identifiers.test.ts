/** Identifiers, and whether anybody holds what came from a memory file: `port.ts`, both kernels. */
import { describe, expect } from "vitest";
import { createLinuxKernel, type Kernel, KernelError, type Vmo } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { Rights } from "#base";
import { test } from "../support/leaks.ts";
import { eventually } from "./collect.ts";

for (const [name, createKernel] of [
  ["linux", () => createLinuxKernel()],
  ["fake", () => createFakeKernel()],
] as const) {
  describe(name, () => {
    const it = (behaviour: string, body: (kernel: Kernel) => Promise<void> | void) =>
      test(behaviour, async () => {
        const kernel = createKernel();
        try {
          await body(kernel);
        } finally {
          kernel.close();
        }
      });

    const codeOf = (act: () => unknown): string => {
      try {
        act();
      } catch (error) {
        if (error instanceof KernelError) return error.code;
        throw error;
      }
      return "no error";
    };

    it("an identifier has its size in pages and cannot be mapped, nor can its children", (kernel) => {
      const memory = kernel.createIdentifier(5_000, { name: "identifier" });
      expect(memory.sizeBytes).toBe(8_192);
      const children = [memory.handOut({ writable: true }).vmo, memory.handOut({ writable: false }).vmo];
      for (const vmo of [memory.vmo, ...children]) {
        expect(vmo.rights & (Rights.READ | Rights.MAP)).toBe(0);
        expect(codeOf(() => vmo.map())).toBe("ACCESS_DENIED");
        expect(codeOf(() => vmo.map({ writable: false }))).toBe("ACCESS_DENIED");
      }
      for (const vmo of children) vmo.close();
      memory.close();
    });

    it("an identifier of no size is refused", (kernel) => {
      for (const size of [0, -1, 0.5]) {
        expect(codeOf(() => kernel.createIdentifier(size, { name: "none" }))).toBe("INVALID_ARGS");
      }
    });

    it("children of an identifier are told apart, and their end is noticed", async (kernel) => {
      const memory = kernel.createIdentifier(4_096, { name: "identifier" });
      const gone: number[] = [];
      memory.onChildGone((childId) => gone.push(childId));
      const first = memory.handOut({ writable: true });
      const second = memory.handOut({ writable: true });
      expect([memory.identify(first.vmo), memory.identify(second.vmo)]).toEqual([first.childId, second.childId]);
      first.vmo.close();
      await eventually(() => gone.length === 1);
      expect(gone).toEqual([first.childId]);
      second.vmo.close();
      await eventually(() => gone.length === 2);
      memory.close();
    });

    for (const kind of ["memory", "identifier"] as const) {
      it(`an owner of ${kind} sees what came from what it handed out, and not its own hold`, async (kernel) => {
        const owner =
          kind === "memory"
            ? await kernel.createMemory(4_096, { name: "owner" })
            : kernel.createIdentifier(4_096, { name: "owner" });
        expect(owner.hasDescendants()).toBe(false);
        const adopted = kernel.adoptMemory(owner.handOut({ writable: true }).vmo);
        expect([owner.hasDescendants(), adopted.hasDescendants()]).toEqual([true, false]);
        const grandchild: Vmo = adopted.handOut({ writable: true }).vmo;
        expect(adopted.hasDescendants()).toBe(true);
        adopted.close();
        expect(owner.hasDescendants()).toBe(true);
        grandchild.close();
        await eventually(() => !owner.hasDescendants());
        owner.close();
      });
    }
  });
}
