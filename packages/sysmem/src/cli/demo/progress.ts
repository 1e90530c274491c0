/** A progress bar with frames per second: redrawn in place on a terminal, silent elsewhere. */
import { styleText } from "node:util";

const WIDTH = 30;
/** Redrawing more often than the eye sees only costs time that the frames need. */
const REDRAW_MS = 80;

export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  readonly #isLive: boolean;
  #total: number | undefined;
  #frames = 0;
  #startedMs: number | undefined;
  #drawnMs = 0;

  constructor(stream: NodeJS.WriteStream, isLive: boolean) {
    this.#stream = stream;
    this.#isLive = isLive;
  }

  /** How many frames will come; undefined when that is not known. */
  expect(total: number | undefined): void {
    this.#total = total;
  }

  /** `frames` frames have reached their destination. */
  update(frames: number): void {
    const now = performance.now();
    this.#startedMs ??= now;
    this.#frames = frames;
    if (this.#isLive && now - this.#drawnMs >= REDRAW_MS) {
      this.#drawnMs = now;
      this.#draw();
    }
  }

  /** Frames per second so far. */
  get rate(): number {
    const elapsed = performance.now() - (this.#startedMs ?? performance.now());
    return elapsed > 0 ? (this.#frames * 1000) / elapsed : 0;
  }

  /** Leaves the last state on the screen. */
  finish(): void {
    if (!this.#isLive) return;
    this.#draw();
    this.#stream.write("\n");
  }

  /** Takes the bar off the screen, so that a line can be written. */
  clear(): void {
    if (this.#isLive) this.#stream.write("\r\x1b[K");
  }

  #draw(): void {
    const part = this.#total === undefined ? 1 : Math.min(1, this.#frames / this.#total);
    const filled = Math.round(part * WIDTH);
    const bar = styleText("cyan", "#".repeat(filled)) + "-".repeat(WIDTH - filled);
    const count = this.#total === undefined ? `${this.#frames}` : `${this.#frames}/${this.#total}`;
    this.#stream.write(`\r\x1b[K  [${bar}] ${count} frames  ${this.rate.toFixed(0)} frames/s`);
  }
}
