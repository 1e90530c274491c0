/** Small pictures of what buffers hold, for those whom the server's owner lets see them. */
import {
  DEFAULT_THUMBNAIL_SIDE,
  err,
  MAX_BUFFER_START_BYTES,
  MAX_THUMBNAIL_SIDE,
  MAX_THUMBNAILS_UNDER_WAY,
  ok,
  type Result,
  Rights,
} from "#base";
import type { ImageFormat } from "#gen/fuchsia_images2";
import type { SizeU } from "#gen/fuchsia_math";
import type { SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import { Error as InspectError, type InspectorGetThumbnailRequest, type Thumbnail } from "#gen/sysmem_inspect";
import { obstacleTo, type Picture, sizeWithin, thumbnail } from "#images";
import { KernelError, type Mapping, type Vmo } from "#kernel";
import { CoherencyDomain, imageFormatFromConstraints } from "#negotiate";
import type { Server } from "#server";
import { clip } from "./pages.ts";
import { sizeOfImages } from "./summaries.ts";

/** What there is to show of a buffer. */
export interface Shown {
  readonly thumbnail: Thumbnail;
  /** Absent where the thumbnail says what the obstacle is. */
  readonly picture?: Picture;
}

/** Makes pictures of one server's buffers. */
export class Thumbnails {
  readonly #server: Server;
  readonly #isAllowed: () => boolean;
  #underWay = 0;

  /** `isAllowed` is asked each time: a configuration can change. */
  constructor(server: Server, isAllowed: () => boolean) {
    this.#server = server;
    this.#isAllowed = isAllowed;
  }

  /** Whether the server's owner allows it. */
  get isAllowed(): boolean {
    return this.#isAllowed();
  }

  /** A picture, made a little in each turn of the event loop. NOT_ALLOWED, NOT_FOUND, BUSY, or what there is to show. */
  async take(request: InspectorGetThumbnailRequest): Promise<Result<Shown, InspectError>> {
    if (!this.isAllowed) return err(InspectError.NOT_ALLOWED);
    const collection = this.#server.context.collections.get(request.collectionId ?? 0n);
    const buffer = collection?.buffers.get(request.bufferIndex ?? 0);
    if (buffer === undefined || collection?.allocation.kind !== "allocated") return err(InspectError.NOT_FOUND);
    const { settings } = collection.allocation.decided;
    const { vmo } = buffer.memory;
    const locked = lockOf(settings, vmo);
    if (locked !== undefined) return ok(withoutPicture(locked));
    if (this.#underWay >= MAX_THUMBNAILS_UNDER_WAY) return err(InspectError.BUSY);
    this.#underWay++;
    let mapping: Mapping | undefined;
    try {
      // What is read may be given back to the heap meanwhile; the mapping keeps it from being anybody else's.
      mapping = vmo.map({ writable: false });
      return ok(await show(mapping.bytes, settings, request));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return ok(withoutPicture(`the buffer cannot be read: ${error.message}`));
    } finally {
      mapping?.unmap();
      this.#underWay--;
    }
  }
}

function withoutPicture(obstacle: string, more: Thumbnail = {}): Shown {
  return { thumbnail: { ...more, obstacle: clip(obstacle) } };
}

/** Why the memory cannot be read at all. */
function lockOf({ bufferSettings }: SingleBufferSettings, { rights }: Vmo): string | undefined {
  if (bufferSettings?.isSecure === true) return "its memory is secure: the CPU cannot read it";
  if (bufferSettings?.coherencyDomain === CoherencyDomain.INACCESSIBLE) {
    return "its memory is in the INACCESSIBLE domain: the CPU cannot read it";
  }
  return (rights & Rights.READ) === 0 ? "it is an identifier: the CPU cannot read what it stands for" : undefined;
}

async function show(
  bytes: Uint8Array,
  settings: SingleBufferSettings,
  { maxSize, imageSize }: InspectorGetThumbnailRequest,
): Promise<Shown> {
  const start = bytes.slice(0, MAX_BUFFER_START_BYTES);
  if (settings.imageFormatConstraints === undefined) {
    return withoutPicture("its settings say nothing about images", { start });
  }
  const image = imageOf(settings, imageSize);
  if (typeof image === "string") return withoutPicture(image, { start });
  const obstacle = obstacleTo(image, bytes.length);
  if (obstacle !== undefined) return withoutPicture(obstacle, { image, start });
  const side = (length = DEFAULT_THUMBNAIL_SIDE): number => Math.max(1, Math.min(length, MAX_THUMBNAIL_SIDE));
  const size = sizeWithin(image.size, { width: side(maxSize?.width), height: side(maxSize?.height) });
  const steps = thumbnail(bytes, image, size);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return { thumbnail: { size, image }, picture: step.value };
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

type SizedImage = ImageFormat & { readonly size: SizeU };

/** The image that the settings are for, or why there is none. */
function imageOf({ imageFormatConstraints }: SingleBufferSettings, asked: SizeU | undefined): SizedImage | string {
  const constraints = imageFormatConstraints ?? {};
  const size = asked ?? sizeOfImages(constraints);
  if (size === undefined) return "its settings do not say how large images are";
  if (size.width === 0 || size.height === 0) return `an image of ${size.width} by ${size.height} has no pixels`;
  const { sizeAlignment } = constraints;
  const aligned = (length: number, to = 1): number => Math.ceil(length / to) * to;
  const usable =
    asked === undefined
      ? { width: aligned(size.width, sizeAlignment?.width), height: aligned(size.height, sizeAlignment?.height) }
      : size;
  const image = imageFormatFromConstraints(constraints, usable);
  return image === undefined
    ? `its settings do not allow images of ${size.width} by ${size.height}`
    : { ...image, size: usable };
}
