/**
 * The daemon's log: JSON lines on standard error. A line about a collection, a node or a client says which: `collectionId`,
 * `collection`, `nodeId`, `client`, `clientId`, and `pid`, the client's process. The daemon's own is `serverPid`.
 */
import type { Logger } from "#base";
import type { Logger as PinoLogger } from "pino";
import type { LogLevel } from "./config.ts";

/** Parts of the daemon whose lines have a level of their own. */
export const LOG_AREAS = ["server", "kernel", "inspect", "daemon"] as const;
export type LogArea = (typeof LOG_AREAS)[number];

/** Which lines are written. */
export interface LogLevels {
  readonly logLevel: LogLevel;
  /** Areas that differ from it. */
  readonly logLevels: Readonly<Partial<Record<LogArea, LogLevel>>>;
}

/** The process's log. */
export interface DaemonLogger extends Logger {
  /** From now on these lines are written. */
  setLevels(levels: LogLevels): void;
}

/** Creates the process's log. pino is loaded only here, so that library users never pay for it. */
export async function createLogger(levels: LogLevel | LogLevels): Promise<DaemonLogger> {
  const { pino } = await import("pino");
  let now: LogLevels = typeof levels === "string" ? { logLevel: levels, logLevels: {} } : levels;
  const areas = new Map<LogArea, Pick<PinoLogger, "level">>();
  const levelOf = (area: LogArea): LogLevel => now.logLevels[area] ?? now.logLevel;
  const options = {
    level: now.logLevel,
    base: { serverPid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    onChild(child: PinoLogger) {
      const { area } = child.bindings();
      const known = LOG_AREAS.find((one) => one === area);
      if (known === undefined) return;
      child.level = levelOf(known);
      areas.set(known, child);
    },
  };
  // Written synchronously: a log line about the last thing that happened must not be lost with the process.
  const root = pino(options, pino.destination({ fd: 2, sync: true }));
  const setLevels = (next: LogLevels): void => {
    now = next;
    root.level = next.logLevel;
    for (const [area, child] of areas) child.level = levelOf(area);
  };
  return Object.assign(root as unknown as Logger, { setLevels });
}
