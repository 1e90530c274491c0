/** The way of a message on any Allocator's channel into the core. Lifecycle contract 1.2, last row. */
import { Status } from "#base";
import type { ServerControl } from "#fidl";
import { KernelError } from "#kernel";
import type { Generation } from "../domain-error.ts";
import type { AllocatorConnection } from "../nodes/allocator.ts";
import type { Handled } from "../nodes/receive.ts";

/** What to do besides running a message. */
export interface AllocatorMessageOptions {
  readonly generation: Generation;
  /** Closes the message's handles; called in every case in which the message did not take them over. */
  readonly drop?: (() => void) | undefined;
}

/** Handles one message, in its turn. A deviation costs this channel, and no node. */
export function handleAllocatorMessage(
  connection: AllocatorConnection,
  control: ServerControl,
  message: string,
  run: () => Handled,
  { generation, drop = () => {} }: AllocatorMessageOptions,
): void {
  const { context } = connection;
  context.turns.enter(() => {
    if (control.isClosed) {
      drop();
      return;
    }
    let fault: Handled;
    try {
      fault = run();
    } catch (exception) {
      drop();
      if (exception instanceof KernelError) {
        const fields = { ...connection.describe(), message, err: exception };
        context.logger.error(fields, "the machine has not enough for this message: its Allocator is closed");
        connection.recordFault(message, exception.message, "no resources");
      }
      control.close(
        generation === "v1" && exception instanceof KernelError ? Status.ERR_NO_RESOURCES : Status.ERR_INTERNAL,
      );
      if (!(exception instanceof KernelError)) throw exception;
      return;
    }
    if (fault === undefined) return;
    drop();
    context.logger.error(
      { ...connection.describe(), message, detail: fault.detail },
      "protocol deviation: this Allocator is closed",
    );
    connection.recordFault(message, fault.detail);
    control.close(generation === "v1" ? fault.v1Status : Status.ERR_INTERNAL);
  });
}
