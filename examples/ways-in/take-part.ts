/** What a participant does once it has its connection, whichever way it came by that. */
import type { Sysmem } from "sysmem";
import { CPU_USAGE_READ, CPU_USAGE_WRITE } from "sysmem/gen/fuchsia_sysmem2";

export async function takePart(sysmem: Sysmem, way: string): Promise<void> {
  const collection = sysmem.allocateNonSharedCollection().setName(way);
  collection.setConstraints({
    usage: { cpu: CPU_USAGE_READ | CPU_USAGE_WRITE },
    minBufferCount: 2,
    bufferMemoryConstraints: { minSizeBytes: 10_000n, cpuDomainSupported: true },
  });
  const buffers = await collection.waitForBuffers();
  buffers.at(0).bytes().fill(7);
  process.stdout.write(`by way of ${way}: ${buffers.count} buffers of ${buffers.at(0).bytes().length} bytes\n`);
  buffers.close();
  collection.release();
}
