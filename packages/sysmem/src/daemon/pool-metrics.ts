/** Figures of pools for `/metrics`: those of lifecycle contract 9.5, read when somebody asks. */
import type { Registry } from "prom-client";
import { allHeaps, type PoolMetrics } from "#heaps";
import type { Server } from "#server";

/** One figure of every pool that has it. */
interface PoolFigure {
  readonly name: string;
  readonly kind: "gauge" | "counter";
  readonly help: string;
  readonly of: (pool: PoolMetrics) => number | undefined;
}

const FIGURES: readonly PoolFigure[] = [
  { name: "sysmem_pool_bytes", kind: "gauge", help: "Size of a pool", of: (pool) => pool.sizeBytes },
  { name: "sysmem_pool_ready", kind: "gauge", help: "1 when buffers can be had", of: (pool) => Number(pool.isReady) },
  { name: "sysmem_pool_used_bytes", kind: "gauge", help: "Bytes that buffers have", of: (pool) => pool.usedBytes },
  {
    name: "sysmem_pool_high_water_mark_bytes",
    kind: "gauge",
    help: "Most bytes that buffers had at a time",
    of: (pool) => pool.highWaterMarkBytes,
  },
  {
    name: "sysmem_pool_free_at_high_water_mark_bytes",
    kind: "gauge",
    help: "Bytes that were free at the high-water mark",
    of: (pool) => pool.freeAtHighWaterMarkBytes,
  },
  {
    name: "sysmem_pool_max_free_at_high_water_bytes",
    kind: "gauge",
    help: "Largest free region at the high-water mark",
    of: (pool) => pool.maxFreeAtHighWaterBytes,
  },
  {
    name: "sysmem_pool_largest_free_bytes",
    kind: "gauge",
    help: "Largest free region",
    of: (pool) => pool.largestFreeBytes,
  },
  {
    name: "sysmem_pool_large_contiguous_region_sum_bytes",
    kind: "gauge",
    help: "The ten largest free regions together",
    of: (pool) => pool.largestFreeSumBytes,
  },
  {
    name: "sysmem_pool_allocations_failed_total",
    kind: "counter",
    help: "Buffers that there was no region for",
    of: (pool) => pool.allocationsFailed,
  },
  {
    name: "sysmem_pool_allocations_failed_fragmentation_total",
    kind: "counter",
    help: "Buffers for which all free regions together would have sufficed",
    of: (pool) => pool.allocationsFailedFragmentation,
  },
  {
    name: "sysmem_pool_commits_failed_total",
    kind: "counter",
    help: "Buffers whose pages could not be had",
    of: (pool) => pool.commitsFailed,
  },
  {
    name: "sysmem_pool_failed_guard_region_checks_total",
    kind: "counter",
    help: "Times that a guard or an unused page was found written",
    of: (pool) => pool.failedGuardRegionChecks,
  },
  {
    name: "sysmem_pool_loanable_bytes",
    kind: "gauge",
    help: "Bytes that no protected range covers",
    of: (pool) => pool.loanableBytes,
  },
  {
    name: "sysmem_pool_loanable_ratio",
    kind: "gauge",
    help: "Part of the pool that no protected range covers",
    of: (pool) => pool.loanableRatio,
  },
  {
    name: "sysmem_pool_loanable_efficiency",
    kind: "gauge",
    help: "Part of what no buffer has that no protected range covers",
    of: (pool) => pool.loanableEfficiency,
  },
];

/** Registers them, each with the pool's name and its heap's type. */
export async function collectPoolMetrics(server: Server, registry: Registry): Promise<void> {
  const { Counter, Gauge } = await import("prom-client");
  const registers = [registry];
  const labelNames = ["heap", "pool"];
  for (const { name, kind, help, of } of FIGURES) {
    const add = (set: (labels: Record<string, string>, value: number) => void): void => {
      for (const heap of allHeaps(server.context.heaps)) {
        for (const pool of heap.pools?.() ?? []) {
          const value = of(pool);
          if (value !== undefined) set({ heap: heap.id.heapType, pool: pool.name }, value);
        }
      }
    };
    if (kind === "gauge") {
      const gauge = new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          gauge.reset();
          add((labels, value) => gauge.set(labels, value));
        },
      });
    } else {
      const counter = new Counter({
        name,
        help,
        labelNames,
        registers,
        collect() {
          counter.reset();
          add((labels, value) => counter.inc(labels, value));
        },
      });
    }
  }
}
