/** Eventpairs and events of the fake kernel. */
import { ObjectType } from "#base";
import type { Event, EventPair } from "../port.ts";
import { FakeHandle, type FakeMachine, type FakeObject, type FakeProcess } from "./machine.ts";

/** One end: what all handles to it share. It closes with the last of them. */
/** One end of an eventpair as the machine sees it: closed when nothing refers to it any more. */
export class FakeEventPairEnd implements FakeObject {
  readonly machine: FakeMachine;
  readonly koid: number;
  peer: FakeEventPairEnd | undefined;
  /** Handles to this end, those in messages included. */
  references = 1;
  readonly onPeerClosed: Set<() => void> = new Set();

  private constructor(machine: FakeMachine) {
    this.machine = machine;
    this.koid = machine.newKoid();
  }

  static pair(machine: FakeMachine): [FakeEventPairEnd, FakeEventPairEnd] {
    const left = new FakeEventPairEnd(machine);
    const right = new FakeEventPairEnd(machine);
    left.peer = right;
    right.peer = left;
    return [left, right];
  }

  get isPeerClosed(): boolean {
    return this.peer === undefined || this.peer.references === 0;
  }

  open(process: FakeProcess): FakeHandle {
    return new FakeEventPair(process, this);
  }

  release(): void {
    this.references -= 1;
    if (this.references > 0) return;
    for (const notify of [...(this.peer?.onPeerClosed ?? [])]) notify();
  }
}

/** A handle to one end of an event pair. */
/** A handle to an eventpair end. */
export class FakeEventPair extends FakeHandle implements EventPair {
  readonly objectType: typeof ObjectType.EVENTPAIR = ObjectType.EVENTPAIR;
  readonly #end: FakeEventPairEnd;
  readonly #cancels = new Set<() => void>();

  constructor(process: FakeProcess, end: FakeEventPairEnd) {
    super(process, end);
    this.#end = end;
  }

  get koid(): number {
    return this.#end.koid;
  }

  relatedKoid(): number {
    this.requireOpen();
    return this.#end.isPeerClosed ? 0 : (this.#end.peer?.koid ?? 0);
  }

  isPeerClosed(): boolean {
    this.requireOpen();
    return this.#end.isPeerClosed;
  }

  duplicate(): EventPair {
    this.requireOpen();
    this.#end.references += 1;
    return new FakeEventPair(this.process, this.#end);
  }

  /** Nothing can be sent over an eventpair here. */
  dropData(): void {
    this.requireOpen();
  }

  onPeerClosed(callback: () => void): { cancel(): void } {
    this.requireOpen();
    const end = this.#end;
    let isCancelled = false;
    const notify = () => {
      end.onPeerClosed.delete(notify);
      end.machine.scheduler.schedule(end, () => {
        this.#cancels.delete(cancel);
        if (!isCancelled && this.process.isListening) callback();
      });
    };
    const cancel = () => {
      isCancelled = true;
      end.onPeerClosed.delete(notify);
      this.#cancels.delete(cancel);
    };
    this.#cancels.add(cancel);
    end.onPeerClosed.add(notify);
    if (end.isPeerClosed) notify();
    return { cancel };
  }

  protected override left(): void {
    for (const cancel of [...this.#cancels]) cancel();
  }
}

/** An event: nothing but an identity that handles share. */
/** An event as the machine sees it. */
export class FakeEventObject implements FakeObject {
  readonly koid: number;

  constructor(machine: FakeMachine) {
    this.koid = machine.newKoid();
  }

  open(process: FakeProcess): FakeHandle {
    return new FakeEvent(process, this);
  }

  /** An event is only an identity: nothing is freed with the last handle. */
  release(): void {}
}

/** A handle to an event. */
/** A handle to an event. */
export class FakeEvent extends FakeHandle implements Event {
  readonly objectType: typeof ObjectType.EVENT = ObjectType.EVENT;
  readonly #event: FakeEventObject;

  constructor(process: FakeProcess, event: FakeEventObject) {
    super(process, event);
    this.#event = event;
  }

  get koid(): number {
    return this.#event.koid;
  }

  duplicate(): Event {
    this.requireOpen();
    return new FakeEvent(this.process, this.#event);
  }
}
