/** Clients of the Allocator of 2018. */
import type { Channel } from "#base";
import {
  Allocator,
  type AllocatorClient,
  type BufferCollectionInfo,
  type BufferSpec,
  type BufferUsage,
  ColorSpaceType,
  cpuUsageRead,
  cpuUsageWrite,
  type ImageSpec,
  PixelFormatType,
} from "#gen/fuchsia_sysmem_v2018";
import { asVmo, type EventPair, type Vmo } from "#kernel";
import type { FakeWorld } from "../support/fixture.ts";

export const READ: BufferUsage = { cpu: cpuUsageRead, vulkan: 0, display: 0, video: 0 };
export const WRITE: BufferUsage = { cpu: cpuUsageWrite, vulkan: 0, display: 0, video: 0 };
export const NOTHING: BufferUsage = { cpu: 0, vulkan: 0, display: 0, video: 0 };

/** 64 by 32 pixels of RGBA, unless said otherwise. */
export function spec(image: Partial<ImageSpec> = {}): BufferSpec {
  return {
    image: {
      minWidth: 64,
      minHeight: 32,
      layers: 1,
      pixelFormat: { type: PixelFormatType.R8G8B8A8 },
      colorSpace: { type: ColorSpaceType.SRGB },
      ...image,
    },
  };
}

/** A connection to the Allocator of 2018, which the world closes at its end. */
export function connect(world: FakeWorld): AllocatorClient {
  const [client, server] = world.kernel.createChannel();
  const given = world.clientProcess.give(server, world.serverProcess) as Channel;
  world.server.serveAllocator(given, { version: "v2018" });
  return world.keep(Allocator.bind(client));
}

/** What coordinators start with. */
export function tokenPair(world: FakeWorld): { readonly token: EventPair; readonly peer: EventPair } {
  const [token, peer] = world.kernel.createEventPair();
  return { token: world.keep(token), peer: world.keep(peer) };
}

/** An answer that may not be there yet, and whose handles the world closes. */
export interface Asked<T> {
  /** Undefined until answered; "closed" when the channel ended first. */
  readonly outcome: () => T | "closed" | undefined;
}

type Answer = { readonly status: number; readonly collection?: BufferCollectionInfo };

/** Takes note of an answer when it comes. */
export function ask<T extends Answer>(world: FakeWorld, answer: Promise<T>): Asked<T> {
  let outcome: T | "closed" | undefined;
  answer.then(
    (value) => {
      for (const vmo of value.collection?.vmos ?? []) if (vmo !== null) world.keep(vmo);
      outcome = value;
    },
    () => {
      outcome = "closed";
    },
  );
  return { outcome: () => outcome };
}

/** The status, once everything has settled; undefined = not answered. */
export async function statusOf<T extends Answer>(
  world: FakeWorld,
  asked: Asked<T>,
): Promise<number | "closed" | undefined> {
  await world.settle();
  const outcome = asked.outcome();
  return typeof outcome === "object" ? outcome.status : outcome;
}

/** The buffers of an answer that is OK. */
export function vmosOf(asked: Asked<{ status: number; collection: BufferCollectionInfo }>): Vmo[] {
  const outcome = asked.outcome();
  if (typeof outcome !== "object") throw new TypeError("there is no answer");
  return outcome.collection.vmos.flatMap((vmo) => (vmo === null ? [] : [asVmo(vmo)]));
}
