/** Runs a scenario: operations of simulated clients, deliveries in a random order, invariants after every step. */
import { type Channel, InvariantError, Rights } from "#base";
import { type ClientEnd, PeerClosedError } from "#fidl";
import {
  BufferCollection,
  type BufferCollectionConstraints,
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
import { createServer, type Server, type ServerEvent, sequentialIds } from "#server";
import type { LogicalBufferCollection } from "../../../src/server/collection/logical-buffer-collection.ts";
import { PAGE, raw } from "../support/constraints.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { type LogLine, recordingLogger } from "../support/world.ts";
import { checkAtRest, checkFailure, checkStructure } from "./invariants.ts";
import type { Operation, Scenario } from "./scenario.ts";
import {
  connect,
  type HeldEventPair,
  type HeldVmo,
  type PendingAnswer,
  type SimCollection,
  type SimGroup,
  type SimNode,
  type SimProcess,
  type SimToken,
} from "./simulated-client.ts";

const SAME = Rights.SAME_RIGHTS as never;
const PROCESSES = 4;
const MAX_NODES_PER_TREE = 100;
const MAX_TREES = 6;

/** A rule that did not hold, with the operation after which that was seen. */
export class SimulationFailure extends InvariantError {}

export interface SimulationReport {
  /** Deliveries made. */
  readonly events: number;
  readonly allocations: number;
  readonly domainFailures: number;
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
    this.server = createServer({
      kernel: this.serverKernel,
      clock: this.clock,
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
    if (collections.length > 0) this.fail(`${collections.length} collections are left`);
    if (this.serverKernel.openHandleCount > 0) this.fail(`${this.serverKernel.openHandleCount} handles are left`);
    if (this.serverKernel.usedMemoryBytes > 0) this.fail(`${this.serverKernel.usedMemoryBytes} bytes are left`);
    if (this.clock.pendingTimers > 0) this.fail(`${this.clock.pendingTimers} timers are left`);
    return {
      events: this.#events,
      allocations: this.#allocations,
      domainFailures: this.#domainFailures,
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

const isLive = (node: SimNode): boolean => !node.isGone && !node.isClosedByServer && !node.process.isDead;

/** One operation, aimed at something that is there; nothing happens when nothing fits. */
function perform(sim: Simulation, { kind, target, variant }: Operation, tree?: number): void {
  const pick = <T extends SimNode>(filter: (node: SimNode) => node is T): T | undefined => {
    const candidates = sim.nodes.filter(filter).filter((node) => isLive(node) && (tree ?? node.tree) === node.tree);
    return candidates[target % candidates.length];
  };
  const token = (node: SimNode): node is SimToken => node.kind === "token" && !node.isReleased;
  const group = (node: SimNode): node is SimGroup => node.kind === "group" && !node.isReleased;
  const collection = (node: SimNode): node is SimCollection => node.kind === "collection" && !node.isReleased;
  const any = (node: SimNode): node is SimNode => !node.isReleased;
  const process = sim.process(variant);

  switch (kind) {
    case "new-shared": {
      const tree = sim.newTree();
      if (tree === undefined) return;
      const { proxy, server } = BufferCollectionToken.createProxy(process.kernel);
      process.allocator.allocateSharedCollection({ tokenRequest: server });
      sim.addToken(process, proxy, tree);
      return;
    }
    case "new-non-shared": {
      const tree = sim.newTree();
      if (tree !== undefined) sim.addNonShared(process, tree);
      return;
    }
    case "duplicate": {
      const node = pick(token);
      if (node === undefined || !sim.hasRoom(node.tree)) return;
      const { proxy, server } = BufferCollectionToken.createProxy(node.process.kernel);
      node.client.duplicate({ rightsAttenuationMask: SAME, tokenRequest: server });
      sim.addToken(node.process, proxy, node.tree);
      return;
    }
    case "duplicate-sync": {
      const node = pick(token);
      if (node === undefined || !sim.hasRoom(node.tree)) return;
      const masks = Array(1 + (variant % 3)).fill(SAME);
      sim.expectAnswer(
        node,
        "DuplicateSync",
        node.client.duplicateSync({ rightsAttenuationMasks: masks }),
        (answer) => {
          const { tokens = [] } = answer as { tokens?: ClientEnd<BufferCollectionTokenClient>[] };
          for (const end of tokens) sim.addToken(node.process, BufferCollectionToken.bind(end), node.tree);
        },
      );
      return;
    }
    case "create-group": {
      const node = pick(token);
      if (node !== undefined && sim.hasRoom(node.tree)) sim.addGroup(node);
      return;
    }
    case "create-child": {
      const node = pick((each): each is SimGroup => group(each) && !each.isSealed);
      if (node === undefined || !sim.hasRoom(node.tree)) return;
      const { proxy, server } = BufferCollectionToken.createProxy(node.process.kernel);
      node.client.createChild({ tokenRequest: server });
      node.children++;
      sim.addToken(node.process, proxy, node.tree);
      return;
    }
    case "seal-group": {
      const node = pick((each): each is SimGroup => group(each) && !each.isSealed && each.children > 0);
      if (node !== undefined) seal(node);
      return;
    }
    case "bind": {
      const node = pick(token);
      if (node !== undefined && !hasPending(node)) sim.bind(node, process);
      return;
    }
    case "set-constraints": {
      const node = pick((each): each is SimCollection => collection(each) && !each.isConstrained);
      if (node !== undefined) constrain(node, variant);
      return;
    }
    case "wait": {
      const node = pick((each): each is SimCollection => collection(each) && each.isConstrained);
      if (node !== undefined) wait(sim, node);
      return;
    }
    case "sync": {
      const node = pick(any);
      if (node !== undefined) sim.expectAnswer(node, "Sync", node.client.sync());
      return;
    }
    case "check": {
      const node = pick(collection);
      if (node !== undefined) sim.expectAnswer(node, "Check", node.client.checkAllBuffersAllocated());
      return;
    }
    case "release": {
      const node = pick((each): each is SimNode => any(each) && (each.kind !== "group" || each.isSealed));
      if (node !== undefined) release(node);
      return;
    }
    case "close": {
      const candidates = sim.nodes.filter(isLive);
      const node = candidates[target % candidates.length];
      if (node !== undefined) close(node);
      return;
    }
    case "leave": {
      const node = pick((each): each is SimNode => any(each) && (each.kind !== "group" || each.isSealed));
      if (node === undefined) return;
      release(node);
      close(node);
      return;
    }
    case "set-dispensable":
      pick(token)?.client.setDispensable();
      return;
    case "set-weak": {
      const node = pick(
        (each): each is SimNode =>
          any(each) && !(each.kind === "collection" && each.isConstrained) && !(each.kind === "group" && each.isSealed),
      );
      // Weakness of every root would end every tree before it allocates.
      if (node !== undefined && variant % 3 === 0) node.client.setWeak();
      return;
    }
    case "set-weak-ok": {
      const node = pick((each): each is SimNode => any(each) && !(each.kind === "collection" && each.hasWaited));
      node?.client.setWeakOk({ forChildNodesAlso: variant % 2 === 0 });
      return;
    }
    case "attach-token": {
      const node = pick(collection);
      if (node === undefined || !sim.hasRoom(node.tree)) return;
      const { proxy, server } = BufferCollectionToken.createProxy(node.process.kernel);
      // On a weak collection it is a deviation, and a client need not know that its node is weak.
      node.hasDeviated = true;
      node.client.attachToken({ rightsAttenuationMask: SAME, tokenRequest: server });
      sim.addToken(node.process, proxy, node.tree);
      return;
    }
    case "track-lifetime": {
      const node = pick(collection);
      if (node === undefined) return;
      sim.track(node.process, (serverEnd) =>
        node.client.attachLifetimeTracking({ serverEnd, buffersRemaining: variant % 4 }),
      );
      return;
    }
    case "track-node": {
      const node = pick(any);
      if (node !== undefined) sim.track(node.process, (serverEnd) => node.client.attachNodeTracking({ serverEnd }));
      return;
    }
    case "close-vmo":
      if (sim.vmos.length > 0) sim.vmos.splice(target % sim.vmos.length, 1)[0]?.handle.close();
      return;
    case "close-all-vmos":
      for (const { handle } of sim.vmos.splice(0)) handle.close();
      return;
    case "make-weak-vmo": {
      const held = sim.vmos[target % sim.vmos.length];
      if (held === undefined || held.process.allocator.isClosed) return;
      held.process.allocator.getVmoInfo({ vmo: held.handle.duplicate(), needWeak: true }).then(
        (answer) => {
          if (!answer.ok) return;
          answer.value.closeWeakAsap?.close();
          if (answer.value.weakVmo !== undefined) {
            sim.vmos.push({ process: held.process, handle: asVmo(answer.value.weakVmo) });
          }
        },
        () => undefined,
      );
      return;
    }
    case "node-ref": {
      const node = pick(any);
      if (node === undefined) return;
      sim.expectAnswer(node, "GetNodeRef", node.client.getNodeRef(), (answer) => {
        const { nodeRef } = answer as { nodeRef?: { close(): void } };
        if (isLive(node) && !node.isReleased && variant % 2 === 0) {
          sim.expectAnswer(node, "IsAlternateFor", node.client.isAlternateFor({ nodeRef: nodeRef as never }));
        } else nodeRef?.close();
      });
      return;
    }
    case "grow":
      grow(sim, target, variant);
      return;
    case "complete":
      complete(sim, target, variant);
      return;
    case "deviate": {
      const node = pick(any);
      if (node === undefined) return;
      node.hasDeviated = true;
      if (variant % 3 === 0) node.client.setName({});
      else if (variant % 3 === 1) node.client.setDebugClientInfo({});
      else {
        node.client.attachNodeTracking({});
      }
      return;
    }
    case "garbage": {
      const node = pick(any);
      if (node !== undefined) sim.writeGarbage(node, new Uint8Array((variant % 40) + 1).fill(variant));
      return;
    }
    case "kill-process":
      sim.kill(process);
      return;
    case "close-allocator":
      process.allocator.close();
      process.allocator = connect(process.kernel, sim.serverKernel, (channel) =>
        sim.server.serveAllocator(channel as Channel),
      );
      return;
    case "memory-fault":
      // Either the next request fails, or the machine is short of memory until the next such operation.
      if (variant % 2 === 0) sim.serverKernel.faults.nextMemoryErrors.push("NO_MEMORY");
      sim.serverKernel.faults.memoryLimitBytes =
        variant % 4 === 1 ? sim.serverKernel.usedMemoryBytes + (variant % 5) * PAGE : Number.POSITIVE_INFINITY;
      return;
    case "advance-clock":
      sim.clock.advance((variant % 40) * 1e9);
      return;
  }
}

const hasPending = (node: SimNode): boolean => node.answers.some((answer) => answer.state === "pending");

function seal(node: SimGroup): void {
  node.isSealed = true;
  node.client.allChildrenPresent();
}

function release(node: SimNode): void {
  node.isReleased = true;
  node.client.release();
}

function close(node: SimNode): void {
  node.isGone = true;
  node.isUnclean = !node.isReleased;
  node.client.close();
}

function constrain(node: SimCollection, variant: number): void {
  node.isConstrained = true;
  node.client.setConstraints(variant % 7 === 0 ? {} : { constraints: someConstraints(variant) });
}

function wait(sim: Simulation, node: SimCollection): void {
  node.hasWaited = true;
  // A weak node that did not consent deviates by waiting, and a client need not know that its node is weak.
  node.hasDeviated = true;
  sim.expectAnswer(node, "Wait", node.client.waitForAllBuffersAllocated(), (answer) => {
    const result = answer as { ok: boolean; value?: { bufferCollectionInfo?: BufferCollectionInfo } };
    if (result.ok) sim.holdInfo(node.process, result.value?.bufferCollectionInfo ?? {});
  });
}

/** Mostly compatible, sometimes not. */
function someConstraints(variant: number): BufferCollectionConstraints {
  const camping = variant % 13 === 0 ? 2 : variant % 7 === 0 ? 1 : 0;
  const size = variant % 29 === 0 ? 2 * PAGE : 1;
  // Now and then one that fits with nobody who wants two pages.
  return raw(size, camping, { maxSize: variant % 41 === 0 ? PAGE : 4 * PAGE, count: variant % 11 === 0 ? 5 : 1 });
}

/** Grows one tree by many nodes at once: branches, groups with children, attachments. */
function grow(sim: Simulation, target: number, variant: number): void {
  const live = sim.nodes.filter(isLive);
  const tree = live[target % live.length]?.tree;
  const random = seededRandom(variant);
  for (let i = 0; i < 5 + (variant % 40); i++) {
    const steps = { target: Math.floor(random() * (1 << 30)), variant: Math.floor(random() * (1 << 30)), steps: 0 };
    const kind = random() < 0.5 ? "duplicate" : random() < 0.6 ? "create-child" : "create-group";
    perform(sim, { kind, ...steps }, tree);
  }
}

/** Makes every node of one tree ready, in one way or another, so that the tree may allocate. */
function complete(sim: Simulation, target: number, variant: number): void {
  const live = sim.nodes.filter(isLive);
  const tree = live[target % live.length]?.tree;
  for (const node of live) {
    if (node.tree !== tree || node.isReleased) continue;
    if (node.kind === "token" && !hasPending(node)) {
      // Now and then a participant has nothing to say.
      if ((variant + node.serverKoid) % 6 === 0) {
        release(node);
        close(node);
      } else sim.bind(node, node.process);
    }
    if (node.kind === "group" && !node.isSealed && node.children > 0) seal(node);
  }
  for (const node of sim.nodes) {
    if (node.tree !== tree || node.kind !== "collection" || !isLive(node) || node.isReleased) continue;
    if (!node.isConstrained) constrain(node, variant + node.serverKoid);
    if ((variant + node.serverKoid) % 3 === 0) wait(sim, node);
  }
}
