/** What stands between sysmem and a heap (or the secure side) of another process, and lets one call go wrong. */
import type { Channel, Handle } from "#base";
import type { FakeKernel } from "#kernel/fake";

/**
 * - `hang`: the call is never answered.
 * - `late`: it is, when the test says so.
 * - `death before the answer`, `death after the answer`: the other process ends.
 * - `garbage`: bytes that are no message come in place of the answer.
 * - `answer of another method`, `answer twice`, `answer of another length`, `answer without its handles`: what a process sends that
 *   has lost its mind.
 * - `event in place of a handle`: the answer's handles are of another type.
 */
export const WIRE_FAULTS = [
  "hang",
  "late",
  "death before the answer",
  "death after the answer",
  "garbage",
  "answer of another method",
  "answer twice",
  "answer of another length",
] as const;
export const HANDLE_FAULTS = ["answer without its handles", "event in place of a handle"] as const;
export type WireFault = (typeof WIRE_FAULTS)[number] | (typeof HANDLE_FAULTS)[number];

interface Descriptor {
  readonly methods: readonly { readonly name: string; readonly ordinal: bigint }[];
}

interface Message {
  readonly bytes: Uint8Array;
  readonly handles: Handle[];
}

export class FaultyWire {
  /** The end for sysmem, in the server's process. */
  readonly end: Channel;
  /** Calls that passed, by name. */
  readonly calls: string[] = [];
  readonly kernel: FakeKernel;
  readonly #toSysmem: Channel;
  readonly #toHeap: Channel;
  readonly #names: ReadonlyMap<bigint, string>;
  readonly #die: () => void;
  #armed: { readonly method: string; readonly fault: WireFault } | undefined;
  /** The fault that the answer with this txid will meet. */
  readonly #marked = new Map<number, WireFault>();
  #held: Message | undefined;

  /**
   * @param connect makes the heap, and gives the end for sysmem to the process that it is told
   * @param die ends the heap's process
   */
  constructor(server: FakeKernel, descriptor: Descriptor, connect: (wire: FakeKernel) => Channel, die: () => void) {
    this.kernel = server.spawn();
    this.#names = new Map(descriptor.methods.map(({ name, ordinal }) => [ordinal, name]));
    this.#die = die;
    const [mine, sysmems] = this.kernel.createChannel();
    this.end = this.kernel.give(sysmems, server) as Channel;
    this.#toSysmem = mine;
    this.#toHeap = connect(this.kernel);
    mine.start({
      onMessage: (bytes, handles) => this.#onRequest({ bytes: bytes.slice(), handles }),
      onClosed: () => this.#toHeap.close(),
    });
    this.#toHeap.start({
      onMessage: (bytes, handles) => this.#onAnswer({ bytes: bytes.slice(), handles }),
      onClosed: () => this.#toSysmem.close(),
    });
  }

  /** The next call of `method` meets the fault. */
  arm(method: string, fault: WireFault): void {
    this.#armed = { method, fault };
  }

  /** Lets go of the answer that is held back. */
  release(): void {
    if (this.#held !== undefined) this.#pass(this.#toSysmem, this.#held);
    this.#held = undefined;
  }

  /** Ends everything beyond sysmem: the heap, and what stands before it. */
  kill(): void {
    this.#die();
    this.kernel.kill();
  }

  #onRequest(request: Message): void {
    const view = new DataView(request.bytes.buffer);
    const method = this.#names.get(view.getBigUint64(8, true)) ?? "";
    this.calls.push(method);
    const armed = this.#armed;
    if (armed?.method === method) {
      this.#armed = undefined;
      if (armed.fault === "death before the answer") {
        drop(request);
        return this.kill();
      }
      this.#marked.set(view.getUint32(0, true), armed.fault);
    }
    this.#pass(this.#toHeap, request);
  }

  #onAnswer(answer: Message): void {
    const view = new DataView(answer.bytes.buffer);
    const fault = this.#marked.get(view.getUint32(0, true));
    this.#marked.delete(view.getUint32(0, true));
    switch (fault) {
      case undefined:
        return this.#pass(this.#toSysmem, answer);
      case "hang":
        return drop(answer);
      case "late":
        this.#held = answer;
        return;
      case "garbage":
        drop(answer);
        this.kernel.writeRaw(this.#toSysmem, new Uint8Array(24).fill(0x5a));
        return;
      case "answer of another method":
        view.setUint32(8, view.getUint32(8, true) ^ 1, true);
        return this.#pass(this.#toSysmem, answer);
      case "answer twice":
        this.#pass(this.#toSysmem, answer);
        this.kernel.writeRaw(this.#toSysmem, answer.bytes);
        return;
      case "answer of another length":
        drop(answer);
        this.kernel.writeRaw(this.#toSysmem, Uint8Array.of(...answer.bytes, ...new Uint8Array(8)));
        return;
      case "answer without its handles":
        drop(answer);
        this.kernel.writeRaw(this.#toSysmem, answer.bytes);
        return;
      case "event in place of a handle": {
        const events = answer.handles.map(() => this.kernel.createEvent());
        drop(answer);
        this.kernel.writeRaw(this.#toSysmem, answer.bytes, events);
        return;
      }
      case "death after the answer":
        this.#pass(this.#toSysmem, answer);
        return this.kill();
      case "death before the answer":
        return drop(answer);
    }
  }

  #pass(to: Channel, { bytes, handles }: Message): void {
    if (to.isClosed) drop({ bytes, handles });
    else this.kernel.writeRaw(to, bytes, handles);
  }
}

function drop({ handles }: Message): void {
  for (const handle of handles) handle.close();
}
