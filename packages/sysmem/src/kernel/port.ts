/**
 * What a kernel must do. `ffi/` does it with Linux descriptors, `fake/` with plain objects in one process; one
 * conformance suite holds both to this file. Contract: transport contract in ARCHITECTURE.md.
 */
import type { Channel, EventHandle, EventPairHandle, Handle, VmoHandle } from "#base";

/** What the CPU is about to do to memory, or has done. */
export type CpuAccess = "read" | "write" | "read-write";

/** A VMO handle: an open file description of a memory file, or of a DMA-BUF. */
export interface Vmo extends VmoHandle {
  /** Identity of the memory itself, equal for every handle to it in any process: `st_dev:st_ino`. */
  readonly koid: string;
  /** Inode number alone, as people see it in /proc and in proofs of zero copy. */
  readonly inode: number;
  readonly sizeBytes: number;
  /** Name given at creation, without the kernel's decoration. */
  readonly name: string;
  /** Zircon rights that the descriptor's access mode stands for. An `O_PATH` descriptor has none. */
  readonly rights: number;
  /** Another handle to the same open file description. */
  duplicate(): Vmo;
  /**
   * Stands before what the CPU does to the mapped memory, and `endCpuAccess` with the same `access` after it: where the
   * memory is a DMA-BUF, its maker keeps caches and devices apart between the two (`DMA_BUF_IOCTL_SYNC`). Other memory
   * needs nothing, and nothing happens. Throws `KernelError`.
   */
  beginCpuAccess(access: CpuAccess): void;
  endCpuAccess(access: CpuAccess): void;
  /**
   * Maps the whole VMO; `writable` defaults to what the rights allow. Throws `KernelError` ACCESS_DENIED when `writable`
   * exceeds the rights, or when the file's size is not sealed (whoever cuts it short would end this process).
   * The mapping keeps the VMO alive, closed handle or not. What is written to a mapping that is not writable is
   * seen by nobody else, and by this process until it is unmapped; except on a DMA-BUF, which the kernel maps shared or
   * not at all.
   */
  map(options?: { readonly writable?: boolean }): Mapping;
}

/**
 * A VMO mapped into this process. The view stays harmless after `unmap`: on Linux it reads zeros and writes are lost,
 * for as long as `bytes` itself is referenced. A mapping must be unmapped: it does not go by itself.
 */
export interface Mapping {
  readonly bytes: Uint8Array;
  readonly isMapped: boolean;
  unmap(): void;
  [Symbol.dispose](): void;
}

/** One end of an eventpair. */
export interface EventPair extends EventPairHandle {
  readonly koid: number;
  /** koid of the other end, 0 when it is closed. */
  relatedKoid(): number;
  /** True once every handle to the other end is closed. Throws `KernelError`. */
  isPeerClosed(): boolean;
  /** Another handle to the same end. */
  duplicate(): EventPair;
  /**
   * For an end that is kept: drops what the other end sends, until this handle is closed. An eventpair carries nothing, but on
   * Linux it is a socket. A descriptor in its queue would live as long as this end does, and whoever waits for the last of
   * just that descriptor before he closes this end would wait forever. `onPeerClosed` does so as well while it waits.
   * Throws `KernelError` NO_RESOURCES when the kernel has no more watches.
   */
  dropData(): void;
  /**
   * Calls back once, in a later turn, when the other end is closed (at once when it already is). Returns a way to stop.
   * Throws `KernelError` NO_RESOURCES when the kernel has no more watches.
   */
  onPeerClosed(callback: () => void): { cancel(): void };
}

/** An event: here only an identity that can be handed around and recognised. */
export interface Event extends EventHandle {
  /** Equal for duplicates, unique otherwise. */
  readonly koid: number;
  duplicate(): Event;
}

/** Options for new memory. */
export interface MemoryOptions {
  readonly name: string;
  /** Explicit huge pages (`MFD_HUGETLB`) of this size; absent = normal pages. */
  readonly hugePageBytes?: number;
  /** Ask for transparent huge pages where the kernel offers them for memory files. */
  readonly transparentHugePages?: boolean;
  /** What this memory was promised by. */
  readonly claim?: MemoryClaim | undefined;
}

/**
 * A promise of memory that is not made yet, so that several makers of many memories do not take it from each other until
 * none has enough. It holds against everybody who asks this kernel; what other programs take it cannot hold.
 */
