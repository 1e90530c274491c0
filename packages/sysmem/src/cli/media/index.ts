/** Videos and images for the command line: reading, converting, checking and writing frames. No shared memory here. */
export { REC709, type YuvColors, type YuvMatrix, type YuvRange } from "./colors.ts";
export { ContactSheet, type ContactSheetOptions } from "./contact-sheet.ts";
export { convertImage } from "./convert.ts";
export { crc32, frameChecksum } from "./crc32.ts";
export {
  FfmpegFailedError,
  FfmpegMissingError,
  MediaFormatError,
  MediaIoError,
  type MediaPlace,
  MediaUnsupportedError,
} from "./errors.ts";
export type { FrameSource, VideoInfo } from "./frame-source.ts";
export {
  endOf,
  type ImageLayout,
  type MediaFormat,
  type MediaSize,
  type Plane,
  planesOf,
  tightLayout,
} from "./layout.ts";
export { BUNDLED_PHOTOGRAPH, openVideo, type OpenVideoOptions } from "./open-video.ts";
export { PhotoPan, type PhotoPanOptions } from "./photo-pan.ts";
export { decodeStill, readStill, type StillImage } from "./still.ts";
export type { Ratio } from "./y4m-header.ts";
export { Y4mReader } from "./y4m-reader.ts";
export { Y4mWriter, type Y4mWriterOptions } from "./y4m-writer.ts";
