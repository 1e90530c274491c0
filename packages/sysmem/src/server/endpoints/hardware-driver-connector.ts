/** `fuchsia.hardware.sysmem/DriverConnector`: a broker hands on the server ends of connections that it has accepted. */
import type { Channel, Logger } from "#base";
import type { ServingClosed } from "#fidl";
import { DriverConnector } from "#gen/fuchsia_hardware_sysmem";
import type { LogFields } from "../debug/log-fields.ts";
import type { ServedConnection } from "./v2-allocator.ts";

/** What a connector connects to. `undefined`: not for this client, or not here; its end is closed. */
export interface ConnectorTargets {
  readonly allocatorV1: ((channel: Channel) => void) | undefined;
  readonly allocatorV2: (channel: Channel) => void;
  readonly sysmem: ((channel: Channel) => void) | undefined;
  readonly logger: Logger;
  /** Who is connected, for log lines. */
  readonly client: LogFields;
}

/** Serves a connector. Takes ownership of `channel`. What was connected outlives it. */
export function serveDriverConnector(
  channel: Channel,
  targets: ConnectorTargets,
  onClosed: (info: ServingClosed) => void,
): ServedConnection {
  const connect = (method: string, target: ((channel: Channel) => void) | undefined, end: { take(): Channel }) => {
    const served = end.take();
    if (target !== undefined) return target(served);
    targets.logger.warn({ ...targets.client, method }, "a connector asks for what it may not have");
    served.close();
  };
  return DriverConnector.serve(
    channel,
    {
      connectV1: ({ allocatorRequest }) => connect("ConnectV1", targets.allocatorV1, allocatorRequest),
      connectV2: ({ allocatorRequest }) => connect("ConnectV2", targets.allocatorV2, allocatorRequest),
      connectSysmem: ({ sysmemRequest }) => connect("ConnectSysmem", targets.sysmem, sysmemRequest),
      // There are no service directories here.
      setAuxServiceDirectory: ({ serviceDirectory }) => serviceDirectory.close(),
    },
    { onClosed },
  );
}
