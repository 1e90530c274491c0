import { createLinuxKernel, type LinuxKernel } from "#kernel";

let kernel: LinuxKernel | undefined;

/** @internal One kernel per process: all connections share its reactor, its arena and its netlink socket. */
export function processKernel(): LinuxKernel {
  kernel ??= createLinuxKernel();
  return kernel;
}
