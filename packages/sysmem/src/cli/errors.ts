/** What a command cannot do for reasons of its own; layers below have theirs. */
import { SysmemError } from "#base";

/** The command line asks for something that makes no sense. */
export class UsageError extends SysmemError {
  readonly code = "USAGE";
}

/** A command that says on the way what is wrong ends with how much of its work it could not do. */
export class IncompleteError extends SysmemError {
  readonly code = "INCOMPLETE";
}
