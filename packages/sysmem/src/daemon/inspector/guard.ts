/** Who may ask, as far as a request tells: nothing that another web page makes a browser send gets through. */

/** What the check looks at. */
export interface RequestFacts {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  readonly site: string | undefined;
}

/** Why a request is refused. */
export interface Refusal {
  readonly status: 403 | 405;
  readonly text: string;
}

/** Names of this machine that no name server can give to another page. Any port: it may be a forwarded one. */
const OWN_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** Undefined when the request may be answered. */
export function refusalOf({ method, host, origin, site }: RequestFacts): Refusal | undefined {
  if (method !== "GET" && method !== "HEAD") return { status: 405, text: "this page only reads" };
  // A name that an attacker's name server resolves to this machine arrives here under that name.
  if (host === undefined || !OWN_HOST.test(host)) return { status: 403, text: "not under this name" };
  if (origin !== undefined && origin !== `http://${host}`) return { status: 403, text: "not for other pages" };
  if (site !== undefined && site !== "same-origin" && site !== "none")
    return { status: 403, text: "not for other pages" };
  return undefined;
}

/** On every answer. The page may load what comes from here and nothing else, and nobody may show it in a frame. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};
