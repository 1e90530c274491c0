import type { Clock, Logger } from "#base";
import type { Kernel } from "#kernel";
import { HeapRegistrar } from "./external/heap-registrar.ts";
import type { HeapProperties } from "./port.ts";
import type { Heaps } from "./registry.ts";
import { SecureMemory } from "./secure/secure-memory.ts";

export interface HeapAttachmentsOptions {
  readonly kernel: Kernel;
  readonly heaps: Heaps;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** See `HeapRegistrarOptions`. */
  readonly v2019Heaps?: ReadonlyMap<string, Omit<HeapProperties, "isSecure">> | undefined;
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
  const { heaps, clock, logger } = options;
  const registrar = new HeapRegistrar(options);
  const secureMemory = new SecureMemory({ heaps, clock, logger, isExpected: false, makeHeaps: async () => [] });
  return {
    registrar,
    secureMemory,
    close() {
      registrar.close();
      secureMemory.close();
    },
  };
}
