/** What this machine and this runtime offer, found out by trying: for `sysmem doctor` and for messages that say why. */
import { readdirSync, readFileSync } from "node:fs";
import { KernelError } from "../errors.ts";
import { dmaHeapDevices } from "./dma-heap.ts";
import { type Libc, loadLibc } from "./libc.ts";
import type { LinuxKernelImpl } from "./linux-kernel.ts";
import { openUdmabuf } from "./udmabuf.ts";

export interface Capability {
  /** A short name that does not change, `unix-diag`. */
  readonly name: string;
  /** Nothing works without it. */
  readonly isRequired: boolean;
  readonly isPresent: boolean;
  /** For people: what was found, or why it is missing. */
  readonly detail: string;
}

/** How long the kernel may take to report that a handed-out VMO is gone before that counts as missing. Milliseconds. */
const CHILD_EVENT_PATIENCE_MS = 1_000;

/** Tries everything with a kernel of its own, which is closed at the end. */
export async function probeCapabilities(open: () => LinuxKernelImpl): Promise<Capability[]> {
  const found: Capability[] = [];
  const attempt = async (name: string, isRequired: boolean, look: () => string | Promise<string>): Promise<void> => {
    try {
      found.push({ name, isRequired, isPresent: true, detail: await look() });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      found.push({ name, isRequired, isPresent: false, detail: error.message });
    }
  };
  let kernel: LinuxKernelImpl | undefined;
  await attempt("system-calls", true, () => {
    kernel = open();
    return `readiness through ${kernel.readiness === "poll" ? "libuv" : "a helper thread"}`;
  });
  const opened = kernel;
  if (opened === undefined) return found;
  await attempt("unix-diag", true, () => {
    const [left, right] = opened.createChannel();
    try {
      return `the other end of channel ${left.koid} is ${left.relatedKoid()}`;
    } finally {
      left.close();
      right.close();
    }
  });
  await attempt("event-identity", true, () => {
    const event = opened.createEvent();
    try {
      return `eventfd-id ${event.koid}`;
    } finally {
      event.close();
    }
  });
  await attempt("memory-files", true, () => tryMemory(opened));
  await attempt("child-events", false, () => tryChildEvents(opened));
  await attempt("huge-pages", false, findHugePages);
  await attempt("dma-heaps", false, () => tryDmaHeaps(opened));
  await attempt("udmabuf", false, () => tryUdmabuf(loadLibc()));
  opened.close();
  return found;
}

async function tryMemory(kernel: LinuxKernelImpl): Promise<string> {
  const memory = await kernel.createMemory(4_096, { name: "probe" });
  try {
    const mapping = memory.vmo.map();
    mapping.unmap();
    return "named, sealed, reserved and mapped";
  } finally {
    memory.close();
  }
}

async function tryChildEvents(kernel: LinuxKernelImpl): Promise<string> {
  const memory = await kernel.createMemory(4_096, { name: "probe" });
  try {
    if (kernel.probedMemoryCount > 0) {
      throw new KernelError("NO_RESOURCES", `cannot watch memory files: ${inotifyLimits()}`);
    }
    const { vmo } = memory.handOut({ writable: false });
    let timer: NodeJS.Timeout | undefined;
    const isReported = await new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, CHILD_EVENT_PATIENCE_MS, false);
      memory.onChildGone(() => resolve(true));
      vmo.close();
    });
    clearTimeout(timer);
    if (!isReported) throw new KernelError("NOT_SUPPORTED", "cannot watch memory files: their end is not reported");
    return inotifyLimits();
  } finally {
    memory.close();
  }
}

function inotifyLimits(): string {
  const read = (name: string) => readFileSync(`/proc/sys/fs/inotify/${name}`, "latin1").trim();
  return `max_user_watches ${read("max_user_watches")}, max_user_instances ${read("max_user_instances")}`;
}

function findHugePages(): string {
  const pools = readdirSync("/sys/kernel/mm/hugepages").map((pool) => {
    const free = readFileSync(`/sys/kernel/mm/hugepages/${pool}/free_hugepages`, "latin1").trim();
    return { size: pool.replace("hugepages-", ""), free: Number(free) };
  });
  if (pools.every(({ free }) => free === 0)) {
    throw new KernelError("NO_MEMORY", `none is free of ${pools.map(({ size }) => size).join(" nor of ")}`);
  }
  return pools.map(({ size, free }) => `${free} of ${size} free`).join(", ");
}

/** Allocates from each: to see a device is not to have memory. */
async function tryDmaHeaps(kernel: LinuxKernelImpl, devices = dmaHeapDevices()): Promise<string> {
  if (devices.length === 0) throw new KernelError("NOT_SUPPORTED", "the machine has no /dev/dma_heap");
  const faults: string[] = [];
  const usable: string[] = [];
  for (const { name, path } of devices) {
    try {
      (await kernel.allocateDmaBuf(path, 4_096, { name: "probe" })).close();
      usable.push(name);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      faults.push(error.message);
    }
  }
  const found = [...(usable.length === 0 ? [] : [`usable: ${usable.join(", ")}`]), ...faults].join("; ");
  if (usable.length === 0) throw new KernelError("ACCESS_DENIED", found);
  return found;
}

function tryUdmabuf(libc: Libc): string {
  libc.close(openUdmabuf(libc));
  return "huge pages can be given out in pieces";
}
