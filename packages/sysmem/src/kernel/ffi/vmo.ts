/** A VMO handle: an open file description of a memory file. */
import { ObjectType, Rights, type VmoHandle } from "#base";
import { KernelError } from "../errors.ts";
import type { Mapping, Vmo } from "../port.ts";
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
import { kernelError } from "./errno.ts";
import { type FileStatus, fileStatus } from "./file-status.ts";
import { LinuxHandle, withClose } from "./handle.ts";
import { readProcLink } from "./proc-file.ts";

const SEEK_END = 2;

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
  /** A file with events and seals; a DMA-BUF is none. */
  readonly isRegularFile: boolean;
  #name: string | undefined;

  /**
   * Takes ownership of `fd`.
   * @param rights where whoever opened it knows them; absent: as the kernel says
   */
  constructor(context: LinuxContext, fd: number, status: FileStatus, isRegularFile: boolean, rights?: number) {
    super(context.libc, fd);
    this.#context = context;
    this.#status = status;
    this.isRegularFile = isRegularFile;
    this.inode = status.inode;
    this.koid = `${status.device}:${status.inode}`;
    this.rights = rights ?? rightsOf(context.libc.fcntl(fd, F_GETFL, 0));
    this.pageBytes = status.blockBytes;
    // A DMA-BUF tells its size to those who seek.
    this.sizeBytes = isRegularFile ? status.sizeBytes : Math.max(0, context.libc.lseek(fd, 0, SEEK_END));
  }

  /** A VMO that owns `fd`. Throws `KernelError`, and closes `fd`, when the kernel does not tell what it is. */
  static of(context: LinuxContext, fd: number, isRegularFile: boolean, rights?: number): LinuxVmo {
    const { libc } = context;
    return withClose(libc, fd, () => new LinuxVmo(context, fd, fileStatus(libc, fd), isRegularFile, rights));
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
    return new LinuxVmo(this.#context, fd, this.#status, this.isRegularFile, rights);
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
    return this.#context.mapper.map(this.borrow(), this.sizeBytes, isWritable, this.pageBytes);
  }

  /**
   * Seals the size, unless that was done before. Throws `KernelError` ACCESS_DENIED where it is impossible: the file has
   * no seals, or its seals are sealed without this one.
   */
  fixSize(): void {
    if (!this.isRegularFile) return;
    const seals = this.libc.fcntl(this.borrow(), F_GET_SEALS, 0);
    if (seals >= 0 && (seals & F_SEAL_SHRINK) !== 0) return;
    if (seals < 0 || this.libc.fcntl(this.borrow(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
      throw new KernelError("ACCESS_DENIED", "cannot use a VMO as a buffer: its size is not sealed and cannot be");
    }
  }

  /** A file that somebody can cut short would kill this process at the next touch. */
  #requireFixedSize(): void {
    if (!this.isRegularFile) return;
    const seals = this.libc.fcntl(this.borrow(), F_GET_SEALS, 0);
    if (seals < 0) throw kernelError("inspect the seals of a VMO", this.libc.errno());
    if ((seals & F_SEAL_SHRINK) === 0) {
      throw new KernelError("ACCESS_DENIED", "cannot map a VMO whose size is not sealed: it could be cut short");
    }
  }
}

function rightsOf(flags: number): number {
  if (flags < 0 || (flags & O_PATH) !== 0) return Rights.NONE;
  switch (flags & O_ACCMODE) {
    case O_RDONLY:
      return READ_ONLY_VMO_RIGHTS;
    case O_RDWR:
      return READ_WRITE_VMO_RIGHTS;
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
