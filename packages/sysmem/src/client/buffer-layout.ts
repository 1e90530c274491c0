/** Where the pixels of an image lie in a buffer of a collection. */
import type { ColorSpace, PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import type { SizeU } from "#gen/fuchsia_math";
import type { SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import { type ImageLayout, imageFormatFromConstraints, imageLayout, modifierName, pixelFormatName } from "#negotiate";
import { LayoutError } from "./errors.ts";

/** An image in a buffer: planes with their offsets and row lengths in bytes, and what the pixels are. */
export interface BufferLayout extends ImageLayout {
  readonly size: SizeU;
  readonly pixelFormat: PixelFormat;
  readonly pixelFormatModifier: PixelFormatModifier;
  /** Absent where the participants agreed on none. */
  readonly colorSpace: ColorSpace | undefined;
}

/** @internal See `SharedBuffers.layout`. */
export function layoutOf(settings: SingleBufferSettings, wanted: SizeU | undefined): BufferLayout {
  const constraints = settings.imageFormatConstraints;
  if (constraints === undefined) throw new LayoutError("cannot lay out an image: the buffers are raw memory");
  const size = wanted ?? defaultSize(constraints);
  const what = `cannot lay out an image of ${size.width} by ${size.height} pixels`;
  const image = imageFormatFromConstraints(constraints, size);
  if (image === undefined) throw new LayoutError(`${what}: the settings allow ${sizesOf(constraints)}`);
  const layout = imageLayout(image);
  const { pixelFormat, pixelFormatModifier } = image;
  if (layout === undefined || pixelFormat === undefined || pixelFormatModifier === undefined) {
    const name = `${pixelFormatName(pixelFormat ?? 0)} ${modifierName(pixelFormatModifier ?? 0n)}`;
    throw new LayoutError(`${what}: how ${name} is stored is not known here`);
  }
  const sizeBytes = Number(settings.bufferSettings?.sizeBytes ?? 0n);
  if (layout.sizeBytes > sizeBytes) {
    throw new LayoutError(`${what}: it needs ${layout.sizeBytes} bytes, and a buffer has ${sizeBytes}`);
  }
  return {
    ...layout,
    size,
    pixelFormat,
    pixelFormatModifier,
    colorSpace: image.colorSpace,
  };
}

type Constraints = NonNullable<SingleBufferSettings["imageFormatConstraints"]>;

/** The largest size that somebody asked to be possible, else the smallest that everybody accepts. */
function defaultSize({ requiredMaxSize, minSize }: Constraints): SizeU {
  if (requiredMaxSize !== undefined && requiredMaxSize.width > 0 && requiredMaxSize.height > 0) return requiredMaxSize;
  return minSize ?? { width: 0, height: 0 };
}

function sizesOf({ minSize, maxSize, sizeAlignment }: Constraints): string {
  const text = (size: SizeU | undefined) => (size === undefined ? "any" : `${size.width} by ${size.height}`);
  const multiple = sizeAlignment === undefined ? "" : `, multiples of ${text(sizeAlignment)}`;
  return `${text(minSize)} to ${text(maxSize)}${multiple}`;
}
