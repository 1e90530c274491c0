/**
 * Who uses how much. Everything that costs the server memory or descriptors is charged to the process that created the
 * collection, and to its user; past a limit the request fails, and the log says whose limit it was.
 */
import { assert, type SendBudget } from "#base";
import type { PeerCredentials } from "#kernel";

/** What is counted. */
export interface Amounts {
  readonly connections: number;
  readonly collections: number;
  readonly nodes: number;
  readonly buffers: number;
  readonly bytes: number;
  /** Bytes of messages that the server keeps because nobody reads them. */
  readonly pendingBytes: number;
  /** Descriptors in the server: derived from the others, by `DESCRIPTORS`. */
  readonly descriptors: number;
}

/** Most of each that one holder may use. Absent: no limit. */
export type Quotas = Partial<Amounts>;

/** Most that one client process, and most that one user, may use. */
export interface QuotaOptions {
  readonly perProcess?: Quotas | undefined;
  readonly perUser?: Quotas | undefined;
}

/** What is asked for at once. `pendingHandles`: those of messages that the server, or the kernel for it, keeps. */
export type Charge = Partial<Omit<Amounts, "descriptors"> & { readonly pendingHandles: number }>;

/**
 * Descriptors that each costs the server from the start: a connection and a node their channel, a buffer its memory file.
 * What comes on demand (a node's node_ref, both ends of a buffer's close_weak_asap) makes it three times as much at most.
 */
const DESCRIPTORS = { connections: 1, nodes: 1, buffers: 1, pendingHandles: 1 } as const;

const KINDS = ["connections", "collections", "nodes", "buffers", "bytes", "pendingBytes", "descriptors"] as const;

/** A limit that a charge would pass. */
export interface Breach {
  readonly holder: "process" | "user";
  readonly pid: number;
  readonly uid: number;
  readonly kind: keyof Amounts;
  readonly limit: number;
  readonly used: number;
  readonly asked: number;
}

/** In one sentence, for the log. */
export function describeBreach({ holder, pid, uid, kind, limit, used, asked }: Breach): string {
  const who = holder === "process" ? `process ${pid} of user ${uid}` : `user ${uid} (last by process ${pid})`;
  return `quota of ${kind} is used up by ${who}: ${used} and ${asked} more, of ${limit}`;
}

type Usage = { -readonly [K in keyof Amounts]: Amounts[K] };

/** What a charge comes to. Every message that makes or ends something asks, so that it is spelt out. */
function amountsOf(charge: Charge): Amounts {
  const { connections = 0, collections = 0, nodes = 0, buffers = 0, bytes = 0 } = charge;
  const { pendingBytes = 0, pendingHandles = 0 } = charge;
  const descriptors =
    connections * DESCRIPTORS.connections +
    nodes * DESCRIPTORS.nodes +
    buffers * DESCRIPTORS.buffers +
    pendingHandles * DESCRIPTORS.pendingHandles;
  return { connections, collections, nodes, buffers, bytes, pendingBytes, descriptors };
}

function nothing(): Usage {
  return { connections: 0, collections: 0, nodes: 0, buffers: 0, bytes: 0, pendingBytes: 0, descriptors: 0 };
}

/** One client process's account with the server. Connections of one process share what it counts. */
export class Account {
  readonly pid: number;
  readonly uid: number;
  /**
   * For the channels that this account answers for. Only a channel whose peer does not read keeps anything, so it is
   * such a channel that meets the limit and is closed, and no other.
   */
  readonly sendBudget: SendBudget = {
    take: (pendingBytes, pendingHandles) => {
      const breach = this.check({ pendingBytes, pendingHandles });
      if (breach !== undefined) return `the peer does not read: ${describeBreach(breach)}`;
      this.charge({ pendingBytes, pendingHandles });
      return undefined;
    },
    give: (pendingBytes, pendingHandles) => this.refund({ pendingBytes, pendingHandles }),
    watch: (look) => this.#accounts.watch(look),
  };
  readonly #accounts: Accounts;

