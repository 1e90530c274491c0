import type { JSX } from "preact";

/** A path that may be broken into lines between its words. */
export function breakable(path: string): (string | JSX.Element)[] {
  return path.split(/(?<=[._])/).flatMap((part, at) => (at === 0 ? [part] : [<wbr key={at} />, part]));
}
