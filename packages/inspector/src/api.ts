/** What the server tells: tables of `sysmem.inspect` as JSON, 64-bit integers as decimal strings. */

/** Any value in constraints or settings. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface HeapId {
  readonly heap_type?: string;
  readonly id?: string;
}

export interface ServerInfo {
  readonly pid: number;
  readonly started_at_ns: string;
  readonly now_ns: string;
  readonly wall_ns: string;
  readonly version: string;
  readonly collection_count: number;
  readonly buffer_bytes: string;
  readonly secure_memory: string;
  /** Whether the server shows what buffers hold. */
  readonly thumbnails_allowed?: boolean;
}

export interface HeapState {
  readonly heap: HeapId;
  readonly description: string;
  readonly cpu_domain: boolean;
  readonly ram_domain: boolean;
  readonly inaccessible_domain: boolean;
  readonly is_secure: boolean;
  readonly buffer_count: number;
  readonly buffer_bytes: string;
  readonly collection_count: number;
  readonly is_physically_contiguous?: boolean;
  readonly pools?: readonly PoolState[];
}

export interface PoolState {
  readonly name: string;
  readonly size_bytes: string;
  readonly is_ready: boolean;
  readonly used_bytes: string;
  readonly high_water_mark_bytes: string;
  readonly largest_free_bytes: string;
  readonly allocations_failed: string;
  readonly allocations_failed_fragmentation: string;
  readonly failed_guard_region_checks?: string;
  readonly loanable_ratio?: number;
}

export interface Quota {
  readonly name: string;
  readonly limit: string;
  readonly used: string;
  readonly collection_id?: string;
  readonly pid?: number;
  readonly uid?: number;
}

export interface Overview {
  readonly server: ServerInfo;
  readonly heaps: readonly HeapState[];
  readonly quotas: readonly Quota[];
}

export type AllocationState = "NOT_ATTEMPTED" | "POSTPONED" | "ALLOCATING" | "ALLOCATED" | "FAILED";

export interface CollectionSummary {
  readonly collection_id: string;
  readonly name?: string;
  readonly created_at_ns: string;
  readonly allocation: AllocationState;
  readonly allocated_at_ns?: string;
  readonly node_count: number;
  readonly unready_count: number;
  readonly strong_node_count: number;
  readonly buffer_count?: number;
  readonly size_bytes?: string;
  readonly heap?: HeapId;
  readonly pixel_format?: string;
  readonly pixel_format_modifier?: string;
  readonly size?: { readonly width: number; readonly height: number };
  readonly existing_buffers: number;
  readonly strong_vmos: number;
  readonly weak_vmos: number;
  readonly clients: readonly string[];
  readonly pids: readonly number[];
}

export interface TreeNode {
  readonly node_id: string;
  readonly parent_id?: string;
  readonly kind: "TOKEN" | "COLLECTION" | "GROUP" | "ORPHAN";
  readonly state: string;
  readonly is_group: boolean;
  readonly client: string;
  readonly client_id: string;
  readonly pid?: number;
  readonly command?: string;
  readonly rights_mask: number;
  readonly propagation: "PROPAGATE" | "PROPAGATE_BEFORE_ALLOCATION" | "DO_NOT_PROPAGATE";
  readonly is_attached: boolean;
  readonly is_weak: boolean;
  readonly is_weak_ok: boolean;
  readonly awaited: string;
  readonly is_allocated: boolean;
  readonly pending_waits: number;
  readonly has_constraints: boolean;
  readonly selected_child_id?: string;
  readonly generation?: number;
}

export interface Requirement {
  readonly participant: string;
  readonly node_id?: string;
  readonly field: string;
  readonly value: string;
  readonly text: string;
}

export interface Decision {
  readonly setting: string;
  readonly value: string;
  readonly decided_by: readonly Requirement[];
  readonly note?: string;
}

