/** How a participant's objects let go of what they own. */
import { FidlError } from "#fidl";

/**
 * @internal Says Release and closes. Harmless when the channel is closed already: whoever leaves a collection that has
 * failed has nothing more to say.
 */
export function leaveInOrder(node: { readonly isClosed: boolean; release(): void; close(): void }): void {
  if (node.isClosed) return;
  try {
    node.release();
  } catch (error) {
    if (!(error instanceof FidlError)) throw error;
  } finally {
    node.close();
  }
}

/** @internal Runs `send`, without whose success nobody will use `end`: above all, it gives the other end away. */
export function sendOrClose<End extends { close(): void }, T>(end: End, send: () => T): T {
  const fail = (error: unknown): never => {
    end.close();
    throw error;
  };
  try {
    const result = send();
    return result instanceof Promise ? (result.catch(fail) as T) : result;
  } catch (error) {
    return fail(error);
  }
}
