import { SysmemError } from "#base";

/**
 * A configuration file that cannot be used, a service directory that cannot be served, or sockets passed that cannot be
 * taken. A user's mistake: no stack.
 */
export class DaemonError extends SysmemError {
  readonly code: "CONFIG" | "SVC" | "ALREADY_RUNNING" | "ACTIVATION" | "INSPECTOR" | "METRICS";

  constructor(code: DaemonError["code"], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
