/** `zx.Status` numbers that appear in epitaphs and in the earlier generations' responses. */
export const Status = {
  OK: 0,
  ERR_INTERNAL: -1,
  ERR_NOT_SUPPORTED: -2,
  ERR_NO_RESOURCES: -3,
  ERR_NO_MEMORY: -4,
  ERR_INVALID_ARGS: -10,
  ERR_BAD_HANDLE: -11,
  ERR_WRONG_TYPE: -12,
  ERR_OUT_OF_RANGE: -14,
  ERR_BUFFER_TOO_SMALL: -15,
  ERR_BAD_STATE: -20,
  ERR_TIMED_OUT: -21,
  ERR_SHOULD_WAIT: -22,
  ERR_CANCELED: -23,
  ERR_PEER_CLOSED: -24,
  ERR_NOT_FOUND: -25,
  ERR_ALREADY_EXISTS: -26,
  ERR_UNAVAILABLE: -28,
  ERR_ACCESS_DENIED: -30,
  ERR_IO: -40,
  ERR_IO_DATA_INTEGRITY: -43,
} as const;

/** The name of a status for people, `ZX_ERR_…` as Zircon spells it. */
export function statusName(status: number): string {
  for (const [name, value] of Object.entries(Status)) if (value === status) return `ZX_${name}`;
  return `status ${status}`;
}
