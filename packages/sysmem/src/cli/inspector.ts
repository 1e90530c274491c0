/** `--inspector` and `--metrics`, for the commands that have a server. */
import {
  type Inspector,
  type InspectorAddress,
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
  const address = addressOf("--inspector", text);
  return address === undefined ? undefined : startInspector({ server, address, logger, thumbnails });
}

/** Serves a server's `/metrics`; undefined for `off`. Throws `UsageError` and `DaemonError`. */
export async function openMetrics(text: string, server: Server): Promise<MetricsEndpoint | undefined> {
  const address = addressOf("--metrics", text);
  return address === undefined ? undefined : serveMetrics(server, address);
}

/** Where something listens; undefined for `off`. Throws `UsageError`: called early, nothing has to be taken down for it. */
export function addressOf(flag: string, text: string): InspectorAddress | undefined {
  const address = parseInspectorAddress(text);
  if (!address.ok) throw new UsageError(`${flag}: ${address.error}`);
  return address.value;
}
