/** The FIDL types that negotiation reads and writes. Types only: nothing of the bindings is loaded. */
export type {
  ColorSpace,
  ImageFormat,
  PixelFormat,
  PixelFormatModifier,
} from "#gen/fuchsia_images2";
export type { SizeU } from "#gen/fuchsia_math";
export type {
  BufferCollectionConstraints,
  BufferMemoryConstraints,
  BufferMemorySettings,
  BufferUsage,
  CoherencyDomain,
  FormatCostEntry,
  Heap,
  ImageFormatConstraints,
  PixelFormatAndModifier,
  SingleBufferSettings,
} from "#gen/fuchsia_sysmem2";
