/**
 * Numbers by which `fuchsia.sysmem` and `fuchsia.hardware.sysmem.Sysmem` name heaps, and the strings that took their place.
 * Source: interface reference 5.
 */
import { SYSTEM_RAM } from "./port.ts";

export const FRAMEBUFFER = "fuchsia.sysmem.heap.HEAP_TYPE.FRAMEBUFFER";
export const AMLOGIC_SECURE = "fuchsia.amlogic.platform.sysmem.heap.HEAP_TYPE.SECURE";
export const AMLOGIC_SECURE_VDEC = "fuchsia.amlogic.platform.sysmem.heap.HEAP_TYPE.SECURE_VDEC";
export const GOLDFISH_DEVICE_LOCAL = "fuchsia.goldfish.platform.sysmem.heap.HEAP_TYPE.DEVICE_LOCAL";
export const GOLDFISH_HOST_VISIBLE = "fuchsia.goldfish.platform.sysmem.heap.HEAP_TYPE.HOST_VISIBLE";

/** Heaps that can be registered through `Sysmem.RegisterHeap`. */
export type RegistrableHeapType =
  | typeof AMLOGIC_SECURE
  | typeof AMLOGIC_SECURE_VDEC
  | typeof GOLDFISH_DEVICE_LOCAL
  | typeof GOLDFISH_HOST_VISIBLE
  | typeof FRAMEBUFFER;

const TYPES: ReadonlyMap<bigint, string> = new Map<bigint, string>([
  [0n, SYSTEM_RAM],
  [0x1000_0000_0001_0000n, AMLOGIC_SECURE],
  [0x1000_0000_0001_0001n, AMLOGIC_SECURE_VDEC],
  [0x1000_0000_0002_0000n, GOLDFISH_DEVICE_LOCAL],
  [0x1000_0000_0002_0001n, GOLDFISH_HOST_VISIBLE],
  [0x1000_0000_0003_0001n, FRAMEBUFFER],
]);

const NUMBERS: ReadonlyMap<string, bigint> = new Map([...TYPES].map(([number, type]) => [type, number]));

/** The heap type that `fuchsia.sysmem.HeapType` number stands for; undefined when it stands for none. */
export function heapTypeOfNumber(number: bigint): string | undefined {
  return TYPES.get(number);
}

/** The other way; undefined for heap types that never had a number. */
export function numberOfHeapType(heapType: string): bigint | undefined {
  return NUMBERS.get(heapType);
}

/** Whether memory of this type is protected by hardware: out of the CPU's reach, whoever provides it. */
export function isSecureHeapType(heapType: string): boolean {
  return heapType === AMLOGIC_SECURE || heapType === AMLOGIC_SECURE_VDEC;
}
