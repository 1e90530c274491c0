/**
 * A carve-out on Linux: huge pages in a memory file, given out through `/dev/udmabuf`. Every VMO of a piece is a DMA-BUF of its
 * own over the piece's pages, so the kernel counts the holders of each by itself.
 */
import { assert } from "#base";
import { KernelError } from "../errors.ts";
import type { BufferMemory, CarveOut, Mapping } from "../port.ts";
import { READ_WRITE_VMO_RIGHTS } from "../rights.ts";
import type { ChildWatcher } from "./child-watcher.ts";
import type { LinuxContext } from "./context.ts";
import { contiguityFault } from "./contiguity.ts";
import { hugePagePools } from "./machine-limits.ts";
import type { MemoryMaker } from "./memory.ts";
import { PieceMemory } from "./piece-memory.ts";
import { createUdmabuf, openUdmabuf } from "./udmabuf.ts";
import { LinuxVmo } from "./vmo.ts";

/**
 * How often pages are asked for that follow each other. What was given back is given out again in the opposite order, so the
 * second try often finds what the first found backwards.
 */
const ATTEMPTS = 4;

interface Parts {
  readonly context: LinuxContext;
  readonly watcher: ChildWatcher;
  /** The memory file. */
  readonly memory: number;
  /** `/dev/udmabuf`. */
  readonly device: number;
  readonly mapping: Mapping;
  readonly sizeBytes: number;
}

class LinuxCarveOut implements CarveOut {
  readonly sizeBytes: number;
  readonly bytes: Uint8Array;
  readonly #parts: Parts;
  #isClosed = false;

  /** Takes ownership of the descriptors and the mapping. */
  constructor(parts: Parts) {
    this.#parts = parts;
    this.sizeBytes = parts.sizeBytes;
    this.bytes = parts.mapping.bytes.subarray(0, parts.sizeBytes);
  }

  createPiece(offsetBytes: number, sizeBytes: number, { name }: { readonly name: string }): BufferMemory {
    assert(
      offsetBytes >= 0 && sizeBytes > 0 && offsetBytes + sizeBytes <= this.sizeBytes,
      `a piece of ${sizeBytes} bytes at ${offsetBytes} lies within the carve-out of ${this.sizeBytes}`,
    );
    const { context, watcher, memory, device } = this.#parts;
    const { libc } = context;
    return new PieceMemory(libc, watcher, () => {
      assert(!this.#isClosed, "a carve-out used after it was closed");
      const fd = createUdmabuf(libc, device, { memory, offsetBytes, sizeBytes }, name);
      return LinuxVmo.of(context, fd, { rights: READ_WRITE_VMO_RIGHTS, isDmaBuf: true });
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { context, memory, device, mapping } = this.#parts;
    mapping.unmap();
    context.libc.close(device);
    context.libc.close(memory);
  }
}

/** Sets memory aside. See `Kernel.createCarveOut`. */
export async function createCarveOut(
  context: LinuxContext,
  watcher: ChildWatcher,
  maker: MemoryMaker,
  sizeBytes: number,
  options: { readonly name: string },
): Promise<CarveOut> {
  const { libc } = context;
  const wanted = maker.wholePages(sizeBytes, "set aside");
  const device = openUdmabuf(libc);
  const refusals: string[] = [];
  try {
    for (const { pageBytes, free } of hugePagePools()) {
      const pages = Math.ceil(wanted / pageBytes);
      if (free < pages) {
        refusals.push(`${free} of ${pages} pages of ${pageBytes} bytes are free`);
        continue;
      }
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const memory = await maker.create(wanted, { ...options, hugePageBytes: pageBytes });
        const found = mapContiguous(context, memory, pages, pageBytes);
        if (typeof found !== "string") {
          return new LinuxCarveOut({ context, watcher, memory, device, mapping: found, sizeBytes: wanted });
        }
        if (attempt === 0) refusals.push(`${pages} pages of ${pageBytes} bytes: ${found}`);
      }
    }
  } catch (error) {
    libc.close(device);
    throw error;
  }
  libc.close(device);
  const why = refusals.length === 0 ? "the machine has no huge pages" : refusals.join("; ");
  throw new KernelError(
    "NO_MEMORY",
    `cannot set aside ${wanted} contiguous bytes: ${why} (one page that holds them all: hugepagesz=1G hugepages=1 at boot)`,
  );
}

/** The pages of a memory file, mapped; or why they are no single piece, and then the file is closed. */
function mapContiguous(context: LinuxContext, memory: number, pages: number, pageBytes: number): Mapping | string {
  let mapping: Mapping | undefined;
  try {
    mapping = context.mapper.map(memory, pages * pageBytes, true, pageBytes);
    const fault = pages === 1 ? undefined : contiguityFault(context.libc, mapping.bytes, pageBytes);
    if (fault === undefined) return mapping;
    mapping.unmap();
    context.libc.close(memory);
    return fault;
  } catch (error) {
    mapping?.unmap();
    context.libc.close(memory);
    throw error;
  }
}
