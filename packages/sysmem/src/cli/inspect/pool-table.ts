import type { PoolState } from "#gen/sysmem_inspect";
import { formatTable } from "../table.ts";
import { bytes, duration, safe, type Style } from "./words.ts";

/** A pool's figures under the names of lifecycle contract 9.5. Those that it cannot have are left out. */
export function poolTable(pool: PoolState, style: Style, nowNs: bigint): string {
  const times = (count = 0n, lastAtNs?: bigint): string =>
    style(
      count > 0n ? "red" : "reset",
      `${count}${lastAtNs === undefined ? "" : `, ${duration(nowNs - lastAtNs)} ago`}`,
    );
  const share = (part: number): string => `${(part * 100).toFixed(1)} %`;
  const { failedGuardRegionChecks, loanableBytes, loanableRatio, loanableEfficiency } = pool;
  const rows = [
    ["size", bytes(pool.sizeBytes)],
    ["is_ready", pool.isReady === true ? "yes" : style("red", "no")],
    ["used_size", bytes(pool.usedBytes)],
    ["high_water_mark", bytes(pool.highWaterMarkBytes)],
    ["free_at_high_water_mark", bytes(pool.freeAtHighWaterMarkBytes)],
    ["max_free_at_high_water", bytes(pool.maxFreeAtHighWaterBytes)],
    ["large_contiguous_region_sum", bytes(pool.largeContiguousRegionSumBytes)],
    ["allocations_failed", times(pool.allocationsFailed, pool.lastAllocationFailedAtNs)],
    ["allocations_failed_fragmentation", times(pool.allocationsFailedFragmentation)],
    ["commits_failed", times(pool.commitsFailed, pool.lastCommitFailedAtNs)],
    ...(failedGuardRegionChecks === undefined
      ? []
      : [["failed_guard_region_checks", times(failedGuardRegionChecks, pool.lastFailedGuardRegionCheckAtNs)]]),
    ...(loanableBytes === undefined
      ? []
      : [
          ["loanable_bytes", bytes(loanableBytes)],
          ["loanable_ratio", share(loanableRatio ?? 0)],
          ["loanable_efficiency", share(loanableEfficiency ?? 0)],
        ]),
  ];
  return formatTable(rows, { head: [style("bold", "POOL"), style("bold", safe(pool.name))] });
}
