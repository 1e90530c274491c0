/** What must hold in the server, whatever happened. */
import type { ServerEvent } from "#server";
import { endpointOf } from "../../../src/server/nodes/serving.ts";
import type { LogicalBufferCollection } from "../../../src/server/collection/logical-buffer-collection.ts";
import type { Node } from "../../../src/server/tree/node.ts";
import { eligibleSubtrees, isPrunedSubtreeReady } from "../../../src/server/tree/eligibility.ts";
import { breadthFirst } from "../../../src/server/tree/traversal.ts";
import { PAGE } from "../support/constraints.ts";
import type { Simulation } from "./simulation.ts";

/** After every delivery: the trees that it touched and the tallies over them. */
export function checkStructure(sim: Simulation, touched: Iterable<LogicalBufferCollection>): void {
  const { context } = sim.server;
  for (const collection of touched) {
    const nodes = collection.root === undefined ? [] : breadthFirst(collection.root);
    let strong = 0;
    for (const node of nodes) {
      if (node.isDeleted) sim.fail(`node ${node.id} is deleted and still in its tree`);
      for (const child of node.children) if (child.parent !== node) sim.fail(`node ${child.id} has another parent`);
      if (!node.properties.isWeak) strong++;
      // While it is open: a closed channel has no koid to tell.
      const endpoint = endpointOf(node);
      if (endpoint !== undefined && !endpoint.isClosed) sim.koids.set(node.id, endpoint.koid);
      else if (endpoint === undefined) sim.koids.delete(node.id);
      if (node.serving.kind === "orphan" && !node.properties.isWeak) sim.fail(`orphan ${node.id} is not weak`);
      if (node.serving.kind === "token") {
        const known = context.tokens.get(node.serving.endpoint.koid);
        if (known?.node !== node) sim.fail(`token ${node.id} is not known by its koid`);
      }
    }
    checkCounters(sim, nodes);
    if (strong !== collection.strongNodes) sim.fail(`strong nodes: counted ${strong}, kept ${collection.strongNodes}`);
    checkBuffers(sim, collection);
  }
}

/** From the leaves up, so that the whole tree is counted once. */
function checkCounters(sim: Simulation, nodes: readonly Node[]): void {
  const sums = new Map<Node, { nodes: number; connected: number; unreadyPruned: number }>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Node;
    const sum = { nodes: 1, connected: endpointOf(node) === undefined ? 0 : 1, unreadyPruned: node.isReady ? 0 : 1 };
    for (const child of node.children) {
      const below = sums.get(child);
      if (below === undefined) sim.fail("a child comes after its parent");
      sum.nodes += below.nodes;
      sum.connected += below.connected;
      if (!child.properties.isAttached) sum.unreadyPruned += below.unreadyPruned;
    }
    sums.set(node, sum);
    const { counters } = node;
    for (const key of ["nodes", "connected", "unreadyPruned"] as const) {
      if (counters[key] !== sum[key]) sim.fail(`node ${node.id}: ${key} is ${counters[key]}, counted ${sum[key]}`);
    }
  }
}

function checkBuffers(sim: Simulation, collection: LogicalBufferCollection): void {
  let strongBuffers = 0;
  for (const buffer of collection.buffers.values()) {
    const children = [...buffer.children.values()];
    const strong = children.filter((child) => !child.isWeak).length;
    if (strong !== buffer.strongChildren) sim.fail(`buffer ${buffer.index}: strong VMOs miscounted`);
    if (!buffer.isStrongSideGone) strongBuffers++;
    const isHeld = collection.holdsStrongVmos || children.length > 0;
    if (!isHeld) sim.fail(`buffer ${buffer.index} lives although nobody holds it`);
    if (buffer.isStrongSideGone && (collection.holdsStrongVmos || strong > 0)) {
      sim.fail(`buffer ${buffer.index}: its strong side is gone and held`);
    }
  }
  if (strongBuffers !== collection.strongBuffers) sim.fail("strong buffers are miscounted");
  if (collection.root === undefined && collection.holdsStrongVmos) sim.fail("a failed tree holds on to its buffers");
}

