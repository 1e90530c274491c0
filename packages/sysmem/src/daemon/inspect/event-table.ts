/** What happens in the server, as watchers are told it. */
import { Error as ErrorCode } from "#gen/fuchsia_sysmem2";
import { type Event, EventKind } from "#gen/sysmem_inspect";
import { pixelFormatName } from "#negotiate";
import { type NodeRefData, type ServerEvent, v2Error } from "#server";
import { negotiationId } from "./failures.ts";
import { clip } from "./pages.ts";

const MAX_CLIENT_BYTES = 256;

/** The table for an event. */
export function eventTable(event: ServerEvent, sequence: bigint): Event {
  return {
    sequence,
    atNs: BigInt(event.atNs),
    kind: EventKind[KINDS[event.type]],
    collectionId: event.collectionId,
    ...details(event),
  };
}

const KINDS = {
  "collection-created": "COLLECTION_CREATED",
  "node-created": "NODE_CREATED",
  "token-bound": "TOKEN_BOUND",
  "node-orphaned": "NODE_ORPHANED",
  "constraints-set": "CONSTRAINTS_SET",
  "allocation-decided": "ALLOCATION_DECIDED",
  allocated: "ALLOCATED",
  "allocation-failed": "ALLOCATION_FAILED",
  deviation: "DEVIATION",
  "domain-failed": "DOMAIN_FAILED",
  "vmo-delivered": "VMO_DELIVERED",
  "strong-vmos-gone": "STRONG_VMOS_GONE",
  "weak-vmo-complaint": "WEAK_VMO_COMPLAINT",
  "buffer-freed": "BUFFER_FREED",
  "stall-warning": "STALL_WARNING",
  "collection-gone": "COLLECTION_GONE",
} as const satisfies Readonly<Record<ServerEvent["type"], string>>;

function details(event: ServerEvent): Event {
  switch (event.type) {
    case "collection-created":
      return nodeFields(event.root);
    case "node-created":
      return { ...nodeFields(event.node), parentId: BigInt(event.parentId), text: event.kind };
    case "token-bound":
    case "node-orphaned":
      return nodeFields(event.node);
    case "constraints-set":
      return { ...nodeFields(event.node), text: event.constraints === undefined ? "none" : undefined };
    case "allocation-decided": {
      const { settings, bufferCount, attempt } = event;
      const format = settings.imageFormatConstraints?.pixelFormat;
      const what = format === undefined ? "" : ` of ${pixelFormatName(format)}`;
      const size = settings.bufferSettings?.sizeBytes ?? 0n;
      const text = `${attempt}: ${bufferCount} buffers${what}, ${size} bytes each`;
      return { ...nodeFields(event.node), count: bufferCount, text };
    }
    case "allocated":
      return { count: event.buffers.length, durationNs: BigInt(Math.round(event.durationNs)) };
    case "allocation-failed":
      return {
        ...nodeFields(event.node),
        error: ErrorCode.from(v2Error(event.error)),
        failureId: negotiationId(event.failureId),
        text: clip(event.reason),
      };
    case "deviation":
      return { ...nodeFields(event.node), text: clip(`${event.message}: ${event.detail}`) };
    case "domain-failed":
      return {
        ...nodeFields(event.origin),
        error: ErrorCode.from(v2Error(event.error)),
        count: event.nodeCount,
        text: event.cause,
      };
    case "vmo-delivered":
      return { ...nodeFields(event.node), bufferIndex: event.bufferIndex, isWeak: event.isWeak };
    case "strong-vmos-gone":
      return { bufferIndex: event.bufferIndex, count: event.weakOutstanding };
    case "weak-vmo-complaint":
      return { bufferIndex: event.bufferIndex, isWeak: true, client: clip(event.client, MAX_CLIENT_BYTES) };
    case "buffer-freed":
      return {
        bufferIndex: event.bufferIndex,
        durationNs: event.weakDurationNs === undefined ? undefined : BigInt(Math.round(event.weakDurationNs)),
      };
    case "stall-warning":
      return { count: event.warning };
    case "collection-gone":
      return {};
  }
}

function nodeFields({ nodeId, client, pid }: NodeRefData): Event {
  return { nodeId: BigInt(nodeId), client: clip(client, MAX_CLIENT_BYTES), pid };
}
