/** Fields of log lines by which a client is found again. Every line that concerns a client has them, under these names. */
import type { DebugInfo } from "../tree/properties.ts";

/** What pino writes beside a line's message. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * A client by the name that it gave itself, empty when it gave none, and by its process and user as the kernel recorded
 * them. What the kernel did not record is undefined, and absent in a line.
 */
export function clientFields(
  debugInfo: DebugInfo | undefined,
  peer: { readonly pid?: number | undefined; readonly uid?: number | undefined } | undefined,
): LogFields {
  return {
    client: debugInfo?.name ?? "",
    clientId: String(debugInfo?.id ?? 0n),
    pid: peer?.pid,
    uid: peer?.uid,
  };
}
