/** What one client may use when the configuration does not say: parts of what the machine and this process have. */
import { MAX_QUEUED_SEND_BYTES } from "#base";
import type { Quotas, QuotaOptions } from "#server";

/** Descriptors that the server keeps for itself: its sockets, its kernel object, Node. */
const OWN_DESCRIPTORS = 256;

/** Sixteen channels full of what nobody reads: a client that gets there has stopped, and its memory is the server's heap. */
const PENDING_BYTES_PER_PROCESS = 16 * MAX_QUEUED_SEND_BYTES;

export interface MachineFigures {
  /** Descriptors that this process may have. */
  readonly descriptors: number;
  readonly memoryBytes: number;
}

/**
 * One process may take a quarter of the descriptors and half of the memory, one user a third and three quarters: whoever
 * goes mad leaves enough for the others to work and to be ended in good order. Descriptors are counted without those that
 * come on demand, which at most triple them. What is kept for peers that do not read is bounded for each channel; here,
 * for all of a client together. Everything else is bounded through descriptors.
 */
export function defaultQuotas({ descriptors, memoryBytes }: MachineFigures): Required<QuotaOptions> {
  const available = Math.max(OWN_DESCRIPTORS, descriptors - OWN_DESCRIPTORS);
  return {
    perProcess: {
      descriptors: Math.floor(available / 4),
      bytes: Math.floor(memoryBytes / 2),
      pendingBytes: PENDING_BYTES_PER_PROCESS,
    },
    perUser: {
      descriptors: Math.floor(available / 3),
      bytes: Math.floor((memoryBytes / 4) * 3),
      pendingBytes: 2 * PENDING_BYTES_PER_PROCESS,
    },
  };
}

/** The configuration's word where there is one, the default where not. */
export function mergeQuotas(defaults: Required<QuotaOptions>, configured: QuotaOptions): QuotaOptions {
  const merge = (base: Quotas | undefined, over: Quotas | undefined): Quotas => ({ ...base, ...over });
  return {
    perProcess: merge(defaults.perProcess, configured.perProcess),
    perUser: merge(defaults.perUser, configured.perUser),
  };
}
