/**
 * Every call to a heap, or to the secure side, of another process goes wrong in every way: what its collection's clients get,
 * whether the heap is lost, that no other collection waits, and that the next request works. Lifecycle contract 8.2 to 8.5.
 */
import { describe, expect, test } from "vitest";
import { type Channel, HEAP_ALLOCATE_TIMEOUT_MS, HEAP_DELETE_TIMEOUT_MS, SECURE_MEM_TIMEOUT_MS, Status } from "#base";
import { ClientEnd } from "#fidl";
import { Heap, type HeapClient } from "#gen/fuchsia_hardware_sysmem";
import { Heap as Heap2019 } from "#gen/fuchsia_sysmem_v2019";
import { type BufferCollectionConstraints, Error, SecureMem, type SecureMemClient } from "#gen/fuchsia_sysmem2";
import {
  AMLOGIC_SECURE,
  AMLOGIC_SECURE_VDEC,
  attachHeaps,
  GOLDFISH_DEVICE_LOCAL,
  GOLDFISH_HOST_VISIBLE,
  type HeapAttachments,
  Heaps,
  SystemRamHeap,
} from "#heaps";
import type { FakeKernel } from "#kernel/fake";
import { PAGE, raw } from "../server/support/constraints.ts";
import { endWorld, type FakeWorld, fakeWorld } from "../server/support/fixture.ts";
import { SimulatedClock } from "../server/support/simulated-clock.ts";
import { FaultyWire, HANDLE_FAULTS, WIRE_FAULTS, type WireFault } from "./support/faulty-wire.ts";
import { Provider } from "./support/provider.ts";
import { Provider2019 } from "./support/provider-2019.ts";
import { ReferenceSecureMem } from "./support/reference-secure-mem.ts";

const MIB = 1 << 20;
const LONGEST_TIMEOUT_NS = Math.max(HEAP_ALLOCATE_TIMEOUT_MS, HEAP_DELETE_TIMEOUT_MS, SECURE_MEM_TIMEOUT_MS) * 1e6;

/** A wait without buffers: the heap had none, or was lost, and the collection with it. */
const NO_BUFFERS = [{ kind: "closed" }, { kind: "error", error: "NO_MEMORY" }];

/** What a fault is about: a message on the wire, or an honest "no". */
type Fault = WireFault | "error";

/** A kind of heap, and what becomes of it. */
interface Side {
  readonly name: string;
  /** Calls that a buffer is made with, and given back with, with those that can be answered by an error. */
  readonly making: Readonly<
    Record<string, { readonly hasHandles?: boolean; readonly error?: (side: Connected) => void }>
  >;
  readonly releasing: Readonly<Record<string, { readonly error?: (side: Connected) => void }>>;
  readonly heapType: string;
  readonly constraints: BufferCollectionConstraints;
  /** Whether a heap outlives a call that it refused, or did not answer in time. */
  readonly survives: boolean;
  /** Whether one call of this heap keeps others of its own waiting. */
  readonly isSerial: boolean;
  connect(stage: Stage): Connected;
}

/** One that has registered. */
interface Connected {
  readonly wire: FaultyWire;
  readonly heap?: Provider;
  readonly heap2019?: Provider2019;
  readonly secure?: ReferenceSecureMem;
}

/** A server with system RAM, and what others can attach to it. */
interface Stage {
  readonly world: FakeWorld;
  readonly server: FakeKernel;
  readonly attachments: HeapAttachments;
}

function openStage(): Stage {
  const clock = new SimulatedClock();
  let made: { heaps: Heaps; attachments: HeapAttachments; server: FakeKernel } | undefined;
  const heapsOf = (server: FakeKernel) => {
    const heaps = new Heaps();
    heaps.register(new SystemRamHeap(server));
    const properties = {
      coherencyDomainSupport: { cpu: true, ram: true, inaccessible: true },
      needClear: false,
      needFlush: false,
    };
    const v2019Heaps = new Map([[GOLDFISH_HOST_VISIBLE, properties]]);
    const protectedPool = { base: 64 * MIB, sizeBytes: 4 * MIB };
    made = { heaps, server, attachments: attachHeaps({ kernel: server, heaps, clock, v2019Heaps, protectedPool }) };
    return heaps;
  };
  const attachments = () => (made as NonNullable<typeof made>).attachments;
  const world = fakeWorld({ clock, heaps: heapsOf });
  return { world, server: world.serverProcess, attachments: attachments() };
}

