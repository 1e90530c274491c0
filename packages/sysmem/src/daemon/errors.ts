import { SysmemError } from "#base";

/** A configuration file that cannot be used, or a service directory that cannot be served. A user's mistake: no stack. */
export class DaemonError extends SysmemError {
  readonly code: "CONFIG" | "SVC" | "ALREADY_RUNNING";

  constructor(code: DaemonError["code"], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
