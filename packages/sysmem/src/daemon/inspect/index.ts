/** `sysmem.inspect`: a server's state for people and tools. */
export { mayInspect } from "./access.ts";
export { InspectorService } from "./inspector.ts";
export { Thumbnails } from "./thumbnails.ts";
export { packageVersion } from "./server-state.ts";
