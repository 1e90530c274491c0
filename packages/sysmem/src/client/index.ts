/** What an application imports: `import { Sysmem } from "sysmem"`. */
// What the options and results below are made of, so that programs can name it.
export type { Clock, Logger } from "#base";
export type { HeapAttachments, HeapRegistry, RegistrableHeapType } from "#heaps";
export type { BufferMemory, EventPair, Kernel, Vmo } from "#kernel";
export type { IdSource, QuotaOptions, Quotas, Server, ServerEvent, ServerLimits, ServerObserver } from "#server";
export type { BufferLayout } from "./buffer-layout.ts";
export { Collection, type WaitOptions } from "./collection.ts";
export { EmbeddedSysmem, type EmbeddedOptions } from "./embedded.ts";
export {
  AllocationError,
  type AllocationErrorCode,
  BadAnswerError,
  ConnectError,
  LayoutError,
  TraceError,
} from "./errors.ts";
export type { FailedRequirement, FailureExplanation, SuggestedRelaxation } from "./explanation.ts";
export {
  type Frame,
  type FrameRate,
  FrameReceiver,
  FrameSender,
  type FrameStreamOptions,
  StreamClosedError,
} from "./frames.ts";
export { type HeapBufferRequest, HeapServer, type HeapServerOptions } from "./heap-server.ts";
export { ALLOCATOR_VARIABLE, inheritedChannel, spawnWithChannels, TOKEN_VARIABLE } from "./inheritance.ts";
export { serviceDirectory } from "./service-directory.ts";
export { SharedBuffer } from "./shared-buffer.ts";
export { SharedBuffers } from "./shared-buffers.ts";
export { type ConnectionOptions, type ConnectOptions, Sysmem } from "./sysmem.ts";
export { type Attenuation, Token } from "./token.ts";
export { TokenGroup } from "./token-group.ts";
export { openTraceFile, TRACE_VARIABLE, type TraceFile } from "./trace-file.ts";
export { attachChannel, detachChannel, type DetachedChannel } from "./transfer.ts";
