/** The process that runs the demo: an embedded server, three participants, and an account of what happened. */
import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { INSPECTOR_PACE_MS, type Logger } from "#base";
import { ALLOCATOR_VARIABLE, type EmbeddedSysmem, spawnWithChannels, Sysmem, TOKEN_VARIABLE } from "#client";
import { type Inspector, Thumbnails } from "#daemon";
import { Monitor } from "#gen/sysmem_demo";
import { type Decision, explainSuccess, type Participant } from "#negotiate";
import { environmentOf, type ServerEvent } from "#server";
import { openInspector } from "../inspector.ts";
import { encodePart, PART_VARIABLE, type Part } from "./hand-over.ts";
import { CHANNEL_VARIABLES, ROLES, type Role } from "./roles.ts";

/** What the demo reports while it runs. */
export interface DemoObserver {
  /** The inspector's page is at this address, and the demo waits until it is open. */
  inspectable(url: string): void;
  /** A participant's process was started. */
  started(role: Role, pid: number): void;
  /** The embedded server did something. */
  server(event: ServerEvent): void;
  /** The source says what it plays. */
  described(video: {
    readonly name: string;
    readonly width: number;
    readonly height: number;
    readonly frameCount: number | undefined;
  }): void;
  /** The negotiation has failed, and this is why. */
  undecided(why: string): void;
  /** The negotiation has succeeded, and this is why the settings are what they are. */
  decided(decisions: readonly Decision[]): void;
  /** A participant has mapped its buffers. */
  joined(role: Role, view: { readonly inodes: readonly bigint[]; readonly writable: boolean }): void;
  progress(role: Role, frames: number): void;
  corrupted(sequence: number, expected: number, actual: number): void;
  finished(role: Role, frames: number): void;
  /** A participant says why it cannot go on. */
  failed(role: Role, reason: string): void;
  /** A participant's process ended other than in order: by itself, or because another one did (`isCause` false). */
  vanished(role: Role, how: string, isCause: boolean): void;
}

export interface DemoPlan {
  readonly part: Part;
  readonly logger: Logger;
  /** Where the inspector listens, or `off`. */
  readonly inspector: string;
  /** Whether its page shows the frames. */
  readonly thumbnails: boolean;
}

/** How the run ended. */
export interface DemoOutcome {
  readonly framesIntact: number;
  readonly framesCorrupted: number;
  readonly vanished: readonly Role[];
}

/** How long participants get to notice that the collection failed and to leave by themselves. */
const LEAVE_MS = 5_000;

const LAUNCHER = fileURLToPath(new URL("../../../bin/sysmem.js", import.meta.url));

/** Runs the demo to its end. No process and no memory is left when the promise resolves, whatever happened. */
export async function direct(plan: DemoPlan, observer: DemoObserver, signal: AbortSignal): Promise<DemoOutcome> {
  const sysmem = await Sysmem.embedded({ logger: plan.logger });
  const asked: Participant[] = [];
  sysmem.server.observe((event) => {
    if (event.type === "constraints-set") asked.push({ name: event.node.client, constraints: event.constraints });
    // What happens because the user has had enough is not news.
    if (signal.aborted && event.type !== "buffer-freed") return;
    observer.server(event);
    if (event.type === "allocation-failed") {
      const why = sysmem.server.explainFailure(event.failureId)?.summary ?? event.reason;
      // Roles have different names, so nobody needs the server's numbers beside them.
      observer.undecided(why.replaceAll(/ \(\d+, node \d+\)/g, ""));
    }
    if (event.type === "allocation-decided") {
      observer.decided(explainSuccess(asked, environmentOf(sysmem.server.context)) ?? []);
    }
  });
  let inspector: Inspector | undefined;
  try {
    const { server } = sysmem;
    const thumbnails = new Thumbnails(server, () => plan.thumbnails);
    inspector = await openInspector(plan.inspector, { server, thumbnails, logger: plan.logger });
    if (inspector !== undefined) {
      observer.inspectable(inspector.url);
      await opened(inspector, signal);
    }
    return await new Run(plan, observer, sysmem).untilEnd(signal);
  } finally {
    await sysmem.shutdown();
    if (inspector !== undefined) {
      // The page hears how it ended before its connection does.
      await delay(3 * INSPECTOR_PACE_MS);
      await inspector.close();
    }
  }
}

/** Waits until somebody looks: the demo takes seconds, and a browser's start does too. */
function opened(inspector: Inspector, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return Promise.race([
    inspector.opened,
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
  ]);
}

