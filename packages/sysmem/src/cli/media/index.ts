/** Videos and images for the command line: reading, converting, checking and writing frames. No shared memory here. */
export { REC709, type YuvColors } from "#images";
export { ContactSheet } from "./contact-sheet.ts";
export { convertImage } from "./convert.ts";
export { crc32, frameChecksum } from "./crc32.ts";
export {
  FfmpegFailedError,
  FfmpegMissingError,
  MediaFormatError,
  MediaIoError,
  MediaUnsupportedError,
} from "./errors.ts";
export type { FrameSource } from "./frame-source.ts";
export { endOf, type ImageLayout, type MediaFormat, planesOf, tightLayout } from "./layout.ts";
export { BUNDLED_PHOTOGRAPH, openVideo } from "./open-video.ts";
export { PhotoPan } from "./photo-pan.ts";
export { decodeStill, readStill, type StillImage } from "./still.ts";
export { Y4mReader } from "./y4m-reader.ts";
export { Y4mWriter } from "./y4m-writer.ts";
