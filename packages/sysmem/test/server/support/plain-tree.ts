/** Trees without channels, for what is decided about trees alone. */
import type { NodeEndpoint, Serving } from "../../../src/server/nodes/serving.ts";
import { orphan } from "../../../src/server/nodes/serving.ts";
import { inheritedProperties, Node, rootProperties } from "../../../src/server/tree/node.ts";
import { type DebugInfo, noDebugInfo } from "../../../src/server/tree/properties.ts";

class RecordingEndpoint implements NodeEndpoint {
  readonly koid: number;
  generation: "v1" | "v2" = "v2";
  isClosed = false;
  epitaph: number | undefined;
  isPaused = false;

  constructor(koid = 0) {
    this.koid = koid;
  }
  close(epitaph: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.epitaph = epitaph;
  }
  peerCredentials(): undefined {}
  relatedKoid(): number {
    return 0;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
}

let lastId = 0;

export function token(): Serving {
  return { kind: "token", endpoint: new RecordingEndpoint(), state: { kind: "active" } };
}
export function collection(): Serving {
  return {
    kind: "collection",
    endpoint: new RecordingEndpoint(),
    isReleased: false,
    hasWaited: false,
    waits: [],
    trackers: [],
  };
}
export function group(state: "open" | "sealed" = "open"): Serving {
  return { kind: "group", endpoint: new RecordingEndpoint(), state };
}

export function root(serving: Serving = token(), debugInfo: DebugInfo = noDebugInfo): Node {
  return new Node(undefined, rootProperties(++lastId, debugInfo, 0xffff_ffff), serving);
}

export function child(
  parent: Node,
  serving: Serving = token(),
  options: { isAttached?: boolean; mode?: "propagate" | "propagate-before-allocation" } = {},
): Node {
  const properties = inheritedProperties(parent, {
    nodeId: ++lastId,
    isGroup: serving.kind === "group",
    rightsMask: parent.properties.rightsMask,
    isAttached: options.isAttached ?? false,
  });
  if (options.mode !== undefined) properties.mode = options.mode;
  return new Node(parent, properties, serving);
}

/** Makes a node what it is after SetConstraints. */
export function constrain(node: Node): Node {
  node.properties.constraints = { constraints: {}, mustMatch: undefined };
  node.touch();
  return node;
}

export function leave(node: Node): Node {
  node.setServing(orphan);
  return node;
}
