/** Memory that was promised before it is made: who counts what is left counts it as taken. */
import type { MemoryClaim } from "./port.ts";

export class MemoryClaims {
  /** Bytes still to be drawn from each claim that was not released. */
  readonly #left = new Map<MemoryClaim, number>();

  /** Bytes that are promised and not drawn. */
  get bytes(): number {
    let sum = 0;
    for (const left of this.#left.values()) sum += left;
    return sum;
  }

  /** Promises memory that is there: the caller has looked. */
  add(sizeBytes: number): MemoryClaim {
    const claim: MemoryClaim = { release: () => void this.#left.delete(claim) };
    this.#left.set(claim, sizeBytes);
    return claim;
  }

  /** Takes memory out of a claim that has so much left. False where there is none or it has less: nothing is taken then. */
  draw(claim: MemoryClaim | undefined, sizeBytes: number): boolean {
    const left = claim === undefined ? undefined : this.#left.get(claim);
    if (claim === undefined || left === undefined || left < sizeBytes) return false;
    this.#left.set(claim, left - sizeBytes);
    return true;
  }
}
