/** Makes memory files: named, zeroed, of fixed size, with their pages reserved. */
import {
  MAX_MEMORY_NAME_BYTES,
  MAX_RESERVE_ON_LOOP_BYTES,
  MEMORY_HEADROOM_BYTES,
  MIN_HEADROOM_CHECK_BYTES,
} from "#base";
import { KernelError } from "../errors.ts";
import { MemoryClaims } from "../memory-claims.ts";
import type { DmaBufOptions, MemoryClaim, MemoryOptions } from "../port.ts";
import {
  F_ADD_SEALS,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  MADV_HUGEPAGE,
  MADV_POPULATE_WRITE,
  MAP_SHARED,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_HUGE_SHIFT,
  MFD_HUGETLB,
  O_CLOEXEC,
  O_WRONLY,
  PROT_READ,
  PROT_WRITE,
  SC_PAGESIZE,
} from "./constants.ts";
import { setDmaBufName } from "./dma-buf.ts";
import { allocateFromDmaHeap } from "./dma-heap.ts";
import { Errno, kernelError } from "./errno.ts";
import { fitName } from "./fit-name.ts";
import type { Libc } from "./libc.ts";
import { memoryHeadroomBytes } from "./memory-headroom.ts";
import { readProcFileIfAny } from "./proc-file.ts";

export class MemoryMaker {
  readonly #libc: Libc;
  readonly #headroomBytes: () => number;
  readonly #pageBytes: number;
  /** Bytes that helper threads are reserving right now: the machine does not count them as taken yet. */
  #reservingBytes = 0;
  /** Bytes reserved since the machine was last asked: many small pieces are as much as one large one. */
  #unaskedBytes = 0;

  readonly #claims = new MemoryClaims();

  /** @param headroomBytes how much memory there is to be had; by default the machine and the control group are asked */
  constructor(libc: Libc, headroomBytes?: () => number) {
    this.#libc = libc;
    this.#headroomBytes = headroomBytes ?? (() => memoryHeadroomBytes((path) => readProcFileIfAny(libc, path)));
    this.#pageBytes = libc.sysconf(SC_PAGESIZE);
  }

