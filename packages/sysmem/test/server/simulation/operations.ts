/** What simulated clients do: each operation of a scenario, aimed at something that is there. */
import { type Channel, Rights } from "#base";
import type { ClientEnd } from "#fidl";
import {
  type BufferCollectionConstraints,
  type BufferCollectionInfo,
  BufferCollectionToken,
  type BufferCollectionTokenClient,
} from "#gen/fuchsia_sysmem2";
import { asVmo } from "#kernel";
import { seededRandom } from "#kernel/fake";
import { PAGE, raw } from "../support/constraints.ts";
import type { Operation } from "./scenario.ts";
import { connect, type SimCollection, type SimGroup, type SimNode, type SimToken } from "./simulated-client.ts";
import type { Simulation } from "./simulation.ts";

const SAME = Rights.SAME_RIGHTS as never;

const isLive = (node: SimNode): boolean => !node.isGone && !node.isClosedByServer && !node.process.isDead;

/** One operation, aimed at something that is there; nothing happens when nothing fits. */
export function perform(sim: Simulation, { kind, target, variant }: Operation, tree?: number): void {
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
      if (variant % 3 === 0) sim.serverKernel.faults.nextPieceErrors.push("NO_RESOURCES");
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

/** Closes a client's end, cleanly if it was released. */
export function close(node: SimNode): void {
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
  return raw(size, camping, {
    maxSize: variant % 41 === 0 ? PAGE : 4 * PAGE,
    count: variant % 11 === 0 ? 5 : 1,
    ...(variant % 17 === 0 && { contiguous: true }),
  });
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
