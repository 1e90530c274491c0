/** Whose process is at the other end of a loopback connection. The kernel knows; TCP has no credentials to ask for. */
import { readFileSync } from "node:fs";
import { endianness } from "node:os";

/** A connection as its accepting end sees it. */
export interface TcpEnds {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** The user of the process that made the connection; undefined when the kernel does not say. */
export function tcpPeerUid(ends: TcpEnds, readTable: (path: string) => string = readText): number | undefined {
  const local = tableAddress(ends.localAddress, ends.localPort);
  const remote = tableAddress(ends.remoteAddress, ends.remotePort);
  if (local === undefined || remote === undefined) return undefined;
  const table = readTable(local.length === 13 ? "/proc/net/tcp" : "/proc/net/tcp6");
  // The row of the other end: its local address is what is remote here.
  const row = new RegExp(`^ *\\d+: ${remote} ${local} \\w+ \\S+ \\S+ \\S+ +(\\d+) `, "m").exec(table);
  return row === null ? undefined : Number(row[1]);
}

/** The form that the kernel's tables have: words in the machine's byte order, in hexadecimal. */
export function tableAddress(address: string | undefined, port: number | undefined): string | undefined {
  if (address === undefined || port === undefined) return undefined;
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const isLittle = endianness() === "LE";
  if (address === "::1") return `${"0".repeat(24)}${isLittle ? "01000000" : "00000001"}:${hexPort}`;
  const bytes = address.split(".").map(Number);
  if (bytes.length !== 4 || bytes.some((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255)) return undefined;
  const hex = (isLittle ? bytes.toReversed() : bytes).map((byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
  return `${hex.join("")}:${hexPort}`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // Without the table nobody is known, and nobody is let in.
    return "";
  }
}