export interface MemoryClaim {
  /** What was not drawn is anybody's again. Does nothing the second time. */
  release(): void;
}

/**
 * The server's hold on one buffer's memory file: the counterpart of a Zircon parent VMO whose children can be
 * counted. `handOut` makes children; the kernel itself says when one is gone, whoever held it and however it ended.
 */
export interface BufferMemory {
  readonly koid: string;
  readonly inode: number;
  readonly sizeBytes: number;
  /** The server's own handle. Owned by this object. */
  readonly vmo: Vmo;
  /**
   * Whether the kernel tells which child is gone. Where it does not (one DMA-BUF), it counts what holds the memory:
   * children live, all of them, until the last is gone; `identify` answers any of them; and `handOut` gives the rights that
   * the memory itself was opened with.
   */
  readonly tellsChildrenApart: boolean;
  /**
   * Opens a child: an open file description of its own. `childId` is unique among this buffer's children. The caller
   * owns `vmo` and sends or closes it; the child counts as alive until the last descriptor and mapping made from it
   * is gone in every process.
   */
  handOut(options: { readonly writable: boolean }): { readonly vmo: Vmo; readonly childId: number };
  /** Which of this buffer's children the given handle is, or undefined (someone's own re-open, or another file). */
  identify(vmo: Vmo): number | undefined;
  /** Children that are still alive. */
  readonly liveChildren: ReadonlySet<number>;
  /**
   * Whether anybody holds a child, or what another owner (who adopted a child as its memory) handed out from it. True
   * also for a moment after the last one is gone.
   */
  hasDescendants(): boolean;
  /** Called in a later turn, once for each child that is gone. One listener. */
  onChildGone(listener: (childId: number) => void): void;
  /** Drops the server's own hold and all bookkeeping. Children live on in their holders. */
  close(): void;
  /** The same for the last holder of much memory: its pages are freed off the event loop. Resolves when they are. */
  closeOffLoop(): Promise<void>;
}

/** A span of physically contiguous memory that the server keeps and gives out in pieces. */
export interface CarveOut {
  readonly sizeBytes: number;
  /**
   * The server's own view of all of it, for guards and clearing. As that of a `Mapping`, it stays harmless after `close`:
   * for as long as this object is referenced.
   */
  readonly bytes: Uint8Array;
  /**
   * Makes a piece a buffer's memory: a file of its own over the carve-out's pages. Offset and size are multiples of the
   * page. The pages stay the carve-out's; when the BufferMemory is closed the piece may be used again. Throws
   * `KernelError`.
   */
  createPiece(offsetBytes: number, sizeBytes: number, options: { readonly name: string }): BufferMemory;
  /** Lets go of the memory. Pieces live on in their holders. */
  close(): void;
}

/** Who is at the other end of an accepted connection, as the kernel recorded it when it connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** A listening service socket. */
export interface Listener {
  readonly path: string;
  /** Stops accepting and removes the socket file. */
  close(): void;
}

export interface ListenOptions {
  /** Mode of the socket file. Default 0o666 within a 0700 directory. */
  readonly mode?: number;
  readonly gid?: number;
}

