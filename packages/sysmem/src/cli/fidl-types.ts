/** The FIDL libraries that this package ships, looked up by name. */
import type { ProtocolDescriptor, TypeDescriptor } from "#fidl";
import * as hardware_sysmem from "#gen/fuchsia_hardware_sysmem";
import * as images2 from "#gen/fuchsia_images2";
import * as math from "#gen/fuchsia_math";
import * as sysmem from "#gen/fuchsia_sysmem";
import * as sysmem2 from "#gen/fuchsia_sysmem2";
import * as demo from "#gen/sysmem_demo";
import * as frames from "#gen/sysmem_frames";
import * as inspect from "#gen/sysmem_inspect";
import * as zx from "#gen/zx";

const MODULES: readonly object[] = [zx, math, images2, sysmem2, sysmem, hardware_sysmem, frames, demo, inspect];

function descriptors(): (ProtocolDescriptor | (TypeDescriptor & { readonly name: string }))[] {
  return MODULES.flatMap((module) => Object.values(module)).flatMap((item: unknown) =>
    typeof item === "object" && item !== null && "descriptor" in item
      ? [item.descriptor as ProtocolDescriptor | (TypeDescriptor & { readonly name: string })]
      : [],
  );
}

/** Every protocol of the shipped libraries. */
export function shippedProtocols(): ProtocolDescriptor[] {
  return descriptors().filter((item): item is ProtocolDescriptor => item.kind === "protocol");
}

/** A struct, table, union, enum or bits type by its full name (`fuchsia.sysmem2/Heap`). */
export function shippedType(name: string): TypeDescriptor | undefined {
  return descriptors().find(
    (item): item is TypeDescriptor & { name: string } => item.kind !== "protocol" && item.name === name,
  );
}
