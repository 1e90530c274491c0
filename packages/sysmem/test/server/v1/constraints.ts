/** v1 constraints, as short as tests want them: every slot filled, nothing demanded. */
import {
  type BufferCollectionConstraints,
  type BufferMemoryConstraints,
  type BufferUsage,
  ColorSpaceType,
  type ImageFormatConstraints,
  PixelFormatType,
} from "#gen/fuchsia_sysmem";
import { blankCollectionInfo } from "../../../src/server/v1/settings.ts";

export interface V1Options extends Partial<Omit<BufferCollectionConstraints, "usage">> {
  readonly usage?: Partial<BufferUsage>;
  readonly memory?: Partial<BufferMemoryConstraints>;
  readonly images?: readonly Partial<ImageFormatConstraints>[];
}

/** Images of R8G8B8A8 in sRGB. */
function v1Image(image: Partial<ImageFormatConstraints> = {}): ImageFormatConstraints {
  const blank = blankCollectionInfo().settings.imageFormatConstraints;
  return {
    ...blank,
    pixelFormat: { type: PixelFormatType.R8G8B8A8, hasFormatModifier: false, formatModifier: { value: 0n } },
    colorSpacesCount: 1,
    colorSpace: blank.colorSpace.map(() => ({ type: ColorSpaceType.SRGB })),
    ...image,
  };
}

export function v1Constraints(options: V1Options = {}): BufferCollectionConstraints {
  const { usage, memory, images = [], ...rest } = options;
  return {
    usage: { none: 0, cpu: 0, vulkan: 0, display: 0, video: 0, ...usage },
    minBufferCountForCamping: 0,
    minBufferCountForDedicatedSlack: 0,
    minBufferCountForSharedSlack: 0,
    minBufferCount: 0,
    maxBufferCount: 0,
    hasBufferMemoryConstraints: memory !== undefined,
    bufferMemoryConstraints: {
      minSizeBytes: 0,
      maxSizeBytes: 0,
      physicallyContiguousRequired: false,
      secureRequired: false,
      ramDomainSupported: false,
      cpuDomainSupported: true,
      inaccessibleDomainSupported: false,
      heapPermittedCount: 0,
      heapPermitted: Array(32).fill(0n),
      ...memory,
    },
    imageFormatConstraintsCount: images.length,
    imageFormatConstraints: Array.from({ length: 32 }, (_, i) => v1Image(images[i])),
    ...rest,
  };
}