  /** What can still be reserved, now that helper threads are reserving what they are and some is promised. */
  availableBytes(): number {
    return Math.max(0, this.#headroomBytes() - MEMORY_HEADROOM_BYTES - this.#reservingBytes - this.#claims.bytes);
  }

  /** Promises memory. Throws `KernelError` NO_MEMORY. */
  claim(sizeBytes: number): MemoryClaim {
    this.#requireHeadroom(sizeBytes, `set ${sizeBytes} bytes of memory aside`);
    return this.#claims.add(sizeBytes);
  }

  /** Resolves with the descriptor, which the caller owns. */
  async create(sizeBytes: number, options: MemoryOptions): Promise<number> {
    const unit = options.hugePageBytes ?? this.#pageBytes;
    if (!(Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && unit > 0 && Number.isInteger(Math.log2(unit)))) {
      throw new KernelError("INVALID_ARGS", `cannot create memory of ${sizeBytes} bytes in pages of ${unit}`);
    }
    const length = Math.ceil(sizeBytes / unit) * unit;
    if (!Number.isSafeInteger(length)) {
      throw new KernelError("NO_MEMORY", `cannot create memory of ${sizeBytes} bytes: that is no size for a file`);
    }
    const what = `create memory of ${length} bytes`;
    const fd = this.#createFile(length, options, what);
    try {
      await this.#reserve(fd, length, options, what);
      if (this.#libc.fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
        throw kernelError(what, this.#libc.errno());
      }
      return fd;
    } catch (error) {
      this.#libc.close(fd);
      throw error;
    }
  }

  /** An identifier's descriptor, opened for writing to what nobody can write to. The caller owns it. */
  createIdentifier(sizeBytes: number, name: string): number {
    const what = `create an identifier for ${sizeBytes} bytes`;
    const length = this.wholePages(sizeBytes, "create an identifier for");
    const fd = this.#createFile(length, { name }, what);
    try {
      const seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_SEAL;
      // Others of this user cannot open it for reading either; to map it takes the superuser, who finds nothing in it.
      if (this.#libc.fcntl(fd, F_ADD_SEALS, seals) < 0 || this.#libc.fchmod(fd, 0o200) < 0) {
        throw kernelError(what, this.#libc.errno());
      }
      const identifier = this.#libc.open(`/proc/self/fd/${fd}`, O_WRONLY | O_CLOEXEC);
      if (identifier < 0) throw kernelError(what, this.#libc.errno());
      return identifier;
    } finally {
      this.#libc.close(fd);
    }
  }

  #createFile(length: number, options: MemoryOptions, what: string): number {
    const huge =
      options.hugePageBytes === undefined ? 0 : MFD_HUGETLB | (Math.log2(options.hugePageBytes) << MFD_HUGE_SHIFT);
    const fd = this.#libc.memfd_create(
      fitName(options.name, MAX_MEMORY_NAME_BYTES),
      MFD_CLOEXEC | MFD_ALLOW_SEALING | huge,
    );
    if (fd < 0) {
      const errno = this.#libc.errno();
      // A page size the kernel has no pool for.
      const isUnknownPageSize =
        huge !== 0 && (errno === Errno.EINVAL || errno === Errno.ENOENT || errno === Errno.ENODEV);
      throw kernelError(what, errno, isUnknownPageSize ? "NOT_SUPPORTED" : undefined);
    }
    // Owner only: a participant of another uid cannot open it anew with rights it was not given.
    if (this.#libc.fchmod(fd, 0o600) < 0 || !this.#setLength(fd, length)) {
      const errno = this.#libc.errno();
      this.#libc.close(fd);
      // A size that is beyond what files can have is, to whoever asked, too much memory.
      throw kernelError(what, errno, errno === Errno.EINVAL ? "NO_MEMORY" : undefined);
    }
    return fd;
  }

  #setLength(fd: number, length: number): boolean {
    while (this.#libc.ftruncate(fd, length) < 0) if (this.#libc.errno() !== Errno.EINTR) return false;
    return true;
  }

  async #reserve(fd: number, length: number, options: MemoryOptions, what: string): Promise<void> {
    // Huge pages come from a pool with an account of its own.
    if (options.hugePageBytes === undefined) this.#requireHeadroom(length, what, options.claim);
    this.#reservingBytes += length;
    try {
      if (options.transparentHugePages === true) await this.#populateHuge(fd, length);
      for (;;) {
        const errno =
          length <= MAX_RESERVE_ON_LOOP_BYTES
            ? this.#libc.posix_fallocate(fd, 0, length)
            : await this.#libc.posixFallocateAsync(fd, 0, length);
        if (errno === 0) return;
        if (errno !== Errno.EINTR) throw kernelError(what, errno);
      }
    } finally {
      this.#reservingBytes -= length;
    }
  }

  /**
   * A DMA-BUF of a heap's. Resolves with the descriptor, which the caller owns.
   * @param device a file in `/dev/dma_heap`
   */
  async createDmaBuf(device: string, sizeBytes: number, { name, claim }: DmaBufOptions): Promise<number> {
    const length = this.wholePages(sizeBytes, "allocate");
    const what = `allocate ${length} bytes from ${device}`;
    // A contiguous area has an account of its own, but what is in it is in use when others need it.
    this.#requireHeadroom(length, what, claim);
    this.#reservingBytes += length;
    try {
      const fd = await allocateFromDmaHeap(this.#libc, device, length, what);
      try {
        setDmaBufName(this.#libc, fd, name);
      } catch (error) {
        this.#libc.close(fd);
        throw error;
      }
      return fd;
    } finally {
      this.#reservingBytes -= length;
    }
  }

  /** A size in whole pages. Throws `KernelError` INVALID_ARGS for one that is none. */
  wholePages(sizeBytes: number, what: string): number {
    if (!(Number.isSafeInteger(sizeBytes) && sizeBytes > 0)) {
      throw new KernelError("INVALID_ARGS", `cannot ${what} ${sizeBytes} bytes`);
    }
    return Math.ceil(sizeBytes / this.#pageBytes) * this.#pageBytes;
  }

  /** Throws `KernelError` NO_MEMORY when the machine is about to be short of memory. */
  #requireHeadroom(length: number, what: string, claim?: MemoryClaim): void {
    if (this.#claims.draw(claim, length)) {
      // Whoever else is at it was counted when the claim was made. What other programs took since then was not.
      if (length < MIN_HEADROOM_CHECK_BYTES) return;
      const left = Math.max(0, this.#headroomBytes() - MEMORY_HEADROOM_BYTES);
      if (length > left) throw new KernelError("NO_MEMORY", `cannot ${what}: ${left} bytes are left`);
      return;
    }
    if (this.#unaskedBytes + length < MIN_HEADROOM_CHECK_BYTES) {
      this.#unaskedBytes += length;
      return;
    }
    const available = this.availableBytes();
    if (length > available) {
      const { bytes } = this.#claims;
      const promised = bytes === 0 ? "" : `, and ${bytes} more are promised to allocations under way`;
      throw new KernelError("NO_MEMORY", `cannot ${what}: ${available} bytes are available${promised}`);
    }
    this.#unaskedBytes = 0;
  }

  /**
   * Reserves through a mapping, because the kernel gives memory files huge pages on request only through mappings that
   * ask for them. A wish: what it does not achieve, the reservation after it does with normal pages.
   */
  async #populateHuge(fd: number, length: number): Promise<void> {
    const address = this.#libc.mmap(null, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (address === null || address < 0n || address === 0xffff_ffff_ffff_ffffn) return;
    if (this.#libc.madvise(address, length, MADV_HUGEPAGE) === 0) {
      await this.#libc.madviseAsync(address, length, MADV_POPULATE_WRITE);
    }
    this.#libc.munmap(address, length);
  }
}
