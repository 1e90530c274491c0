/** Contiguous memory of the fake machine that is given out in pieces. */
import { assert } from "#base";
import { KernelError } from "../errors.ts";
import type { BufferMemory, CarveOut, Mapping } from "../port.ts";
import { READ_WRITE_VMO_RIGHTS } from "../rights.ts";
import type { FakeProcess } from "./machine.ts";
import { FakeBufferMemory, FakeDescription, FakeMemoryFile, FakeVmo } from "./memory.ts";

/** What memory is rounded up to. */
export const PAGE_BYTES = 4_096;

export class FakeCarveOut implements CarveOut {
  readonly sizeBytes: number;
  readonly #process: FakeProcess;
  readonly #vmo: FakeVmo;
  /** Mapped at the first look, so that a pool nobody looks into costs nothing. */
  #mapping: Mapping | undefined;
  /** Pieces that are buffers now: where they begin and end. */
  readonly #pieces = new Map<BufferMemory, readonly [number, number]>();

  /** Takes ownership of `vmo`, which has its pages. */
  constructor(process: FakeProcess, vmo: FakeVmo) {
    this.#process = process;
    this.#vmo = vmo;
    this.sizeBytes = vmo.sizeBytes;
  }

  get bytes(): Uint8Array {
    this.#mapping ??= this.#vmo.map({ writable: true });
    return this.#mapping.bytes;
  }

  createPiece(offsetBytes: number, sizeBytes: number, { name }: { readonly name: string }): BufferMemory {
    assert(!this.#vmo.isClosed, "a carve-out used after it was closed");
    const isWhole = offsetBytes % PAGE_BYTES === 0 && sizeBytes % PAGE_BYTES === 0;
    const isPart = sizeBytes > 0 && offsetBytes >= 0 && offsetBytes + sizeBytes <= this.sizeBytes;
    assert(
      isWhole && isPart,
      `a piece of ${sizeBytes} bytes at ${offsetBytes} is a part of ${this.sizeBytes} in pages`,
    );
    const { machine } = this.#process;
    const fault = machine.faults.nextPieceErrors.shift();
    if (fault !== undefined) {
      throw new KernelError(fault, `cannot make a piece of ${sizeBytes} bytes at ${offsetBytes}: as the test wishes`);
    }
    const end = offsetBytes + sizeBytes;
    for (const [piece, taken] of this.#pieces) {
      if (piece.vmo.isClosed) this.#pieces.delete(piece);
      else assert(end <= taken[0] || taken[1] <= offsetBytes, "two pieces of a carve-out share no page");
    }
    const file = new FakeMemoryFile(machine, sizeBytes, name, { of: this.#vmo.description.file, offsetBytes });
    const vmo = new FakeVmo(this.#process, new FakeDescription(file, READ_WRITE_VMO_RIGHTS));
    const memory = new FakeBufferMemory(this.#process, vmo);
    this.#pieces.set(memory, [offsetBytes, end]);
    return memory;
  }

  close(): void {
    this.#mapping?.unmap();
    this.#vmo.close();
  }
}
