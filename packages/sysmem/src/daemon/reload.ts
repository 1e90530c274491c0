/** What of the configuration can change while the daemon runs. */
import type { DaemonConfig } from "./config.ts";

/** Settings that take effect at once. The others hold from the next start: sockets, memory and quotas are there already. */
export const RELOADED: ReadonlySet<keyof DaemonConfig> = new Set<keyof DaemonConfig>([
  "formatCosts",
  "maxAllocationSize",
  "lateAttachmentWithPadding",
  "heapGroup",
  "inspectGroup",
  "thumbnails",
  "logLevel",
  "logLevels",
]);

/** Names of the settings in which two configurations differ. */
export function settingsThatDiffer(before: DaemonConfig, after: DaemonConfig): (keyof DaemonConfig)[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof DaemonConfig>;
  return [...names].filter((name) => text(before[name]) !== text(after[name]));
}

function text(value: unknown): string {
  return (
    JSON.stringify(value, (_, item: unknown) => {
      if (typeof item === "bigint") return String(item);
      return item instanceof Map ? [...item] : item;
    }) ?? ""
  );
}
