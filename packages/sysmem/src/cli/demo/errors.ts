import { SysmemError } from "#base";

/** The demo cannot run as asked. A user's mistake: one line, no stack. */
export class DemoError extends SysmemError {
  readonly code = "DEMO";
}
