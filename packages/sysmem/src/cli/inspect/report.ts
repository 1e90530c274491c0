/** What every inspecting command does: connect, look, print as text or as data. */
import type { CommandContext } from "@stricli/core";
import { inspect, type Inspection } from "./connection.ts";
import { type Output, type Style, styleFor } from "./words.ts";

/** Flags that all of them have. */
export interface InspectFlags {
  readonly svc?: string | undefined;
  readonly json: boolean;
}

/** What a command found. */
export interface Report {
  /** As data, with FIDL's names. */
  readonly data: unknown;
  /** As text; a line feed is added. */
  readonly text: (style: Style) => string;
}

/** The output of a command. */
export function outputOf(context: CommandContext): Output {
  return context.process.stdout;
}

/** Connects, has `look` find something, and prints it. */
export async function report(
  context: CommandContext,
  flags: InspectFlags,
  look: (inspection: Inspection) => Promise<Report>,
): Promise<void> {
  const output = outputOf(context);
  const { data, text } = await inspect(flags.svc, look);
  output.write(flags.json ? `${JSON.stringify(data, null, 2)}\n` : `${text(styleFor(output))}\n`);
}
