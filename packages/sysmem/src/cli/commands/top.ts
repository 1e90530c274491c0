/** `sysmem top`: a server's collections, live. */
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandContext } from "@stricli/core";
import { toJson } from "#fidl";
import { CollectionSummary, HeapState, Quota, ServerInfo } from "#gen/sysmem_inspect";
import { inspect, type Inspection } from "../inspect/connection.ts";
import { untilInterrupted } from "../inspect/interrupt.ts";
import { type InspectFlags, outputOf } from "../inspect/report.ts";
import { bytes, count, duration, type Output, safe, type Style, styleFor } from "../inspect/words.ts";
import { clipColumns } from "../table.ts";
import { heaviestUser } from "./heaps.ts";
import { lsText } from "./ls.ts";

export interface TopFlags extends InspectFlags {
  /** Seconds between two looks. */
  readonly interval: number;
  /** End after so many. */
  readonly count?: number | undefined;
}

interface Look {
  readonly server: ServerInfo;
  readonly collections: readonly CollectionSummary[];
  readonly heaps: readonly HeapState[];
  readonly quotas: readonly Quota[];
}

const ENTER_SCREEN = "\u001b[?1049h\u001b[?25l";
const LEAVE_SCREEN = "\u001b[?25h\u001b[?1049l";
/** To the first line; what was there before is overwritten line by line, so that nothing flickers. */
const HOME = "\u001b[H";
const END_OF_LINE = "\u001b[K";
const END_OF_SCREEN = "\u001b[J";

/** Shows the table again and again until the command is interrupted. */
export function runTop(this: CommandContext, flags: TopFlags): Promise<void> {
  const output = outputOf(this);
  const style = styleFor(output);
  const isLive = output.isTTY === true && !flags.json;
  return untilInterrupted(async (signal) => {
    if (isLive) output.write(ENTER_SCREEN);
    try {
      await inspect(flags.svc, async (inspection) => {
        for (let left = flags.count ?? Number.POSITIVE_INFINITY; left > 0 && !signal.aborted; ) {
          const look = await lookAround(inspection);
          if (flags.json) output.write(`${JSON.stringify(asData(look))}\n`);
          else if (isLive) draw(output, topText(look, style));
          else output.write(`${topText(look, style)}\n`);
          left--;
          // Aborting ends the wait; what is due then is the end of the loop.
          if (left > 0) await sleep(flags.interval * 1000, undefined, { signal }).catch(() => {});
        }
      });
    } finally {
      if (isLive) output.write(LEAVE_SCREEN);
    }
  });
}

async function lookAround(inspection: Inspection): Promise<Look> {
  const { server = {}, quotas = [] } = await inspection.server();
  const collections = await inspection.collections();
  const used = ({ sizeBytes = 0n, existingBuffers = 0 }: CollectionSummary): bigint =>
    sizeBytes * BigInt(existingBuffers);
  // The greatest first; of equal ones the newest.
  collections.sort((a, b) => Number(used(b) - used(a)) || Number((b.collectionId ?? 0n) - (a.collectionId ?? 0n)));
  return { server, collections, quotas, heaps: await inspection.heaps() };
}

function asData({ server, collections, heaps, quotas }: Look): unknown {
  return {
    server: toJson(ServerInfo, server),
    collections: collections.map((one) => toJson(CollectionSummary, one)),
    heaps: heaps.map((one) => toJson(HeapState, one)),
    quotas: quotas.map((one) => toJson(Quota, one)),
  };
}

/** One screen. */
export function topText({ server, collections, heaps, quotas }: Look, style: Style): string {
  const up = duration((server.nowNs ?? 0n) - (server.startedAtNs ?? 0n));
  const waiting = collections.filter(
    ({ unreadyCount = 0, allocatedAtNs }) => unreadyCount > 0 && allocatedAtNs === undefined,
  );
  const head = [
    `${style("bold", "sysmem")} ${server.version ?? ""}, pid ${server.pid}, up ${up}`,
    count(server.collectionCount ?? 0, "collection"),
    `${waiting.length} waiting`,
    bytes(server.bufferBytes),
  ].join("; ");
  const uses = heaps
    .filter(({ bufferCount = 0 }) => bufferCount > 0)
    .map(({ heap, bufferCount = 0, bufferBytes }) => {
      const type = safe(heap?.heapType).split(".").at(-1);
      return `${type} ${bytes(bufferBytes)} in ${count(bufferCount, "buffer")}`;
    });
  return [
    head,
    `heaps: ${uses.join("; ") || "nothing in use"}`,
    `quotas: ${scarcest(quotas, style)}`,
    "",
    lsText(collections, server.nowNs ?? 0n, style),
  ].join("\n");
}

/** The quotas of which most is used. */
function scarcest(quotas: readonly Quota[], style: Style): string {
  const share = ({ used = 0n, limit = 0n }: Quota): number => (limit === 0n ? 0 : Number(used) / Number(limit));
  const used = quotas
    .filter((one) => share(one) > 0)
    .toSorted((a, b) => share(b) - share(a))
    .slice(0, 3)
    .map((one) => {
      const percent = `${(share(one) * 100).toFixed(share(one) < 0.1 ? 1 : 0)} %`;
      const by = heaviestUser(one);
      return `${safe(one.name)} ${share(one) >= 0.9 ? style("red", percent) : percent}${by && ` (${by})`}`;
    });
  return used.join("; ") || "nothing in use";
}

/** Writes a screen over the one before. Lines that do not fit are cut, those too many are left out. */
function draw(output: Output, text: string): void {
  const { rows = 24, columns = 80 } = output;
  const lines = text.split("\n");
  const shown = lines.length > rows ? [...lines.slice(0, rows - 1), `... ${lines.length - rows + 1} more`] : lines;
  output.write(`${HOME}${shown.map((line) => clipColumns(line, columns) + END_OF_LINE).join("\n")}${END_OF_SCREEN}`);
}
