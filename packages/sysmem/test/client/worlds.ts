/** An embedded server over either kernel, and what participants in these tests usually say. */
import { describe } from "vitest";
import { type Collection, type EmbeddedSysmem, Sysmem, type Token } from "#client";
import { CPU_USAGE_READ, CPU_USAGE_WRITE, type BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import { createLinuxKernel, type Kernel } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { test } from "../support/leaks.ts";

export interface World {
  readonly kernel: Kernel;
  readonly sysmem: EmbeddedSysmem;
}

const KERNELS: Readonly<Record<string, () => Kernel>> = {
  linux: () => createLinuxKernel(),
  fake: () => createFakeKernel(),
};

/** A test over each kernel. The server ends with it, and must not be left with anything. */
export function overEachKernel(name: string, body: (world: World) => Promise<void>): void {
  describe.each(Object.keys(KERNELS))("over the %s kernel", (kind) => {
    test(name, () => inWorld((KERNELS[kind] as () => Kernel)(), body));
  });
}

/** Runs `body` with an embedded server over `kernel`, and closes both. */
export async function inWorld(kernel: Kernel, body: (world: World) => Promise<void>): Promise<void> {
  const sysmem = await Sysmem.embedded({ kernel });
  try {
    await body({ kernel, sysmem });
    await sysmem.shutdown();
  } finally {
    // A body that failed may hold buffers, for which a shutdown would wait.
    void sysmem.shutdown();
    kernel.close();
  }
}

export const READ: number = CPU_USAGE_READ;
export const WRITE: number = CPU_USAGE_WRITE;

/** Raw memory for the CPU, one buffer kept. */
export function raw(cpu: number, minSizeBytes = 4_096n, maxSizeBytes?: bigint): BufferCollectionConstraints {
  return {
    usage: { cpu },
    minBufferCountForCamping: 1,
    bufferMemoryConstraints: {
      minSizeBytes,
      cpuDomainSupported: true,
      ...(maxSizeBytes !== undefined && { maxSizeBytes }),
    },
  };
}

/** Two participants of one collection, "camera" and "display", and a third one's token where it is wanted. */
export async function pair(sysmem: Sysmem): Promise<{ root: Token; camera: Collection; display: Collection }> {
  const root = sysmem.allocateSharedCollection().setName("frames");
  const [one, other] = await root.duplicateMany(2);
  return {
    root,
    camera: sysmem.bind(one as Token).setDebugClientInfo("camera"),
    display: sysmem.bind(other as Token).setDebugClientInfo("display"),
  };
}

/** What a promise rejects with. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new TypeError("it did not reject");
    },
    (error: unknown) => error,
  );
}
