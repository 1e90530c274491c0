/** How participants are called in sentences: by their own name, with a number only where two have the same. */
import type { NodeSnapshot } from "#server";

/** What is known of a participant. */
export interface NamedNode {
  readonly nodeId: number;
  readonly client: string;
  readonly clientId?: bigint;
  readonly pid?: number | undefined;
}

/** Names for some nodes. */
export class Names {
  readonly #names = new Map<number, string>();
  readonly #nodes = new Map<string, NamedNode>();
  /** What the server's own explanations call them. */
  readonly #long: [string, string][] = [];

  constructor(nodes: readonly NamedNode[]) {
    const counts = new Map<string, number>();
    for (const { client } of nodes) counts.set(client, (counts.get(client) ?? 0) + 1);
    for (const node of nodes) {
      const { client, nodeId, clientId } = node;
      let name = client;
      if (client === "") name = `node ${nodeId}`;
      else if ((counts.get(client) ?? 0) > 1) name = `${client} (node ${nodeId})`;
      this.#names.set(nodeId, name);
      this.#nodes.set(name, node);
      if (client !== "") this.#long.push([`${client} (${clientId ?? 0n}, node ${nodeId})`, name]);
    }
  }

  /** A node's name. */
  of(nodeId: number): string {
    return this.#names.get(nodeId) ?? `node ${nodeId}`;
  }

  /** The node of a name. */
  find(name: string): NamedNode | undefined {
    return this.#nodes.get(name);
  }

  /** A text of the server's with the names of here. */
  shorten(text: string): string {
    let short = text;
    for (const [long, name] of this.#long) short = short.replaceAll(long, name);
    return short;
  }
}

/** `camera (pid 1234)`. */
export function withPid(name: string, pid: number | undefined): string {
  return pid === undefined ? name : `${name} (pid ${pid})`;
}

/** Names for a collection's nodes. */
export function namesOf(nodes: readonly NodeSnapshot[]): Names {
  return new Names(nodes);
}
