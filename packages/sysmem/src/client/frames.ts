/**
 * Frames along a chain of participants: an upstream `FrameSender`, a downstream `FrameReceiver`, one channel between
 * them. Only buffer indices travel. See `sysmem.frames` in fidl/.
 *
 * A buffer is with one side at a time, so at most as many frames are under way as there are buffers: who has none left to
 * fill waits for one to come back, and that is all the back-pressure there is. A neighbour that breaks this, by sending a
 * buffer twice or giving back what it has not, ends the stream.
 */
import { assert, type Channel, SysmemError } from "#base";
import { FidlError } from "#fidl";
import { type Frame, FrameStream, type FrameStreamClient, MAX_BUFFERS } from "#gen/sysmem_frames";
import { ItemQueue } from "./item-queue.ts";

export type { Frame };

/** Frames per second as a ratio. */
export interface FrameRate {
  readonly numerator: number;
  readonly denominator: number;
}

/** What is known of a stream beforehand. */
export interface FrameStreamOptions {
  /** Buffers of the collection (`SharedBuffers.count`): other indices end the stream. Default: as many as there can be. */
  readonly bufferCount?: number | undefined;
}

/** The neighbour in a frame stream went away in the middle of the stream, or broke its rules. */
export class StreamClosedError extends SysmemError {
  readonly code = "STREAM_CLOSED";
}

/** The upstream side: sends filled buffers, gets them back when downstream is done with them. */
export class FrameSender {
  readonly #stream: FrameStreamClient;
  readonly #returned = new ItemQueue<number>();
  readonly #outstanding = new Set<number>();
  #isEnded = false;
  #failure: StreamClosedError | undefined;

