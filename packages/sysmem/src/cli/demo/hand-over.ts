/** What the demo tells its participants at their start, besides the channels. */
import { DemoError } from "./errors.ts";
import { type Effect, EFFECTS } from "./effects.ts";

/** The user's wishes that concern participants. */
export interface Part {
  readonly video: string | undefined;
  readonly frames: number | undefined;
  readonly effect: Effect;
  readonly out: string | undefined;
  readonly sheet: string | undefined;
}

/** The environment variable that carries it, as JSON. */
export const PART_VARIABLE = "SYSMEM_DEMO_PART";

/** What goes into `PART_VARIABLE` of a participant. */
export function encodePart(part: Part): string {
  return JSON.stringify(part);
}

/** Reads what the parent process left. Throws `DemoError` when this process was not started by the demo. */
export function inheritedPart(env: NodeJS.ProcessEnv = process.env): Part {
  const text = env[PART_VARIABLE];
  delete env[PART_VARIABLE];
  if (text === undefined) throw new DemoError("this command is started by `sysmem demo`, not by hand");
  const part = JSON.parse(text) as Partial<Part>;
  return {
    video: part.video,
    frames: part.frames,
    effect: EFFECTS.find((effect) => effect === part.effect) ?? "none",
    out: part.out,
    sheet: part.sheet,
  };
}
