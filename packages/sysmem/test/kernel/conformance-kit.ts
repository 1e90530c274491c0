/** What the parts of the conformance suite share. */
import { type Kernel, KernelError } from "#kernel";

/** Declares a test that gets a kernel of its own and a folder of its own, within the leak guard. */
export type It<K extends Kernel = Kernel> = (
  behaviour: string,
  body: (kernel: K, folder: string) => Promise<void> | void,
) => void;

/** Options of memory nobody looks at. */
export const NAMES = { name: "conformance" };

/** The code of the `KernelError` that `act` throws. */
export function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof KernelError) return error.code;
    throw error;
  }
  return "no error";
}
