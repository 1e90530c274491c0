/** A server and its participants, one side of which has a kernel that fails as planned, and somebody who has nothing to do with it. */
import { join } from "node:path";
import { type Channel, InvariantError, type Logger } from "#base";
import { type Collection, type SharedBuffers, Sysmem } from "#client";
import { attachHeaps, GOLDFISH_DEVICE_LOCAL, systemRamOnly } from "#heaps";
import { createLinuxKernel, KernelError, type LinuxKernel, type Listener, type PeerCredentials } from "#kernel";
import { createServer, type Server } from "#server";
import { raw, WRITE } from "../client/worlds.ts";
import { eventually } from "../kernel/collect.ts";
import { type LogLine, recordingLogger } from "../server/support/world.ts";
import { type CallName, type Fault, FaultyLibc } from "../support/faulty-libc.ts";
import { expectNothingLeft, takeHoldings } from "../support/leaks.ts";
import { type Failure, type Story, withWatchdog } from "./story.ts";

/** @param participants the kernel of those who take part */
export type Telling = (svc: string, participants: LinuxKernel, sound: LinuxKernel) => Story;

export interface Trial {
  readonly tell: Telling;
  readonly folder: string;
  /** A kernel that has everything. */
  readonly sound: LinuxKernel;
  readonly fault: Fault | undefined;
  /** Whose calls fail. */
  readonly side: "server" | "participants";
  /** Count, and fail, from the making of the kernel on; else from when the server has served somebody. */
  readonly isEarly: boolean;
}

export interface Tried {
  /** What must not be. */
  readonly problems: readonly string[];
  /** What participants got. */
  readonly failures: readonly string[];
  readonly counts: ReadonlyMap<CallName, number>;
}

/** Tells the story on a server of its own, then once more without a fault, and ends it. */
export async function tryFault(trial: Trial): Promise<Tried> {
  const before = takeHoldings();
  const problems: string[] = [];
  const uncaught = (error: unknown) => problems.push(`uncaught: ${(error as Error).stack}`);
  process.prependListener("uncaughtException", uncaught);
  try {
    return await new Performance(trial, problems).give();
  } finally {
    try {
      await expectNothingLeft(before);
    } catch (error) {
      problems.push(String(error));
    }
    process.off("uncaughtException", uncaught);
  }
}

/** Participants map small arenas: every trial has a kernel of its own. */
const MAPPING = { arenaBytes: 1 << 26 };

/** The heap whose provider speaks the protocol of 2019. */
const V2019_HEAPS = new Map([
  [
    GOLDFISH_DEVICE_LOCAL,
    { coherencyDomainSupport: { cpu: true, ram: false, inaccessible: false }, needClear: false, needFlush: false },
  ],
]);

class Performance {
  readonly #trial: Trial;
  readonly #problems: string[];
  readonly #faulty: FaultyLibc = new FaultyLibc();
  readonly #logs: LogLine[] = [];
  /** A kernel that could not be made is tried once more, when everything works again. */
  #refusals = 0;

  constructor(trial: Trial, problems: string[]) {
    this.#trial = trial;
    this.#problems = problems;
  }

