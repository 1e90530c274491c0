/** Runs a scenario: operations of simulated clients, deliveries in a random order, invariants after every step. */
import { type Channel, InvariantError } from "#base";
import { type ClientEnd, PeerClosedError } from "#fidl";
import {
  BufferCollection,
  BufferCollectionToken,
  type BufferCollectionTokenClient,
  BufferCollectionTokenGroup,
  type BufferCollectionInfo,
} from "#gen/fuchsia_sysmem2";
import type { asEventPair } from "#kernel";
import { asVmo } from "#kernel";
import {
  createFakeKernel,
  createSteppedScheduler,
  type FakeKernel,
  seededRandom,
  type SteppedScheduler,
} from "#kernel/fake";
import { ContiguousPoolHeap, DEFAULT_POOL_GUARDS, systemRamOnly } from "#heaps";
import { createServer, type Server, type ServerEvent, sequentialIds } from "#server";
import type { LogicalBufferCollection } from "../../../src/server/collection/logical-buffer-collection.ts";
import { PAGE } from "../support/constraints.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { type LogLine, recordingLogger } from "../support/world.ts";
import { close, perform } from "./operations.ts";
import { checkAtRest, checkFailure, checkStructure } from "./invariants.ts";
import type { Operation, Scenario } from "./scenario.ts";
import {
  connect,
  type HeldEventPair,
  type HeldVmo,
  type PendingAnswer,
  type SimNode,
  type SimProcess,
  type SimToken,
} from "./simulated-client.ts";

const PROCESSES = 4;
const MAX_NODES_PER_TREE = 100;
const MAX_TREES = 6;

/** Few enough that it is full now and then. */
const POOL_BYTES = 16 * PAGE;

/** A rule that did not hold, with the operation after which that was seen. */
export class SimulationFailure extends InvariantError {}

export interface SimulationReport {
  /** Deliveries made. */
  readonly events: number;
  readonly allocations: number;
  readonly domainFailures: number;
  /** The most of the pool that buffers had, and the buffers that it had no room for. */
  readonly mostPooledBytes: number;
  readonly poolRefusals: number;
  /** What the server told, for comparing two runs. */
  readonly trace: readonly string[];
}

/** Runs it to the end. Throws `SimulationFailure`. */
export async function simulate(scenario: Scenario): Promise<SimulationReport> {
  const simulation = new Simulation(scenario.seed);
  for (const [i, operation] of scenario.operations.entries()) {
    simulation.at = `operation ${i} (${operation.kind})`;
    await simulation.perform(operation);
  }
  simulation.at = "the end";
  return simulation.finish();
}

export class Simulation {
  /** Where it is, for messages. */
  at = "the start";
  readonly server: Server;
  readonly serverKernel: FakeKernel;
  /** Room for a few buffers, with a pattern wherever no buffer is. */
  readonly pool: ContiguousPoolHeap;
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly nodes: SimNode[] = [];
  readonly trackers: HeldEventPair[] = [];
  readonly vmos: HeldVmo[] = [];
  readonly processes: SimProcess[] = [];
  /** koid of the channel that serves a node of the server, by the node's id. */
  readonly koids: Map<number, number> = new Map();
  /** Nodes of the server that were in a failed subtree, by the koid of their channel. */
  readonly failedKoids: Set<number> = new Set();
  /** Binds whose token failed before it was drained: their collection end was dropped without an epitaph. */
  droppedBinds = 0;
  readonly #logs: LogLine[] = [];
  readonly #trace: string[] = [];
  readonly #scheduler: SteppedScheduler;
  readonly #raw: Channel[] = [];
  readonly #touched = new Set<LogicalBufferCollection>();
  #trees = 0;
  #events = 0;
  #allocations = 0;
  #domainFailures = 0;
  #failure: Error | undefined;

