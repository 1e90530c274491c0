/**
 * How the event loop learns that the reactor's epoll set has something ready. One source watches one epoll
 * descriptor, whatever the number of descriptors inside it.
 *
 * Measured, 64-byte one-way hand-over within a process: 9-12 us through a libuv poll handle, 67-78 us through a helper
 * thread. The poll handle is for the main thread only: a worker's loop must be empty when the worker is terminated, and
 * no code of ours runs then to empty it. (koffi's own poll handle is no way out: when its descriptor is readable while the
 * environment is torn down, at the natural end of the main thread too, it ends the process with SIGABRT.)
 */
import { isMainThread } from "node:worker_threads";
import { KernelError } from "../errors.ts";
import { kernelError } from "./errno.ts";
import type { Koffi } from "./koffi.ts";
import { type Address, type Libc, nativeBuffer } from "./libc.ts";

export interface WakeSource {
  readonly kind: "poll" | "thread";
  /** Whether the source keeps the process alive. It does not at first. */
  setRef(isRef: boolean): void;
  close(): void;
}

/** `auto`: libuv's poll handle where it can be had, else a helper thread. */
export type Readiness = "auto" | "poll" | "thread";

/** Opens a source. `onReady` may be called once too often and must not throw; it runs outside of any turn of ours. */
export function openWakeSource(libc: Libc, epoll: number, readiness: Readiness, onReady: () => void): WakeSource {
  const uv = readiness === "thread" ? undefined : loadUv(libc.koffi);
  if (uv !== undefined) return new PollSource(uv, epoll, onReady);
  if (readiness === "poll") throw new KernelError("NOT_SUPPORTED", "cannot poll through libuv: not on this thread");
  return new ThreadSource(libc, epoll, onReady);
}

/** The part of libuv that is used, called by its C names on the main thread's loop. */
interface Uv {
  /** Initialises and starts a handle for `fd` that does not keep the loop alive. */
  start(fd: number, onReady: () => void): Address;
  ref(handle: Address): void;
  unref(handle: Address): void;
  /** Stops and closes. The handle's memory is used again. */
  close(handle: Address): void;
}

const UV_POLL = 8;
const UV_READABLE = 1;

let uv: Uv | undefined | "none";

/** libuv, or undefined where there is none to call: in worker threads, and in runtimes that only pretend to have it. */
function loadUv(koffi: Koffi): Uv | undefined {
  if (uv === undefined) {
    const hasLibuv = process.versions.uv !== undefined && !("bun" in process.versions) && !("deno" in process.versions);
    try {
      uv = isMainThread && hasLibuv ? bindUv(koffi) : "none";
    } catch {
      // This Node does not export libuv's functions.
      uv = "none";
    }
  }
  return uv === "none" ? undefined : uv;
}

function bindUv(koffi: Koffi): Uv {
  const program = koffi.load(null);
  const defaultLoop = program.func("void *uv_default_loop()");
  const handleSize = program.func("size_t uv_handle_size(int type)");
  const pollInit = program.func("int uv_poll_init(void *loop, void *handle, int fd)");
  const pollCallback = koffi.pointer(koffi.proto("void (void *handle, int status, int events)"));
  const pollStart = program.func("uv_poll_start", "int", ["void *", "int", pollCallback]);
  const ref = program.func("void uv_ref(void *handle)");
  const unref = program.func("void uv_unref(void *handle)");
  const close = program.func("void uv_close(void *handle, void *callback)");
  const bytes = Number(handleSize(UV_POLL));
  const loop = defaultLoop();
  // One callback serves all handles: slots for callbacks are few, and this one is never given back.
  const callbacks = new Map<Address, () => void>();
  const callback = koffi.register((handle: Address) => callbacks.get(handle)?.(), pollCallback);
  const spare: Address[] = [];
  return {
    start(fd, onReady) {
      const handle: Address = spare.pop() ?? koffi.alloc("uint8_t", bytes);
      const outcome = pollInit(loop, handle, fd);
      if (outcome !== 0) {
        spare.push(handle);
        throw kernelError("watch for events", -outcome);
      }
      callbacks.set(handle, onReady);
      pollStart(handle, UV_READABLE, callback);
      unref(handle);
      return handle;
    },
    ref,
    unref,
    close(handle) {
      callbacks.delete(handle);
      close(handle, null);
      // libuv lets go of the memory at the end of the loop's turn; the turn after the next one is surely later.
      setImmediate(() => setImmediate(() => spare.push(handle)).unref()).unref();
    },
  };
}

/** libuv's `uv_poll` on the main thread's loop. Level-triggered: it reports as long as anything is ready. */
class PollSource implements WakeSource {
  readonly kind = "poll";
  readonly #uv: Uv;
  readonly #handle: Address;

  constructor(uv: Uv, epoll: number, onReady: () => void) {
    this.#uv = uv;
    this.#handle = uv.start(epoll, onReady);
  }

  setRef(isRef: boolean): void {
    if (isRef) this.#uv.ref(this.#handle);
    else this.#uv.unref(this.#handle);
  }

  close(): void {
    this.#uv.close(this.#handle);
  }
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
