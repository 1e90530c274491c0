/** What all processes of a fake machine share, and what a fake process owns. */
import { assert, type Handle, InvariantError, type ObjectType } from "#base";
import type { KernelErrorCode } from "../errors.ts";
import type { PeerCredentials } from "../port.ts";
import type { FakeScheduler } from "./scheduler.ts";

/** Something handles refer to. It travels in messages without its handle, and gets a new one where it arrives. */
export interface FakeObject {
  /** A handle to this object for `process`. The reference it stands for was counted before. */
  open(process: FakeProcess): FakeHandle;
  /** One reference fewer. */
  release(): void;
}

/** A listening socket, as the file system of the fake machine knows it. */
export interface FakeServiceFile {
  /** False once the process that listened is dead and its file was left behind. */
  readonly isServed: boolean;
  connect(from: FakeProcess): FakeHandle;
}

/** What may go wrong, at the will of a test. */
export interface FakeFaults {
  /** Memory of the machine; `createMemory` and `createCarveOut` beyond it are NO_MEMORY. */
  memoryLimitBytes: number;
  /** Errors for the next calls of these two, one for each; `undefined` lets one call pass. */
  readonly nextMemoryErrors: (KernelErrorCode | undefined)[];
  /** The same for `CarveOut.createPiece`. */
  readonly nextPieceErrors: (KernelErrorCode | undefined)[];
}

/** One simulated machine: numbers that are unique on it, its service sockets, its memory and its faults. */
export class FakeMachine {
  readonly scheduler: FakeScheduler;
  readonly services: Map<string, FakeServiceFile> = new Map();
  readonly faults: FakeFaults = {
    memoryLimitBytes: Number.MAX_SAFE_INTEGER,
    nextMemoryErrors: [],
    nextPieceErrors: [],
  };
  /** Bytes of all memory that anybody holds. */
  usedMemoryBytes = 0;
  #nextKoid = 1_000;
  #nextPid = 100;

  constructor(scheduler: FakeScheduler) {
    this.scheduler = scheduler;
  }

  /** A number that no other object has. */
  newKoid(): number {
    this.#nextKoid += 1;
    return this.#nextKoid;
  }

  newPid(): number {
    this.#nextPid += 1;
    return this.#nextPid;
  }
}

/** A simulated process: the owner of handles and mappings. */
export class FakeProcess {
  readonly machine: FakeMachine;
  readonly credentials: PeerCredentials;
  readonly handles: Set<FakeHandle> = new Set();
  readonly mappings: Set<{ unmap(): void }> = new Set();
  readonly listeners: Set<{ abandon(): void }> = new Set();
  /** False once it is dead or its kernel object was closed: nothing of its code runs any more. */
  isListening = true;

  constructor(machine: FakeMachine, credentials: PeerCredentials) {
    this.machine = machine;
    this.credentials = credentials;
  }

  /** Ends the process: what it had is closed, in no particular order, and none of its callbacks is called again. */
  kill(): void {
    this.isListening = false;
    for (const listener of [...this.listeners]) listener.abandon();
    for (const handle of [...this.handles]) handle.close();
    for (const mapping of [...this.mappings]) mapping.unmap();
  }
}

/** A handle in a fake process. */
export abstract class FakeHandle implements Handle {
  abstract readonly objectType: ObjectType;
  readonly process: FakeProcess;
  #object: FakeObject | undefined;

  /** Takes over one counted reference to `object`. */
  constructor(process: FakeProcess, object: FakeObject) {
    this.process = process;
    this.#object = object;
    process.handles.add(this);
  }

  get isClosed(): boolean {
    return this.#object === undefined;
  }

  /** Takes the reference out of the handle, which is closed from then on. */
  take(): FakeObject {
    const object = this.#object;
    if (object === undefined) throw new InvariantError(`${this.constructor.name} used after it was closed or moved`);
    this.#object = undefined;
    this.process.handles.delete(this);
    this.left();
    return object;
  }

  close(): void {
    if (this.#object !== undefined) this.take().release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Every use goes through here: a closed handle is good for nothing. */
  protected requireOpen(): void {
    assert(this.#object !== undefined, `${this.constructor.name} used after it was closed or moved`);
  }

  /** Called when the object has left this handle. */
  protected left(): void {}
}

/** Narrows a handle to one of the fake's. */
export function asFakeHandle(handle: Handle): FakeHandle {
  assert(handle instanceof FakeHandle, "a handle of another kernel was given to the fake kernel");
  return handle;
}
