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
  /** Redraw a progress bar in place, and use colours. */
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
  #isUndecided = false;
  #isOdd = false;
  /** Colours are for people at a terminal. */
  readonly #style: (format: "red" | "green" | "bold", text: string) => string;

  constructor(options: ViewOptions) {
    this.#bar = new ProgressBar(process.stdout, options.isLive);
    this.#style = (format, text) => (options.isLive ? styleText(format, text) : text);
  }

  described(video: {
    readonly name: string;
    readonly width: number;
    readonly height: number;
    readonly frameCount: number | undefined;
  }): void {
    const length = video.frameCount === undefined ? "" : `, ${video.frameCount} frames`;
    this.#isOdd = (video.width | video.height) % 2 === 1;
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
        return;
      case "domain-failed":
        // The first failure is the cause; those that follow from it are not news.
        if (
          this.#isLost ||
          this.#isUndecided ||
          event.cause === "initial allocation failed" ||
          event.cause === "no connected client" ||
          event.cause === "server shutdown"
        )
          return;
        this.#isLost = true;
        this.#line(
          this.#style(
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

  undecided(why: string): void {
    this.#isUndecided = true;
    this.#line(this.#style("red", `\nThere are no buffers that suit everybody: ${why}.`));
    if (this.#isOdd) this.#line("NV12, which all three know, has one color for 2 by 2 pixels: sizes must be even.");
  }

  decided(decisions: readonly Decision[]): void {
    this.#line(this.#style("bold", "\nWhat was decided, and by whom"));
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
      this.#style("red", `frame ${sequence} arrived damaged: CRC ${hex(actual)}, the source wrote ${hex(expected)}`),
    );
  }

  finished(role: Role, frames: number): void {
    if (role === "sink") this.#bar.update(frames);
  }

  failed(role: Role, reason: string): void {
    // What the others say afterwards is that somebody is gone, which is known by then.
    if (!this.#isLost && !this.#isUndecided) this.#line(this.#style("red", `${role}: ${reason}`));
  }

  vanished(role: Role, how: string, isCause: boolean): void {
    // Without buffers everybody leaves.
    if (this.#isUndecided) return;
    const who = `${role} (pid ${this.#pids.get(role) ?? "?"})`;
    this.#line(isCause ? this.#style("red", `${who} vanished: ${how}`) : `${who} noticed and left`);
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
    if (isDone) this.#line(this.#style("green", `${framesIntact} frames arrived intact, ${rate} frames/s.`));
    else this.#line(this.#style("red", `Not done: ${framesIntact} frames arrived intact, ${framesCorrupted} damaged.`));
    if (count === 0) this.#line("No buffer was allocated.");
    else
      this.#line(
        isFreed
          ? this.#style(
              "green",
              `All ${count} buffers are freed: the kernel reports no descriptor and no mapping of them.`,
            )
          : this.#style("red", `${count - this.#freed.size} of ${count} buffers are not freed.`),
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
    this.#line(this.#style("bold", "\nWho asked for what"));
    const head = ["participant", "pid", "formats", "cpu usage", "buffers", "demands"];
    this.#line(formatTable(rows, { head, indent: "  " }));
  }

  #printProof(): void {
    this.#line(this.#style("bold", "One memory: inode of each buffer's memory file, as each process sees it"));
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
