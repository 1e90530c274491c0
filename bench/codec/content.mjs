/**
 * What every codec encodes: three messages of fuchsia.sysmem2, as plain objects, and functions that read all of one.
 *
 * 64-bit integers are bigints here; a codec that has another representation converts once, before it is measured.
 * Handles are indexes for the codecs that know none.
 */

const size = (width, height) => ({ width, height });

const image = (at) => ({
  pixelFormat: 101 + at,
  pixelFormatModifier: (BigInt(at) << 56n) | 1n,
  colorSpaces: [1, 2, 5],
  minSize: size(16, 16),
  maxSize: size(8192, 8192),
  minBytesPerRow: 64,
  maxBytesPerRow: 65536,
  maxWidthTimesHeight: 67108864n,
  sizeAlignment: size(2, 2),
  displayRectAlignment: size(1, 1),
  requiredMinSize: size(1920, 1080),
  requiredMaxSize: size(1920, 1080),
  bytesPerRowDivisor: 64,
  startOffsetDivisor: 4096,
});

/** `BufferCollectionConstraints` of a participant that knows four image formats and two heaps. */
export const constraints = {
  usage: { none: 0, cpu: 3, vulkan: 9, display: 1, video: 2 },
  minBufferCountForCamping: 2,
  minBufferCountForDedicatedSlack: 1,
  minBufferCountForSharedSlack: 1,
  minBufferCount: 5,
  maxBufferCount: 16,
  bufferMemoryConstraints: {
    minSizeBytes: 8294400n,
    maxSizeBytes: 1n << 32n,
    physicallyContiguousRequired: false,
    secureRequired: false,
    cpuDomainSupported: true,
    ramDomainSupported: true,
    inaccessibleDomainSupported: false,
    permittedHeaps: [
      { heapType: "fuchsia.sysmem.heap.SYSTEM_RAM", id: 0n },
      { heapType: "linux.dma_heap.system", id: 1n },
    ],
  },
  imageFormatConstraints: [image(0), image(1), image(2), image(3)],
};

/** `BufferCollectionInfo` with 16 buffers. */
export const info = {
  settings: {
    bufferSettings: {
      sizeBytes: 8294400n,
      isPhysicallyContiguous: false,
      isSecure: false,
      coherencyDomain: 0,
      heap: { heapType: "fuchsia.sysmem.heap.SYSTEM_RAM", id: 0n },
    },
    imageFormatConstraints: image(1),
  },
  buffers: Array.from({ length: 16 }, (_, at) => ({ vmo: at, vmoUsableStart: 0n })),
  bufferCollectionId: 9007n,
};

/** `BufferCollectionToken.DuplicateSync` for two tokens. */
export const request = { rightsAttenuationMasks: [0x80000000, 0x2f] };
export const response = { tokens: [0, 1] };
/** Ordinal of `DuplicateSync`: every codec carries one and the transaction's id, and looks both up. */
export const ORDINAL = 0x1c1af9919d1ca45cn;

/** A copy in which every bigint became `convert(bigint)`. */
export function withIntegers(value, convert) {
  if (typeof value === "bigint") return convert(value);
  if (Array.isArray(value)) return value.map((item) => withIntegers(item, convert));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withIntegers(member, convert)]));
}

/**
 * Functions that add up every field of a decoded message: a lazy decoder has to do its work then. Each process measures
 * one codec only, so that one codec's objects do not slow down the reading of another's.
 *
 * @param toNumber makes a number of whatever the codec has for 64 bits
 * @param vmo makes a number of whatever the codec has for a buffer's VMO
 */
export function walkers(toNumber = Number, vmo = (index) => index) {
  const sum2 = (z) => z.width + z.height;
  function walkImage(i) {
    let sum = i.pixelFormat + toNumber(i.pixelFormatModifier) + i.minBytesPerRow + i.maxBytesPerRow;
    const { colorSpaces } = i;
    for (let at = 0; at < colorSpaces.length; at++) sum += colorSpaces[at];
    sum += toNumber(i.maxWidthTimesHeight) + i.bytesPerRowDivisor + i.startOffsetDivisor;
    sum += sum2(i.minSize) + sum2(i.maxSize) + sum2(i.sizeAlignment) + sum2(i.displayRectAlignment);
    return sum + sum2(i.requiredMinSize) + sum2(i.requiredMaxSize);
  }
  const walkHeap = (heap) => heap.heapType.length + toNumber(heap.id);
  function walkConstraints(c) {
    const { usage, bufferMemoryConstraints: m, imageFormatConstraints: images } = c;
    let sum = usage.none + usage.cpu + usage.vulkan + usage.display + usage.video;
    sum += c.minBufferCountForCamping + c.minBufferCountForDedicatedSlack + c.minBufferCountForSharedSlack;
    sum += c.minBufferCount + c.maxBufferCount + toNumber(m.minSizeBytes) + toNumber(m.maxSizeBytes);
    sum += (m.physicallyContiguousRequired ? 1 : 0) + (m.secureRequired ? 2 : 0) + (m.cpuDomainSupported ? 4 : 0);
    sum += (m.ramDomainSupported ? 8 : 0) + (m.inaccessibleDomainSupported ? 16 : 0);
    for (let at = 0; at < m.permittedHeaps.length; at++) sum += walkHeap(m.permittedHeaps[at]);
    for (let at = 0; at < images.length; at++) sum += walkImage(images[at]);
    return sum;
  }
  function walkInfo({ settings, buffers, bufferCollectionId }) {
    const m = settings.bufferSettings;
    let sum = toNumber(m.sizeBytes) + (m.isPhysicallyContiguous ? 1 : 0) + (m.isSecure ? 2 : 0) + m.coherencyDomain;
    sum += walkHeap(m.heap) + walkImage(settings.imageFormatConstraints) + toNumber(bufferCollectionId);
    for (let at = 0; at < buffers.length; at++) sum += vmo(buffers[at].vmo) + toNumber(buffers[at].vmoUsableStart);
    return sum;
  }
  return { walkConstraints, walkInfo };
}
