/** What can go wrong with videos and images from outside. */
import { SysmemError, systemWords } from "#base";

/** Where in a file something is wrong. */
export interface MediaPlace {
  /** Path as the user gave it, or `<stdin>`. */
  readonly file: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Which part of the format, in the format's own words. */
  readonly field: string;
}

/** A file's content is not what its format demands. */
export class MediaFormatError extends SysmemError implements MediaPlace {
  readonly code = "MEDIA_FORMAT";
  readonly file: string;
  readonly offset: number;
  readonly field: string;
  /** What is wrong is only that the file ends too early. */
  readonly isTruncated: boolean;

  constructor(place: MediaPlace, why: string, options: { cause?: unknown; isTruncated?: boolean } = {}) {
    super(`cannot read ${place.file}: ${place.field} at byte ${place.offset}: ${why}`, options);
    this.file = place.file;
    this.offset = place.offset;
    this.field = place.field;
    this.isTruncated = options.isTruncated ?? false;
  }
}

/** A file is valid, but uses something that we do not support or that is larger than we accept. */
export class MediaUnsupportedError extends SysmemError {
  readonly code = "MEDIA_UNSUPPORTED";
  readonly file: string;

  constructor(file: string, what: string) {
    super(`cannot read ${file}: ${what}`);
    this.file = file;
  }
}

/** The system refused to open, read or write a file. `cause` has its error. */
export class MediaIoError extends SysmemError {
  readonly code = "MEDIA_IO";
  readonly file: string;

  constructor(action: "open" | "read" | "write", file: string, cause: unknown) {
    super(`cannot ${action} ${file}: ${systemWords(cause)}`, { cause });
    this.file = file;
  }
}

/** A video needs ffmpeg, which is not on PATH. */
export class FfmpegMissingError extends SysmemError {
  readonly code = "FFMPEG_MISSING";
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(
      `cannot read ${file}: it is neither .y4m nor a PNG or JPEG image, and ffmpeg, which reads other videos, ` +
        "is not on PATH (Debian and Ubuntu: apt install ffmpeg)",
      { cause },
    );
    this.file = file;
  }
}

/** ffmpeg could not decode a video. */
export class FfmpegFailedError extends SysmemError {
  readonly code = "FFMPEG_FAILED";
  readonly file: string;
  /** Exit status, or the signal that ended it. */
  readonly status: number | string;

  constructor(file: string, status: number | string, said: string) {
    super(`cannot read ${file}: ffmpeg ended with ${status}${said === "" ? "" : `: ${said}`}`);
    this.file = file;
    this.status = status;
  }
}