  async give(): Promise<Tried> {
    const { folder, sound, fault, side, isEarly, tell } = this.#trial;
    const problems = this.#problems;
    const faulty = this.#faulty;
    faulty.arm(isEarly ? fault : undefined);
    const kernel = this.#openKernel();
    const { server, listeners } = this.#serve(side === "server" ? kernel : sound);
    const bystander = isEarly ? undefined : await Bystander.join(folder, sound);
    if (!isEarly) faulty.arm(fault);
    const participants = side === "server" ? sound : kernel;
    const story = tell(folder, participants, sound);
    await this.#check("the story", () => story.run());
    const counts = new Map(faulty.counts);
    if (fault !== undefined && faulty.hits === 0) problems.push("the call was never made");
    faulty.disarm();

    if (bystander !== undefined) await this.#check("somebody else", () => bystander.use());
    const next = tell(folder, participants, sound);
    await this.#check("the next story", () => next.run());
    for (const failure of next.failures) problems.push(`the next story: ${describeFailure(failure)}`);
    bystander?.leave();
    const { accounts, collections } = server.context;
    const isIdle = () => collections.size === 0 && accounts.usage().length === 0;
    await this.#check("collections and quotas", () => withWatchdog("the end", eventually(isIdle)));
    await this.#check("the server", () => withWatchdog("the end", server.shutdown({ waitForBuffers: true })));
    for (const listener of listeners) listener.close();
    kernel.close();
    problems.push(...mistakesIn(this.#logs));
    if (side === "server" && story.failures.length > 0) problems.push(...this.#silence());
    const failures = [...story.failures.map(describeFailure), ...Array(this.#refusals).fill("no kernel")];
    return { problems, failures, counts };
  }

  async #check(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#problems.push(`${what}: ${String(error)}`);
    }
  }

  #openKernel(): LinuxKernel {
    const logger = recordingLogger(this.#logs);
    const options = { libc: this.#faulty.libc, logger, mapping: MAPPING };
    return this.#insist(() => createLinuxKernel(options));
  }

  #serve(kernel: LinuxKernel): { readonly server: Server; readonly listeners: readonly Listener[] } {
    const logger: Logger = recordingLogger(this.#logs);
    const heaps = systemRamOnly(kernel);
    const attachments = attachHeaps({ kernel, heaps, logger, v2019Heaps: V2019_HEAPS });
    const server = createServer({ kernel, logger, heaps, attachments });
    const listen = (name: string, serve: (channel: Channel, peer: PeerCredentials) => void) =>
      this.#insist(() => kernel.listen(join(this.#trial.folder, name), {}, serve));
    const listeners = [
      listen("fuchsia.sysmem2.Allocator", (channel, peer) => server.serveAllocator(channel, { peer })),
      listen("fuchsia.sysmem.Allocator", (channel, peer) => server.serveAllocator(channel, { version: "v1", peer })),
      listen("fuchsia.sysmem.v2018.Allocator", (channel, peer) =>
        server.serveAllocator(channel, { version: "v2018", peer }),
      ),
      listen("fuchsia.hardware.sysmem.Sysmem", (channel, peer) => server.serveSysmem(channel, { peer })),
    ];
    return { server, listeners };
  }

  /** What cannot be had is refused by a declared error, leaves nothing, and can be had afterwards. */
  #insist<T>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#refusals += 1;
      this.#faulty.disarm();
      return make();
    }
  }

  /** Where a participant got an error, the log says who and why. */
  #silence(): string[] {
    const { fault } = this.#trial;
    if (fault === undefined) return [];
    const why = this.#logs.filter(({ level, fields, message }) => {
      const isLoud = level === "warn" || level === "error";
      return isLoud && `${message} ${JSON.stringify(fields)} ${String(fields.err)}`.includes(fault.errno);
    });
    if (why.length === 0) return ["the log does not say why"];
    const who = ["client", "pid", "heapPid", "peer", "path"];
    const isNamed = why.some(({ fields }) => who.some((name) => fields[name] !== undefined));
    return isNamed ? [] : [`the log does not say who: ${why[0]?.message}`];
  }
}

/** A participant of another collection, which was there before and stays until the end. */
class Bystander {
  readonly #sysmem: Sysmem;
  readonly #collection: Collection;
  readonly #buffers: SharedBuffers;

  private constructor(sysmem: Sysmem, collection: Collection, buffers: SharedBuffers) {
    this.#sysmem = sysmem;
    this.#collection = collection;
    this.#buffers = buffers;
  }

  static async join(svc: string, kernel: LinuxKernel): Promise<Bystander> {
    const sysmem = Sysmem.connect({ svc, kernel, name: "bystander", explain: false });
    const collection = sysmem.allocateNonSharedCollection().setName("other").setConstraints(raw(WRITE));
    return new Bystander(sysmem, collection, await collection.waitForBuffers());
  }

  /** Everything still works for it. */
  async use(): Promise<void> {
    await withWatchdog("a call of somebody else", this.#collection.sync());
    this.#buffers.at(0).bytes()[0] = 1;
    const { vmo } = this.#buffers.at(0);
    if (vmo !== undefined) await withWatchdog("GetVmoInfo of somebody else", this.#sysmem.vmoInfo(vmo));
    (await withWatchdog("a wait of somebody else", this.#collection.waitForBuffers())).close();
  }

  leave(): void {
    this.#buffers.close();
    this.#collection.release();
    this.#sysmem.close();
  }
}

/** Errors of our own making that were logged. */
function mistakesIn(logs: readonly LogLine[]): string[] {
  return logs
    .filter(({ fields }) => fields.err instanceof InvariantError)
    .map(({ fields, message }) => `${message}: ${String(fields.err)}`);
}

function describeFailure({ who, step, code }: Failure): string {
  return `${who}: ${step}: ${code}`;
}
