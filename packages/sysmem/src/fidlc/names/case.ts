/** Case of identifiers: the canonical form that scopes compare, and the words that names of bindings are made of. */

const isUpper = (c: string | undefined): boolean => c !== undefined && c >= "A" && c <= "Z";
const isLower = (c: string | undefined): boolean => c !== undefined && c >= "a" && c <= "z";
const isDigit = (c: string | undefined): boolean => c !== undefined && c >= "0" && c <= "9";

/** Whether a word begins at an upper-case letter: after a small letter or digit, or before a small letter. */
function beginsWord(name: string, at: number): boolean {
  if (!isUpper(name[at])) return false;
  const before = name[at - 1];
  return isLower(before) || isDigit(before) || (before !== undefined && before !== "_" && isLower(name[at + 1]));
}

/** Two names of one scope must differ in this form: `HTTPServer`, `HttpServer` and `http_server` do not. */
export function canonicalName(name: string): string {
  let result = "";
  for (let at = 0; at < name.length; at++) {
    if (beginsWord(name, at)) result += "_";
    result += (name[at] as string).toLowerCase();
  }
  return result.replace(/_+/g, "_");
}

/** Words of an identifier in lower case. A leading `k` before a capital is a mark of constants, not a word. */
export function wordsOf(name: string): readonly string[] {
  const bare = name[0] === "k" && isUpper(name[1]) ? name.slice(1) : name;
  let split = "";
  for (let at = 0; at < bare.length; at++) {
    if (beginsWord(bare, at)) split += "_";
    split += bare[at] as string;
  }
  return split
    .split("_")
    .filter((word) => word !== "")
    .map((word) => word.toLowerCase());
}

/** `real_id` to `RealId`, `android_8_0_0` to `Android8_0_0`. */
export function upperCamel(name: string): string {
  let result = "";
  for (const word of wordsOf(name)) {
    if (isDigit(result[result.length - 1]) && isDigit(word[0])) result += "_";
    result += (word[0] as string).toUpperCase() + word.slice(1);
  }
  return result;
}

/** `RealId` to `real_id`: the form of attribute names in the IR. */
export function lowerSnake(name: string): string {
  return wordsOf(name).join("_");
}
