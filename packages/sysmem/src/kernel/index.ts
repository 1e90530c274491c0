import { type Capability, probeCapabilities } from "./ffi/capabilities.ts";
import { LinuxKernelImpl, type LinuxKernelOptions } from "./ffi/linux-kernel.ts";
import type { LinuxKernel } from "./port.ts";

export * from "./errors.ts";
export type { Capability } from "./ffi/capabilities.ts";
export { type DmaHeapDevice, dmaHeapDevices } from "./ffi/dma-heap.ts";
export type { LinuxKernelOptions } from "./ffi/linux-kernel.ts";
export {
  type DescriptorLimits,
  descriptorLimits,
  type HugePagePool,
  hugePagePools,
  machineMemoryBytes,
} from "./ffi/machine-limits.ts";
export * from "./port.ts";

/**
 * Zircon objects on Linux descriptors, for the current thread. The first call loads the foreign function interface;
 * importing this module does not.
 *
 * Channels that are being read, listeners, and eventpairs somebody waits for keep the process alive, as a
 * `net.Socket` does; everything the kernel object needs for itself does not.
 *
 * Descriptors belong to the process: a worker thread that is terminated leaves open what it had not closed.
 * Throws `KernelError` NOT_SUPPORTED where it cannot work.
 */
export function createLinuxKernel(options: LinuxKernelOptions = {}): LinuxKernel {
  return new LinuxKernelImpl(options);
}

/** Tries what the Linux kernel object needs and what it can make use of. Takes up to a second where events are missing. */
export function probeLinuxKernel(): Promise<Capability[]> {
  return probeCapabilities(() => new LinuxKernelImpl({ keepAlive: false }));
}