class Run {
  readonly #plan: DemoPlan;
  readonly #observer: DemoObserver;
  readonly #sysmem: EmbeddedSysmem;
  readonly #children = new Map<Role, ChildProcess>();
  readonly #vanished: Role[] = [];
  #culprit: Role | undefined;
  #framesReceived = 0;
  #framesCorrupted = 0;

  constructor(plan: DemoPlan, observer: DemoObserver, sysmem: EmbeddedSysmem) {
    this.#plan = plan;
    this.#observer = observer;
    this.#sysmem = sysmem;
  }

  async untilEnd(signal: AbortSignal): Promise<DemoOutcome> {
    const root = this.#sysmem.allocateSharedCollection().setName("demo frames");
    const tokens = await root.duplicateMany(ROLES.length);
    const kernel = this.#sysmem.kernel;
    const [sourceSends, filterReceives] = kernel.createChannel();
    const [filterSends, sinkReceives] = kernel.createChannel();
    const { upstream, downstream } = CHANNEL_VARIABLES;
    const links = {
      source: { [downstream]: sourceSends },
      filter: { [upstream]: filterReceives, [downstream]: filterSends },
      sink: { [upstream]: sinkReceives },
    };
    const ends = ROLES.map((role, index) => {
      const token = (tokens[index] as (typeof tokens)[number]).setDebugClientInfo(role);
      const [monitor, monitorServer] = kernel.createChannel();
      this.#watch(role, monitorServer);
      const child = spawnWithChannels(
        process.execPath,
        [LAUNCHER, "demo-participant", role],
        {
          [ALLOCATOR_VARIABLE]: this.#sysmem.newAllocatorChannel(),
          [TOKEN_VARIABLE]: token.take(),
          [CHANNEL_VARIABLES.monitor]: monitor,
          ...links[role],
        },
        {
          env: { ...process.env, [PART_VARIABLE]: encodePart(this.#plan.part) },
          // A video on standard input is the source's to read.
          stdio: [role === "source" && this.#plan.part.video === "-" ? "inherit" : "ignore", "inherit", "inherit"],
        },
      );
      this.#children.set(role, child);
      this.#observer.started(role, child.pid ?? 0);
      return this.#end(role, child, signal);
    });
    // This process starts the collection and takes no part in it.
    root.release();
    const stop = () => {
      this.#killAll("SIGTERM");
      this.#killSoon();
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    await Promise.all(ends);
    signal.removeEventListener("abort", stop);
    return {
      framesIntact: this.#framesReceived - this.#framesCorrupted,
      framesCorrupted: this.#framesCorrupted,
      vanished: this.#vanished,
    };
  }

  /** Serves a participant's monitor channel. */
  #watch(role: Role, channel: Parameters<typeof Monitor.serve>[0]): void {
    const observer = this.#observer;
    Monitor.serve(channel, {
      described: ({ name, width, height, frameCount }) =>
        observer.described({ name, width, height, frameCount: frameCount === 0n ? undefined : Number(frameCount) }),
      joined: ({ inodes, writable }) => observer.joined(role, { inodes: [...inodes], writable }),
      progress: ({ frames }) => {
        if (role === "sink") this.#framesReceived = Number(frames);
        observer.progress(role, Number(frames));
      },
      corrupted: ({ sequence, expected, actual }) => {
        this.#framesCorrupted++;
        observer.corrupted(Number(sequence), expected, actual);
      },
      finished: ({ frames }) => {
        if (role === "sink") this.#framesReceived = Number(frames);
        observer.finished(role, Number(frames));
      },
      failed: ({ reason }) => {
        // Who fails says so before it goes, and the others only notice when it is gone.
        this.#culprit ??= role;
        observer.failed(role, reason);
      },
      unknownMethod() {},
    });
  }

  /** Resolves when the process is gone. Its early end makes the others leave, by themselves or by force. */
  #end(role: Role, child: ChildProcess, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const gone = (how: string | undefined) => {
        this.#children.delete(role);
        if (how !== undefined) {
          // Those that leave by themselves after the first do so because of it.
          const isCause = how.startsWith("SIG") || (this.#culprit ?? this.#vanished[0] ?? role) === role;
          if (isCause) this.#vanished.push(role);
          if (!signal.aborted) this.#observer.vanished(role, how, isCause);
          this.#killSoon();
        }
        resolve();
      };
      child.once("error", (error) => gone(error.message));
      child.once("exit", (code, by) => gone(by ?? (code === 0 ? undefined : `exit status ${code}`)));
    });
  }

  /** Whoever is still there after a while does not leave by itself. */
  #killSoon(): void {
    setTimeout(() => this.#killAll("SIGKILL"), LEAVE_MS).unref();
  }

  #killAll(signal: NodeJS.Signals): void {
    for (const child of this.#children.values()) child.kill(signal);
  }
}
