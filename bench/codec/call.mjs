/**
 * A small two-way call with the codecs that know none: the least that a program using one of them has to write. The
 * request carries a transaction's id and an ordinal; the server looks the ordinal up; the client finds the call that an
 * answer belongs to and resolves its promise. Packets arrive in a turn of their own, as they do from a socket.
 */
import { ORDINAL, request, response } from "./content.mjs";

/** @param codec `encode(message, kind)` and `decode(bytes, kind)`; `ordinal` converts the 64-bit ordinal */
export function twoWayCall({ encode, decode, ordinal = (value) => value, key = ordinal }) {
  const ownOrdinal = ordinal(ORDINAL);
  const pending = new Map();
  const methods = new Map([
    [key(ownOrdinal), (message) => (message.rightsAttenuationMasks.length === 2 ? response.tokens : undefined)],
  ]);
  let nextTxid = 1;
  let bytes = 0;
  function serve(packet) {
    const message = decode(packet, "request");
    const tokens = methods.get(key(message.ordinal))(message);
    const answer = encode({ txid: message.txid, ordinal: ownOrdinal, tokens }, "response");
    bytes += answer.length;
    queueMicrotask(() => receive(answer));
  }
  function receive(packet) {
    const message = decode(packet, "response");
    const resolve = pending.get(message.txid);
    pending.delete(message.txid);
    resolve(message.tokens);
  }
  return {
    run: async () => {
      const tokens = await new Promise((resolve) => {
        const txid = nextTxid++;
        pending.set(txid, resolve);
        const { rightsAttenuationMasks } = request;
        const packet = encode({ txid, ordinal: ownOrdinal, rightsAttenuationMasks }, "request");
        bytes = packet.length;
        queueMicrotask(() => serve(packet));
      });
      return tokens.length;
    },
    size: () => bytes,
  };
}
