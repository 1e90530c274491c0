/** `--inspector` and `--metrics`, for the commands that have a server. */
import {
  type Inspector,
  type InspectorOptions,
  type MetricsEndpoint,
  parseInspectorAddress,
  serveMetrics,
  startInspector,
} from "#daemon";
import type { Server } from "#server";
import { UsageError } from "./errors.ts";

/** Starts the inspector of a server; undefined for `off`. Throws `UsageError` and `DaemonError`. */
export async function openInspector(
  text: string,
  { server, logger, thumbnails }: Omit<InspectorOptions, "address">,
): Promise<Inspector | undefined> {
  const address = parseInspectorAddress(text);
  if (!address.ok) throw new UsageError(`--inspector: ${address.error}`);
  return address.value === undefined
    ? undefined
    : startInspector({ server, address: address.value, logger, thumbnails });
}

/** Serves a server's `/metrics`; undefined for `off`. Throws `UsageError` and `DaemonError`. */
export async function openMetrics(text: string, server: Server): Promise<MetricsEndpoint | undefined> {
  const address = parseInspectorAddress(text);
  if (!address.ok) throw new UsageError(`--metrics: ${address.error}`);
  return address.value === undefined ? undefined : serveMetrics(server, address.value);
}
