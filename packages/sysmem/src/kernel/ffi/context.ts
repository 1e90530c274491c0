/** What the objects of one kernel share. */
import type { Handle, Logger } from "#base";
import type { Libc } from "./libc.ts";
import type { LingeringEnds } from "./lingering-ends.ts";
import type { Mapper } from "./mapper.ts";
import type { PacketIo } from "./packet-io.ts";
import type { Reactor } from "./reactor.ts";
import type { UnixDiag } from "./unix-diag.ts";

export interface LinuxContext {
  readonly libc: Libc;
  readonly reactor: Reactor;
  readonly packets: PacketIo;
  readonly lingering: LingeringEnds;
  readonly diag: UnixDiag;
  readonly mapper: Mapper;
  readonly logger: Logger;
  /** Whether objects that wait for something keep the process alive, unless they are told otherwise. */
  readonly keepAlive: boolean;
  /** Makes handles of received descriptors, all or none. Throws `KernelError`, and closes them. */
  adoptAll(descriptors: readonly number[]): Handle[];
}
