/** Pictures of the buffers that are in sight: one question at a time, once or every second. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { ask, type Thumbnail } from "./api.ts";

/** Least time between two looks at the same buffer. Milliseconds. */
const LOOK_PACE_MS = 1_000;

/** Asks for one collection's. Buffers out of sight, and pages in the background, cost the server nothing. */
export class Gallery {
  readonly #id: string;
  readonly #seen = new Map<number, Element>();
  readonly #pictures = signal<ReadonlyMap<number, Thumbnail>>(new Map());
  readonly #asked = new Set<number>();
  readonly #abort = new AbortController();
  readonly #observer: IntersectionObserver;
  #isLive = false;
  #image = "";
  #isLooking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string) {
    this.#id = id;
    this.#observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const index = Number((target as HTMLElement).dataset["index"]);
        if (isIntersecting) this.#seen.set(index, target);
        else this.#seen.delete(index);
      }
      void this.#look();
    });
  }

  /** By the buffers' index. */
  get pictures(): ReadonlySignal<ReadonlyMap<number, Thumbnail>> {
    return this.#pictures;
  }

  /** Follows an element with the buffer's `data-index` in and out of sight. */
  readonly watch = (element: Element | null): void => {
    if (element !== null) this.#observer.observe(element);
  };

  /** Looks anew at all: every second when `isLive`, at an image of that size (`WIDTHxHEIGHT`, or what settings say). */
  restart(isLive: boolean, image: string): void {
    this.#isLive = isLive;
    this.#image = image;
    this.#asked.clear();
    void this.#look();
  }

  close(): void {
    this.#abort.abort();
    this.#observer.disconnect();
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    clearTimeout(this.#timer);
    for (let index = this.#next(); index !== undefined && !this.#abort.signal.aborted; index = this.#next()) {
      this.#asked.add(index);
      const image = this.#image === "" ? "" : `&image=${this.#image}`;
      const path = `collections/${this.#id}/buffers/${index}/thumbnail?within=320x320${image}`;
      const answer = await ask<Thumbnail>(path, this.#abort.signal);
      if (answer !== undefined) this.#pictures.value = new Map(this.#pictures.value).set(index, answer);
    }
    this.#isLooking = false;
    if (!this.#isLive || this.#abort.signal.aborted) return;
    this.#timer = setTimeout(() => {
      if (document.visibilityState === "visible") this.#asked.clear();
      void this.#look();
    }, LOOK_PACE_MS);
  }

  #next(): number | undefined {
    return [...this.#seen.keys()].find((index) => !this.#asked.has(index));
  }
}
