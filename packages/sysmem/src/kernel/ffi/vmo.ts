/** A VMO handle: an open file description of a memory file. */
import { ObjectType, Rights, type VmoHandle } from "#base";
import { KernelError } from "../errors.ts";
import type { CpuAccess, Mapping, Vmo } from "../port.ts";
import { READ_ONLY_VMO_RIGHTS, READ_WRITE_VMO_RIGHTS, WRITE_ONLY_VMO_RIGHTS } from "../rights.ts";
import {
  F_ADD_SEALS,
  F_GET_SEALS,
  F_GETFL,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  O_ACCMODE,
  O_PATH,
  O_RDONLY,
  O_RDWR,
} from "./constants.ts";
import type { LinuxContext } from "./context.ts";
import { syncDmaBuf } from "./dma-buf.ts";
import { kernelError } from "./errno.ts";
import { type FileStatus, fileStatus } from "./file-status.ts";
import { LinuxHandle, withClose } from "./handle.ts";
import { readProcLink } from "./proc-file.ts";

const SEEK_END = 2;

/** What whoever opened a VMO knows of it. */
export interface VmoFacts {
  /** Absent: as the kernel says. */
  readonly rights?: number;
  /** Default false. */
  readonly isDmaBuf?: boolean;
  /** The file's seals forbid to write, however it was opened. Default false. */
  readonly isWriteSealed?: boolean;
}

export class LinuxVmo extends LinuxHandle implements Vmo, VmoHandle {
  readonly objectType: typeof ObjectType.VMO = ObjectType.VMO;
  readonly koid: string;
  readonly inode: number;
  readonly sizeBytes: number;
  readonly rights: number;
  /** Size of the pages behind it, which a mapping must be aligned to. */
  readonly pageBytes: number;
  readonly #context: LinuxContext;
  readonly #status: FileStatus;
  /** A DMA-BUF has neither events nor seals, and its size never changes. */
  readonly isDmaBuf: boolean;
  #name: string | undefined;

  /** Takes ownership of `fd`. */
  constructor(
    context: LinuxContext,
    fd: number,
    status: FileStatus,
    { rights, isDmaBuf = false, isWriteSealed = false }: VmoFacts = {},
  ) {
    super(context.libc, fd);
    this.#context = context;
    this.#status = status;
    this.isDmaBuf = isDmaBuf;
    this.inode = status.inode;
    this.koid = `${status.device}:${status.inode}`;
    this.rights = rights ?? rightsOf(context.libc.fcntl(fd, F_GETFL, 0), isWriteSealed);
    this.pageBytes = status.blockBytes;
    // A DMA-BUF tells its size to those who seek.
    this.sizeBytes = isDmaBuf ? Math.max(0, context.libc.lseek(fd, 0, SEEK_END)) : status.sizeBytes;
  }

  /** A VMO that owns `fd`. Throws `KernelError`, and closes `fd`, when the kernel does not tell what it is. */
  static of(context: LinuxContext, fd: number, facts?: VmoFacts): LinuxVmo {
    const { libc } = context;
    return withClose(libc, fd, () => new LinuxVmo(context, fd, fileStatus(libc, fd), facts));
  }

  get name(): string {
    this.#name ??= undecorate(readProcLink(this.libc, `/proc/self/fd/${this.borrow()}`));
    return this.#name;
  }

  duplicate(): LinuxVmo {
    return this.another(this.duplicateDescriptor(), this.rights);
  }

  /** Makes a handle of another descriptor of the same file, with rights that its opener knows. Takes ownership of `fd`. */
  another(fd: number, rights: number): LinuxVmo {
    return new LinuxVmo(this.#context, fd, this.#status, { rights, isDmaBuf: this.isDmaBuf });
  }

  map(options: { readonly writable?: boolean } = {}): Mapping {
    const isWritable = options.writable ?? (this.rights & Rights.WRITE) !== 0;
    const needed = Rights.MAP | Rights.READ | (isWritable ? Rights.WRITE : 0);
    if ((this.rights & needed) !== needed) {
      const access = isWritable ? "for writing" : "for reading";
      throw new KernelError(
        "ACCESS_DENIED",
        `cannot map a VMO ${access}: its rights are 0x${this.rights.toString(16)}`,
      );
    }
    this.#requireFixedSize();
    if (this.isDmaBuf && (this.rights & Rights.WRITE) === 0) {
      // The kernel maps DMA-BUFs shared or not at all, and a view for reading only ends the process at a stray write.
      throw new KernelError("NOT_SUPPORTED", "cannot map a DMA-BUF that was opened for reading only");
    }
    return this.#context.mapper.map(this.borrow(), this.sizeBytes, isWritable || this.isDmaBuf, this.pageBytes);
  }

  beginCpuAccess(access: CpuAccess): void {
    if (this.isDmaBuf) syncDmaBuf(this.libc, this.borrow(), access, "begin");
  }

  endCpuAccess(access: CpuAccess): void {
    if (this.isDmaBuf) syncDmaBuf(this.libc, this.borrow(), access, "end");
  }

  /** The superuser could open a file for writing that its maker gave away for reading only. */
  requireWritable(): void {
    if ((this.rights & Rights.WRITE) !== 0) return;
    throw new KernelError("ACCESS_DENIED", "cannot hand out a VMO for writing: the memory was given for reading only");
  }

  /**
   * Seals the size, and the seals, unless that was done before: a participant could otherwise forbid the others to write.
   * Throws `KernelError` ACCESS_DENIED where the file can be cut short, and that cannot be sealed.
   */
  fixSize(): void {
    if (this.isDmaBuf) return;
    const wanted = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    const seals = this.libc.fcntl(this.borrow(), F_GET_SEALS, 0);
    if (seals >= 0 && (seals & wanted) === wanted) return;
    if (seals >= 0 && this.libc.fcntl(this.borrow(), F_ADD_SEALS, wanted) >= 0) return;
    // Seals are added through a descriptor that may write, and not where they are sealed.
    if (seals < 0 || (seals & F_SEAL_SHRINK) === 0) {
      throw new KernelError("ACCESS_DENIED", "cannot use a VMO as a buffer: its size is not sealed and cannot be");
    }
  }

  /** A file that somebody can cut short would kill this process at the next touch. */
  #requireFixedSize(): void {
    if (this.isDmaBuf) return;
    const seals = this.libc.fcntl(this.borrow(), F_GET_SEALS, 0);
    if (seals < 0) throw kernelError("inspect the seals of a VMO", this.libc.errno());
    if ((seals & F_SEAL_SHRINK) === 0) {
      throw new KernelError("ACCESS_DENIED", "cannot map a VMO whose size is not sealed: it could be cut short");
    }
  }
}

function rightsOf(flags: number, isWriteSealed: boolean): number {
  if (flags < 0 || (flags & O_PATH) !== 0) return Rights.NONE;
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      return READ_ONLY_VMO_RIGHTS;
    case O_RDWR:
      return isWriteSealed ? READ_ONLY_VMO_RIGHTS : READ_WRITE_VMO_RIGHTS;
    default:
      return WRITE_ONLY_VMO_RIGHTS;
  }
}

/** `/memfd:name (deleted)` without what the kernel adds. */
function undecorate(link: string): string {
  const path = link.endsWith(" (deleted)") ? link.slice(0, -" (deleted)".length) : link;
  for (const prefix of ["/memfd:", "/dmabuf:"]) if (path.startsWith(prefix)) return path.slice(prefix.length);
  return path.slice(path.lastIndexOf("/") + 1);
}