/** While a subtree fails: it is the right one, for a reason that a client gave. */
export function checkFailure(sim: Simulation, event: Extract<ServerEvent, { type: "domain-failed" }>): void {
  const collection = sim.server.context.collections.get(event.collectionId);
  const nodes = collection?.root === undefined ? [] : breadthFirst(collection.root);
  const find = (id: number) => nodes.find((node) => node.id === id) ?? sim.fail(`node ${id} fails and is in no tree`);
  const [top, origin] = [find(event.node.nodeId), find(event.origin.nodeId)];
  const climbs =
    event.cause === "unclean close" ||
    event.cause === "malformed message" ||
    event.cause === "deviation" ||
    event.cause === "no connected client";
  if (climbs && expectedDomain(origin) !== top) {
    sim.fail(`${event.cause} of node ${origin.id} fails node ${top.id}, not ${expectedDomain(origin).id}`);
  }
  const koid = sim.koids.get(origin.id);
  const client = koid === undefined ? undefined : sim.nodes.find((node) => node.serverKoid === koid);
  if (event.cause === "unclean close" && client?.isUnclean === false && !isUsed(client)) {
    sim.fail(`node ${origin.id} fails by an unclean close that no client made`);
  }
  if (event.cause === "deviation" && client?.hasDeviated === false) {
    sim.fail(`node ${origin.id} fails by a deviation although its client keeps the rules`);
  }
  if (event.cause === "no connected client" && top.counters.connected > 0 && expectedDomain(origin) === origin) {
    sim.fail(`node ${top.id} fails for want of clients and has ${top.counters.connected}`);
  }
  for (const node of breadthFirst(top)) {
    const endpoint = endpointOf(node);
    if (endpoint !== undefined) sim.failedKoids.add(endpoint.koid);
    const request = node.serving.kind === "token" && node.serving.state.kind === "bind-pending";
    // The collection end that such a token holds is dropped with it.
    if (request) sim.droppedBinds++;
  }
}

/** A token whose end went into a bind that came to nothing is closed by the server, not by its client. */
function isUsed(client: { readonly kind: string; readonly isGone: boolean }): boolean {
  return client.kind === "token" && client.isGone;
}

/** Lifecycle contract 5.1, once more. */
function expectedDomain(node: Node): Node {
  for (let at = node; ; ) {
    const { mode, isLogicallyAllocated } = at.properties;
    const stops = mode === "do-not-propagate" || (mode === "propagate-before-allocation" && isLogicallyAllocated);
    if (at.parent === undefined || stops) return at;
    at = at.parent;
  }
}

