/**
 * Learns when open file descriptions of memory files end: one inotify instance, one watch for each file. An event only
 * says that *some* description of the file was closed for good (one of our own, perhaps); the owner of the file then
 * looks which. Memory without such events (`probe`) is looked at in intervals: all of it while it is little, a part in each
 * turn when it is much.
 *
 * The kernel queues the event just before it removes the description's locks, so a look at once may still find the mark
 * of a description that is ending; nothing would ever be said of it again. Therefore each event is followed by further
 * looks, at growing distances.
 */
import {
  CHILD_PROBE_INTERVAL_MS,
  CHILD_RECHECK_DELAYS_MS,
  MAX_PROBES_PER_TURN,
  MIN_PROBE_TURN_DISTANCE_MS,
} from "#base";
import { KernelError } from "../errors.ts";
import { EPOLLIN, IN_CLOEXEC, IN_CLOSE_NOWRITE, IN_CLOSE_WRITE, IN_NONBLOCK, IN_Q_OVERFLOW } from "./constants.ts";
import type { LinuxContext } from "./context.ts";
import { errnoName } from "./errno.ts";
import { nativeBuffer } from "./libc.ts";
import type { Watch } from "./reactor.ts";

/** Something that looks after its children when told. Whatever it throws, it is told again: the kernel says nothing twice. */
export interface Watched {
  check(): void;
}

const EVENT_BYTES = 16;
/** Events taken in one read; the rest wait for the next. Watches on files carry no names, so events have one size. */
const EVENTS_PER_READ = 256;

export class ChildWatcher {
  readonly #context: LinuxContext;
  #inotify = -1;
  #watch: Watch | undefined;
  readonly #events: Uint8Array<ArrayBuffer> = nativeBuffer(EVENT_BYTES * EVENTS_PER_READ);
  /** Several owners may watch one file: the kernel gives them one watch. */
  readonly #owners = new Map<number, Set<Watched>>();
  /** In the order in which they are looked at next. */
  readonly #probed = new Set<Watched>();
  /** Owners that will be looked at again, and how often they were since their last event. */
  readonly #rechecked = new Map<Watched, number>();
  #recheckTimer: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasWarned = false;

  constructor(context: LinuxContext) {
    this.#context = context;
  }

  /** The inotify instance, -1 while it was not needed. For accounting. */
  get descriptor(): number {
    return this.#inotify;
  }

  /** How many files are looked at in intervals. */
  get probedCount(): number {
    return this.#probed.size;
  }

