import { type Handle, ObjectType } from "#base";
import type { EndpointDescriptor, HandleDescriptor } from "../descriptors.ts";

const OBJECT_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ObjectType)
    .filter(([, type]) => type !== ObjectType.NONE)
    .map(([name, type]) => [type, name.toLowerCase()]),
);

/** For people: what a handle refers to, `<vmo>` or `<client end of fuchsia.sysmem2/BufferCollectionToken>`. */
export function describeHandle(handle: Handle, declared: HandleDescriptor | EndpointDescriptor): string {
  if (declared.kind === "endpoint") return `<${declared.role} end of ${declared.protocol}>`;
  return `<${objectTypeName(handle.objectType)}>`;
}

/** `vmo`, `channel`, …; `handle` for types we do not know. */
export function objectTypeName(objectType: number): string {
  return OBJECT_NAMES.get(objectType) ?? "handle";
}
