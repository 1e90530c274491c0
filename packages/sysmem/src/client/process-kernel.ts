import { isMainThread } from "node:worker_threads";
import { createLinuxKernel, type LinuxKernel } from "#kernel";

let kernel: LinuxKernel | undefined;

/** @internal One kernel per process: all connections share its reactor, its arena and its netlink socket. */
export function processKernel(): LinuxKernel {
  if (kernel === undefined) {
    kernel = createLinuxKernel();
    // A process takes its descriptors along; a thread that ends would leave them to the others.
    if (!isMainThread) process.once("exit", () => kernel?.close());
  }
  return kernel;
}
