/** FlatBuffers: a builder, and accessors that read on demand. */
import { constraints, info } from "../../../bench/codec/content.mjs";

export async function flatbuffers() {
  const { Builder, ByteBuffer } = await import("flatbuffers");
  const F = await import("../generated/messages_fb.js");

  function image(b, i) {
    const colors = F.Image.createColorSpacesVector(b, i.colorSpaces);
    const size = (z) => F.Size.createSize(b, z.width, z.height);
    F.Image.startImage(b);
    F.Image.addPixelFormat(b, i.pixelFormat);
    F.Image.addPixelFormatModifier(b, i.pixelFormatModifier);
    F.Image.addColorSpaces(b, colors);
    F.Image.addMinSize(b, size(i.minSize));
    F.Image.addMaxSize(b, size(i.maxSize));
    F.Image.addMinBytesPerRow(b, i.minBytesPerRow);
    F.Image.addMaxBytesPerRow(b, i.maxBytesPerRow);
    F.Image.addMaxWidthTimesHeight(b, i.maxWidthTimesHeight);
    F.Image.addSizeAlignment(b, size(i.sizeAlignment));
    F.Image.addDisplayRectAlignment(b, size(i.displayRectAlignment));
    F.Image.addRequiredMinSize(b, size(i.requiredMinSize));
    F.Image.addRequiredMaxSize(b, size(i.requiredMaxSize));
    F.Image.addBytesPerRowDivisor(b, i.bytesPerRowDivisor);
    F.Image.addStartOffsetDivisor(b, i.startOffsetDivisor);
    return F.Image.endImage(b);
  }
  const heap = (b, h) => F.Heap.createHeap(b, b.createString(h.heapType), h.id);

  function encodeConstraints() {
    const b = new Builder(2048);
    const c = constraints;
    const m = c.bufferMemoryConstraints;
    const usage = F.Usage.createUsage(b, c.usage.none, c.usage.cpu, c.usage.vulkan, c.usage.display, c.usage.video);
    const heaps = F.MemoryConstraints.createPermittedHeapsVector(
      b,
      m.permittedHeaps.map((h) => heap(b, h)),
    );
    const memory = F.MemoryConstraints.createMemoryConstraints(
      b,
      m.minSizeBytes,
      m.maxSizeBytes,
      m.physicallyContiguousRequired,
      m.secureRequired,
      m.cpuDomainSupported,
      m.ramDomainSupported,
      m.inaccessibleDomainSupported,
      heaps,
    );
    const offsets = c.imageFormatConstraints.map((i) => image(b, i));
    const images = F.Constraints.createImageFormatConstraintsVector(b, offsets);
    F.Constraints.startConstraints(b);
    F.Constraints.addUsage(b, usage);
    F.Constraints.addMinBufferCountForCamping(b, c.minBufferCountForCamping);
    F.Constraints.addMinBufferCountForDedicatedSlack(b, c.minBufferCountForDedicatedSlack);
    F.Constraints.addMinBufferCountForSharedSlack(b, c.minBufferCountForSharedSlack);
    F.Constraints.addMinBufferCount(b, c.minBufferCount);
    F.Constraints.addMaxBufferCount(b, c.maxBufferCount);
    F.Constraints.addBufferMemoryConstraints(b, memory);
    F.Constraints.addImageFormatConstraints(b, images);
    b.finish(F.Constraints.endConstraints(b));
    return b.asUint8Array();
  }

  function encodeInfo() {
    const b = new Builder(2048);
    const { settings, buffers } = info;
    const m = settings.bufferSettings;
    const ram = heap(b, m.heap);
    F.MemorySettings.startMemorySettings(b);
    F.MemorySettings.addSizeBytes(b, m.sizeBytes);
    F.MemorySettings.addIsPhysicallyContiguous(b, m.isPhysicallyContiguous);
    F.MemorySettings.addIsSecure(b, m.isSecure);
    F.MemorySettings.addCoherencyDomain(b, m.coherencyDomain);
    F.MemorySettings.addHeap(b, ram);
    const memory = F.MemorySettings.endMemorySettings(b);
    const format = image(b, settings.imageFormatConstraints);
    F.Settings.startSettings(b);
    F.Settings.addBufferSettings(b, memory);
    F.Settings.addImageFormatConstraints(b, format);
    const own = F.Settings.endSettings(b);
    const offsets = buffers.map((buffer) => F.Buffer.createBuffer(b, buffer.vmo, buffer.vmoUsableStart));
    const vector = F.Info.createBuffersVector(b, offsets);
    F.Info.startInfo(b);
    F.Info.addSettings(b, own);
    F.Info.addBuffers(b, vector);
    F.Info.addBufferCollectionId(b, info.bufferCollectionId);
    b.finish(F.Info.endInfo(b));
    return b.asUint8Array();
  }

  const sum2 = (z) => z.width() + z.height();
  function walkImage(i) {
    let sum = i.pixelFormat() + Number(i.pixelFormatModifier()) + i.minBytesPerRow() + i.maxBytesPerRow();
    for (let at = 0, length = i.colorSpacesLength(); at < length; at++) sum += i.colorSpaces(at);
    sum += Number(i.maxWidthTimesHeight()) + i.bytesPerRowDivisor() + i.startOffsetDivisor();
    sum += sum2(i.minSize()) + sum2(i.maxSize()) + sum2(i.sizeAlignment()) + sum2(i.displayRectAlignment());
    return sum + sum2(i.requiredMinSize()) + sum2(i.requiredMaxSize());
  }
  const walkHeap = (h) => h.heapType().length + Number(h.id());
  function walkConstraints(bytes) {
    const c = F.Constraints.getRootAsConstraints(new ByteBuffer(bytes));
    const usage = c.usage();
    const m = c.bufferMemoryConstraints();
    let sum = usage.none() + usage.cpu() + usage.vulkan() + usage.display() + usage.video();
    sum += c.minBufferCountForCamping() + c.minBufferCountForDedicatedSlack() + c.minBufferCountForSharedSlack();
    sum += c.minBufferCount() + c.maxBufferCount() + Number(m.minSizeBytes()) + Number(m.maxSizeBytes());
    sum += (m.physicallyContiguousRequired() ? 1 : 0) + (m.secureRequired() ? 2 : 0) + (m.cpuDomainSupported() ? 4 : 0);
    sum += (m.ramDomainSupported() ? 8 : 0) + (m.inaccessibleDomainSupported() ? 16 : 0);
    for (let at = 0, length = m.permittedHeapsLength(); at < length; at++) sum += walkHeap(m.permittedHeaps(at));
    for (let at = 0, n = c.imageFormatConstraintsLength(); at < n; at++) sum += walkImage(c.imageFormatConstraints(at));
    return sum;
  }
  function walkInfo(bytes) {
    const root = F.Info.getRootAsInfo(new ByteBuffer(bytes));
    const settings = root.settings();
    const m = settings.bufferSettings();
    let sum = Number(m.sizeBytes()) + (m.isPhysicallyContiguous() ? 1 : 0) + (m.isSecure() ? 2 : 0);
    sum += m.coherencyDomain() + walkHeap(m.heap()) + walkImage(settings.imageFormatConstraints());
    sum += Number(root.bufferCollectionId());
    for (let at = 0, length = root.buffersLength(); at < length; at++) {
      const buffer = root.buffers(at);
      sum += buffer.vmo() + Number(buffer.vmoUsableStart());
    }
    return sum;
  }

  function encodeCall(message, kind) {
    const b = new Builder(256);
    if (kind === "request") {
      const masks = F.DuplicateRequest.createRightsAttenuationMasksVector(b, message.rightsAttenuationMasks);
      b.finish(F.DuplicateRequest.createDuplicateRequest(b, message.txid, message.ordinal, masks));
    } else {
      const tokens = F.DuplicateResponse.createTokensVector(b, message.tokens);
      b.finish(F.DuplicateResponse.createDuplicateResponse(b, message.txid, message.ordinal, tokens));
    }
    return b.asUint8Array();
  }
  function decodeCall(bytes, kind) {
    const buffer = new ByteBuffer(bytes);
    if (kind === "request") {
      const root = F.DuplicateRequest.getRootAsDuplicateRequest(buffer);
      const rightsAttenuationMasks = root.rightsAttenuationMasksArray();
      return { txid: root.txid(), ordinal: root.ordinal(), rightsAttenuationMasks };
    }
    const root = F.DuplicateResponse.getRootAsDuplicateResponse(buffer);
    return { txid: root.txid(), ordinal: root.ordinal(), tokens: root.tokensArray() };
  }
  return {
    label: "flatbuffers",
    constraints: { encode: encodeConstraints, decode: walkConstraints },
    info: { encode: encodeInfo, decode: walkInfo },
    call: { encode: encodeCall, decode: decodeCall },
  };
}