/** Secure memory in `heap`, for a participant that the CPU has nothing to do with. */
const secure = (heap: string, size = PAGE): BufferCollectionConstraints =>
  raw(size, 1, { heap, secure: true, display: 1 });

const SIDES: readonly Side[] = [
  {
    name: "fuchsia.hardware.sysmem/Heap",
    heapType: GOLDFISH_DEVICE_LOCAL,
    constraints: raw(PAGE, 1, { heap: GOLDFISH_DEVICE_LOCAL }),
    survives: true,
    isSerial: false,
    making: {
      allocateVmo: {
        hasHandles: true,
        error: ({ heap }) => heap && (heap.answer = () => ({ ok: false, error: Status.ERR_NO_RESOURCES })),
      },
    },
    releasing: { deleteVmo: {} },
    connect({ server, attachments }) {
      let heap: Provider | undefined;
      const connect = (process: FakeKernel) => (heap = new Provider(process)).end;
      const wire = new FaultyWire(server, Heap.descriptor, connect, () => heap?.die());
      attachments.registrar.register(GOLDFISH_DEVICE_LOCAL, new ClientEnd<HeapClient>(wire.end));
      heap?.announce();
      return { wire, ...(heap && { heap }) };
    },
  },
  {
    name: "fuchsia.sysmem/Heap of 2019",
    heapType: GOLDFISH_HOST_VISIBLE,
    constraints: raw(PAGE, 1, { heap: GOLDFISH_HOST_VISIBLE }),
    survives: true,
    isSerial: false,
    making: {
      allocateVmo: {
        hasHandles: true,
        error: ({ heap2019 }) => heap2019 && (heap2019.allocateStatus = Status.ERR_NO_MEMORY),
      },
      createResource: { error: ({ heap2019 }) => heap2019 && (heap2019.createStatus = Status.ERR_NO_RESOURCES) },
    },
    releasing: { destroyResource: {} },
    connect({ server, attachments }) {
      const process = server.spawn();
      let heap2019: Provider2019 | undefined;
      const connect = (to: FakeKernel) => {
        const [client, served] = process.createChannel();
        heap2019 = new Provider2019(process, served);
        return process.give(client, to) as Channel;
      };
      const die = () => {
        heap2019?.close();
        process.kill();
      };
      const wire = new FaultyWire(server, Heap2019.descriptor, connect, die);
      attachments.registrar.register(GOLDFISH_HOST_VISIBLE, new ClientEnd<HeapClient>(wire.end));
      return { wire, ...(heap2019 && { heap2019 }) };
    },
  },
  {
    name: "fuchsia.sysmem2/SecureMem, protected pool",
    heapType: AMLOGIC_SECURE,
    constraints: secure(AMLOGIC_SECURE),
    survives: false,
    isSerial: true,
    making: {
      addSecureHeapPhysicalRange: { error: failing("AddSecureHeapPhysicalRange") },
      zeroSubRange: { error: failing("ZeroSubRange") },
    },
    releasing: { deleteSecureHeapPhysicalRange: { error: failing("DeleteSecureHeapPhysicalRange") } },
    connect: connectSecureMem,
  },
  {
    name: "fuchsia.sysmem2/SecureMem, ranges of its own",
    heapType: AMLOGIC_SECURE_VDEC,
    constraints: secure(AMLOGIC_SECURE_VDEC),
    survives: false,
    isSerial: true,
    making: { zeroSubRange: { error: failing("ZeroSubRange") } },
    releasing: {},
    connect: connectSecureMem,
  },
];

function failing(method: string): (side: Connected) => void {
  return ({ secure: side }) => void side?.failures.set(method, Error.UNSPECIFIED);
}

