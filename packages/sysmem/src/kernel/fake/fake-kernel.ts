/** The kernel port of one simulated process. */
import { assert, type Channel, type Handle, Rights } from "#base";
import { KernelError, type KernelErrorCode } from "../errors.ts";
import { MemoryClaims } from "../memory-claims.ts";
import type {
  BufferMemory,
  CarveOut,
  Event,
  EventPair,
  Kernel,
  Listener,
  ListenOptions,
  MemoryClaim,
  MemoryOptions,
  PeerCredentials,
  Vmo,
} from "../port.ts";
import { READ_ONLY_VMO_RIGHTS, READ_WRITE_VMO_RIGHTS, WRITE_ONLY_VMO_RIGHTS } from "../rights.ts";
import { FakeCarveOut, PAGE_BYTES } from "./carve-out.ts";
import { FakeChannel, FakeChannelEnd } from "./channel.ts";
import { FakeEvent, FakeEventObject, FakeEventPair, FakeEventPairEnd } from "./events.ts";
import { type FakeFaults, FakeMachine, FakeProcess, type FakeServiceFile } from "./machine.ts";
import { FakeBufferMemory, FakeDescription, FakeMemoryFile, FakeVmo } from "./memory.ts";
import { type FakeScheduler, fifoScheduler } from "./scheduler.ts";

export interface FakeKernelOptions {
  /** Orders everything that arrives. Default: a microtask each, first come first served. */
  readonly scheduler?: FakeScheduler | undefined;
  /** Who the first process is. */
  readonly credentials?: Partial<PeerCredentials> | undefined;
}

/**
 * A simulated process on a simulated machine. Handles belong to the process they were made or received in.
 * Unlike Linux, a view into a mapping still shows the memory after `unmap`, and a mapping for reading lets writes through.
 */
export interface FakeKernel extends Kernel {
  readonly name: "fake";
  readonly credentials: PeerCredentials;
  /** Another process on the same machine. */
  spawn(credentials?: Partial<PeerCredentials>): FakeKernel;
  /**
   * Ends this process as SIGKILL would: everything it had open is closed, none of its callbacks is called again,
   * what it had sent is still delivered. Its service sockets stay behind, stale.
   */
  kill(): void;
  /** Moves a handle to another process of the machine without a message, as inheritance does. */
  give(handle: Handle, to: FakeKernel): Handle;
  /** A new open file description of the same memory, as a process can make by itself: not handed out by anybody. */
  reopen(vmo: Vmo, access: "read" | "write" | "path"): Vmo;
  /** Writes a packet that need not be a message, as a hostile process can. */
  writeRaw(channel: Channel, bytes: Uint8Array, handles?: readonly Handle[]): boolean;
  /** Faults of the whole machine. */
  readonly faults: FakeFaults;
  /** Handles open in this process. Zero is what a test without leaks ends with. */
  readonly openHandleCount: number;
  /** Mappings in this process. */
  readonly openMappingCount: number;
  /** Bytes that this process has claimed and not drawn. */
  readonly claimedMemoryBytes: number;
  /** Bytes of memory that anybody on the machine holds. */
  readonly usedMemoryBytes: number;
}

/** The first process of a new machine. */
export function createFakeKernel(options: FakeKernelOptions = {}): FakeKernel {
  const machine = new FakeMachine(options.scheduler ?? fifoScheduler);
  return new FakeKernelImpl(machine, options.credentials);
}

class FakeKernelImpl implements FakeKernel {
  readonly name = "fake";
  readonly #machine: FakeMachine;
  readonly #process: FakeProcess;
  readonly #claims = new MemoryClaims();

  constructor(machine: FakeMachine, credentials: Partial<PeerCredentials> = {}) {
    this.#machine = machine;
    this.#process = new FakeProcess(machine, { pid: machine.newPid(), uid: 1000, gid: 1000, ...credentials });
  }

  get credentials(): PeerCredentials {
    return this.#process.credentials;
  }

  get faults(): FakeFaults {
    return this.#machine.faults;
  }

  get openHandleCount(): number {
    return this.#process.handles.size;
  }

  get openMappingCount(): number {
    return this.#process.mappings.size;
  }

  get claimedMemoryBytes(): number {
    return this.#claims.bytes;
  }

