/** As much of a name as the kernel takes, cut between characters. */
export function fitName(name: string, maxBytes: number): string {
  const clean = name.replaceAll("\0", "");
  if (Buffer.byteLength(clean) <= maxBytes) return clean;
  // Half a character would become a replacement character and grow again.
  return new TextDecoder("utf-8").decode(Buffer.from(clean).subarray(0, maxBytes), { stream: true });
}
