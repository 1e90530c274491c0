/**
 * v1 clients that look like those of v2, so that one description of a scenario serves for both generations. What v1 has no
 * word for skips the test, and says so.
 */
import { getCurrentTest } from "vitest/suite";
import { expect } from "vitest";
import { Status } from "#base";
import * as v1 from "#gen/fuchsia_sysmem";
import type * as v2 from "#gen/fuchsia_sysmem2";
import { heapTypeOfNumber } from "#heaps";
import { COUNT_FIELDS, MEMORY_FIELDS, readScalars } from "../../../src/server/v1/fields.ts";
import { blankCollectionInfo } from "../../../src/server/v1/settings.ts";
import { heapNumberOf } from "../../../src/server/v1/numbers.ts";

/** Tests that met something v1 cannot say: their worlds are in any state. */
export const skipped: WeakSet<object> = new WeakSet<object>();

/** Skips the running test. */
function notInV1(what: string): never {
  const task = getCurrentTest();
  if (task === undefined) throw new TypeError(`v1 has no ${what}, and no test is running`);
  skipped.add(task);
  return task.context.skip(`v1 has no ${what}`);
}

/** Statuses and the errors of v2 that they stand for. Source: interface contract 7. */
const ERRORS: ReadonlyMap<number, number> = new Map([
  [Status.ERR_INTERNAL, 1],
  [Status.ERR_INVALID_ARGS, 2],
  [Status.ERR_NOT_FOUND, 3],
  [Status.ERR_ACCESS_DENIED, 4],
  [Status.ERR_NO_MEMORY, 5],
  [Status.ERR_NOT_SUPPORTED, 6],
  [Status.ERR_UNAVAILABLE, 7],
  [Status.ERR_OUT_OF_RANGE, 8],
]);

/** What a v1 channel's epitaph may be (lifecycle contract 1.1, 1.2 and 4). */
const EPITAPHS: ReadonlySet<number> = new Set<number>([
  ...ERRORS.keys(),
  Status.ERR_BAD_STATE,
  Status.ERR_NO_RESOURCES,
]);

type Method = (...args: readonly unknown[]) => unknown;
type Anything = Record<string, unknown>;

function required<T>(value: T | undefined, what: string): T {
  return value === undefined ? notInV1(`message without ${what}`) : value;
}

function toV1Constraints(from: v2.BufferCollectionConstraints | undefined): v1.BufferCollectionSetConstraintsRequest {
  const memory = from?.bufferMemoryConstraints;
  if (from?.imageFormatConstraints !== undefined) notInV1("image constraints in this helper");
  const heaps = (memory?.permittedHeaps ?? []).map(
    ({ heapType = "", id = 0n }) => heapNumberOf(heapType, id) ?? notInV1(`heap ${heapType}`),
  );
  if (memory?.minPhysicalBaseAlignment !== undefined) notInV1("min_physical_base_alignment");
  const known = new Set([...COUNT_FIELDS.map(({ v2: name }) => name), "usage", "bufferMemoryConstraints"]);
  for (const name of Object.keys(from ?? {})) if (!known.has(name)) notInV1(name);
  const image = blankCollectionInfo().settings.imageFormatConstraints;
  const constraints = {
    usage: { none: 0, cpu: 0, vulkan: 0, display: 0, video: 0, ...(from?.usage as object) },
    ...readScalars(COUNT_FIELDS, from ?? {}),
    hasBufferMemoryConstraints: memory !== undefined,
    bufferMemoryConstraints: {
      ...readScalars(MEMORY_FIELDS, memory ?? {}),
      physicallyContiguousRequired: memory?.physicallyContiguousRequired ?? false,
      secureRequired: memory?.secureRequired ?? false,
      ramDomainSupported: memory?.ramDomainSupported ?? false,
      cpuDomainSupported: memory?.cpuDomainSupported ?? true,
      inaccessibleDomainSupported: memory?.inaccessibleDomainSupported ?? false,
      heapPermittedCount: heaps.length,
      heapPermitted: Array.from({ length: 32 }, (_, i) => heaps[i] ?? v1.HeapType.SYSTEM_RAM),
    },
    imageFormatConstraintsCount: 0,
    imageFormatConstraints: Array(32).fill(image),
  };
  // An empty table is the same as none.
  const hasConstraints = from !== undefined && Object.keys(from).length > 0;
  return { hasConstraints, constraints } as unknown as v1.BufferCollectionSetConstraintsRequest;
}

function toV2Info(info: v1.BufferCollectionInfo2): object {
  const { bufferSettings } = info.settings;
  return {
    settings: {
      bufferSettings: {
        ...bufferSettings,
        sizeBytes: BigInt(bufferSettings.sizeBytes),
        heap: { heapType: heapTypeOfNumber(bufferSettings.heap), id: 0n },
        get rawVmoSize() {
          return notInV1("raw_vmo_size");
        },
      },
    },
    buffers: info.buffers.slice(0, info.bufferCount).map(({ vmo, vmoUsableStart }) => ({
      ...(vmo && { vmo }),
      vmoUsableStart,
    })),
    get bufferCollectionId() {
      return notInV1("buffer_collection_id");
    },
  };
}