  get usedMemoryBytes(): number {
    return this.#machine.usedMemoryBytes;
  }

  createChannel(): [Channel, Channel] {
    const [left, right] = FakeChannelEnd.pair(this.#machine, this.credentials, this.credentials);
    return [new FakeChannel(this.#process, left), new FakeChannel(this.#process, right)];
  }

  createEventPair(): [EventPair, EventPair] {
    const [left, right] = FakeEventPairEnd.pair(this.#machine);
    return [new FakeEventPair(this.#process, left), new FakeEventPair(this.#process, right)];
  }

  createEvent(): Event {
    return new FakeEvent(this.#process, new FakeEventObject(this.#machine));
  }

  async createMemory(sizeBytes: number, options: MemoryOptions): Promise<BufferMemory> {
    const unit = options.hugePageBytes ?? PAGE_BYTES;
    if (!(Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && unit > 0 && Number.isInteger(Math.log2(unit)))) {
      throw new KernelError("INVALID_ARGS", `cannot create memory of ${sizeBytes} bytes in pages of ${unit}`);
    }
    const length = Math.ceil(sizeBytes / unit) * unit;
    return new FakeBufferMemory(this.#process, await this.#reserve(length, options.name, options.claim));
  }

  async createCarveOut(sizeBytes: number, options: { readonly name: string }): Promise<CarveOut> {
    if (!(Number.isSafeInteger(sizeBytes) && sizeBytes > 0)) {
      throw new KernelError("INVALID_ARGS", `cannot set aside ${sizeBytes} contiguous bytes`);
    }
    const length = Math.ceil(sizeBytes / PAGE_BYTES) * PAGE_BYTES;
    return new FakeCarveOut(this.#process, await this.#reserve(length, options.name));
  }

  /** Memory with pages of its own. */
  async #reserve(length: number, name: string, claim?: MemoryClaim): Promise<FakeVmo> {
    const fault: KernelErrorCode | undefined = this.faults.nextMemoryErrors.shift();
    // A lane of its own: reservations end in any order.
    await new Promise<void>((resolve) => this.#machine.scheduler.schedule({}, resolve));
    // The dead are not answered.
    if (!this.#process.isListening) return new Promise(() => {});
    if (fault !== undefined)
      throw new KernelError(fault, `cannot create memory of ${length} bytes: as the test wishes`);
    const promised = this.#claims.draw(claim, length) ? 0 : this.#claims.bytes;
    if (this.usedMemoryBytes + promised + length > this.faults.memoryLimitBytes) {
      throw new KernelError("NO_MEMORY", `cannot create memory of ${length} bytes: the machine has no more`);
    }
    const file = new FakeMemoryFile(this.#machine, length, name);
    return new FakeVmo(this.#process, new FakeDescription(file, READ_WRITE_VMO_RIGHTS));
  }

  claimMemory(sizeBytes: number): MemoryClaim {
    const available = this.availableMemoryBytes();
    if (sizeBytes > available) {
      const why = `${available} bytes are available, and ${this.#claims.bytes} more are promised`;
      throw new KernelError("NO_MEMORY", `cannot set ${sizeBytes} bytes of memory aside: ${why}`);
    }
    return this.#claims.add(sizeBytes);
  }

  availableMemoryBytes(): number {
    return Math.max(0, this.faults.memoryLimitBytes - this.usedMemoryBytes - this.#claims.bytes);
  }

  createIdentifier(sizeBytes: number, options: { readonly name: string }): BufferMemory {
    if (!(Number.isSafeInteger(sizeBytes) && sizeBytes > 0)) {
      throw new KernelError("INVALID_ARGS", `cannot create an identifier for ${sizeBytes} bytes`);
    }
    const file = new FakeMemoryFile(
      this.#machine,
      Math.ceil(sizeBytes / PAGE_BYTES) * PAGE_BYTES,
      options.name,
      "none",
    );
    const description = new FakeDescription(file, WRITE_ONLY_VMO_RIGHTS);
    return new FakeBufferMemory(this.#process, new FakeVmo(this.#process, description));
  }

  adoptMemory(vmo: Vmo): BufferMemory {
    assert(vmo instanceof FakeVmo && !vmo.isClosed, "a VMO of another kernel was given to the fake kernel");
    return new FakeBufferMemory(this.#process, vmo);
  }

  connect(path: string): Channel {
    const service = this.#machine.services.get(path);
    if (service === undefined) throw new KernelError("NOT_FOUND", `cannot connect to ${path}: nothing is there`);
    if (!service.isServed) throw new KernelError("UNAVAILABLE", `cannot connect to ${path}: nobody listens`);
    return service.connect(this.#process) as FakeChannel;
  }

  listen(path: string, _options: ListenOptions, onAccept: (channel: Channel, peer: PeerCredentials) => void): Listener {
    if (this.#machine.services.get(path)?.isServed === true) {
      throw new KernelError("ALREADY_EXISTS", `cannot listen on ${path}: somebody does`);
    }
    return new FakeListener(this.#process, path, onAccept);
  }

  peerCredentials(channel: Channel): PeerCredentials | undefined {
    assert(channel instanceof FakeChannel, "a channel of another kernel was given to the fake kernel");
    return channel.peerCredentials;
  }

  /** Processes of the fake live until they are killed. */
  setKeepAlive(): void {}

  close(): void {
    this.#process.isListening = false;
  }

  spawn(credentials?: Partial<PeerCredentials>): FakeKernel {
    return new FakeKernelImpl(this.#machine, credentials);
  }

  kill(): void {
    this.#process.kill();
  }

  give(handle: Handle, to: FakeKernel): Handle {
    assert(to instanceof FakeKernelImpl && to.#machine === this.#machine, "a process of the same machine");
    const [outside, inside] = FakeChannelEnd.pair(this.#machine, this.credentials, to.credentials);
    // The way of a message without the message: the object leaves one table and enters another.
    const channel = new FakeChannel(this.#process, outside);
    channel.writeRaw(new Uint8Array(16), [handle]);
    const object = inside.shift()?.objects[0];
    channel.close();
    inside.release();
    assert(object !== undefined, "what was given arrives");
    return object.open(to.#process);
  }

  reopen(vmo: Vmo, access: "read" | "write" | "path"): Vmo {
    assert(vmo instanceof FakeVmo && !vmo.isClosed, "a VMO of the fake kernel");
    const rights = { read: READ_ONLY_VMO_RIGHTS, write: READ_WRITE_VMO_RIGHTS, path: Rights.NONE }[access];
    return new FakeVmo(this.#process, new FakeDescription(vmo.description.file, rights));
  }

  writeRaw(channel: Channel, bytes: Uint8Array, handles: readonly Handle[] = []): boolean {
    assert(channel instanceof FakeChannel && !channel.isClosed, "a channel of the fake kernel");
    return channel.writeRaw(bytes, handles);
  }
}

class FakeListener implements Listener, FakeServiceFile {
  readonly path: string;
  readonly #process: FakeProcess;
  readonly #onAccept: (channel: Channel, peer: PeerCredentials) => void;
  /** Ends of connections that were made and not accepted yet. */
  readonly #backlog: FakeChannelEnd[] = [];
  isServed = true;

  constructor(process: FakeProcess, path: string, onAccept: (channel: Channel, peer: PeerCredentials) => void) {
    this.path = path;
    this.#process = process;
    this.#onAccept = onAccept;
    process.machine.services.set(path, this);
    process.listeners.add(this);
  }

  connect(from: FakeProcess): FakeChannel {
    const { machine } = this.#process;
    const [theirs, ours] = FakeChannelEnd.pair(machine, from.credentials, this.#process.credentials);
    this.#backlog.push(ours);
    machine.scheduler.schedule(this, () => {
      const end = this.#backlog.shift();
      if (end === undefined) return;
      if (this.#process.isListening) this.#onAccept(new FakeChannel(this.#process, end), end.peerCredentials);
      else end.release();
    });
    return new FakeChannel(from, theirs);
  }

  close(): void {
    this.abandon();
    if (this.#process.machine.services.get(this.path) === this) this.#process.machine.services.delete(this.path);
  }

  /** Stops serving and leaves the file behind. */
  abandon(): void {
    this.isServed = false;
    this.#process.listeners.delete(this);
    for (const end of this.#backlog.splice(0)) end.release();
  }
}
