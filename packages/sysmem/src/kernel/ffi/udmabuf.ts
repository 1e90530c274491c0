/** Makes DMA-BUFs of parts of a memory file. Source: drivers/dma-buf/udmabuf.c, include/uapi/linux/udmabuf.h. */
import { readFileSync } from "node:fs";
import { KernelError } from "../errors.ts";
import { O_CLOEXEC, O_RDWR } from "./constants.ts";
import { setDmaBufName } from "./dma-buf.ts";
import { Errno, kernelError } from "./errno.ts";
import { type Libc, nativeBuffer } from "./libc.ts";

const DEVICE = "/dev/udmabuf";
const SIZE_LIMIT = "/sys/module/udmabuf/parameters/size_limit_mb";
/** `_IOW('u', 0x42, struct udmabuf_create)`: u32 memfd, u32 flags, u64 offset, u64 size. */
const UDMABUF_CREATE = 0x4018_7542;
const UDMABUF_FLAGS_CLOEXEC = 1;

/** What a DMA-BUF is made of: bytes of a memory file whose size cannot shrink, in whole pages. */
export interface MemoryRange {
  readonly memory: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** Opens the device. The caller owns the descriptor. Throws `KernelError` that says what is missing. */
export function openUdmabuf(libc: Libc): number {
  const fd = libc.open(DEVICE, O_RDWR | O_CLOEXEC);
  if (fd >= 0) return fd;
  const errno = libc.errno();
  const { code, message } = kernelError(`open ${DEVICE}`, errno);
  if (code === "NOT_FOUND") {
    throw new KernelError("NOT_SUPPORTED", `${message}: it takes a kernel with CONFIG_UDMABUF (modprobe udmabuf)`);
  }
  throw new KernelError(code, `${message}: it takes the right to read and write that file`);
}

/**
 * A DMA-BUF over the pages of a memory file, which stay where they are for as long as it lives. The caller owns the
 * descriptor. Throws `KernelError`.
 * @param device from `openUdmabuf`
 */
export function createUdmabuf(libc: Libc, device: number, range: MemoryRange, name: string): number {
  const request = nativeBuffer(24);
  const view = new DataView(request.buffer);
  view.setUint32(0, range.memory, true);
  view.setUint32(4, UDMABUF_FLAGS_CLOEXEC, true);
  view.setBigUint64(8, BigInt(range.offsetBytes), true);
  view.setBigUint64(16, BigInt(range.sizeBytes), true);
  const fd = libc.ioctl(device, UDMABUF_CREATE, request);
  if (fd < 0) throw refusal(range.sizeBytes, libc.errno());
  try {
    setDmaBufName(libc, fd, name);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

function refusal(sizeBytes: number, errno: number): KernelError {
  const error = kernelError(`make a DMA-BUF of ${sizeBytes} bytes of a memory file`, errno);
  const limitBytes = sizeLimitBytes();
  if (errno === Errno.EINVAL && limitBytes !== undefined && sizeBytes > limitBytes) {
    return new KernelError("NOT_SUPPORTED", `${error.message}: ${SIZE_LIMIT} allows ${limitBytes}`, error.errno);
  }
  // Linux 6.5 to 6.11 takes no huge pages there.
  if (errno === Errno.EINVAL || errno === EBADFD) {
    return new KernelError("NOT_SUPPORTED", `${error.message}: huge pages need Linux 6.12 there`, error.errno);
  }
  return error;
}

/** Not in Node's table: "file descriptor in bad state", what udmabuf says of a file that is not its kind. */
const EBADFD = 77;

function sizeLimitBytes(): number | undefined {
  try {
    return Number(readFileSync(SIZE_LIMIT, "latin1")) * 2 ** 20;
  } catch {
    return undefined;
  }
}
