/** The kernel port on Linux descriptors. */
import { assert, type Channel, type Handle, type Logger, silentLogger } from "#base";
import { KernelError } from "../errors.ts";
import type {
  BufferMemory,
  CarveOut,
  DmaBufOptions,
  Event,
  EventPair,
  LinuxKernel,
  Listener,
  ListenOptions,
  MemoryClaim,
  MemoryOptions,
  PeerCredentials,
  Vmo,
} from "../port.ts";
import { READ_WRITE_VMO_RIGHTS } from "../rights.ts";
import { adopt, adoptAll, socketOption } from "./adopt.ts";
import { LinuxBufferMemory } from "./buffer-memory.ts";
import { createCarveOut } from "./carve-out.ts";
import { LinuxChannel } from "./channel.ts";
import { ChildWatcher } from "./child-watcher.ts";
import {
  AF_UNIX,
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  F_GETFD,
  F_SETFD,
  FD_CLOEXEC,
  SO_ACCEPTCONN,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "./constants.ts";
import type { LinuxContext } from "./context.ts";
import { DmaBufMemory } from "./dma-buf-memory.ts";
import { kernelError } from "./errno.ts";
import { LinuxEvent } from "./event.ts";
import { LinuxEventPair } from "./event-pair.ts";
import { asLinuxHandle } from "./handle.ts";
import { LingeringEnds } from "./lingering-ends.ts";
import { type Libc, loadLibc, nativeBuffer } from "./libc.ts";
import { Mapper, type MapperOptions } from "./mapper.ts";
import { MemoryMaker } from "./memory.ts";
import { PacketIo } from "./packet-io.ts";
import { Reactor } from "./reactor.ts";
import { connectService, LinuxListener, listenService, peerCredentialsOf } from "./service-socket.ts";
import { UnixDiag } from "./unix-diag.ts";
import { LinuxVmo } from "./vmo.ts";
import type { Readiness } from "./wake-source.ts";

export interface LinuxKernelOptions {
  /** Hears of shortages of the machine. Default: nobody. */
  readonly logger?: Logger | undefined;
  /** Whether channels, listeners and eventpairs that wait for something keep the process alive. Default true. */
  readonly keepAlive?: boolean | undefined;
  /** How readiness is learnt. Default `auto`; the others are for tests. */
  readonly readiness?: Readiness | undefined;
  /** Sizes of the mapping arenas. For tests. */
  readonly mapping?: MapperOptions | undefined;
  /**
   * The system calls that this kernel object is made of. For tests, which let single ones fail. Default: the C
   * library's. libuv's own calls, and the few on the path of a socket file (mode, owner, removal), are not among them.
   */
  readonly libc?: Libc | undefined;
}

export class LinuxKernelImpl implements LinuxKernel {
  readonly name = "linux";
  readonly #libc: Libc;
  readonly #context: LinuxContext;
  readonly #children: ChildWatcher;
  readonly #memory: MemoryMaker;
  /** Where the kernel puts the two ends of a pair. */
  readonly #ends = new Int32Array(nativeBuffer(8).buffer);

  constructor(options: LinuxKernelOptions) {
    const libc = options.libc ?? loadLibc();
    const context: LinuxContext = {
      libc,
      reactor: new Reactor(libc, options.readiness ?? "auto"),
      packets: new PacketIo(libc),
      lingering: new LingeringEnds(libc),
      diag: new UnixDiag(libc),
      mapper: new Mapper(libc, options.mapping),
      logger: options.logger ?? silentLogger,
      keepAlive: options.keepAlive ?? true,
      adoptAll: (descriptors) => adoptAll(context, descriptors),
    };
    this.#libc = libc;
    this.#context = context;
    this.#children = new ChildWatcher(context);
    this.#memory = new MemoryMaker(libc);
  }

  createChannel(): [Channel, Channel] {
    const [left, right] = this.#socketPair(SOCK_SEQPACKET, "create a channel");
    return [new LinuxChannel(this.#context, left), new LinuxChannel(this.#context, right)];
  }

  createEventPair(): [EventPair, EventPair] {
    const [left, right] = this.#socketPair(SOCK_STREAM, "create an eventpair");
    return [new LinuxEventPair(this.#context, left), new LinuxEventPair(this.#context, right)];
  }

  createEvent(): Event {
    const fd = this.#libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) throw kernelError("create an event", this.#libc.errno());
    return new LinuxEvent(this.#libc, fd);
  }

  async createMemory(sizeBytes: number, options: MemoryOptions): Promise<BufferMemory> {
    const fd = await this.#memory.create(sizeBytes, options);
    return this.#own(LinuxVmo.of(this.#context, fd, { rights: READ_WRITE_VMO_RIGHTS }));
  }

  async allocateDmaBuf(device: string, sizeBytes: number, options: DmaBufOptions): Promise<BufferMemory> {
    const fd = await this.#memory.createDmaBuf(device, sizeBytes, options);
    return this.#own(LinuxVmo.of(this.#context, fd, { rights: READ_WRITE_VMO_RIGHTS, isDmaBuf: true }));
  }

  createCarveOut(sizeBytes: number, options: { readonly name: string }): Promise<CarveOut> {
    return createCarveOut(this.#context, this.#children, this.#memory, sizeBytes, options);
  }

  claimMemory(sizeBytes: number): MemoryClaim {
    return this.#memory.claim(sizeBytes);
  }

  availableMemoryBytes(): number {
    try {
      return this.#memory.availableBytes();
    } catch (error) {
      // Who has nothing left to ask with has nothing left.
      if (!(error instanceof KernelError)) throw error;
      return 0;
    }
  }

  createIdentifier(sizeBytes: number, options: { readonly name: string }): BufferMemory {
    return this.#own(LinuxVmo.of(this.#context, this.#memory.createIdentifier(sizeBytes, options.name)));
  }

  adoptMemory(vmo: Vmo, { isKeptByMaker = false }: { readonly isKeptByMaker?: boolean } = {}): BufferMemory {
    assert(vmo instanceof LinuxVmo, "a VMO of another kernel was given to the Linux kernel");
    try {
      vmo.fixSize();
    } catch (error) {
      vmo.close();
      throw error;
    }
    return this.#own(vmo, isKeptByMaker);
  }

  connect(path: string): Channel {
    return connectService(this.#context, path);
  }

  listen(path: string, options: ListenOptions, onAccept: (channel: Channel, peer: PeerCredentials) => void): Listener {
    return listenService(this.#context, path, options, onAccept);
  }

  adoptListener(fd: number, path: string, onAccept: (channel: Channel, peer: PeerCredentials) => void): Listener {
    if (socketOption(this.#libc, fd, SO_ACCEPTCONN) !== 1 || socketOption(this.#libc, fd, SO_TYPE) !== SOCK_SEQPACKET) {
      throw new KernelError(
        "WRONG_TYPE",
        `cannot listen on descriptor ${fd}: it is no listening SOCK_SEQPACKET socket`,
      );
    }
    this.#closeOnExec(fd);
    return new LinuxListener(this.#context, fd, path, onAccept, undefined);
  }

  peerCredentials(channel: Channel): PeerCredentials | undefined {
    return peerCredentialsOf(this.#libc, asLinuxHandle(channel).borrow());
  }

  setKeepAlive(object: Channel | Listener, isKeptAlive: boolean): void {
    assert(object instanceof LinuxChannel || object instanceof LinuxListener, "an object of another kernel");
    object.setRef(isKeptAlive);
  }

  descriptorOf(handle: Handle): number {
    return asLinuxHandle(handle).borrow();
  }

  takeDescriptor(handle: Handle): number {
    return asLinuxHandle(handle).take();
  }

  adoptDescriptor(fd: number): Handle {
    this.#closeOnExec(fd);
    return adopt(this.#context, fd);
  }

  get ownDescriptors(): readonly number[] {
    const { reactor, diag } = this.#context;
    return [reactor.descriptor, diag.descriptor, this.#children.descriptor].filter((fd) => fd >= 0);
  }

  /** How readiness is learnt here. */
  get readiness(): "poll" | "thread" {
    return this.#context.reactor.sourceKind;
  }

  /** Memory files that are looked at in intervals, because the machine has no more watches. */
  get probedMemoryCount(): number {
    return this.#children.probedCount;
  }

  close(): void {
    this.#children.close();
    this.#context.lingering.close();
    this.#context.diag.close();
    this.#context.mapper.close();
    this.#context.reactor.close();
  }

  #own(vmo: LinuxVmo, isKeptByMaker = false): BufferMemory {
    return vmo.isDmaBuf
      ? new DmaBufMemory(this.#context, this.#children, vmo, { isKeptByMaker })
      : new LinuxBufferMemory(this.#context, this.#children, vmo);
  }

  #closeOnExec(fd: number): void {
    const flags = Number.isInteger(fd) && fd >= 0 ? this.#libc.fcntl(fd, F_GETFD, 0) : -1;
    if (flags < 0 || this.#libc.fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0) {
      throw new KernelError("INVALID_ARGS", `cannot take descriptor ${fd}: it is not open`);
    }
  }

  #socketPair(type: number, what: string): [number, number] {
    const ends = this.#ends;
    if (this.#libc.socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0) throw kernelError(what, this.#libc.errno());
    return [ends[0] as number, ends[1] as number];
  }
}
