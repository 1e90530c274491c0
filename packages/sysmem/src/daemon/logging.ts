/** The daemon's log: pino, JSON lines or, on a terminal, short readable lines; always to standard error. */
import type { Logger } from "#base";
import { silentLogger } from "#base";
import type { LogLevel } from "./config.ts";

/** Creates the process's logger. pino is loaded only here, so that library users never pay for it. */
export async function createLogger(level: LogLevel): Promise<Logger> {
  if (level === "silent") return silentLogger;
  const { pino } = await import("pino");
  const base = { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime };
  // Written synchronously: a log line about the last thing that happened must not be lost with the process.
  const logger: Logger = pino(base, pino.destination({ fd: 2, sync: true }));
  return logger;
}