/** v2's methods in terms of a v1 client's. Those not named here have the same name and payload. */
function translations(client: Anything): Record<string, Method> {
  const call = (name: string, ...args: unknown[]) => (client[name] as Method)(...args) as Promise<Anything>;
  const absent = (what: string) => () => notInV1(what);
  const statusResult = async (answer: Promise<Anything>, value: (answer: Anything) => object) => {
    const response = await answer;
    const status = response["status"] as number;
    return status === Status.OK ? { ok: true, value: value(response) } : { ok: false, error: ERRORS.get(status) };
  };
  return {
    release: () => void call("close_"),
    setName: (payload) => {
      const { priority, name } = payload as v2.NodeSetNameRequest;
      void call("setName", { priority: required(priority, "priority"), name: required(name, "name") });
    },
    setDebugClientInfo: (payload) => {
      const { name, id } = payload as v2.NodeSetDebugClientInfoRequest;
      if (name !== undefined && name.length > 64) notInV1("name of so many bytes");
      void call("setDebugClientInfo", { name: required(name, "name"), id: id ?? 0n });
    },
    setDebugTimeoutLogDeadline: (payload) => {
      const { deadline } = payload as v2.NodeSetDebugTimeoutLogDeadlineRequest;
      void call("setDebugTimeoutLogDeadline", { deadline: required(deadline, "deadline") });
    },
    isAlternateFor: async (payload) => {
      const { nodeRef } = payload as v2.NodeIsAlternateForRequest;
      const result = await call("isAlternateFor", { nodeRef: required(nodeRef, "node_ref") });
      return result["ok"] === true ? result : { ok: false, error: ERRORS.get(result["error"] as number) };
    },
    getBufferCollectionId: absent("GetBufferCollectionId"),
    setWeak: absent("SetWeak"),
    setWeakOk: absent("SetWeakOk"),
    attachNodeTracking: absent("AttachNodeTracking"),
    getVmoInfo: absent("GetVmoInfo"),
    setConstraints: (payload) => {
      const { constraints, mustMatchVmo } = payload as v2.BufferCollectionSetConstraintsRequest;
      if (mustMatchVmo !== undefined) {
        mustMatchVmo.close();
        notInV1("must_match_vmo");
      }
      void call("setConstraints", toV1Constraints(constraints));
    },
    waitForAllBuffersAllocated: () =>
      statusResult(call("waitForBuffersAllocated"), ({ bufferCollectionInfo }) => ({
        bufferCollectionInfo: toV2Info(bufferCollectionInfo as v1.BufferCollectionInfo2),
      })),
    checkAllBuffersAllocated: () => statusResult(call("checkBuffersAllocated"), () => ({})),
  };
}

/** Fields that v2 may leave out and v1 has always. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  duplicate: ["rightsAttenuationMask", "tokenRequest"],
  duplicateSync: ["rightsAttenuationMasks"],
  createBufferCollectionTokenGroup: ["groupRequest"],
  createChildrenSync: ["rightsAttenuationMasks"],
  attachToken: ["rightsAttenuationMask", "tokenRequest"],
  attachLifetimeTracking: ["serverEnd", "buffersRemaining"],
  allocateSharedCollection: ["tokenRequest"],
  allocateNonSharedCollection: ["collectionRequest"],
  bindSharedCollection: ["token", "bufferCollectionRequest"],
  validateBufferCollectionToken: ["tokenServerKoid"],
};

/** A v1 client with the face of its v2 counterpart. */
function asV2(client: object): object {
  const target = client as Anything;
  const translated = translations(target);
  return new Proxy(target, {
    get(_, key) {
      if (key === "closed") return closedAsV2(target["closed"] as Promise<Anything>);
      if (typeof key === "string" && Object.hasOwn(translated, key)) {
        // An Allocator's SetDebugClientInfo has the same fields as a node's.
        return translated[key];
      }
      const member = Reflect.get(target, key, target) as unknown;
      if (typeof member !== "function") return member;
      const fields = REQUIRED[key as string];
      return (...args: unknown[]) => {
        for (const field of fields ?? []) {
          const payload = args[0] as Anything;
          if (payload[field] !== undefined) continue;
          for (const end of Object.values(payload)) (end as { close?: () => void } | undefined)?.close?.();
          notInV1(`message without ${field}`);
        }
        return (member as Method).apply(target, args);
      };
    },
  });
}

/** v1 epitaphs have a meaning, which has tests of its own; here it is enough that they are in order. */
async function closedAsV2(closed: Promise<Anything>): Promise<Anything> {
  const info = await closed;
  if (info["cause"] !== "epitaph") return info;
  expect(EPITAPHS).toContain(info["status"]);
  return { ...info, status: Status.ERR_INTERNAL };
}

/** Makes clients of a v1 protocol that look like those of v2. */
export function clientsOf(protocol: object): {
  bind(end: unknown): object;
  createProxy(factory: unknown): { proxy: object; server: unknown };
} {
  const v1Protocol = protocol as ReturnType<typeof clientsOf>;
  return {
    bind: (end) => asV2(v1Protocol.bind(end)),
    createProxy(factory) {
      const { proxy, server } = v1Protocol.createProxy(factory);
      return { proxy: asV2(proxy), server };
    },
  };
}
