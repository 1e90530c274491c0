/**
 * Frames along a chain of participants: an upstream `FrameSender`, a downstream `FrameReceiver`, one channel between
 * them. Only buffer indices travel. See `sysmem.frames` in fidl/.
 */
import type { Channel } from "#base";
import { SysmemError } from "#base";
import { type Frame, FrameStream, type FrameStreamClient } from "#gen/sysmem_frames";

export type { Frame };

/** Frames per second as a ratio. */
export interface FrameRate {
  readonly numerator: number;
  readonly denominator: number;
}

/** The neighbour in a frame stream went away in the middle of the stream. */
export class StreamClosedError extends SysmemError {
  readonly code = "STREAM_CLOSED";
}

/** A queue between callbacks and one awaiting consumer. */
class Queue<T> {
  readonly #items: T[] = [];
  #waiting: { resolve(value: T | undefined): void; reject(error: unknown): void } | undefined;
  #end: { error?: unknown } | undefined;

  push(item: T): void {
    if (this.#end !== undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) waiting.resolve(item);
    else this.#items.push(item);
  }

  /** No more items: waits answer undefined, or reject with `error`, once the queue is empty. */
  end(error?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? {} : { error };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (error === undefined) waiting?.resolve(undefined);
    else waiting?.reject(error);
  }

  next(): Promise<T | undefined> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    if (this.#end?.error !== undefined) return Promise.reject(this.#end.error);
    if (this.#end !== undefined) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}

/** The upstream side: sends filled buffers, gets them back when downstream is done with them. */
export class FrameSender {
  readonly #stream: FrameStreamClient;
  readonly #returned = new Queue<number>();
  #isEnded = false;

  /** Takes ownership of `channel`. */
  constructor(channel: Channel) {
    this.#stream = FrameStream.bind(channel);
    this.#stream.on("onReturned", ({ bufferIndex }) => this.#returned.push(bufferIndex));
    void this.#stream.closed.then(() =>
      this.#returned.end(
        this.#isEnded ? undefined : new StreamClosedError("the next participant of the stream is gone"),
      ),
    );
  }

  /** Says how fast the frames follow each other. Comes once, before the first frame. */
  begin(frameRateNumerator: number, frameRateDenominator: number): void {
    this.#stream.begin({ frameRateNumerator, frameRateDenominator });
  }

  /** Hands a buffer downstream. */
  send(frame: Frame): void {
    this.#stream.send({ frame });
  }

  /** The next buffer that downstream has finished with; undefined when the stream was ended and downstream has left. */
  nextReturned(): Promise<number | undefined> {
    return this.#returned.next();
  }

  /** No frame follows. Buffers still come back. */
  end(): void {
    this.#isEnded = true;
    this.#stream.end();
  }

  close(): void {
    this.#isEnded = true;
    this.#stream.close();
  }
}

/** The downstream side: an async sequence of frames, each to be returned when no longer needed. */
export class FrameReceiver implements AsyncIterable<Frame> {
  readonly #frames = new Queue<Frame>();
  readonly #serving: ReturnType<typeof FrameStream.serve>;
  /** Frames per second, once the stream has begun. Rejects when it ends before that. */
  readonly frameRate: Promise<FrameRate>;

  /** Takes ownership of `channel`. */
  constructor(channel: Channel) {
    let hasEnded = false;
    let begun: (rate: FrameRate) => void = () => {};
    let lost: (error: unknown) => void = () => {};
    this.frameRate = new Promise((resolve, reject) => {
      begun = resolve;
      lost = reject;
    });
    // Nobody has to ask for the frame rate.
    this.frameRate.catch(() => {});
    this.#serving = FrameStream.serve(
      channel,
      {
        begin: ({ frameRateNumerator, frameRateDenominator }) =>
          begun({ numerator: frameRateNumerator, denominator: frameRateDenominator }),
        send: ({ frame }) => this.#frames.push(frame),
        end: () => {
          hasEnded = true;
          this.#frames.end();
        },
        unknownMethod() {},
      },
      {
        onClosed: () => {
          const error = new StreamClosedError("the previous participant of the stream is gone");
          this.#frames.end(hasEnded ? undefined : error);
          lost(error);
        },
      },
    );
  }

  /** Gives a buffer back upstream. */
  giveBack(bufferIndex: number): void {
    this.#serving.control.send.onReturned({ bufferIndex });
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Frame> {
    for (let frame = await this.#frames.next(); frame !== undefined; frame = await this.#frames.next()) yield frame;
  }

  close(): void {
    this.#serving.control.close();
  }
}
