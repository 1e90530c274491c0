/** What a buffer holds, as a picture, or its first bytes. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Thumbnail } from "./api.ts";

/** One buffer's. `thumbnail` is undefined until the server has answered. */
export function Picture({ index, thumbnail }: { index: number; thumbnail: Thumbnail | undefined }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { size, image, rgba, obstacle, start } = thumbnail ?? {};
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context === null || context === undefined || size === undefined || rgba === undefined) return;
    const pixels = Uint8ClampedArray.from(atob(rgba), (byte) => byte.charCodeAt(0));
    context.putImageData(new ImageData(pixels, size.width, size.height), 0, 0);
  }, [thumbnail]);
  const about =
    image === undefined
      ? ""
      : [
          `${image.size.width} × ${image.size.height}`,
          image.pixel_format,
          image.color_space,
          `${image.bytes_per_row} bytes a row`,
        ].join(" · ");
  return (
    <figure class="picture">
      {size !== undefined && (
        <canvas
          ref={canvas}
          width={size.width}
          height={size.height}
          role="img"
          aria-label={`What buffer ${index} holds`}
        />
      )}
      {thumbnail === undefined && <p class="placeholder">Asking …</p>}
      {obstacle !== undefined && <p class="placeholder">No picture: {obstacle}.</p>}
      {start !== undefined && (
        <pre tabIndex={0} aria-label={`First bytes of buffer ${index}`}>
          {hexLines(start)}
        </pre>
      )}
      {about !== "" && <figcaption class="facts">{about}</figcaption>}
    </figure>
  );
}

const HEX_ROW_BYTES = 16;

/** Offset and bytes, sixteen a line. */
function hexLines(bytes: readonly number[]): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += HEX_ROW_BYTES) {
    const row = bytes.slice(at, at + HEX_ROW_BYTES).map((byte) => byte.toString(16).padStart(2, "0"));
    lines.push(`${at.toString(16).padStart(4, "0")}  ${row.join(" ")}`);
  }
  return lines.join("\n");
}
