/** System calls that only a hostile peer would make in this way. */
import { closeSync, openSync } from "node:fs";
import { KernelError } from "#kernel";
import { addressOfBuffer, loadLibc, nativeBuffer } from "../../src/kernel/ffi/libc.ts";

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** Sends one packet of any bytes with any descriptors, which stay open here. */
export function sendRaw(fd: number, bytes: Uint8Array, descriptors: readonly number[]): void {
  const libc = loadLibc();
  const data = nativeBuffer(Math.max(1, bytes.length));
  data.set(bytes);
  const iov = nativeBuffer(16);
  const iovView = new DataView(iov.buffer);
  iovView.setBigUint64(0, addressOfBuffer(data), true);
  iovView.setUint32(8, bytes.length, true);
  const control = nativeBuffer(16 + 4 * (descriptors.length + 1));
  const controlView = new DataView(control.buffer);
  controlView.setUint32(0, 16 + 4 * descriptors.length, true);
  controlView.setInt32(8, 1, true);
  controlView.setInt32(12, 1, true);
  for (const [index, descriptor] of descriptors.entries()) controlView.setInt32(16 + 4 * index, descriptor, true);
  const header = nativeBuffer(56);
  const view = new DataView(header.buffer);
  view.setBigUint64(16, addressOfBuffer(iov), true);
  view.setUint32(24, 1, true);
  if (descriptors.length > 0) {
    view.setBigUint64(32, addressOfBuffer(control), true);
    view.setUint32(40, 16 + 4 * descriptors.length, true);
  }
  if (libc.sendmsg(fd, addressOfBuffer(header), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    throw new KernelError("IO", `cannot send: errno ${libc.errno()}`);
  }
}

/** `count` descriptors of nothing. */
export function openDescriptors(count: number): number[] {
  return Array.from({ length: count }, () => openSync("/dev/null", "r"));
}

export function shutdown(fd: number, how: number): void {
  check(loadLibc().koffi.load(null).func("int shutdown(int fd, int how)")(fd, how));
}

export function setsockopt(fd: number, name: number, value: number): void {
  const bytes = nativeBuffer(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  const call = loadLibc()
    .koffi.load(null)
    .func("int setsockopt(int fd, int level, int name, void *value, uint length)");
  check(call(fd, 1, name, bytes, 4));
}

/** Runs `body` in want of descriptors: only `spare` more can be opened. */
export async function withFewDescriptors(spare: number, body: () => Promise<void>): Promise<void> {
  const library = loadLibc().koffi.load(null);
  const getrlimit = library.func("int getrlimit(int resource, void *limit)");
  const setrlimit = library.func("int setrlimit(int resource, void *limit)");
  const limit = nativeBuffer(16);
  const view = new DataView(limit.buffer);
  const RLIMIT_NOFILE = 7;
  check(getrlimit(RLIMIT_NOFILE, limit));
  const usual = view.getBigUint64(0, true);
  const fillers: number[] = [];
  try {
    // The limit is on the number, not on the count: fill the gaps, and everything below a round number.
    const ceiling = 512;
    view.setBigUint64(0, BigInt(ceiling), true);
    check(setrlimit(RLIMIT_NOFILE, limit));
    for (;;) {
      try {
        fillers.push(openSync("/dev/null", "r"));
      } catch {
        break;
      }
    }
    for (let count = 0; count < spare; count += 1) closeSync(fillers.pop() as number);
    await body();
  } finally {
    view.setBigUint64(0, usual, true);
    check(setrlimit(RLIMIT_NOFILE, limit));
    for (const filler of fillers) closeSync(filler);
  }
}

function check(result: number): void {
  if (result < 0) throw new KernelError("IO", `cannot prepare a test: errno ${loadLibc().errno()}`);
}
