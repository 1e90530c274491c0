/**
 * The codec under test: bindings that our compiler generated, with every check on. The call goes through the client and
 * server bindings as they are, over a channel that hands packets on within the process.
 */
import { ClientEnd, ObjectType, ServerEnd } from "sysmem/fidl";
import { BufferCollectionConstraints, BufferCollectionInfo, BufferCollectionToken } from "sysmem/gen/fuchsia_sysmem2";
import { constraints, info, request, walkers } from "./content.mjs";

/** A handle that is nothing but one: what it costs to open and close descriptors is not the codec's affair. */
class StubHandle {
  isClosed = false;
  constructor(objectType, index) {
    this.objectType = objectType;
    this.index = index;
  }
  close() {}
}

class StubChannel extends StubHandle {
  koid = 1;
  peer = undefined;
  handler = undefined;
  bytes = 0;
  received = new Uint8Array(65536);
  constructor(index) {
    super(ObjectType.CHANNEL, index);
  }
  relatedKoid() {
    return 1;
  }
  start(handler) {
    this.handler = handler;
  }
  pause() {}
  resume() {}
  write(bytes, handles) {
    this.bytes = bytes.length;
    // Copied to the other side's receive buffer, as a socket does: the sender's buffer is used again meanwhile.
    const { handler, received } = this.peer;
    received.set(bytes);
    const packet = received.subarray(0, bytes.length);
    queueMicrotask(() => handler.onMessage(packet, handles));
    return true;
  }
}

export function ours() {
  const { walkConstraints, walkInfo } = walkers(Number, (vmo) => vmo.index);
  const vmos = info.buffers.map((_, at) => new StubHandle(ObjectType.VMO, at));
  const ourInfo = { ...info, buffers: info.buffers.map((buffer, at) => ({ ...buffer, vmo: vmos[at] })) };
  const client = new StubChannel(0);
  const server = new StubChannel(0);
  client.peer = server;
  server.peer = client;
  const tokens = [new StubChannel(0), new StubChannel(1)];
  BufferCollectionToken.serve(new ServerEnd(server), {
    duplicateSync: ({ rightsAttenuationMasks: masks }) =>
      masks.length === 2 ? { tokens: [new ClientEnd(tokens[0]), new ClientEnd(tokens[1])] } : undefined,
  });
  const bound = BufferCollectionToken.bind(new ClientEnd(client));
  return {
    label: "sysmem (all checks)",
    constraints: {
      encode: () => BufferCollectionConstraints.encode(constraints).bytes,
      decode: (bytes) => walkConstraints(BufferCollectionConstraints.decode(bytes)),
    },
    info: {
      encode: () => BufferCollectionInfo.encode(ourInfo).bytes,
      decode: (bytes) => walkInfo(BufferCollectionInfo.decode(bytes, vmos)),
    },
    call: {
      run: async () => (await bound.duplicateSync(request)).tokens.length,
      size: () => client.bytes + server.bytes,
    },
  };
}
