import type { Channel, ChannelHandler, Handle, ObjectType } from "#base";

/** A handle that is only its type, its rights and whether it is open. Also passes for a channel. */
export class FakeHandle implements Handle {
  readonly id: number;
  readonly objectType: ObjectType;
  readonly rights: number;
  /** How often `close` was called. */
  closeCount = 0;
  /** The handle made of this one with fewer rights: this one is used up then. */
  replacement: FakeHandle | undefined;
  readonly koid = 0;

  constructor(id: number, objectType: ObjectType, rights: number) {
    this.id = id;
    this.objectType = objectType;
    this.rights = rights;
  }

  get isClosed(): boolean {
    return this.closeCount > 0 || this.replacement !== undefined;
  }

  close(): void {
    this.closeCount++;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  reduceRights(rights: number): FakeHandle {
    this.replacement = new FakeHandle(this.id, this.objectType, this.rights & rights);
    return this.replacement;
  }

  /** The handle that stands for the object now. */
  get current(): FakeHandle {
    return this.replacement?.current ?? this;
  }

  /** The same handle, for where a channel is wanted. No case uses it as one. */
  asChannel(): Channel {
    return this as unknown as Channel;
  }

  relatedKoid(): number {
    return 0;
  }
  write(): boolean {
    return false;
  }
  start(_handler: ChannelHandler): void {}
  pause(): void {}
  resume(): void {}
}