function connectSecureMem({ server, attachments }: Stage): Connected {
  const process = server.spawn();
  let side: ReferenceSecureMem | undefined;
  const connect = (to: FakeKernel) => {
    const [client, served] = process.createChannel();
    const physicalHeaps = { [AMLOGIC_SECURE_VDEC]: [[0x1000_0000n, 0x10_0000n]] } as const;
    side = new ReferenceSecureMem(served, { dynamicHeaps: [AMLOGIC_SECURE], physicalHeaps });
    return process.give(client, to) as Channel;
  };
  const wire = new FaultyWire(server, SecureMem.descriptor, connect, () => process.kill());
  attachments.secureMemory.register(new ClientEnd<SecureMemClient>(wire.end));
  return { wire, ...(side && { secure: side }) };
}

/** Whether a heap is lost by a fault: one that refuses or is slow may recover, one that talks nonsense is not listened to. */
function isLost(side: Side, fault: Fault): boolean {
  if (fault === "error" || fault === "hang" || fault === "late") return !side.survives;
  return true;
}

function letGoWrong(
  side: Connected,
  method: string,
  fault: Fault,
  error: ((side: Connected) => void) | undefined,
): void {
  if (fault === "error") error?.(side);
  else side.wire.arm(method, fault);
}

/** A collection gets its buffers now, and leaves again. */
async function getsBuffers(world: FakeWorld, constraints: BufferCollectionConstraints): Promise<void> {
  const collection = world.nonShared();
  collection.setConstraints({ constraints });
  const { outcome } = await world.pending(collection);
  const result = outcome();
  expect(result?.kind).toBe("ok");
  if (result?.kind === "ok") world.closeVmos(result.info);
  world.leave(collection);
  await world.settle();
}

/** After the fault: the heap is there and works, or it is gone and another one takes its place and works. */
async function nextWorks(stage: Stage, side: Side, connected: Connected, isGone: boolean): Promise<Connected> {
  const heaps = stage.world.server.context.heaps.list().map(({ id }) => id.heapType);
  expect(heaps.includes(side.heapType)).toBe(!isGone);
  const next = isGone ? side.connect(stage) : connected;
  await stage.world.settle();
  await getsBuffers(stage.world, side.constraints);
  return next;
}

async function endStage({ world, attachments }: Stage, ...sides: Connected[]): Promise<void> {
  await world.settle();
  // Everything is given back in order while there is somebody to give it to.
  await endWorldAfter(world);
  attachments.close();
  for (const { wire } of sides) wire.kill();
  await world.settle();
  await endWorld(world);
  expect(world.clock.pendingTimers).toBe(0);
}

async function endWorldAfter(world: FakeWorld): Promise<void> {
  await world.dispose();
  world.clock.advance(LONGEST_TIMEOUT_NS);
  await world.settle();
}

for (const side of SIDES) {
  describe(side.name, () => {
    for (const [method, { hasHandles, error }] of Object.entries(side.making)) {
      const faults: Fault[] = [
        ...WIRE_FAULTS,
        ...(hasHandles ? HANDLE_FAULTS : []),
        ...(error ? ["error" as const] : []),
      ];
      test.each(faults)(`${method}: %s: NO_MEMORY, or the heap is lost`, async (fault) => {
        const stage = openStage();
        const { world } = stage;
        const connected = side.connect(stage);
        await world.settle();
        letGoWrong(connected, method, fault, error);
        const collection = world.nonShared();
        collection.setConstraints({ constraints: side.constraints });
        const { outcome } = await world.pending(collection);
        const isWaiting = fault === "hang" || fault === "late";
        // Nobody else waits.
        await getsBuffers(world, raw());
        if (isWaiting) {
          expect(outcome()).toBeUndefined();
          if (!side.isSerial) await getsBuffers(world, side.constraints);
          world.clock.advance(LONGEST_TIMEOUT_NS);
          await world.settle();
          connected.wire.release();
          await world.settle();
        }
        // An answer that came before the end of its heap was a good one.
        const isLucky = fault === "answer twice" || fault === "death after the answer";
        if (!isLucky || outcome()?.kind !== "ok") expect(NO_BUFFERS).toContainEqual(outcome());
        if (error !== undefined && fault === "error") resetErrors(connected);
        const next = await nextWorks(stage, side, connected, isLost(side, fault));
        await endStage(stage, connected, next);
      });
    }
    for (const [method, { error }] of Object.entries(side.releasing)) {
      const faults: Fault[] = [...WIRE_FAULTS, ...(error ? ["error" as const] : [])];
      test.each(faults)(`${method}: %s: the buffer is gone in the end, and nobody waits for it`, async (fault) => {
        const stage = openStage();
        const { world } = stage;
        const connected = side.connect(stage);
        await world.settle();
        const { collection, info } = await world.allocated(side.constraints);
        letGoWrong(connected, method, fault, error);
        world.leave(collection);
        world.closeVmos(info);
        await world.settle();
        // Nobody else waits.
        await getsBuffers(world, raw());
        if (fault === "hang" || fault === "late") {
          expect(world.server.context.collections.size).toBe(1);
          if (!side.isSerial) await getsBuffers(world, side.constraints);
          world.clock.advance(LONGEST_TIMEOUT_NS);
          await world.settle();
          connected.wire.release();
          await world.settle();
        }
        expect(world.server.context.collections.size).toBe(0);
        if (error !== undefined && fault === "error") resetErrors(connected);
        const next = await nextWorks(stage, side, connected, isLost(side, fault));
        await endStage(stage, connected, next);
      });
    }
  });
}

