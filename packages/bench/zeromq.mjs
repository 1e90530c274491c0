/** Frames through zeromq's request and reply sockets over `ipc:`, for bench/memory/hand-over.mjs. */
import { peer } from "./peers.mjs";

const { Reply, Request } = await peer("zeromq");

/**
 * Answers each frame with one byte of it, until the process ends.
 *
 * @param {string} address
 */
export async function answerFrames(address) {
  const socket = new Reply();
  await socket.bind(address);
  for await (const [frame] of socket) await socket.send(/** @type {Buffer} */ (frame).subarray(0, 1));
}

/**
 * Hands frames over.
 *
 * @param {string} address
 */
export function connectTo(address) {
  const socket = new Request();
  socket.connect(address);
  return {
    /** @param {Uint8Array} frame */
    async ask(frame) {
      await socket.send(frame);
      await socket.receive();
    },
    close: () => socket.close(),
  };
}
