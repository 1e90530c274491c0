/** Named limits. Each has a test on both sides of it. */

/** Bytes of one channel message, header included (transport contract; Zircon's ZX_CHANNEL_MAX_MSG_BYTES). */
export const MAX_MESSAGE_BYTES = 65_536;

/** Handles of one channel message (ZX_CHANNEL_MAX_MSG_HANDLES). */
export const MAX_MESSAGE_HANDLES = 64;

/** Out-of-line objects that may nest in one message (FIDL wire format). */
export const MAX_OUT_OF_LINE_DEPTH = 32;

/**
 * Bytes and handles a channel keeps for a peer that does not read, before it closes itself. A result for a 128-buffer
 * collection is 12 KiB and 128 handles in two packets at most, so that a well-behaved slow reader never meets this.
 */
export const MAX_QUEUED_SEND_BYTES = 1_048_576;
export const MAX_QUEUED_SEND_HANDLES = 512;

/** Packets taken from one channel before other channels get their turn. */
export const MAX_PACKETS_PER_TURN = 32;
