import type { PoolMetrics } from "#heaps";
import type { PoolState } from "#gen/sysmem_inspect";

/** How a pool is used, as `PoolState` of `sysmem.inspect` says it. Lifecycle contract 9.5. */
export function poolState(pool: PoolMetrics): PoolState {
  return {
    name: pool.name,
    sizeBytes: BigInt(pool.sizeBytes),
    isReady: pool.isReady,
    usedBytes: BigInt(pool.usedBytes),
    highWaterMarkBytes: BigInt(pool.highWaterMarkBytes),
    freeAtHighWaterMarkBytes: BigInt(pool.freeAtHighWaterMarkBytes),
    maxFreeAtHighWaterBytes: BigInt(pool.maxFreeAtHighWaterBytes),
    allocationsFailed: BigInt(pool.allocationsFailed),
    lastAllocationFailedAtNs: present(pool.lastAllocationFailedNs),
    allocationsFailedFragmentation: BigInt(pool.allocationsFailedFragmentation),
    commitsFailed: BigInt(pool.commitsFailed),
    lastCommitFailedAtNs: present(pool.lastCommitFailedNs),
    largestFreeBytes: BigInt(pool.largestFreeBytes),
    largeContiguousRegionSumBytes: BigInt(pool.largestFreeSumBytes),
    failedGuardRegionChecks: present(pool.failedGuardRegionChecks),
    lastFailedGuardRegionCheckAtNs: present(pool.lastFailedGuardRegionCheckNs),
    loanableBytes: present(pool.loanableBytes),
    loanableRatio: pool.loanableRatio,
    loanableEfficiency: pool.loanableEfficiency,
  };
}

function present(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}