  /** Takes ownership of `channel`. */
  constructor(channel: Channel) {
    this.#stream = FrameStream.bind(channel);
    this.#stream.on("onReturned", ({ bufferIndex }) => this.#takeBack(bufferIndex));
    void this.#stream.closed.then(() => {
      const isDone = this.#isEnded && this.#outstanding.size === 0;
      if (!isDone) this.#failure ??= new StreamClosedError("the next participant of the stream is gone");
      this.#returned.end(this.#failure);
    });
  }

  /** Buffers that are downstream. */
  get outstandingCount(): number {
    return this.#outstanding.size;
  }

  /** Says how fast the frames follow each other. Comes once, before the first frame. Throws `StreamClosedError`. */
  begin(frameRateNumerator: number, frameRateDenominator: number): void {
    assert(frameRateDenominator > 0, "a frame rate's denominator is not 0");
    this.#send(() => this.#stream.begin({ frameRateNumerator, frameRateDenominator }));
  }

  /** Hands a buffer downstream: it is not to be touched until it comes back. Throws `StreamClosedError`. */
  send(frame: Frame): void {
    const { bufferIndex } = frame;
    assert(!this.#isEnded, "no frame follows the end of the stream");
    assert(!this.#outstanding.has(bufferIndex), `buffer ${bufferIndex} is downstream already`);
    this.#send(() => this.#stream.send({ frame }));
    this.#outstanding.add(bufferIndex);
  }

  /**
   * The next buffer that downstream has finished with; undefined when the stream was ended and every buffer is back. Rejects
   * with `StreamClosedError` when downstream goes away before that, and with the signal's reason.
   */
  nextReturned(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<number | undefined> {
    return this.#returned.next(options.signal);
  }

  /** No frame follows. Buffers still come back. Throws `StreamClosedError`. */
  end(): void {
    if (this.#isEnded) return;
    this.#send(() => this.#stream.end());
    this.#isEnded = true;
    this.#endWhenAllAreBack();
  }

  /** Ends the connection, once: without `end`, downstream takes it for a failure. Waits that are under way answer undefined. */
  close(): void {
    this.#isEnded = true;
    this.#returned.end();
    this.#stream.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #takeBack(bufferIndex: number): void {
    if (!this.#outstanding.delete(bufferIndex)) {
      this.#failure = new StreamClosedError(`the next participant gave back buffer ${bufferIndex}, which it had not`);
      this.#stream.close();
      return;
    }
    this.#returned.push(bufferIndex);
    this.#endWhenAllAreBack();
  }

  #endWhenAllAreBack(): void {
    if (this.#isEnded && this.#outstanding.size === 0) this.#returned.end();
  }

  #send(send: () => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      send();
    } catch (cause) {
      if (!(cause instanceof FidlError)) throw cause;
      throw new StreamClosedError("cannot send downstream: the next participant of the stream is gone", { cause });
    }
  }
}

/** The downstream side: an async sequence of frames, each to be given back when no longer needed. */
export class FrameReceiver implements AsyncIterable<Frame> {
  readonly #frames = new ItemQueue<Frame>();
  /** Buffers that are here, in the queue or with the consumer: what bounds the queue. */
  readonly #held = new Set<number>();
  readonly #serving: ReturnType<typeof FrameStream.serve>;
  readonly #bufferCount: number;
  readonly #begun: (rate: FrameRate) => void;
  readonly #lost: (error: StreamClosedError) => void;
  #state: "new" | "begun" | "ended" | "closed" = "new";
  /** Frames per second, once the stream has begun. Rejects with `StreamClosedError` when it ends before that. */
  readonly frameRate: Promise<FrameRate>;

  /** Takes ownership of `channel`. */
  constructor(channel: Channel, options: FrameStreamOptions = {}) {
    this.#bufferCount = Math.min(options.bufferCount ?? MAX_BUFFERS, MAX_BUFFERS);
    let begun: (rate: FrameRate) => void = () => {};
    let lost: (error: StreamClosedError) => void = () => {};
    this.frameRate = new Promise((resolve, reject) => {
      begun = resolve;
      lost = reject;
    });
    this.#begun = begun;
    this.#lost = lost;
    // Nobody has to ask for the frame rate.
    this.frameRate.catch(() => {});
    this.#serving = FrameStream.serve(
      channel,
      {
        begin: ({ frameRateNumerator, frameRateDenominator }) => this.#begin(frameRateNumerator, frameRateDenominator),
        send: ({ frame }) => this.#receive(frame),
        end: () => this.#end(),
        unknownMethod() {},
      },
      { onClosed: () => this.#fail("the previous participant of the stream is gone") },
    );
  }

  /** Buffers that were received and not given back. */
  get heldCount(): number {
    return this.#held.size;
  }

  /** Gives a buffer back upstream, once for each frame. When upstream is gone already, nobody is there to take it. */
  giveBack(bufferIndex: number): void {
    assert(this.#held.delete(bufferIndex), `buffer ${bufferIndex} is not held here`);
    if (this.#serving.control.isClosed) return;
    try {
      this.#serving.control.send.onReturned({ bufferIndex });
    } catch (error) {
      if (!(error instanceof FidlError)) throw error;
    }
  }

  /** The next frame; undefined after the last. Rejects with `StreamClosedError`, and with the signal's reason. */
  nextFrame(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Frame | undefined> {
    return this.#frames.next(options.signal);
  }

  /** All frames, as `nextFrame` has them. Leaving the loop early leaves the stream open. */
  async *[Symbol.asyncIterator](): AsyncIterator<Frame> {
    for (let frame = await this.nextFrame(); frame !== undefined; frame = await this.nextFrame()) yield frame;
  }

  /** Ends the connection, once. What is held is given back by nobody. */
  close(): void {
    this.#state = "closed";
    this.#frames.end();
    this.#lost(new StreamClosedError("the stream was closed on this side"));
    this.#serving.control.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #begin(numerator: number, denominator: number): void {
    if (this.#state !== "new") return this.#refuse("begins twice");
    if (denominator === 0) return this.#refuse(`has a frame rate of ${numerator}/0`);
    this.#state = "begun";
    this.#begun({ numerator, denominator });
  }

  #receive(frame: Frame): void {
    const { bufferIndex } = frame;
    if (this.#state !== "begun") return this.#refuse("has a frame outside of its beginning and end");
    if (bufferIndex >= this.#bufferCount) return this.#refuse(`has a frame in buffer ${bufferIndex}, which is none`);
    if (this.#held.has(bufferIndex)) return this.#refuse(`has a frame in buffer ${bufferIndex}, which is here already`);
    this.#held.add(bufferIndex);
    this.#frames.push(frame);
  }

  #end(): void {
    if (this.#state === "closed") return;
    if (this.#state !== "begun") return this.#refuse("ends without a beginning, or twice");
    this.#state = "ended";
    this.#frames.end();
  }

  #refuse(why: string): void {
    if (this.#state === "closed") return;
    this.#fail(`what the previous participant sends ${why}`);
    this.#serving.control.close();
  }

  #fail(why: string): void {
    if (this.#state === "closed") return;
    const error = new StreamClosedError(why);
    // After the end, nothing is lost with the neighbour.
    if (this.#state !== "ended") this.#frames.end(error);
    this.#state = "closed";
    this.#lost(error);
  }
}