export interface Relaxation {
  readonly participant: string;
  readonly node_id?: string;
  readonly field: string;
  readonly before: string;
  readonly after?: string;
  readonly is_enough: boolean;
  readonly text: string;
}

export interface ChildOutcome {
  readonly group: string;
  readonly child: number;
  readonly name: string;
  readonly status: string;
  readonly summary?: string;
}

export interface Explanation {
  readonly summary: string;
  readonly code?: string;
  readonly requirements: readonly Requirement[];
  readonly relaxations: readonly Relaxation[];
  readonly children: readonly ChildOutcome[];
  readonly is_shortened: boolean;
}

export interface Finding {
  readonly severity: "NOTE" | "WAITING" | "PROBLEM";
  readonly node_id?: string;
  readonly participant?: string;
  readonly pid?: number;
  readonly field: string;
  readonly text: string;
}

export interface Buffer {
  readonly index: number;
  readonly inode: string;
  readonly size_bytes: string;
  readonly strong_vmos: number;
  readonly weak_vmos: number;
  readonly is_strong_side_gone: boolean;
}

/** What a buffer holds, or why that cannot be shown. */
export interface Thumbnail {
  readonly size?: { readonly width: number; readonly height: number };
  readonly image?: {
    readonly pixel_format: string;
    readonly pixel_format_modifier: string;
    readonly color_space?: string;
    readonly size: { readonly width: number; readonly height: number };
    readonly bytes_per_row: number;
  };
  readonly obstacle?: string;
  /** The first bytes, where there is no picture. */
  readonly start?: readonly number[];
  /** The picture's pixels in base64. */
  readonly rgba?: string;
}

export interface Holder {
  readonly kind: "DESCRIPTOR" | "MAPPING" | "CHANNEL" | "NOT_FOUND" | "SERVER";
  readonly pid?: number;
  readonly command?: string;
  readonly buffer_index?: number;
  readonly descriptor?: number;
  readonly start?: string;
  readonly end?: string;
  readonly is_writable?: boolean;
  readonly is_weak?: boolean;
  readonly client?: string;
  readonly node_id?: string;
  readonly receiver_pid?: number;
}

export interface Failure {
  readonly failure_id: string;
  readonly kind: "NEGOTIATION" | "MEMORY" | "PARTICIPANT" | "ALLOCATOR";
  readonly at_ns: string;
  readonly collection_id?: string;
  readonly collection_name?: string;
  readonly error?: string;
  readonly attempt?: string;
  readonly cause?: string;
  readonly reason?: string;
  readonly participant?: string;
  readonly node_id?: string;
  readonly pid?: number;
  readonly field?: string;
  readonly node_count?: number;
  readonly participant_count?: number;
}

export interface ServerEvent {
  readonly sequence: string;
  readonly at_ns: string;
  readonly kind: string;
  readonly collection_id: string;
  readonly node_id?: string;
  readonly client?: string;
  readonly pid?: number;
  readonly parent_id?: string;
  readonly buffer_index?: number;
  readonly is_weak?: boolean;
  readonly error?: string;
  readonly failure_id?: string;
  readonly count?: number;
  readonly duration_ns?: string;
  readonly text?: string;
}

/** A collection with everything that is at hand about it. */
export interface CollectionDetail {
  readonly summary: CollectionSummary;
  readonly settings: Json;
  readonly findings: readonly Finding[];
  readonly nodes: readonly TreeNode[];
  readonly constraints: Readonly<Record<string, Json>>;
  readonly must_match: Readonly<Record<string, Json>>;
  readonly buffers: readonly Buffer[];
  readonly lifetime_trackers: number;
  readonly is_shortened: boolean;
}

/** Asks the server; undefined when what was asked for is gone, or the server is. */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<T | undefined> {
  try {
    const answer = await fetch(`api/${path}`, signal === undefined ? {} : { signal });
    return answer.ok ? ((await answer.json()) as T) : undefined;
  } catch {
    // The stream of events tells of a lost connection, and where it comes back.
    return undefined;
  }
}