/** Zircon's objects, as the layers above want them: what a kernel must do. */
export interface Kernel {
  readonly name: "linux" | "fake";
  createChannel(): [Channel, Channel];
  createEventPair(): [EventPair, EventPair];
  createEvent(): Event;
  /**
   * Memory of exactly `sizeBytes` (rounded up to pages), zeroed, its pages reserved and its size sealed. The
   * reservation runs off the event loop. Rejects with `KernelError` NO_MEMORY when there is not enough.
   */
  createMemory(sizeBytes: number, options: MemoryOptions): Promise<BufferMemory>;
  /**
   * Promises memory for several calls of `createMemory`, which name the claim. The caller releases it. Throws `KernelError`
   * NO_MEMORY when there is not enough.
   */
  claimMemory(sizeBytes: number): MemoryClaim;
  /**
   * Bytes that `createMemory` could still reserve without a claim before the machine, or this process's control group, runs short; 0 where
   * that cannot be found out for want of descriptors.
   */
  availableMemoryBytes(): number;
  /**
   * An identifier: a memory file that has an official size and no pages, and that nobody can map or read. Its children
   * are the same; `writable` makes no difference to them. For memory that the CPU cannot reach. Throws `KernelError`.
   */
  createIdentifier(sizeBytes: number, options: { readonly name: string }): BufferMemory;
  /**
   * Sets aside `sizeBytes` (rounded up to what the machine can make contiguous), zeroed, its base aligned to
   * `CARVE_OUT_ALIGNMENT_BYTES` at least. Rejects with `KernelError` NOT_SUPPORTED where the machine cannot do that, and
   * NO_MEMORY when it has not enough.
   */
  createCarveOut(sizeBytes: number, options: { readonly name: string }): Promise<CarveOut>;
  /**
   * Takes a VMO that someone else made (an external heap) as a buffer's memory file. Takes ownership of `vmo`. Its size is
   * sealed when its maker has not done so; throws `KernelError` ACCESS_DENIED (and closes `vmo`) when that is impossible.
   * A VMO that cannot be read is an identifier, and so are its children.
   * @param options.isKeptByMaker the maker keeps one handle of its own for as long as this lives. It decides where the
   * holders of memory are only counted (`tellsChildrenApart`)
   */
  adoptMemory(vmo: Vmo, options?: { readonly isKeptByMaker?: boolean }): BufferMemory;
  /** Connects to a service socket. Throws `KernelError` NOT_FOUND, ACCESS_DENIED, UNAVAILABLE. */
  connect(path: string): Channel;
  /** Listens on a service socket. A stale socket file is replaced; a live server's is `KernelError` ALREADY_EXISTS. */
  listen(path: string, options: ListenOptions, onAccept: (channel: Channel, peer: PeerCredentials) => void): Listener;
  /**
   * Credentials of the peer of a connected channel: those of the process that connected or, for a pair made with
   * `createChannel` anywhere, that made it. Undefined when the kernel recorded none.
   */
  peerCredentials(channel: Channel): PeerCredentials | undefined;
  /**
   * Whether a channel or listener keeps the process alive while it waits for something. By default they do.
   * No effect in the fake.
   */
  setKeepAlive(object: Channel | Listener, isKeptAlive: boolean): void;
  /** Releases what the kernel object needs for itself. Objects made by it get no more events; closing them still works. */
  close(): void;
}

/** Options for a new DMA-BUF. */
export type DmaBufOptions = Pick<MemoryOptions, "name" | "claim">;

/** What only the Linux kernel can do: handles are descriptors there. */
export interface LinuxKernel extends Kernel {
  readonly name: "linux";
  /**
   * The descriptor behind a handle, for handing it to a child process (`stdio` of `spawn`). The handle stays owned
   * by whoever has it, who closes it once the child has its copy.
   */
  descriptorOf(handle: Handle): number;
  /**
   * Takes the descriptor out of a handle, which is closed from then on; the caller owns it. For a worker thread, which
   * shares this process's descriptors and makes a handle of it with `adoptDescriptor`.
   */
  takeDescriptor(handle: Handle): number;
  /**
   * Takes ownership of an inherited descriptor, makes it close-on-exec and finds out what it is. Throws
   * `KernelError` INVALID_ARGS when it is not open.
   */
  adoptDescriptor(fd: number): Handle;
  /**
   * Takes ownership of a socket that listens already (socket activation). Its file stays when the listener is closed.
   * @param path for `Listener.path` and log messages
   */
  adoptListener(fd: number, path: string, onAccept: (channel: Channel, peer: PeerCredentials) => void): Listener;
  /**
   * Memory of exactly `sizeBytes` (rounded up to pages) from a DMA-BUF heap: zeroed, and of fixed size. The work is done off
   * the event loop. Its children are not told apart. Rejects with `KernelError`: NOT_FOUND without such a device, ACCESS_DENIED,
   * NO_MEMORY.
   * @param device a file in `/dev/dma_heap`
   */
  allocateDmaBuf(device: string, sizeBytes: number, options: DmaBufOptions): Promise<BufferMemory>;
  /** Descriptors the kernel object holds for itself, for accounting. They come with first use and go with `close`. */
  readonly ownDescriptors: readonly number[];
}

/** The kernel object behind a handle received in a message. The handle itself is returned: no new owner. */
export function asVmo(handle: VmoHandle): Vmo {
  return handle as Vmo;
}
export function asEventPair(handle: EventPairHandle): EventPair {
  return handle as EventPair;
}
export function asEvent(handle: EventHandle): Event {
  return handle as Event;
}

/** True for handles that `asVmo` accepts. */
export function isVmo(handle: Handle): handle is Vmo {
  return "map" in handle && "sizeBytes" in handle;
}
