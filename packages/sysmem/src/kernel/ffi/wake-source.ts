/**
 * How the event loop learns that the reactor's epoll set has something ready. One source watches one epoll
 * descriptor, whatever the number of descriptors inside it.
 *
 * Measured, 64-byte one-way hand-over within a process: 8-12 us through libuv's own poll handle, on the main thread and
 * in workers alike; 67-78 us through a helper thread. A helper thread that waits without a bound also keeps a
 * worker from being terminated, so its waits are cut short.
 */
import { type Libc, nativeBuffer } from "./libc.ts";

export interface WakeSource {
  readonly kind: "poll" | "thread";
  /** Whether the source keeps the process alive. It does not at first. */
  setRef(isRef: boolean): void;
  close(): void;
}

/** `auto`: libuv's poll handle, or the helper thread on runtimes that have no libuv. */
export type Readiness = "auto" | "poll" | "thread";

/** Opens a source. `onReady` may be called once too often and must not throw; it runs outside of any turn of ours. */
export function openWakeSource(libc: Libc, epoll: number, readiness: Readiness, onReady: () => void): WakeSource {
  if (readiness === "thread") return new ThreadSource(libc, epoll, onReady);
  try {
    return new PollSource(libc, epoll, onReady);
  } catch (error) {
    // Runtimes that emulate Node's native interface without libuv refuse here.
    if (readiness === "poll") throw error;
    return new ThreadSource(libc, epoll, onReady);
  }
}

/** libuv's `uv_poll` on the loop of the current thread. Level-triggered: it reports as long as anything is ready. */
class PollSource implements WakeSource {
  readonly kind = "poll";
  readonly #handle: ReturnType<Libc["koffi"]["node"]["poll"]>;

  constructor(libc: Libc, epoll: number, onReady: () => void) {
    this.#handle = libc.koffi.node.poll(epoll, { readable: true }, onReady);
    this.#handle.unref();
    closeAtExit(this);
  }

  setRef(isRef: boolean): void {
    if (isRef) this.#handle.ref();
    else this.#handle.unref();
  }

  close(): void {
    openSources.delete(this);
    this.#handle.close();
  }
}

/**
 * Poll sources of this thread that are open. Node runs the loop once more while it tears its environment down; a poll
 * handle that became ready by then would call into JavaScript that is no more, which aborts the process.
 */
const openSources = new Set<PollSource>();
let isExitWatched = false;

function closeAtExit(source: PollSource): void {
  openSources.add(source);
  if (isExitWatched) return;
  isExitWatched = true;
  process.once("exit", () => {
    for (const open of [...openSources]) open.close();
  });
}

/** Longest wait on the helper thread: what a `close` or a terminated worker waits for at worst. */
const THREAD_WAIT_MS = 100;
/** With nothing that keeps the process alive, a thread that does would be wrong: a timer looks instead. */
const UNREF_LOOK_MS = 10;

class ThreadSource implements WakeSource {
  readonly kind = "thread";
  readonly #libc: Libc;
  readonly #epoll: number;
  readonly #onReady: () => void;
  /** Room for one event: only whether there is any matters. */
  readonly #event: Uint8Array = nativeBuffer(16);
  #isRef = false;
  #isClosed = false;
  #isWaiting = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(libc: Libc, epoll: number, onReady: () => void) {
    this.#libc = libc;
    this.#epoll = epoll;
    this.#onReady = onReady;
    this.#look();
  }

  setRef(isRef: boolean): void {
    if (this.#isRef === isRef) return;
    this.#isRef = isRef;
    if (isRef) this.#wait();
    else this.#look();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      if (this.#libc.epoll_wait(this.#epoll, this.#event, 1, 0) > 0) this.#onReady();
    }, UNREF_LOOK_MS);
    this.#timer.unref();
  }

  #wait(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#libc.epollWaitAsync(this.#epoll, this.#event, 1, THREAD_WAIT_MS).then(
      (count) => this.#waited(count > 0),
      () => this.#waited(false),
    );
  }

  #waited(isReady: boolean): void {
    this.#isWaiting = false;
    if (this.#isClosed) return;
    if (isReady) this.#onReady();
    // Waiting again at once would report the same event until the reactor's turn has come.
    if (this.#isRef) setImmediate(() => !this.#isClosed && this.#isRef && this.#wait());
  }
}
