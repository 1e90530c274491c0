/**
 * Readiness of descriptors. One epoll set for each kernel object, level-triggered, watched by one `WakeSource`.
 *
 * The wake callback only marks; work runs in `setImmediate`, because some Node versions do not drain microtasks
 * after such a callback. In one turn each ready descriptor is served once, so that a flood on one starves no other.
 */
import { assert, MAX_READY_PER_TURN } from "#base";
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLL_DATA_OFFSET,
  EPOLL_EVENT_BYTES,
} from "./constants.ts";
import { kernelError } from "./errno.ts";
import { type Libc, nativeBuffer } from "./libc.ts";
import { openWakeSource, type Readiness, type WakeSource } from "./wake-source.ts";

/** Tells watchers when their descriptors are ready. Owns the epoll set, not what is watched. */
/** The epoll set of one kernel object, and the turns in which what is ready gets served. */
export class Reactor {
  readonly #libc: Libc;
  readonly #epoll: number;
  readonly #source: WakeSource;
  readonly #watches = new Map<number, Watch>();
  readonly #events: Uint8Array<ArrayBuffer> = nativeBuffer(EPOLL_EVENT_BYTES * MAX_READY_PER_TURN);
  readonly #eventsView: DataView = new DataView(this.#events.buffer);
  readonly #event: Uint8Array<ArrayBuffer> = nativeBuffer(EPOLL_EVENT_BYTES);
  readonly #eventView: DataView = new DataView(this.#event.buffer);
  #nextToken = 1;
  #refCount = 0;
  #isScheduled = false;
  #isClosed = false;

  constructor(libc: Libc, readiness: Readiness) {
    this.#libc = libc;
    this.#epoll = libc.epoll_create1(EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw kernelError("create an epoll set", libc.errno());
    try {
      this.#source = openWakeSource(libc, this.#epoll, readiness, () => this.#schedule());
    } catch (error) {
      libc.close(this.#epoll);
      throw error;
    }
  }

  /** Which wake source is in use. */
  get sourceKind(): WakeSource["kind"] {
    return this.#source.kind;
  }

  /** The set's own descriptor, -1 when closed. For accounting. */
  get descriptor(): number {
    return this.#isClosed ? -1 : this.#epoll;
  }

  /**
   * Prepares to watch `fd`; nothing is watched until `Watch.update`. The descriptor stays the caller's, who must
   * close the watch before the descriptor.
   */
  watch(fd: number, onReady: (events: number) => void): Watch {
    assert(!this.#isClosed, "the kernel object is closed");
    const token = this.#nextToken;
    // Tokens, not descriptors, name watches: a number closed and reused within one turn must not get stale events.
    this.#nextToken = token === 0xffff_ffff ? 1 : token + 1;
    const watch = new Watch(this, token, fd, onReady);
    this.#watches.set(token, watch);
    return watch;
  }

  /** Runs `task` in a later turn. */
  defer(task: () => void): void {
    setImmediate(task);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watches.clear();
    this.#source.close();
    this.#libc.close(this.#epoll);
  }

  /** @internal For `Watch`. */
  control(operation: number, watch: Watch, events: number): void {
    if (this.#isClosed) return;
    this.#eventView.setUint32(0, events, true);
    this.#eventView.setUint32(EPOLL_DATA_OFFSET, watch.token, true);
    if (this.#libc.epoll_ctl(this.#epoll, operation, watch.fd, this.#event) < 0) {
      throw kernelError(`watch descriptor ${watch.fd}`, this.#libc.errno(), "NO_RESOURCES");
    }
  }

  /** @internal For `Watch`. */
  countRef(change: 1 | -1): void {
    this.#refCount += change;
    if (this.#isClosed) return;
    if (change === 1 && this.#refCount === 1) this.#source.setRef(true);
    else if (change === -1 && this.#refCount === 0) this.#source.setRef(false);
  }

  /** @internal For `Watch`. */
  forget(watch: Watch): void {
    this.#watches.delete(watch.token);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    const count = this.#libc.epoll_wait(this.#epoll, this.#events, MAX_READY_PER_TURN, 0);
    // A handler that throws ends the turn; level triggering reports again whatever was not served.
    for (let index = 0; index < count; index += 1) {
      const at = index * EPOLL_EVENT_BYTES;
      const watch = this.#watches.get(this.#eventsView.getUint32(at + EPOLL_DATA_OFFSET, true));
      watch?.onReady(this.#eventsView.getUint32(at, true));
    }
  }
}

/** Interest in one descriptor. */
export class Watch {
  readonly token: number;
  readonly fd: number;
  readonly onReady: (events: number) => void;
  readonly #reactor: Reactor;
  #events = 0;
  /** Whether this watch, while it watches anything, keeps the process alive. */
  #isRef = true;
  #isCounted = false;

  constructor(reactor: Reactor, token: number, fd: number, onReady: (events: number) => void) {
    this.#reactor = reactor;
    this.token = token;
    this.fd = fd;
    this.onReady = onReady;
  }

  /**
   * Watches for `events` from now on; 0 stops. Stopping takes the descriptor out of the set, because the kernel
   * reports hang-ups even to those who ask for nothing.
   */
  update(events: number): void {
    if (events === this.#events) return;
    const operation = events === 0 ? EPOLL_CTL_DEL : this.#events === 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    this.#reactor.control(operation, this, events);
    this.#events = events;
    this.#count();
  }

  setRef(isRef: boolean): void {
    this.#isRef = isRef;
    this.#count();
  }

  /** Stops. Must come before the descriptor is closed or sent away. */
  close(): void {
    this.update(0);
    this.#reactor.forget(this);
  }

  #count(): void {
    const counts = this.#isRef && this.#events !== 0;
    if (counts === this.#isCounted) return;
    this.#isCounted = counts;
    this.#reactor.countRef(counts ? 1 : -1);
  }
}
