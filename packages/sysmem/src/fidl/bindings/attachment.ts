/** Lets a channel end pass from one binding to another. A channel itself accepts one handler for life. */
import type { Channel, ChannelClosed, ChannelHandler, Handle } from "#base";
import { assert } from "#base";

/** The one handler that a channel gets to know; passes everything to whoever is attached. */
class Attachment implements ChannelHandler {
  current: ChannelHandler | undefined;
  /** A close that was reported while nobody was attached. */
  closed: ChannelClosed | undefined;

  onMessage(bytes: Uint8Array, handles: Handle[]): void {
    assert(this.current !== undefined, "a paused channel delivered a message");
    this.current.onMessage(bytes, handles);
  }

  onClosed(reason: ChannelClosed): void {
    if (this.current === undefined) this.closed = reason;
    else this.current.onClosed(reason);
  }
}

const attachments: WeakMap<Channel, Attachment> = new WeakMap();

/** Starts delivery to `handler`, after the current turn. */
export function attach(channel: Channel, handler: ChannelHandler): void {
  const existing = attachments.get(channel);
  if (existing === undefined) {
    const attachment = new Attachment();
    attachment.current = handler;
    attachments.set(channel, attachment);
    channel.start(attachment);
    return;
  }
  assert(existing.current === undefined, "the channel is bound already");
  existing.current = handler;
  queueMicrotask(() => {
    if (existing.current !== handler) return;
    if (existing.closed !== undefined) handler.onClosed(existing.closed);
    else if (!channel.isClosed) channel.resume();
  });
}

/** Stops delivery without losing anything. */
export function detach(channel: Channel): void {
  const attachment = attachments.get(channel);
  assert(attachment?.current !== undefined, "the channel is not bound");
  channel.pause();
  attachment.current = undefined;
}
