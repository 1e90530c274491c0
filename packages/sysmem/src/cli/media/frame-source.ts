/** What every source of video frames can do: files, pipes, other programs, and a photograph that is panned over. */
import type { YuvColors } from "#images";
import type { ImageLayout, MediaSize } from "./layout.ts";
import type { Ratio } from "./y4m-header.ts";

/** What is known of a video before its first frame. */
export interface VideoInfo {
  /** The file's name as the user gave it, or what else the frames come from. */
  readonly name: string;
  readonly size: MediaSize;
  readonly frameRate: Ratio;
  /** What YUV samples of the frames mean. */
  readonly colors: YuvColors;
  /** How many frames there are. Undefined: not known, or no end. */
  readonly frameCount: number | undefined;
}

/** Frames one after the other. */
export interface FrameSource {
  readonly info: VideoInfo;
  /**
   * Writes the next frame into memory of the caller's, converting it to the layout's format and row length. False: there
   * is no further frame, and nothing was written. The layout's size must be the video's.
   */
  nextInto(target: Uint8Array, layout: ImageLayout): Promise<boolean>;
  /** Ends whatever the source uses. May be called more than once, and while `nextInto` is waiting, which then rejects. */
  close(): Promise<void>;
}