  /** Calls `owner.check()` after each end of a description of the file behind `fd`. Returns a way to stop. */
  watch(fd: number, owner: Watched): () => void {
    const watch = this.#addWatch(fd);
    if (watch < 0) return this.probe(owner);
    const owners = this.#owners.get(watch) ?? new Set();
    owners.add(owner);
    this.#owners.set(watch, owners);
    return () => {
      this.#rechecked.delete(owner);
      if (!owners.delete(owner) || owners.size > 0 || this.#inotify < 0) return;
      this.#owners.delete(watch);
      this.#context.libc.inotify_rm_watch(this.#inotify, watch);
    };
  }

  /** Calls `owner.check()` in intervals. Returns a way to stop. */
  probe(owner: Watched): () => void {
    this.#probed.add(owner);
    this.#scheduleProbe();
    return () => {
      this.#rechecked.delete(owner);
      this.#probed.delete(owner);
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearTimeout(this.#recheckTimer);
    this.#recheckTimer = undefined;
    this.#rechecked.clear();
    this.#watch?.close();
    this.#watch = undefined;
    if (this.#inotify >= 0) this.#context.libc.close(this.#inotify);
    this.#inotify = -1;
    this.#owners.clear();
    this.#probed.clear();
  }

  /** The watch's number, or -1 where there can be none. */
  #addWatch(fd: number): number {
    const { libc } = this.#context;
    if (this.#inotify < 0) {
      const refusal = this.#open();
      if (refusal !== undefined) return this.#refused(refusal);
    }
    const watch = libc.inotify_add_watch(this.#inotify, `/proc/self/fd/${fd}`, IN_CLOSE_WRITE | IN_CLOSE_NOWRITE);
    return watch < 0 ? this.#refused(errnoName(libc.errno())) : watch;
  }

  /** Makes the inotify instance. What the kernel refused it for; there is none then, and the next owner tries again. */
  #open(): string | undefined {
    const { libc, reactor } = this.#context;
    const inotify = libc.inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (inotify < 0) return errnoName(libc.errno());
    const watch = reactor.watch(inotify, () => this.#read());
    watch.setRef(false);
    try {
      watch.update(EPOLLIN);
    } catch (error) {
      watch.close();
      libc.close(inotify);
      if (!(error instanceof KernelError)) throw error;
      return error.errno ?? error.message;
    }
    this.#inotify = inotify;
    this.#watch = watch;
    return undefined;
  }

  /** fs.inotify.max_user_watches or max_user_instances, most likely. */
  #refused(errno: string): number {
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      const fields = { errno, intervalMs: CHILD_PROBE_INTERVAL_MS };
      this.#context.logger.warn(fields, "cannot watch memory files, looking at them in intervals instead");
    }
    return -1;
  }

  #scheduleProbe(): void {
    if (this.#timer !== undefined || this.#probed.size === 0) return;
    const turns = Math.ceil(this.#probed.size / MAX_PROBES_PER_TURN);
    const delayMs = Math.max(MIN_PROBE_TURN_DISTANCE_MS, CHILD_PROBE_INTERVAL_MS / turns);
    this.#timer = setTimeout(() => this.#probeSome(), delayMs);
    this.#timer.unref();
  }

  #probeSome(): void {
    this.#timer = undefined;
    const due: Watched[] = [];
    for (const owner of this.#probed) if (due.push(owner) === MAX_PROBES_PER_TURN) break;
    for (const owner of due) {
      this.#probed.delete(owner);
      this.#probed.add(owner);
    }
    this.#scheduleProbe();
    this.#look(due);
  }

  #read(): void {
    const bytes = this.#context.libc.read(this.#inotify, this.#events, this.#events.length);
    const view = new DataView(this.#events.buffer);
    const concerned = new Set<Watched>();
    for (let at = 0; at + EVENT_BYTES <= bytes; at += EVENT_BYTES + view.getUint32(at + 12, true)) {
      const isOverflow = (view.getUint32(at + 4, true) & IN_Q_OVERFLOW) !== 0;
      const owners = isOverflow
        ? [...this.#owners.values()].flatMap((all) => [...all])
        : (this.#owners.get(view.getInt32(at, true)) ?? []);
      for (const owner of owners) concerned.add(owner);
    }
    for (const owner of concerned) this.#rechecked.set(owner, 0);
    if (concerned.size > 0) this.#recheckAfter(0);
    this.#look([...concerned]);
  }

  /** Lets owners look, every one of them. One that cannot for want of memory, or throws, will be asked again. */
  #look(owners: readonly Watched[]): void {
    const last = CHILD_RECHECK_DELAYS_MS.length - 1;
    const thrown: unknown[] = [];
    for (const owner of owners) {
      try {
        owner.check();
      } catch (error) {
        if (error instanceof KernelError) {
          this.#context.logger.warn({ errno: error.errno }, `${error.message}; looking again later`);
        } else thrown.push(error);
        const looks = Math.min(this.#rechecked.get(owner) ?? last, last);
        // Others that wait less have the timer set already.
        if (this.#rechecked.size === 0) this.#recheckAfter(looks);
        this.#rechecked.set(owner, looks);
      }
    }
    if (thrown.length > 0) throw thrown[0];
  }

  /** One timer for all: it goes off when the owner that waits least is due, and looks at every owner. */
  #recheckAfter(fewestLooks: number): void {
    clearTimeout(this.#recheckTimer);
    this.#recheckTimer = setTimeout(() => this.#recheck(), CHILD_RECHECK_DELAYS_MS[fewestLooks]);
    this.#recheckTimer.unref();
  }

  #recheck(): void {
    const due = [...this.#rechecked.keys()];
    let fewest = CHILD_RECHECK_DELAYS_MS.length;
    for (const [owner, looks] of this.#rechecked) {
      fewest = Math.min(fewest, looks + 1);
      if (looks + 1 < CHILD_RECHECK_DELAYS_MS.length) this.#rechecked.set(owner, looks + 1);
      else this.#rechecked.delete(owner);
    }
    if (this.#rechecked.size > 0) this.#recheckAfter(fewest);
    this.#look(due);
  }
}