/** With nothing left to deliver: clients and server agree, and every handle has its place. */
export function checkAtRest(sim: Simulation): void {
  checkStructure(sim, sim.server.context.collections.values());
  let tokens = 0;
  const live = new Map<number, Node>();
  // The pool's own, unless the machine was short of memory when it was to be set aside.
  const pool = sim.pool.pools()[0];
  let handles = pool?.isReady === true ? 1 : 0;
  let memory = pool?.isReady === true ? pool.sizeBytes : 0;
  let pooled = 0;
  for (const collection of sim.server.context.collections.values()) {
    if (collection.gate.isClosed) sim.fail("a gate is closed although nothing is under way");
    for (const node of collection.root === undefined ? [] : breadthFirst(collection.root)) {
      const { serving, properties } = node;
      const endpoint = endpointOf(node);
      if (endpoint !== undefined) {
        live.set(endpoint.koid, node);
        handles++;
      }
      if (serving.kind === "token") tokens++;
      if (serving.kind === "token" && serving.state.kind === "bind-pending") sim.fail("a bind is pending at rest");
      if (serving.kind === "collection") handles += serving.trackers.length;
      if (node.parent !== undefined && !properties.isAttached) {
        const isLike = properties.isLogicallyAllocated === node.parent.properties.isLogicallyAllocated;
        const { isGroup, isLogicallyAllocated: isDecided, selectedChild } = node.parent.properties;
        if (isGroup && isDecided && selectedChild !== node)
          sim.fail(`node ${node.id} lives though it was not selected`);
        if (!isLike) sim.fail(`node ${node.id} and its parent are not allocated together`);
      }
      handles += properties.nodeTracking.length + (properties.nodeRef === undefined ? 0 : 1);
      if (serving.kind === "collection" && properties.isLogicallyAllocated && serving.waits.length > 0) {
        sim.fail(`node ${node.id} has its result and an unanswered wait`);
      }
    }
    handles += collection.trackers.count;
    const { root } = collection;
    if (root !== undefined && collection.allocation.kind !== "postponed") {
      const forgotten = eligibleSubtrees(root).find((subtree) => isPrunedSubtreeReady(subtree));
      if (forgotten !== undefined) sim.fail(`node ${forgotten.id} is ready and was not attempted`);
    }
    for (const buffer of collection.buffers.values()) {
      handles += 1 + buffer.ownEventPairs;
      if (buffer.heap === sim.pool) pooled += buffer.memory.sizeBytes + 2 * PAGE;
      else memory += buffer.memory.sizeBytes;
      const { liveChildren } = buffer.memory;
      const known = [...buffer.children.keys()];
      if (liveChildren.size !== known.length || !known.every((id) => liveChildren.has(id))) {
        sim.fail(`buffer ${buffer.index}: the kernel knows other VMOs than the server`);
      }
    }
    if (collection.existingBuffers !== collection.buffers.size) sim.fail("a heap has not answered a deletion");
  }
  const known = sim.server.context.tokens.size;
  if (tokens !== known) sim.fail(`${known} tokens are known and ${tokens} are in trees`);
  checkClients(sim, live);
  handles += sim.processes.filter(({ allocator }) => !allocator.isClosed).length;
  if (sim.serverKernel.openHandleCount !== handles) {
    sim.fail(`the server has ${sim.serverKernel.openHandleCount} handles, and ${handles} have a place`);
  }
  checkPool(sim, pooled);
  const claimed = sim.serverKernel.claimedMemoryBytes;
  if (claimed > 0) sim.fail(`${claimed} bytes are set aside for buffers that nobody makes`);
  if (sim.serverKernel.usedMemoryBytes !== memory) {
    sim.fail(`${sim.serverKernel.usedMemoryBytes} bytes are in use, and ${memory} have a buffer`);
  }
}

/** Exactly the buffers that exist have a piece with its guards, and nobody has written outside of them. */
function checkPool(sim: Simulation, pooledBytes: number): void {
  const { usedBytes, failedGuardRegionChecks } = sim.pool.pools()[0] ?? {};
  if (usedBytes !== pooledBytes)
    sim.fail(`${usedBytes} bytes of the pool are in use, and ${pooledBytes} have a buffer`);
  if (failedGuardRegionChecks !== 0) sim.fail(`${failedGuardRegionChecks} guards were found written`);
}

function checkClients(sim: Simulation, live: ReadonlyMap<number, Node>): void {
  for (const node of sim.nodes) {
    const served = live.get(node.serverKoid);
    if (node.process.isDead) continue;
    if (!node.isGone) {
      const isOpen = !node.isClosedByServer;
      if (isOpen !== (served !== undefined)) {
        sim.fail(
          `a ${node.kind} is ${isOpen ? "open for its client and unknown to the server" : "closed and still served"}`,
        );
      }
    }
    for (const answer of node.answers) {
      if (answer.state !== "pending" || node.isGone) continue;
      const mayWait = answer.what === "Wait" && served !== undefined && !served.properties.isLogicallyAllocated;
      if (!mayWait) sim.fail(`${answer.what} of a ${node.kind} is neither answered nor refused`);
    }
  }
}
