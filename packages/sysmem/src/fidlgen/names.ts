/** From FIDL names to TypeScript names. */

/**
 * The words of a FIDL identifier: split at underscores, before an upper-case letter that follows a lower-case letter
 * or digit, and before an upper-case letter that begins a lower-case run (`URLLoader` is `URL`, `Loader`).
 * A constant-style `k` prefix is dropped.
 */
function words(identifier: string): string[] {
  const bare = /^k[A-Z]/.test(identifier) ? identifier.slice(1) : identifier;
  return bare
    .split("_")
    .flatMap((part) => part.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/))
    .filter((word) => word.length > 0);
}

/** Joins words, keeping an underscore between two digits (`android_8_0` is `Android8_0`). */
function join(parts: readonly string[]): string {
  let joined = "";
  for (const part of parts) {
    if (/[0-9]$/.test(joined) && /^[0-9]/.test(part)) joined += "_";
    joined += part;
  }
  return joined;
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}

/** `URLLoader` is `UrlLoader`, `real_id` is `RealId`. */
export function upperCamel(identifier: string): string {
  return join(words(identifier).map(capitalize));
}

/** `token_request` is `tokenRequest`, `GetVmoInfo` is `getVmoInfo`. */
export function lowerCamel(identifier: string): string {
  return join(words(identifier).map((word, index) => (index === 0 ? word.toLowerCase() : capitalize(word))));
}

/** Words that cannot name a `const`, `interface` or `type` at the top of a module. */
const RESERVED = new Set(
  (
    "any arguments as async await bigint boolean break case catch class const continue debugger declare default " +
    "delete do else enum eval export extends false finally for from function get if implements import in infer " +
    "instanceof interface is keyof let module namespace never new null number object of package private protected " +
    "public readonly require return set static string super switch symbol this throw true try type typeof " +
    "undefined unique unknown using var void while with yield"
  ).split(" "),
);

/** A name that can be declared, with `_` added to keywords. */
export function declarable(name: string): string {
  return RESERVED.has(name) || /^[0-9]/.test(name) ? `${name}_` : name;
}

/** A property name as it stands in an object literal or interface. */
export function propertyKey(name: string): string {
  // `__proto__` in a literal would set the prototype instead of making a property.
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) && name !== "__proto__" ? name : JSON.stringify(name);
}

/** `fuchsia.sysmem2` is `fuchsia_sysmem2`. */
export function moduleName(library: string): string {
  return library.replaceAll(".", "_");
}

/** Splits `library/Name` or `library/Name.MEMBER`. */
export function splitName(fullName: string): { readonly library: string; readonly name: string } {
  const slash = fullName.indexOf("/");
  return { library: fullName.slice(0, slash), name: fullName.slice(slash + 1) };
}
