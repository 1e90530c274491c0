/** Where in a text a person looks for what is wrong. */

/** The line, from 1, on which a field of a JSON text stands; the nearest that is there when the field itself is not. */
export function lineOfField(text: string, path: string): number {
  const wanted = path.split(/[.[\]]+/).filter((step) => step !== "");
  /** Where one is: the name or number of each value that is open, from the outside in. */
  const open: { readonly isList: boolean; at: string; next: number }[] = [];
  let line = 1;
  let best = { depth: 0, line: 1 };
  const look = (): void => {
    const here = open.map(({ at }) => at);
    const depth = here.findIndex((step, at) => step !== wanted[at]);
    const isOnTheWay = depth < 0;
    if (isOnTheWay && here.length > best.depth) best = { depth: here.length, line };
  };
  const tokens = text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[[\]{}]|[^\s[\]{},:"]+|\n/g);
  for (const [token, colon] of tokens) {
    const inner = open.at(-1);
    if (token === "\n") line++;
    else if (token === "]" || token === "}") open.pop();
    else {
      if (inner?.isList === true) inner.at = String(inner.next++);
      else if (colon !== undefined && inner !== undefined)
        inner.at = JSON.parse(token.slice(0, -colon.length)) as string;
      look();
      if (token === "[" || token === "{") open.push({ isList: token === "[", at: "", next: 0 });
      // A name's own line breaks up to its colon.
      if (colon !== undefined) line += colon.split("\n").length - 1;
    }
  }
  return best.line;
}

/** The line that a JSON parser's message names, from 1. Browsers say it in their own words. */
export function lineOfMessage(text: string, message: string): number {
  const named = /\bline (\d+)\b/.exec(message)?.[1];
  if (named !== undefined) return Number(named);
  const position = /\bposition (\d+)\b/.exec(message)?.[1];
  return text.slice(0, position === undefined ? text.length : Number(position)).split("\n").length;
}
