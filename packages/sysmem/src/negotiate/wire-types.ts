/**
 * The tables of fuchsia.sysmem2 that negotiation reads and writes, as our FIDL compiler declares them: a table is an
 * interface with optional members, uint64 is bigint, uint32 and enums are numbers (64-bit enums bigint).
 */

export interface SizeU {
  width: number;
  height: number;
}

export interface RectU {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface BufferUsage {
  none?: number | undefined;
  cpu?: number | undefined;
  vulkan?: number | undefined;
  display?: number | undefined;
  video?: number | undefined;
}

export interface Heap {
  heapType?: string | undefined;
  id?: bigint | undefined;
}

export interface BufferMemoryConstraints {
  minSizeBytes?: bigint | undefined;
  maxSizeBytes?: bigint | undefined;
  physicallyContiguousRequired?: boolean | undefined;
  secureRequired?: boolean | undefined;
  cpuDomainSupported?: boolean | undefined;
  ramDomainSupported?: boolean | undefined;
  inaccessibleDomainSupported?: boolean | undefined;
  permittedHeaps?: Heap[] | undefined;
  minPhysicalBaseAlignment?: bigint | undefined;
}

export interface PixelFormatAndModifier {
  pixelFormat: number;
  pixelFormatModifier: bigint;
}

export interface ImageFormatConstraints {
  pixelFormat?: number | undefined;
  pixelFormatModifier?: bigint | undefined;
  pixelFormatAndModifiers?: PixelFormatAndModifier[] | undefined;
  colorSpaces?: number[] | undefined;
  minSize?: SizeU | undefined;
  maxSize?: SizeU | undefined;
  minBytesPerRow?: number | undefined;
  maxBytesPerRow?: number | undefined;
  maxWidthTimesHeight?: bigint | undefined;
  sizeAlignment?: SizeU | undefined;
  displayRectAlignment?: SizeU | undefined;
  requiredMinSize?: SizeU | undefined;
  requiredMaxSize?: SizeU | undefined;
  requiredMaxSizeList?: SizeU[] | undefined;
  bytesPerRowDivisor?: number | undefined;
  startOffsetDivisor?: number | undefined;
  requireBytesPerRowAtPixelBoundary?: boolean | undefined;
  isAlphaPresent?: boolean | undefined;
  padForBlockSize?: SizeU | undefined;
  padBeyondImageSizeBytes?: bigint | undefined;
}

export interface BufferCollectionConstraints {
  usage?: BufferUsage | undefined;
  minBufferCountForCamping?: number | undefined;
  minBufferCountForDedicatedSlack?: number | undefined;
  minBufferCountForSharedSlack?: number | undefined;
  minBufferCount?: number | undefined;
  maxBufferCount?: number | undefined;
  bufferMemoryConstraints?: BufferMemoryConstraints | undefined;
  imageFormatConstraints?: ImageFormatConstraints[] | undefined;
}

export interface BufferMemorySettings {
  sizeBytes?: bigint | undefined;
  isPhysicallyContiguous?: boolean | undefined;
  isSecure?: boolean | undefined;
  coherencyDomain?: number | undefined;
  heap?: Heap | undefined;
  rawVmoSize?: bigint | undefined;
}

export interface SingleBufferSettings {
  bufferSettings?: BufferMemorySettings | undefined;
  imageFormatConstraints?: ImageFormatConstraints | undefined;
}

export interface FormatCostKey {
  pixelFormat?: number | undefined;
  pixelFormatModifier?: bigint | undefined;
  bufferUsageBits?: BufferUsage | undefined;
}

export interface FormatCostEntry {
  key?: FormatCostKey | undefined;
  cost?: number | undefined;
}

/** `fuchsia.images2.ImageFormat`. */
export interface ImageFormat {
  pixelFormat?: number | undefined;
  pixelFormatModifier?: bigint | undefined;
  colorSpace?: number | undefined;
  size?: SizeU | undefined;
  bytesPerRow?: number | undefined;
  displayRect?: RectU | undefined;
  validSize?: SizeU | undefined;
  pixelAspectRatio?: SizeU | undefined;
}
