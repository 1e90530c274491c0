/**
 * What the system said when a file could not be had, for a sentence that names the file already: of Node's "ENOENT: no
 * such file or directory, open 'x'" the middle. Of any other error its message.
 */
export function systemWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, message } = error as Error & { readonly code?: unknown };
  if (typeof code !== "string" || !message.startsWith(`${code}: `)) return message;
  return /^\w+: (.+?), \w+(?: '.*')?$/s.exec(message)?.[1] ?? message;
}
