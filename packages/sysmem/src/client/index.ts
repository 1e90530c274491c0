/** What an application imports: `import { Sysmem } from "sysmem"`. */
export { Collection } from "./collection.ts";
export { EmbeddedSysmem, type EmbeddedOptions } from "./embedded.ts";
export { AllocationError, type AllocationErrorCode, ConnectError, TraceError } from "./errors.ts";
export { type Frame, FrameReceiver, FrameSender, StreamClosedError } from "./frames.ts";
export { type HeapBufferRequest, HeapServer, type HeapServerOptions } from "./heap-server.ts";
export { ALLOCATOR_VARIABLE, inheritedChannel, spawnWithChannels, TOKEN_VARIABLE } from "./inheritance.ts";
export { serviceDirectory } from "./service-directory.ts";
export { SharedBuffer, SharedBuffers } from "./shared-buffer.ts";
export { type ConnectOptions, Sysmem } from "./sysmem.ts";
export { type Attenuation, Token } from "./token.ts";
export { TokenGroup } from "./token-group.ts";
export { openTraceFile, TRACE_VARIABLE, type TraceFile } from "./trace-file.ts";
