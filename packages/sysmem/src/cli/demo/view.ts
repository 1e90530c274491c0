/** What a person sees of the demo: who asked for what, what was decided, the frames going by, and the proof. */
import { styleText } from "node:util";
import type { Decision } from "#negotiate";
import type { ServerEvent } from "#server";
import { formatTable } from "../table.ts";
import type { DemoObserver, DemoOutcome } from "./director.ts";
import { ProgressBar } from "./progress.ts";
import { ROLES, type Role } from "./roles.ts";
import { countsOf, decisionRows, demandsOf, formatsOf, usageOf } from "./words.ts";

type EventOf<Type extends ServerEvent["type"]> = Extract<ServerEvent, { type: Type }>;

export interface ViewOptions {
  /** Redraw a progress bar in place. */
  readonly isLive: boolean;
}

/** Prints the demo as it happens. */
export class DemoView implements DemoObserver {
  readonly #bar: ProgressBar;
  readonly #asked = new Map<string, EventOf<"constraints-set">>();
  readonly #pids = new Map<Role, number>();
  readonly #inodes = new Map<Role, readonly bigint[]>();
  readonly #writable = new Map<Role, boolean>();
  #allocated: EventOf<"allocated">["buffers"] = [];
  readonly #freed = new Set<number>();
  #isLost = false;

  constructor(options: ViewOptions) {
    this.#bar = new ProgressBar(process.stdout, options.isLive);
  }

  described(video: {
    readonly name: string;
    readonly width: number;
    readonly height: number;
    readonly frameCount: number | undefined;
  }): void {
    const length = video.frameCount === undefined ? "" : `, ${video.frameCount} frames`;
    this.#line(`${video.name}: ${video.width}x${video.height}${length}`);
    this.#bar.expect(video.frameCount);
  }

  inspectable(url: string): void {
    this.#line(`Inspector: ${url}`);
    this.#line("The demo begins when that page is open.");
  }

  started(role: Role, pid: number): void {
    this.#pids.set(role, pid);
  }

  server(event: ServerEvent): void {
    switch (event.type) {
      case "constraints-set":
        this.#asked.set(event.node.client, event);
        return;
      case "allocation-decided":
        this.#printAsked();
        return;
      case "allocated":
        this.#allocated = event.buffers;
        return;
      case "allocation-failed":
        this.#printAsked();
        this.#line(styleText("red", `No buffers: ${event.error}`));
        return;
      case "domain-failed":
        // The first failure is the cause; those that follow from it are not news.
        if (this.#isLost || event.cause === "no connected client" || event.cause === "server shutdown") return;
        this.#isLost = true;
        this.#line(
          styleText(
            "red",
            `sysmem: participant "${event.origin.client}" failed (${event.cause}); the collection is closed`,
          ),
        );
        return;
      case "buffer-freed":
        this.#freed.add(event.bufferIndex);
        return;
      default:
        return;
    }
  }

  decided(decisions: readonly Decision[]): void {
    this.#line(styleText("bold", "\nWhat was decided, and by whom"));
    this.#line(formatTable(decisionRows(decisions), { indent: "  " }));
    this.#line("");
  }

  joined(role: Role, view: { readonly inodes: readonly bigint[]; readonly writable: boolean }): void {
    this.#inodes.set(role, view.inodes);
    this.#writable.set(role, view.writable);
  }

  progress(role: Role, frames: number): void {
    if (role === "sink") this.#bar.update(frames);
  }

  corrupted(sequence: number, expected: number, actual: number): void {
    const hex = (value: number) => value.toString(16).padStart(8, "0");
    this.#line(
      styleText("red", `frame ${sequence} arrived damaged: CRC ${hex(actual)}, the source wrote ${hex(expected)}`),
    );
  }

  finished(role: Role, frames: number): void {
    if (role === "sink") this.#bar.update(frames);
  }

  failed(role: Role, reason: string): void {
    // What the others say afterwards is that somebody is gone, which is known by then.
    if (!this.#isLost) this.#line(styleText("red", `${role}: ${reason}`));
  }

  vanished(role: Role, how: string, isCause: boolean): void {
    const who = `${role} (pid ${this.#pids.get(role) ?? "?"})`;
    this.#line(isCause ? styleText("red", `${who} vanished: ${how}`) : `${who} noticed and left`);
  }

  /** The account at the end. Returns whether everything was as it must be. */
  summary(outcome: DemoOutcome): boolean {
    this.#bar.finish();
    if (this.#inodes.size > 0) this.#printProof();
    const { framesIntact, framesCorrupted } = outcome;
    const rate = this.#bar.rate.toFixed(0);
    const count = this.#allocated.length;
    const isFreed = this.#freed.size === count;
    const isDone = outcome.vanished.length === 0 && framesCorrupted === 0 && framesIntact > 0;
    this.#line("");
    if (isDone) this.#line(styleText("green", `${framesIntact} frames arrived intact, ${rate} frames/s.`));
    else this.#line(styleText("red", `Not done: ${framesIntact} frames arrived intact, ${framesCorrupted} damaged.`));
    if (count === 0) this.#line("No buffer was allocated.");
    else
      this.#line(
        isFreed
          ? styleText(
              "green",
              `All ${count} buffers are freed: the kernel reports no descriptor and no mapping of them.`,
            )
          : styleText("red", `${count - this.#freed.size} of ${count} buffers are not freed.`),
      );
    return isDone && isFreed;
  }

  #line(text: string): void {
    this.#bar.clear();
    process.stdout.write(`${text}\n`);
  }

  #printAsked(): void {
    const asked = ROLES.flatMap((role) => this.#asked.get(role) ?? []);
    const rows = asked.map(({ node, constraints = {} }) => [
      node.client,
      String(this.#pids.get(node.client as Role) ?? ""),
      formatsOf(constraints),
      usageOf(constraints),
      countsOf(constraints),
      demandsOf(constraints),
    ]);
    this.#line(styleText("bold", "\nWho asked for what"));
    const head = ["participant", "pid", "formats", "cpu usage", "buffers", "demands"];
    this.#line(formatTable(rows, { head, indent: "  " }));
  }

  #printProof(): void {
    this.#line(styleText("bold", "\nOne memory: inode of each buffer's memory file, as each process sees it"));
    const rows = this.#allocated.map(({ index, inode }) => [
      String(index),
      String(inode),
      ...ROLES.map((role) => String(this.#inodes.get(role)?.[index] ?? "-")),
    ]);
    const access = ROLES.map((role) => (this.#writable.get(role) ? "read-write" : "read-only"));
    rows.push(["", "", ...access]);
    this.#line(formatTable(rows, { head: ["buffer", "server", ...ROLES], indent: "  " }));
  }
}
