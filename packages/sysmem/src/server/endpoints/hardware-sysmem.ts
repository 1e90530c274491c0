/** `fuchsia.hardware.sysmem/Sysmem`: how heaps and the secure side attach themselves. Its clients are trusted. */
import { type Channel, type Logger, Status } from "#base";
import type { ServerEnd, ServingClosed } from "#fidl";
import { Sysmem, type SysmemClient } from "#gen/fuchsia_hardware_sysmem";
import { type HeapRegistrar, heapTypeOfNumber, type SecureMemory, SYSTEM_RAM } from "#heaps";
import type { LogFields } from "../debug/log-fields.ts";
import type { ServedConnection } from "./v2-allocator.ts";

export interface HardwareSysmemTargets {
  readonly registrar: HeapRegistrar;
  readonly secureMemory: SecureMemory;
  readonly logger: Logger;
  /** Who is connected, for log lines. */
  readonly client: LogFields;
}

/** Serves the privileged protocol. Takes ownership of `end`. What was registered outlives this channel. */
export function serveHardwareSysmem(
  end: ServerEnd<SysmemClient> | Channel,
  { registrar, secureMemory, logger, client }: HardwareSysmemTargets,
  onClosed: (info: ServingClosed) => void,
): ServedConnection {
  return Sysmem.serve(
    end,
    {
      registerHeap({ heap, heapConnection }, control) {
        const heapType = heapTypeOfNumber(heap);
        // The server's own memory is nobody's to replace.
        if (heapType === undefined || heapType === SYSTEM_RAM) {
          logger.error(
            { ...client, heap: `0x${heap.toString(16)}` },
            "RegisterHeap: no heap of this number can be registered",
          );
          heapConnection.close();
          control.close(Status.ERR_INVALID_ARGS);
          return;
        }
        registrar.register(heapType, heapConnection);
      },
      registerSecureMem({ secureMemConnection }) {
        secureMemory.register(secureMemConnection);
      },
      unregisterSecureMem() {
        secureMemory.unregister();
        return { ok: true, value: {} };
      },
    },
    { onClosed },
  );
}