test.each([...WIRE_FAULTS, "error"] as const)(
  "modifySecureHeapPhysicalRange: %s: what is protected is unknown, so that every collection there fails",
  async (fault) => {
    const stage = openStage();
    const { world } = stage;
    const side = SIDES[2] as Side;
    const connected = side.connect(stage);
    await world.settle();
    const { collection, info } = await world.allocated(side.constraints);
    letGoWrong(connected, "modifySecureHeapPhysicalRange", fault, failing("ModifySecureHeapPhysicalRange"));
    // The second buffer begins in the granule of the first, whose range grows.
    const next = world.nonShared();
    next.setConstraints({ constraints: secure(AMLOGIC_SECURE, 32 * PAGE) });
    const { outcome } = await world.pending(next);
    expect(connected.wire.calls).toContain("modifySecureHeapPhysicalRange");
    await getsBuffers(world, raw());
    world.clock.advance(LONGEST_TIMEOUT_NS);
    await world.settle();
    connected.wire.release();
    await world.settle();
    if (outcome()?.kind !== "ok") expect(NO_BUFFERS).toContainEqual(outcome());
    await world.closed(collection);
    world.closeVmos(info);
    await endStage(stage, connected, await nextWorks(stage, side, connected, true));
  },
);

function resetErrors({ heap, heap2019, secure: side }: Connected): void {
  if (heap !== undefined) heap.answer = undefined;
  if (heap2019 !== undefined) Object.assign(heap2019, { allocateStatus: Status.OK, createStatus: Status.OK });
  side?.failures.clear();
}

describe("fuchsia.sysmem2/SecureMem, while it tells what it has", () => {
  for (const method of ["getDynamicSecureHeaps", "getPhysicalSecureHeaps", "getPhysicalSecureHeapProperties"]) {
    const fidlName = method.replace("get", "Get");
    test.each([...WIRE_FAULTS, "error"] as const)(`${method}: %s`, async (fault) => {
      const stage = openStage();
      const { world, attachments } = stage;
      const side = SIDES[2] as Side;
      const connected = connectSecureMem(stage);
      letGoWrong(connected, method, fault, failing(fidlName));
      await world.settle();
      // Nobody else waits.
      await getsBuffers(world, raw());
      // Who needs secure memory waits for it.
      const waiting = world.nonShared();
      waiting.setConstraints({ constraints: side.constraints });
      const { outcome } = await world.pending(waiting);
      if (fault === "hang" || fault === "late") {
        expect(outcome()).toBeUndefined();
        world.clock.advance(LONGEST_TIMEOUT_NS);
        await world.settle();
        connected.wire.release();
      }
      await world.settle();
      if (fault === "error") {
        attachments.secureMemory.unregister();
        await world.settle();
      }
      const next = await nextWorks(stage, side, connected, true);
      // It got its buffers from the next one, unless it had been told that there will be none.
      await world.settle();
      expect(["ok", "error", "closed"]).toContain(outcome()?.kind);
      if (!waiting.isClosed) world.leave(waiting);
      await endStage(stage, connected, next);
    });
  }
});
