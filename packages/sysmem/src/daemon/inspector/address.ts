/** Where the inspector listens: a loopback port or a Unix socket, and nowhere else. */
import { err, ok, type Result } from "#base";

/** An address that only this machine reaches. */
export type InspectorAddress =
  | { readonly kind: "tcp"; readonly host: "127.0.0.1" | "::1"; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

const HOSTS: ReadonlyMap<string, "127.0.0.1" | "::1"> = new Map([
  ["", "127.0.0.1"],
  ["localhost", "127.0.0.1"],
  ["127.0.0.1", "127.0.0.1"],
  ["[::1]", "::1"],
  ["::1", "::1"],
]);

/**
 * Reads `PORT`, `HOST:PORT`, a path (it contains a slash), or `off`. Port 0 lets the kernel choose.
 * @returns undefined for `off`, or what is wrong, as a sentence without a full stop
 */
export function parseInspectorAddress(text: string): Result<InspectorAddress | undefined, string> {
  if (text === "off") return ok(undefined);
  if (text.includes("/")) return ok({ kind: "unix", path: text });
  const at = text.lastIndexOf(":");
  const host = HOSTS.get(at < 0 ? "" : text.slice(0, at));
  if (host === undefined) {
    return err(
      `${text.slice(0, at)} is not this machine's own: the inspector listens on localhost or a Unix socket only`,
    );
  }
  const digits = text.slice(at + 1);
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port > 65_535) return err(`${text} is no [HOST:]PORT, no path and not off`);
  return ok({ kind: "tcp", host, port });
}