  constructor(seed: number) {
    this.#scheduler = createSteppedScheduler(seededRandom(seed ^ 0x5eed));
    this.serverKernel = createFakeKernel({ scheduler: this.#scheduler });
    const { serverKernel: kernel, clock } = this;
    const guards = { ...DEFAULT_POOL_GUARDS, hasInternal: true, unusedFractionDenominator: 1 };
    this.pool = new ContiguousPoolHeap({ kernel, clock, guards, sizeBytes: POOL_BYTES });
    const heaps = systemRamOnly(kernel);
    heaps.setContiguousSystemRam(this.pool);
    this.server = createServer({
      kernel,
      clock,
      heaps,
      ids: sequentialIds(),
      logger: recordingLogger(this.#logs),
      onEvent: (event) => this.#heard(event),
    });
    this.#noteTouched();
    for (let i = 0; i < PROCESSES; i++) this.processes.push(this.#newProcess());
  }

  /** Every input of a collection comes in by `enter`: one without any has not changed since it was looked at. */
  #noteTouched(): void {
    const { collections } = this.server.context;
    const add = collections.set.bind(collections);
    collections.set = (id, collection) => {
      const enter = collection.enter.bind(collection);
      collection.enter = (input) => {
        this.#touched.add(collection);
        enter(input);
      };
      this.#touched.add(collection);
      return add(id, collection);
    };
  }

  fail(what: string): never {
    throw new SimulationFailure(`after ${this.at}: ${what}`);
  }

  async perform(operation: Operation): Promise<void> {
    try {
      perform(this, operation);
    } catch (error) {
      // The server has closed that channel, and the client learns it by sending.
      if (!(error instanceof PeerClosedError)) throw error;
    }
    if (operation.steps < 0) await this.settle();
    else for (let i = 0; i < operation.steps; i++) if (!(await this.#step())) break;
  }

  /** Until nothing is left to deliver; then much more can be said of the state. */
  async settle(): Promise<void> {
    while (await this.#step()) if (this.#events > 5_000_000) this.fail("it never comes to rest");
    checkAtRest(this);
  }

  /** Everybody leaves; nothing may be left. */
  async finish(): Promise<SimulationReport> {
    await this.settle();
    for (const node of this.nodes) if (!node.isGone) close(node);
    for (const { handle } of [...this.vmos, ...this.trackers]) handle.close();
    for (const channel of this.#raw) channel.close();
    for (const { allocator } of this.processes) allocator.close();
    this.vmos.length = 0;
    await this.settle();
    const { collections } = this.server.snapshot();
    this.pool.close();
    if (collections.length > 0) this.fail(`${collections.length} collections are left`);
    if (this.serverKernel.openHandleCount > 0) this.fail(`${this.serverKernel.openHandleCount} handles are left`);
    if (this.serverKernel.usedMemoryBytes > 0) this.fail(`${this.serverKernel.usedMemoryBytes} bytes are left`);
    if (this.clock.pendingTimers > 0) this.fail(`${this.clock.pendingTimers} timers are left`);
    return {
      events: this.#events,
      allocations: this.#allocations,
      domainFailures: this.#domainFailures,
      mostPooledBytes: this.pool.pools()[0]?.highWaterMarkBytes ?? 0,
      poolRefusals: this.pool.pools()[0]?.allocationsFailed ?? 0,
      trace: this.#trace,
    };
  }

  process(pick: number): SimProcess {
    return this.processes[pick % this.processes.length] as SimProcess;
  }

  /** Ends a process as SIGKILL does, and starts another in its place. */
  kill(process: SimProcess): void {
    process.isDead = true;
    for (const node of this.nodes) {
      if (node.process !== process || node.isGone) continue;
      node.isGone = true;
      node.isUnclean = !node.isReleased;
    }
    for (const list of [this.vmos, this.trackers]) {
      for (let i = list.length - 1; i >= 0; i--) if (list[i]?.process === process) list.splice(i, 1);
    }
    process.kernel.kill();
    this.processes[this.processes.indexOf(process)] = this.#newProcess();
  }

  /** A new tree, if there is room for one. */
  newTree(): number | undefined {
    return this.server.context.collections.size >= MAX_TREES ? undefined : ++this.#trees;
  }

  hasRoom(tree: number): boolean {
    return this.nodes.filter((node) => node.tree === tree).length < MAX_NODES_PER_TREE;
  }

  addToken(process: SimProcess, client: BufferCollectionTokenClient, tree: number): SimToken {
    return this.#add({ kind: "token", client, ...this.#state(process, client, tree) });
  }

  addGroup(parent: SimToken): void {
    const { process } = parent;
    const { proxy, server } = BufferCollectionTokenGroup.createProxy(process.kernel);
    parent.client.createBufferCollectionTokenGroup({ groupRequest: server });
    const state = this.#state(process, proxy, parent.tree);
    this.#add({ kind: "group", client: proxy, children: 0, isSealed: false, ...state });
  }

  /** Takes over a token's end, in whichever process. */
  bind(token: SimToken, process: SimProcess): void {
    let end: ClientEnd<BufferCollectionTokenClient> = token.client.unbind();
    token.isGone = true;
    if (process !== token.process) {
      end = BufferCollectionToken.clientEnd(token.process.kernel.give(end.take(), process.kernel) as Channel);
    }
    const { proxy, server } = BufferCollection.createProxy(process.kernel);
    process.allocator.bindSharedCollection({ token: end, bufferCollectionRequest: server });
    const state = this.#state(process, proxy, token.tree);
    this.#add({ kind: "collection", client: proxy, isConstrained: false, hasWaited: false, ...state });
  }

  addNonShared(process: SimProcess, tree: number): void {
    const { proxy, server } = BufferCollection.createProxy(process.kernel);
    process.allocator.allocateNonSharedCollection({ collectionRequest: server });
    const state = this.#state(process, proxy, tree);
    this.#add({ kind: "collection", client: proxy, isConstrained: false, hasWaited: false, ...state });
  }

  /** Follows a call until it is answered, or its channel closes. */
  expectAnswer(node: SimNode, what: string, call: Promise<unknown>, take: (answer: unknown) => void = () => {}): void {
    const answer: PendingAnswer = { what, state: "pending" };
    node.answers.push(answer);
    call.then(
      (value) => {
        answer.state = "answered";
        take(value);
      },
      () => {
        answer.state = "closed";
      },
    );
  }

  holdInfo(process: SimProcess, info: BufferCollectionInfo): void {
    for (const { vmo, closeWeakAsap } of info.buffers ?? []) {
      if (vmo !== undefined) this.vmos.push({ process, handle: asVmo(vmo) });
      closeWeakAsap?.close();
    }
  }

  track(process: SimProcess, send: (serverEnd: ReturnType<typeof asEventPair>) => void): void {
    const [mine, theirs] = process.kernel.createEventPair();
    this.trackers.push({ process, handle: mine });
    send(theirs);
  }

  /** Gives a node's end up for one that is written to by hand. */
  writeGarbage(node: SimNode, bytes: Uint8Array): void {
    if (node.answers.some((answer) => answer.state === "pending")) return;
    const channel = node.client.unbind().take();
    node.process.kernel.writeRaw(channel, bytes);
    this.#raw.push(channel);
    node.hasDeviated = true;
    node.isGone = true;
  }

  #state(process: SimProcess, client: { relatedKoid(): number; readonly closed: Promise<unknown> }, tree: number) {
    return {
      process,
      serverKoid: client.relatedKoid(),
      tree,
      isReleased: false,
      isGone: false,
      isUnclean: false,
      hasDeviated: false,
      isClosedByServer: false,
      answers: [],
    };
  }

  #add<T extends SimNode>(node: T): T {
    this.nodes.push(node);
    void node.client.closed.then(({ cause }) => {
      if (cause === "epitaph" || cause === "peer-closed") node.isClosedByServer = true;
    });
    return node;
  }

  #newProcess(): SimProcess {
    const kernel = this.serverKernel.spawn();
    const serve = (channel: unknown) => this.server.serveAllocator(channel as Channel);
    return { kernel, allocator: connect(kernel, this.serverKernel, serve), isDead: false };
  }

  async #step(): Promise<boolean> {
    // Promises first: they belong to what was delivered before.
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.#scheduler.step()) return false;
    this.#events++;
    if (this.#failure !== undefined) throw this.#failure;
    checkStructure(this, this.#touched);
    this.#touched.clear();
    const exception = this.#logs.find((line) => line.message.includes("exception"));
    if (exception !== undefined) this.fail(`the server threw: ${String(exception.fields.err)}`);
    this.#logs.length = 0;
    return true;
  }

  #heard(event: ServerEvent): void {
    this.#trace.push(`${event.type} ${event.collectionId}${event.type === "domain-failed" ? ` ${event.cause}` : ""}`);
    if (event.type === "allocated") this.#allocations++;
    if (event.type !== "domain-failed") return;
    this.#domainFailures++;
    try {
      checkFailure(this, event);
    } catch (failure) {
      // Thrown here it would look like the server's own exception.
      this.#failure ??= failure instanceof Error ? failure : new SimulationFailure(String(failure));
    }
  }
}
