/** The daemon's configuration file. Every key is optional; see `settings.ts` for how mistakes are told. */
import { dirname, resolve } from "node:path";
import type { FormatCostEntry } from "#gen/fuchsia_sysmem2";
import type { HeapProperties, ProtectedPool } from "#heaps";
import type { QuotaOptions } from "#server";
import { dmaHeap, type DmaHeapSettings, protectedPool, quotas, v2019Heap } from "./heap-settings.ts";
import { formatCost, loadFormatCosts } from "./format-costs.ts";
import { LOG_AREAS, type LogArea } from "./logging.ts";
import { contiguousPool, type ContiguousPoolSettings } from "./contiguous-settings.ts";
import { type Plain, readSettings, Section } from "./settings.ts";

export interface DaemonConfig {
  /** Largest single buffer, in bytes; a larger one does not negotiate. */
  readonly maxAllocationSize?: bigint;
  /** Whether participants can join a collection whose buffers are padded once it is allocated. */
  readonly lateAttachmentWithPadding: boolean;
  /** What pixel formats cost under a usage. Lower is better; an entry replaces an earlier one with the same key. */
  readonly formatCosts: readonly FormatCostEntry[];
  /** Mode of the service directory when the daemon creates it. */
  readonly directoryMode: number;
  /** Mode of the sockets that anyone in reach of the directory may connect to. */
  readonly socketMode: number;
  /** Group whose members may register heaps, beside the server's own user. A number. */
  readonly heapGroup?: number;
  /** Group whose members may inspect the server, beside its own user. A number. */
  readonly inspectGroup?: number;
  /** Whether those who may inspect the server see what buffers hold, as small pictures. */
  readonly thumbnails: boolean;
  /** What one client process and one user may use; what is not named follows from the machine (see `quotas.ts`). */
  readonly quotas: QuotaOptions;
  /** System RAM to set aside for buffers that must be physically contiguous. Without it each is one huge page. */
  readonly contiguousPool?: ContiguousPoolSettings;
  /** Physical memory for the heap that a secure-memory server protects; nobody else may use it. */
  readonly protectedPool?: ProtectedPool;
  /** Most bytes of memory that are made in advance for buffers like those allocated last; 0 = none. */
  readonly memoryReserveBytes: number;
  /** Heaps whose providers speak the heap protocol of 2019, by heap type, with what that protocol cannot say. */
  readonly v2019Heaps: ReadonlyMap<string, Omit<HeapProperties, "isSecure">>;
  /** Devices in `/dev/dma_heap` that become heaps; absent = all that the daemon may open. */
  readonly dmaHeapsUsed?: readonly string[];
  /** What is said of those that their names do not say, by device. */
  readonly dmaHeaps: ReadonlyMap<string, DmaHeapSettings>;
  readonly logLevel: LogLevel;
  /** Areas of the log whose level differs. */
  readonly logLevels: Readonly<Partial<Record<LogArea, LogLevel>>>;
}

export type LogLevel = (typeof LOG_LEVELS)[number];
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/** What holds without a configuration file. */
export const DEFAULT_CONFIG: DaemonConfig = {
  formatCosts: [],
  lateAttachmentWithPadding: false,
  directoryMode: 0o700,
  socketMode: 0o666,
  thumbnails: false,
  quotas: {},
  memoryReserveBytes: 0,
  v2019Heaps: new Map(),
  dmaHeaps: new Map(),
  logLevel: "info",
  logLevels: {},
};

/** Reads and checks a configuration file, and the format cost files that it names. Throws `DaemonError` CONFIG. */
export async function loadConfig(path: string): Promise<DaemonConfig> {
  const { formatCostFiles, ...config } = parseConfig(await readSettings(path), path);
  const files = await Promise.all(formatCostFiles.map((file) => loadFormatCosts(resolve(dirname(path), file))));
  return { ...config, formatCosts: [...files.flat(), ...config.formatCosts] };
}

/** What a file says, with the cost files not read yet. */
export interface ParsedConfig extends DaemonConfig {
  /** Paths as they stand in the file. */
  readonly formatCostFiles: readonly string[];
}

function levelsByArea(section: Section): Partial<Record<LogArea, LogLevel>> {
  const levels: Partial<Record<LogArea, LogLevel>> = {};
  for (const area of LOG_AREAS) {
    const level = section.get(area)?.oneOf(LOG_LEVELS);
    if (level !== undefined) levels[area] = level;
  }
  section.rejectUnknown();
  return levels;
}

/** Checks parsed settings. `where` names their origin in error messages. */
export function parseConfig(settings: Plain, where: string): ParsedConfig {
  const root = new Section(settings, where, "");
  const contiguous = contiguousPool(root);
  const config: ParsedConfig = {
    ...DEFAULT_CONFIG,
    formatCostFiles: [],
    ...root.optional("format_cost_files", (v) => ({ formatCostFiles: v.list().map((file) => file.text()) })),
    ...root.optional("max_allocation_size", (v) => ({ maxAllocationSize: BigInt(v.unsigned()) })),
    ...root.optional("late_attachment_with_padding", (v) => ({ lateAttachmentWithPadding: v.boolean() })),
    ...root.optional("format_costs", (v) => ({ formatCosts: v.list().map(formatCost) })),
    ...root.optional("directory_mode", (v) => ({ directoryMode: v.mode() })),
    ...root.optional("socket_mode", (v) => ({ socketMode: v.mode() })),
    ...root.optional("heap_group", (v) => ({ heapGroup: v.uint32() })),
    ...root.optional("inspect_group", (v) => ({ inspectGroup: v.uint32() })),
    ...root.optional("thumbnails", (v) => ({ thumbnails: v.boolean() })),
    quotas: {
      ...root.optional("quotas_per_process", (v) => ({ perProcess: quotas(v) })),
      ...root.optional("quotas_per_user", (v) => ({ perUser: quotas(v) })),
    },
    ...(contiguous !== undefined && { contiguousPool: contiguous }),
    ...protectedPool(root),
    ...root.optional("memory_reserve_bytes", (v) => ({ memoryReserveBytes: v.count() })),
    ...root.optional("v2019_heaps", (v) => ({ v2019Heaps: new Map(v.list().map(v2019Heap)) })),
    ...root.optional("dma_heaps_used", (v) => ({ dmaHeapsUsed: v.list().map((device) => device.text()) })),
    ...root.optional("dma_heaps", (v) => ({ dmaHeaps: new Map(v.list().map(dmaHeap)) })),
    ...root.optional("log_level", (v) => ({ logLevel: v.oneOf(LOG_LEVELS) })),
    ...root.optional("log_levels", (v) => ({ logLevels: levelsByArea(v.section()) })),
  };
  root.rejectUnknown();
  return config;
}