  /** @internal See `Accounts.of`. */
  constructor(accounts: Accounts, { pid, uid }: { readonly pid: number; readonly uid: number }) {
    this.#accounts = accounts;
    this.pid = pid;
    this.uid = uid;
  }

  /** What a charge would break; undefined when it may be made. */
  check(charge: Charge): Breach | undefined {
    const { perProcess = {}, perUser = {} } = this.#accounts.quotas;
    const amounts = amountsOf(charge);
    const find = () => this.#checkHolder("process", perProcess, amounts) ?? this.#checkHolder("user", perUser, amounts);
    const breach = find();
    if (breach?.kind !== "descriptors") return breach;
    this.#accounts.look();
    return find();
  }

  /** Counts what is used from now on, checked before. */
  charge(charge: Charge): void {
    const amounts = amountsOf(charge);
    this.#accounts.count("process", this.pid, amounts, 1);
    this.#accounts.count("user", this.uid, amounts, 1);
  }

  /** Counts back what was charged. */
  refund(charge: Charge): void {
    const amounts = amountsOf(charge);
    this.#accounts.count("process", this.pid, amounts, -1);
    this.#accounts.count("user", this.uid, amounts, -1);
  }

  #checkHolder(holder: Breach["holder"], quotas: Quotas, amounts: Amounts): Breach | undefined {
    const usage = this.#accounts.usageOf(holder, holder === "process" ? this.pid : this.uid);
    for (const kind of KINDS) {
      const limit = quotas[kind];
      const asked = amounts[kind];
      if (limit === undefined || asked === 0 || usage[kind] + asked <= limit) continue;
      return { holder, pid: this.pid, uid: this.uid, kind, limit, used: usage[kind], asked };
    }
    return undefined;
  }
}

/** What one holder uses, for inspection. */
export interface HolderUsage extends Amounts {
  readonly holder: "process" | "user";
  readonly id: number;
}

/** A client that the kernel cannot name: it shares an account with others of the kind. */
const NOBODY = { pid: 0, uid: -1 };

/** Every client's account. Holders are known as long as they use something. */
export class Accounts {
  readonly quotas: QuotaOptions;
  /** Channels whose peers may have read since what is counted for them. */
  readonly #looks = new Set<() => void>();
  readonly #usage = { process: new Map<number, Usage>(), user: new Map<number, Usage>() };

  constructor(quotas: QuotaOptions = {}) {
    this.quotas = quotas;
  }

  of(peer: PeerCredentials | undefined): Account {
    return new Account(this, peer ?? NOBODY);
  }

  /** What everybody uses, processes first. */
  usage(): HolderUsage[] {
    this.look();
    return (["process", "user"] as const).flatMap((holder) =>
      [...this.#usage[holder]].map(([id, usage]) => ({ holder, id, ...usage })),
    );
  }

  /** @internal See `SendBudget.watch`. */
  watch(look: () => void): () => void {
    this.#looks.add(look);
    return () => void this.#looks.delete(look);
  }

  /** @internal Counts back what was read since it was counted. */
  look(): void {
    for (const look of [...this.#looks]) look();
  }

  /** @internal */
  usageOf(holder: Breach["holder"], id: number): Amounts {
    return this.#usage[holder].get(id) ?? nothing();
  }

  /** @internal */
  count(holder: Breach["holder"], id: number, amounts: Amounts, sign: 1 | -1): void {
    const usage = this.#usage[holder].get(id) ?? nothing();
    let isUsing = false;
    for (const kind of KINDS) {
      usage[kind] += sign * amounts[kind];
      assert(usage[kind] >= 0, "no more is refunded than was charged");
      isUsing ||= usage[kind] > 0;
    }
    if (isUsing) this.#usage[holder].set(id, usage);
    else this.#usage[holder].delete(id);
  }
}
