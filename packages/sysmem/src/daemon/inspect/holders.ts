/** Who keeps a collection's buffers and channels: the processes' holds, matched with what the server handed out. */
import { type Holder, HolderKind } from "#gen/sysmem_inspect";
import type { LogicalBufferCollection } from "#server";
import { clip } from "./pages.ts";
import { type Hold, type Look, lookThroughProcesses } from "./processes.ts";

type LogicalBuffer = LogicalBufferCollection["buffers"] extends Map<number, infer B> ? B : never;
type HandedOutVmo = LogicalBuffer["children"] extends ReadonlyMap<number, infer V> ? V : never;
type TreeNode = NonNullable<LogicalBufferCollection["root"]>;

const MAX_COMMAND_BYTES = 64;

/** A collection's holders: buffers first, by index, then channels. */
export interface Holders {
  readonly holders: readonly Holder[];
  readonly hiddenProcesses: number;
}

/** Looks who holds a collection's VMOs and the channels of its nodes. Takes milliseconds, in several turns. */
export async function findHolders(collection: LogicalBufferCollection): Promise<Holders> {
  const buffers = [...collection.buffers.values()];
  const channels = channelsOf(collection);
  const look = await lookThroughProcesses({
    memory: new Set(buffers.map(({ memory }) => memory.inode)),
    sockets: new Set(channels.keys()),
  });
  const holders = buffers.flatMap((buffer) => bufferHolders(collection, buffer, look));
  for (const hold of look.holds) {
    const node = hold.kind === "socket" ? channels.get(hold.inode) : undefined;
    if (node === undefined || hold.kind !== "socket") continue;
    const { name } = node.properties.debugInfo;
    holders.push({
      ...whose(hold),
      kind: HolderKind.CHANNEL,
      descriptor: hold.descriptor,
      client: clip(name),
      nodeId: BigInt(node.id),
    });
  }
  return { holders, hiddenProcesses: look.hiddenProcesses };
}

/** Nodes by the koid of the client's end of their channel. */
function channelsOf({ root }: LogicalBufferCollection): Map<number, TreeNode> {
  const channels = new Map<number, TreeNode>();
  const nodes: TreeNode[] = root === undefined ? [] : [root];
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at] as TreeNode;
    nodes.push(...node.children);
    if (node.serving.kind === "orphan") continue;
    const koid = node.serving.endpoint.relatedKoid();
    if (koid !== 0) channels.set(koid, node);
  }
  return channels;
}

function bufferHolders(collection: LogicalBufferCollection, buffer: LogicalBuffer, look: Look): Holder[] {
  const holders: Holder[] = [];
  const bufferIndex = buffer.index;
  if (collection.holdsStrongVmos) {
    holders.push({ kind: HolderKind.SERVER, pid: process.pid, bufferIndex, isWeak: false });
  }
  const found = new Set<number>();
  const here = look.holds.filter((hold) => hold.inode === buffer.memory.inode);
  for (const hold of here) {
    if (hold.kind !== "descriptor") continue;
    const child = hold.marks.map((mark) => buffer.children.get(mark)).find((one) => one !== undefined);
    // The server's own descriptor carries no mark; others without one were opened anew by their holder.
    if (child === undefined && hold.pid === process.pid) continue;
    if (child !== undefined) found.add(child.childId);
    const { descriptor, isWritable } = hold;
    holders.push({
      ...whose(hold),
      kind: HolderKind.DESCRIPTOR,
      bufferIndex,
      descriptor,
      isWritable,
      ...about(child, hold.pid),
    });
  }
  const unseen = [...buffer.children.values()].filter(({ childId }) => !found.has(childId));
  for (const hold of here) {
    if (hold.kind !== "mapping") continue;
    // The kernel does not tell which description a mapping came from. A process that has a descriptor as well most likely
    // mapped that; else it is one of those that no descriptor accounts for.
    const own = here.flatMap((other) =>
      other.kind === "descriptor" && other.pid === hold.pid && (other.isWritable || !hold.isWritable)
        ? other.marks.flatMap((mark) => buffer.children.get(mark) ?? [])
        : [],
    );
    const candidates = own.length > 0 ? own : mostLikely(unseen, hold.pid);
    for (const { childId } of candidates) found.add(childId);
    const { start, end, isWritable } = hold;
    holders.push({
      ...whose(hold),
      kind: HolderKind.MAPPING,
      bufferIndex,
      start,
      end,
      isWritable,
      ...(candidates.length === 1 ? about(candidates[0], hold.pid) : weakness(candidates)),
    });
  }
  for (const child of buffer.children.values()) {
    if (!found.has(child.childId))
      holders.push({ kind: HolderKind.NOT_FOUND, bufferIndex, ...about(child, undefined) });
  }
  return holders;
}

/** Those that were sent to this process, if any were. */
function mostLikely(children: readonly HandedOutVmo[], pid: number): readonly HandedOutVmo[] {
  const sentThere = children.filter(({ receiver }) => receiver.pid === pid);
  return sentThere.length > 0 ? sentThere : children;
}

function whose(hold: Hold): Holder {
  return { pid: hold.pid, command: clip(hold.command, MAX_COMMAND_BYTES) };
}

function about(child: HandedOutVmo | undefined, holderPid: number | undefined): Holder {
  if (child === undefined) return {};
  const { name, nodeId, pid } = child.receiver;
  return {
    isWeak: child.isWeak,
    client: clip(name),
    ...(nodeId !== undefined && { nodeId: BigInt(nodeId) }),
    ...(pid !== undefined && pid !== holderPid && { receiverPid: pid }),
  };
}

function weakness(children: readonly HandedOutVmo[]): Holder {
  const [first] = children;
  if (first === undefined || children.some(({ isWeak }) => isWeak !== first.isWeak)) return {};
  return { isWeak: first.isWeak };
}
