/** `sysmem watch`: what happens, as it happens. */
import type { CommandContext } from "@stricli/core";
import { toJson } from "#fidl";
import { Event, EventKind } from "#gen/sysmem_inspect";
import { inspect } from "../inspect/connection.ts";
import { untilInterrupted } from "../inspect/interrupt.ts";
import { type InspectFlags, outputOf } from "../inspect/report.ts";
import { count, duration, errorName, safe, type Style, styleFor } from "../inspect/words.ts";

export interface WatchFlags extends InspectFlags {
  /** End after so many events. */
  readonly count?: number | undefined;
}

/** What stands in the output where events were missed. */
const RESYNC = "some events were missed: start again from sysmem ls";

/** Prints events until there were as many as asked for, or the command is interrupted. */
export function runWatch(this: CommandContext, flags: WatchFlags): Promise<void> {
  const output = outputOf(this);
  const style = styleFor(output);
  const print = (event: Event): void => {
    const line = flags.json ? JSON.stringify(toJson(Event, event)) : eventText(event, style);
    output.write(`${line}\n`);
  };
  return untilInterrupted((signal) =>
    inspect(flags.svc, async (inspection) => {
      let left = flags.count ?? Number.POSITIVE_INFINITY;
      try {
        for await (const { events, isResync } of inspection.watch(signal)) {
          if (isResync)
            output.write(flags.json ? `${JSON.stringify({ is_resync: true })}\n` : `${style("red", RESYNC)}\n`);
          for (const event of events.slice(0, left)) print(event);
          left -= events.length;
          if (left <= 0) return;
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }),
  );
}

const COLOURS: Readonly<Partial<Record<number, "red" | "green" | "yellow">>> = {
  [EventKind.ALLOCATED]: "green",
  [EventKind.ALLOCATION_FAILED]: "red",
  [EventKind.DEVIATION]: "red",
  [EventKind.DOMAIN_FAILED]: "red",
  [EventKind.STALL_WARNING]: "yellow",
  [EventKind.WEAK_VMO_COMPLAINT]: "yellow",
};

/** One event in one line. */
export function eventText(event: Event, style: Style): string {
  const { kind, collectionId, nodeId, client, pid, parentId, bufferIndex, isWeak, error, durationNs, text } = event;
  const name = (EventKind.nameOf(kind ?? 0) ?? `event ${kind}`).toLowerCase().replaceAll("_", "-");
  const colour = COLOURS[kind ?? 0];
  const words = [String(collectionId), colour === undefined ? name : style(colour, name)];
  if (nodeId !== undefined) words.push(style("cyan", `${safe(client) || "(no name)"} #${nodeId}`));
  if (parentId !== undefined) words.push(`under #${parentId}`);
  if (pid !== undefined) words.push(`pid ${pid}`);
  if (bufferIndex !== undefined) words.push(`buffer ${bufferIndex}`);
  if (isWeak === true) words.push("weak");
  if (kind === EventKind.ALLOCATED) words.push(count(event.count ?? 0, "buffer"));
  if (kind === EventKind.DOMAIN_FAILED) words.push(count(event.count ?? 0, "node"));
  if (durationNs !== undefined) words.push(`after ${duration(durationNs)}`);
  if (error !== undefined) words.push(errorName(error));
  if (text !== undefined) words.push(safe(text));
  return words.join("  ");
}
