/** `sysmem thumbnail`: what a buffer holds now, as a small picture in a file, or its first bytes. */
import { writeFile } from "node:fs/promises";
import type { CommandContext } from "@stricli/core";
import { toJson } from "#fidl";
import type { SizeU } from "#gen/fuchsia_math";
import { Thumbnail } from "#gen/sysmem_inspect";
import { asVmo, type Mapping, type Vmo } from "#kernel";
import { colorSpaceName, modifierName, PixelFormatModifier, pixelFormatName } from "#negotiate";
import { InspectionError } from "../inspect/errors.ts";
import { type InspectFlags, report } from "../inspect/report.ts";
import { MediaIoError } from "../media/errors.ts";

/** What the command may be told. */
export interface ThumbnailFlags extends InspectFlags {
  /** The file; it is replaced. */
  readonly out: string;
  /** Size of the image in the buffer, where it is not the one that the settings name. */
  readonly image?: SizeU | undefined;
}

/** Writes a picture of one buffer. Where there is none it says why, and prints the first bytes. */
export function runThumbnail(this: CommandContext, flags: ThumbnailFlags, what: string, index: number): Promise<void> {
  return report(this, flags, async (inspection) => {
    const collectionId = await inspection.find(what);
    const answer = await inspection.thumbnail({ collectionId, bufferIndex: index, imageSize: flags.image });
    if (answer === undefined) {
      throw new InspectionError("NO_COLLECTION", `collection ${collectionId} has no buffer ${index}`);
    }
    const { thumbnail = {}, pixels } = answer;
    if (pixels !== undefined) await write(flags.out, thumbnail.size ?? { width: 0, height: 0 }, asVmo(pixels));
    return {
      data: { ...(toJson(Thumbnail, thumbnail) as object), ...(pixels !== undefined && { file: flags.out }) },
      text: () => thumbnailText(thumbnail, flags.out),
    };
  });
}

/** Takes ownership of `pixels`. */
async function write(file: string, { width, height }: SizeU, pixels: Vmo): Promise<void> {
  let mapping: Mapping | undefined;
  try {
    mapping = pixels.map({ writable: false });
    const { encode } = await import("fast-png");
    const data = mapping.bytes.slice(0, width * height * 4);
    await writeFile(file, encode({ width, height, data, channels: 4, depth: 8 })).catch((cause: unknown) => {
      throw new MediaIoError("write", file, cause);
    });
  } finally {
    mapping?.unmap();
    pixels.close();
  }
}

/** The whole answer. */
export function thumbnailText({ size, image, obstacle, start }: Thumbnail, file: string): string {
  const about =
    image === undefined
      ? []
      : [
          [
            pixelFormatName(image.pixelFormat ?? 0),
            modifierName(image.pixelFormatModifier ?? PixelFormatModifier.LINEAR),
            colorSpaceName(image.colorSpace ?? 0),
            `${image.size?.width} by ${image.size?.height}`,
            `${image.bytesPerRow} bytes a row`,
          ].join(", "),
        ];
  if (obstacle === undefined) return [...about, `${file}: ${size?.width} by ${size?.height}`].join("\n");
  return [...about, `no picture: ${obstacle}`, ...(start === undefined ? [] : hexLines(start))].join("\n");
}

const HEX_ROW_BYTES = 16;

/** Offset, bytes and characters, sixteen a line. */
function hexLines(bytes: readonly number[] | Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += HEX_ROW_BYTES) {
    const row = [...bytes.slice(at, at + HEX_ROW_BYTES)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex.padEnd(3 * HEX_ROW_BYTES)} ${text}`);
  }
  return lines;
}
