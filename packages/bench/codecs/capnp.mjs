/** Cap'n Proto: capnp-es. */
import { constraints, info } from "../../../bench/codec/content.mjs";

export async function capnpEs() {
  const { Message } = await import("capnp-es");
  const S = await import("../generated/messages_capnp.js");

  function put(target, source) {
    target.width = source.width;
    target.height = source.height;
  }
  function putImage(d, s) {
    d.pixelFormat = s.pixelFormat;
    d.pixelFormatModifier = s.pixelFormatModifier;
    const colors = d._initColorSpaces(s.colorSpaces.length);
    for (let at = 0; at < s.colorSpaces.length; at++) colors.set(at, s.colorSpaces[at]);
    put(d._initMinSize(), s.minSize);
    put(d._initMaxSize(), s.maxSize);
    d.minBytesPerRow = s.minBytesPerRow;
    d.maxBytesPerRow = s.maxBytesPerRow;
    d.maxWidthTimesHeight = s.maxWidthTimesHeight;
    put(d._initSizeAlignment(), s.sizeAlignment);
    put(d._initDisplayRectAlignment(), s.displayRectAlignment);
    put(d._initRequiredMinSize(), s.requiredMinSize);
    put(d._initRequiredMaxSize(), s.requiredMaxSize);
    d.bytesPerRowDivisor = s.bytesPerRowDivisor;
    d.startOffsetDivisor = s.startOffsetDivisor;
  }
  function putHeap(d, s) {
    d.heapType = s.heapType;
    d.id = s.id;
  }
  const bytesOf = (message) => new Uint8Array(message.toArrayBuffer());

  function encodeConstraints() {
    const message = new Message();
    const c = message.initRoot(S.Constraints);
    const usage = c._initUsage();
    usage.none = constraints.usage.none;
    usage.cpu = constraints.usage.cpu;
    usage.vulkan = constraints.usage.vulkan;
    usage.display = constraints.usage.display;
    usage.video = constraints.usage.video;
    c.minBufferCountForCamping = constraints.minBufferCountForCamping;
    c.minBufferCountForDedicatedSlack = constraints.minBufferCountForDedicatedSlack;
    c.minBufferCountForSharedSlack = constraints.minBufferCountForSharedSlack;
    c.minBufferCount = constraints.minBufferCount;
    c.maxBufferCount = constraints.maxBufferCount;
    const m = c._initBufferMemoryConstraints();
    const s = constraints.bufferMemoryConstraints;
    m.minSizeBytes = s.minSizeBytes;
    m.maxSizeBytes = s.maxSizeBytes;
    m.physicallyContiguousRequired = s.physicallyContiguousRequired;
    m.secureRequired = s.secureRequired;
    m.cpuDomainSupported = s.cpuDomainSupported;
    m.ramDomainSupported = s.ramDomainSupported;
    m.inaccessibleDomainSupported = s.inaccessibleDomainSupported;
    const heaps = m._initPermittedHeaps(s.permittedHeaps.length);
    for (let at = 0; at < s.permittedHeaps.length; at++) putHeap(heaps.get(at), s.permittedHeaps[at]);
    const { imageFormatConstraints } = constraints;
    const images = c._initImageFormatConstraints(imageFormatConstraints.length);
    for (let at = 0; at < imageFormatConstraints.length; at++) putImage(images.get(at), imageFormatConstraints[at]);
    return bytesOf(message);
  }
  function encodeInfo() {
    const message = new Message();
    const root = message.initRoot(S.Info);
    const settings = root._initSettings();
    const m = settings._initBufferSettings();
    const s = info.settings.bufferSettings;
    m.sizeBytes = s.sizeBytes;
    m.isPhysicallyContiguous = s.isPhysicallyContiguous;
    m.isSecure = s.isSecure;
    m.coherencyDomain = s.coherencyDomain;
    putHeap(m._initHeap(), s.heap);
    putImage(settings._initImageFormatConstraints(), info.settings.imageFormatConstraints);
    const buffers = root._initBuffers(info.buffers.length);
    for (let at = 0; at < info.buffers.length; at++) {
      const buffer = buffers.get(at);
      buffer.vmo = info.buffers[at].vmo;
      buffer.vmoUsableStart = info.buffers[at].vmoUsableStart;
    }
    root.bufferCollectionId = info.bufferCollectionId;
    return bytesOf(message);
  }

  const sum2 = (z) => z.width + z.height;
  function walkImage(i) {
    let sum = i.pixelFormat + Number(i.pixelFormatModifier) + i.minBytesPerRow + i.maxBytesPerRow;
    const colors = i.colorSpaces;
    for (let at = 0, { length } = colors; at < length; at++) sum += colors.get(at);
    sum += Number(i.maxWidthTimesHeight) + i.bytesPerRowDivisor + i.startOffsetDivisor;
    sum += sum2(i.minSize) + sum2(i.maxSize) + sum2(i.sizeAlignment) + sum2(i.displayRectAlignment);
    return sum + sum2(i.requiredMinSize) + sum2(i.requiredMaxSize);
  }
  const walkHeap = (heap) => heap.heapType.length + Number(heap.id);
  function walkConstraints(bytes) {
    const c = new Message(bytes, false).getRoot(S.Constraints);
    const usage = c.usage;
    const m = c.bufferMemoryConstraints;
    let sum = usage.none + usage.cpu + usage.vulkan + usage.display + usage.video;
    sum += c.minBufferCountForCamping + c.minBufferCountForDedicatedSlack + c.minBufferCountForSharedSlack;
    sum += c.minBufferCount + c.maxBufferCount + Number(m.minSizeBytes) + Number(m.maxSizeBytes);
    sum += (m.physicallyContiguousRequired ? 1 : 0) + (m.secureRequired ? 2 : 0) + (m.cpuDomainSupported ? 4 : 0);
    sum += (m.ramDomainSupported ? 8 : 0) + (m.inaccessibleDomainSupported ? 16 : 0);
    const heaps = m.permittedHeaps;
    for (let at = 0, { length } = heaps; at < length; at++) sum += walkHeap(heaps.get(at));
    const images = c.imageFormatConstraints;
    for (let at = 0, { length } = images; at < length; at++) sum += walkImage(images.get(at));
    return sum;
  }
  function walkInfo(bytes) {
    const root = new Message(bytes, false).getRoot(S.Info);
    const settings = root.settings;
    const m = settings.bufferSettings;
    let sum = Number(m.sizeBytes) + (m.isPhysicallyContiguous ? 1 : 0) + (m.isSecure ? 2 : 0) + m.coherencyDomain;
    sum += walkHeap(m.heap) + walkImage(settings.imageFormatConstraints) + Number(root.bufferCollectionId);
    const buffers = root.buffers;
    for (let at = 0, { length } = buffers; at < length; at++) {
      const buffer = buffers.get(at);
      sum += buffer.vmo + Number(buffer.vmoUsableStart);
    }
    return sum;
  }

  function encodeCall(message, kind) {
    const packet = new Message();
    const root = packet.initRoot(kind === "request" ? S.DuplicateRequest : S.DuplicateResponse);
    root.txid = message.txid;
    root.ordinal = message.ordinal;
    const source = kind === "request" ? message.rightsAttenuationMasks : message.tokens;
    const list = kind === "request" ? root._initRightsAttenuationMasks(source.length) : root._initTokens(source.length);
    for (let at = 0; at < source.length; at++) list.set(at, source[at]);
    return bytesOf(packet);
  }
  return {
    label: "capnp-es",
    constraints: { encode: encodeConstraints, decode: walkConstraints },
    info: { encode: encodeInfo, decode: walkInfo },
    call: {
      encode: encodeCall,
      decode: (bytes, kind) =>
        new Message(bytes, false).getRoot(kind === "request" ? S.DuplicateRequest : S.DuplicateResponse),
    },
  };
}
