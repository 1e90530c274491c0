import { type Clock, type Logger, PROTECTED_POOL_ROUNDING_BYTES, silentLogger, systemClock } from "#base";
import type { Kernel } from "#kernel";
import { HeapRegistrar } from "./external/heap-registrar.ts";
import type { HeapProperties } from "./port.ts";
import type { Heaps } from "./registry.ts";
import { makeSecureHeaps, type ProtectedPool } from "./secure/secure-heap-factory.ts";
import { SecureMemory } from "./secure/secure-memory.ts";

/** Whose heaps they are, and what there is for the secure side to protect. */
export interface HeapAttachmentsOptions {
  readonly kernel: Kernel;
  readonly heaps: Heaps;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** See `HeapRegistrarOptions`. */
  readonly v2019Heaps?: ReadonlyMap<string, Omit<HeapProperties, "isSecure">> | undefined;
  /** Memory for the heap that the secure side protects range by range. Its size is rounded up to 64 KiB. */
  readonly protectedPool?: ProtectedPool | undefined;
}

/** What others can attach to a server's heaps: the two halves of `fuchsia.hardware.sysmem.Sysmem`. */
export interface HeapAttachments {
  readonly registrar: HeapRegistrar;
  readonly secureMemory: SecureMemory;
  /** Lets go of every heap and of the secure side. */
  close(): void;
}

/** Makes them for a registry. */
export function attachHeaps(options: HeapAttachmentsOptions): HeapAttachments {
  const { kernel, heaps, clock = systemClock, logger = silentLogger } = options;
  const registrar = new HeapRegistrar(options);
  const protectedPool = options.protectedPool && {
    ...options.protectedPool,
    sizeBytes:
      Math.ceil(options.protectedPool.sizeBytes / PROTECTED_POOL_ROUNDING_BYTES) * PROTECTED_POOL_ROUNDING_BYTES,
  };
  const secureMemory: SecureMemory = new SecureMemory({
    kernel,
    heaps,
    clock,
    logger,
    isExpected: protectedPool !== undefined,
    makeHeaps: (client, secureLogger) =>
      makeSecureHeaps(client, {
        kernel,
        clock,
        logger: secureLogger,
        protectedPool,
        onFailure: (error) => secureMemory.lost(error),
      }),
  });
  return {
    registrar,
    secureMemory,
    close() {
      registrar.close();
      secureMemory.close();
    },
  };
}
