/** Handlers that do the least; tests replace what they look at. */
import { ok } from "#fidl";
import type { LampServer } from "./lamp.ts";

export function plainHandlers(overrides: Partial<LampServer> = {}): LampServer {
  return {
    setLevel() {},
    reset() {},
    give() {},
    getLevel: () => ({ level: 1 }),
    exchange: (parcel) => ok(parcel),
    sync() {},
    dim: () => ok(),
    strictSync() {},
    strictDim: (payload) => ok(payload),
    ...overrides,
  };
}
