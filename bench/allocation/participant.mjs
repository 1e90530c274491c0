/** What both participants do, in whatever process: from a token to touched pages. */

/** Constraints of a participant that reads and writes 1920x1080 RGBA pixels. */
export const constraints = (buffers, width, height) => ({
  usage: { cpu: 0x33 },
  minBufferCount: buffers,
  bufferMemoryConstraints: { cpuDomainSupported: true, minSizeBytes: BigInt(width * height * 4) },
  imageFormatConstraints: [
    {
      pixelFormat: 1,
      pixelFormatModifier: 0n,
      colorSpaces: [1],
      minSize: { width, height },
      maxSize: { width: 4096, height: 4096 },
      requiredMaxSize: { width, height },
    },
  ],
});

/** @param setup `{ buffers, width, height }` */
export async function takePart(sysmem, token, { buffers, width, height }) {
  const collection = sysmem.bind(token);
  collection.setConstraints(constraints(buffers, width, height));
  const shared = await collection.waitForBuffers();
  if (shared.count !== buffers) throw new Error(`${shared.count} buffers, not ${buffers}`);
  for (const buffer of shared) buffer.bytes()[0] = 1;
  return { collection, shared };
}

export function leave({ collection, shared }) {
  shared.close();
  collection.release();
}

/** A packet that only says that something happened. */
export const NOTE = new Uint8Array(16);

/** Packets of a channel one by one. */
export function inbox(channel) {
  const waiting = [];
  const arrived = [];
  channel.start({
    onMessage(_bytes, handles) {
      const next = waiting.shift();
      if (next === undefined) arrived.push(handles);
      else next(handles);
    },
    onClosed() {
      waiting.shift()?.(undefined);
    },
  });
  return () => (arrived.length > 0 ? Promise.resolve(arrived.shift()) : new Promise((done) => waiting.push(done)));
}
