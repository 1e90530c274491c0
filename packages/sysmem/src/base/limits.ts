/** Named limits. Each has a test on both sides of it. */

/** Bytes of one channel message, header included (transport contract; Zircon's ZX_CHANNEL_MAX_MSG_BYTES). */
export const MAX_MESSAGE_BYTES = 65_536;

/** Handles of one channel message (ZX_CHANNEL_MAX_MSG_HANDLES). */
export const MAX_MESSAGE_HANDLES = 64;

/** Out-of-line objects that may nest in one message (FIDL wire format). */
export const MAX_OUT_OF_LINE_DEPTH = 32;

/**
 * Bytes and handles a channel keeps for a peer that does not read, before it closes itself. A result for a 128-buffer
 * collection is 12 KiB and 128 handles in two packets at most, so that a well-behaved slow reader never meets this.
 */
export const MAX_QUEUED_SEND_BYTES = 1_048_576;
export const MAX_QUEUED_SEND_HANDLES = 512;

/** Packets taken from one channel before other channels get their turn. */
export const MAX_PACKETS_PER_TURN = 32;

/** Bytes of a standalone (persistent) FIDL body: a file, so larger than a message; still something one reads whole. */
export const MAX_PERSISTENT_BYTES = 16_777_216;

/** Declared ordinals of a table (FIDL language). */
export const MAX_TABLE_ORDINAL = 64;

/** Inline bytes of a struct (FIDL language). */
export const MAX_STRUCT_BYTES = 65_535;

/**
 * Two-way calls without an answer on one channel, at either end. sysmem keeps one hanging get per node; pipelining
 * clients rarely pass a few dozen.
 */
export const MAX_OUTSTANDING_CALLS = 1_024;

/** Events and pulled requests kept for a consumer that does not ask, before reading the channel pauses. */
export const MAX_QUEUED_EVENTS = 256;

/** Layouts, type arguments and parentheses that may nest in FIDL text: the parser and all later passes recurse over them. */
export const MAX_FIDL_NESTING_DEPTH = 64;

/** Declarations in a chain where each needs the next one's value or type (constants, aliases, compositions): passes recurse. */
export const MAX_FIDL_REFERENCE_CHAIN = 256;

/** Bytes of one FIDL file, in UTF-16 units: a hundred times the longest published one. */
export const MAX_FIDL_SOURCE_LENGTH = 16_777_216;

/** Diagnostics kept of one compilation. Further ones are counted, not kept: nobody reads them, and hostile text could fill memory. */
export const MAX_FIDL_DIAGNOSTICS = 1_000;

/** Descriptors taken from the kernel's ready list in one turn of the event loop; the rest follow in the next. */
export const MAX_READY_PER_TURN = 64;

/** Reads of what was sent over one eventpair, which is dropped, in one turn of the event loop; the rest follow in the next. */
export const MAX_STRAY_READS_PER_TURN = 16;

/** Connections accepted from one listener before other descriptors get their turn. */
export const MAX_ACCEPTS_PER_TURN = 64;

/**
 * Connections the kernel keeps for a listener that has not accepted them yet (it takes fewer where `net.core.somaxconn`
 * says so). One client that connects in a loop must not make the others' non-blocking connects fail while the event
 * loop is busy for a moment.
 */
export const LISTEN_BACKLOG = 4096;

/**
 * How long a channel waits before it tries again when the kernel itself is short of memory or of descriptors in
 * flight: no event says when that is over. Milliseconds.
 */
export const SEND_RETRY_MS = 10;

/**
 * The least that a packet takes of the kernel's memory while nobody has read it: its header and what describes it. Linux
 * 6.18 on x64 counts 768 for 16 bytes; less than is counted anywhere, so that no packet is taken for read that is not.
 */
export const MIN_PACKET_COST_BYTES = 512;

/** Messages sent behind handles before the kernel is asked again whether these are read. */
export const MAX_UNREAD_MESSAGES_UNSEEN = 64;

/** How often the kernel is asked whether the handles of a closed channel are read. Milliseconds. */
export const UNREAD_LOOK_MS = 100;

/** Levels of nesting in JSON that is converted to a FIDL value: a struct or list is one level, so that wire depth 32 fits. */
export const MAX_JSON_DEPTH = 128;

/** Faults reported about one JSON text: enough to correct a file in one go, too few to fill memory with. */
export const MAX_JSON_FAULTS = 20;

/**
 * Address space that one mapping arena reserves (never touched before it is used), and how many of them a thread opens. A
 * range is used again only when the view of its last mapping was collected, so their size is what garbage collection is
 * asked for: 2,000 frames of 1080p RGBA mapped one after the other cost 7 major collections with 1 GiB, and 2 with this
 * (`bench/memory/mapping.mjs`). A WebAssembly memory has 4 GiB at most.
 */
export const MAPPING_ARENA_BYTES = 0xf000_0000;
export const MAX_MAPPING_ARENAS = 4;

/** How long after it could not be unmapped for want of memory a mapping is tried again; no event says when. Milliseconds. */
export const UNMAP_RETRY_MS = 100;

/** Buffers of one collection (`fuchsia.sysmem2.MAX_COUNT_BUFFER_COLLECTION_INFO_BUFFERS`). */
export const MAX_BUFFERS_PER_COLLECTION = 128;

/** Bytes of one buffer with its padding, and of all buffers of a collection (Fuchsia's server). Inclusive. */
export const MAX_BYTES_PER_BUFFER = 268_435_456;
export const MAX_BYTES_PER_COLLECTION = 1_073_741_824;

/** Combinations of group children tried in one allocation (Fuchsia's server): it bounds the time of an attempt. */
export const MAX_GROUP_CHILD_COMBINATIONS = 64;

/** Image formats while DO_NOT_CARE is replaced by what others name; fewer than this (Fuchsia's server). */
export const MAX_DO_NOT_CARE_FAN_OUT = 512;

/** Items of an aggregated `required_max_size_list` after redundant ones are gone (FIDL bound of the result). */
export const MAX_REQUIRED_MAX_SIZES = 64;

/** Memory up to this size is reserved on the event loop (70 us); what is larger goes to a helper thread (110 us more). */
export const MAX_RESERVE_ON_LOOP_BYTES = 262_144;

/**
 * Memory up to this size is freed on the event loop (50 us); what is larger, 100 us for each MiB, by a helper thread: a loop that
 * freed 256 MiB stood still for 22 to 31 ms.
 */
export const MAX_FREE_ON_LOOP_BYTES = 524_288;

/**
 * Buffers of one collection whose memory is reserved at the same time, each on a helper thread: two take five frames of 1080p
 * in 0.43 to 0.65 of the time of one, four are no faster on two cores, and Node has four helper threads for everybody.
 */
export const MAX_CONCURRENT_RESERVATIONS = 2;

/**
 * When the memory reserve makes buffers: this long after the last allocation, so that it never competes with a set-up, and
 * only while the machine has that much left; it looks once a second whether that still holds, and keeps nothing that
 * was not used for half a minute.
 */
export const MEMORY_RESERVE_IDLE_NS = 20e6;
export const MEMORY_RESERVE_HEADROOM_BYTES = 536_870_912;
export const MEMORY_RESERVE_LOOK_NS = 1e9;
export const MEMORY_RESERVE_EXPIRY_NS = 30e9;

/**
 * Memory below this size is reserved without asking first how much the machine has left: asking takes longer than
 * reserving it.
 */
export const MIN_HEADROOM_CHECK_BYTES = 1_048_576;

/** Memory that no allocation may take from the machine, so that reserving pages never wakes the OOM killer. */
export const MEMORY_HEADROOM_BYTES = 67_108_864;

/** How often handed-out VMOs are looked for where the kernel reports no events about them. Milliseconds. */
export const CHILD_PROBE_INTERVAL_MS = 500;

/**
 * Memories looked at in one turn, at 20 us for a DMA-BUF; and the least time to the next such turn, in milliseconds. Of
 * 2,560 memories each is looked at in every interval; more wait longer, and never take more than a tenth of the time.
 */
export const MAX_PROBES_PER_TURN = 128;
export const MIN_PROBE_TURN_DISTANCE_MS = 25;

/**
 * When a memory file is looked at again after each event, in milliseconds from look to look. The window between the event and
 * the end of the description's locks is microseconds long, unless the closing process is preempted in it.
 */
export const CHILD_RECHECK_DELAYS_MS: readonly number[] = [1, 5, 25, 125, 625, 3_125];

/** Bytes of a DMA-BUF's name that the kernel takes (DMA_BUF_NAME_LEN less the NUL). */
export const MAX_DMA_BUF_NAME_BYTES = 31;

/** Bytes of a memory file's name that the kernel takes (NAME_MAX less its own prefix). */
export const MAX_MEMORY_NAME_BYTES = 249;

/**
 * Sides and pixels of images and video frames that the command line reads: as RGBA such an image fills the largest
 * buffer that a collection can have.
 */
export const MAX_IMAGE_SIDE = 16_384;
export const MAX_IMAGE_PIXELS = 67_108_864;

/** Bytes of a still image's file, which is decoded from memory. */
export const MAX_IMAGE_FILE_BYTES = 134_217_728;

/** Bytes of a file that `sysmem solve` reads: four thousand participants with a page each. */
export const MAX_SOLVE_FILE_BYTES = 16_777_216;

/** Bytes of a header or frame line in a .y4m file, its line feed included: fifty times what encoders write. */
export const MAX_Y4M_LINE_BYTES = 4_096;

/** Characters kept of what a helper program says on its standard error: the end, where the cause is. */
export const MAX_STDERR_TAIL = 4_096;

/** Thumbnails of one contact sheet. More are too many to look at, and each is kept in memory. */
export const MAX_THUMBNAILS = 256;

/** Characters of one line of a message capture: the hexadecimal digits of the greatest message, and the rest of its line. */
export const MAX_TRACE_LINE_LENGTH: number = 2 * MAX_MESSAGE_BYTES + 4096;

/** Characters of a capture collected before they are written in the middle of a turn: two of the greatest messages. */
export const MAX_TRACE_BUFFER_LENGTH: number = 2 * MAX_TRACE_LINE_LENGTH;

/** Calls of a message capture whose answers are looked for: a server that never answers must not fill a reader's memory. */
export const MAX_TRACKED_CALLS = 65_536;

/**
 * How long a heap in another process may take for one buffer, and for cleaning up after one. A collection waits that long
 * at most and nobody else does; no heap takes seconds, save one whose machine swaps. Milliseconds.
 */
export const HEAP_ALLOCATE_TIMEOUT_MS = 10_000;
export const HEAP_DELETE_TIMEOUT_MS = 10_000;

/** Bytes of a heap type, in FIDL (`fuchsia.sysmem2/Heap.heap_type`). */
export const MAX_HEAP_TYPE_BYTES = 128;

/** Bytes of a heap's memory that are cleared or checked in one turn of the event loop: about 100 us. */
export const MAX_CLEARED_PER_TURN_BYTES = 1_048_576;

/** How long the secure side may take for one call. Past it, what it protects is unknown, and its heaps are lost. Milliseconds. */
export const SECURE_MEM_TIMEOUT_MS = 10_000;

/** How often a heap looks for participants that outlived sysmem and still hold one of its buffers. Milliseconds. */
export const HEAP_DESCENDANT_PROBE_MS = 500;

/**
 * Bytes of items in one page of `sysmem.inspect`: a message less its header and the rest of the answer, with room to
 * spare, so that no answer fails for a few bytes.
 */
export const MAX_INSPECT_PAGE_BYTES = 57_344;

/** Bytes of one text in `sysmem.inspect` (its MAX_TEXT), and of a demand's value, of which an explanation has many. */
export const MAX_INSPECT_TEXT_BYTES = 4_096;
export const MAX_INSPECT_VALUE_BYTES = 512;

/** Connections to `sysmem.inspect` at once: people and a few tools, each of which may keep a look through /proc. */
export const MAX_INSPECT_CONNECTIONS = 64;

/** Events kept for watchers that are slow to ask. One is 100 to 200 bytes; an allocation makes a dozen. */
export const MAX_WATCH_BACKLOG = 8_192;

/** Descriptors of one process looked at in one turn of the event loop when holders are searched: about 2 ms. */
export const MAX_SCANNED_DESCRIPTORS_PER_TURN = 512;

/** Holders kept of one look through /proc. A collection has at most a few hundred; hostile processes could have millions. */
export const MAX_HOLDERS = 16_384;

/** Nodes of one collection that the inspector's page is sent: a graph of more cannot be read, and each costs a look at /proc. */
export const MAX_INSPECTOR_NODES = 512;

/** Characters of constraints in one answer to the inspector's page: those of 32 participants who all say as much as they can. */
export const MAX_INSPECTOR_CONSTRAINTS_LENGTH = 2_097_152;

/** Collections of which the inspector tells in one turn of the event loop: about 2 ms. */
export const MAX_INSPECTOR_SUMMARIES_PER_TURN = 128;

/** Pages that follow one server, and connections that they may open: a browser opens six for one page. */
export const MAX_INSPECTOR_STREAMS = 32;
export const MAX_INSPECTOR_CONNECTIONS = 256;

/** How long a request may take to arrive: whoever sends it a byte at a time keeps a connection from others. Milliseconds. */
export const INSPECTOR_REQUEST_TIMEOUT_MS = 10_000;

/** Least time between two messages of one stream, so that bursts are told in one. Milliseconds. */
export const INSPECTOR_PACE_MS = 100;

/** How long events are kept when the last page is gone: it may only have lost its connection. Milliseconds. */
export const INSPECTOR_LINGER_MS = 10_000;

/** How often a silent stream says that it is there, so that either end notices that the other is gone. Milliseconds. */
export const INSPECTOR_HEARTBEAT_MS = 15_000;

/** A picture of a buffer, in pixels along either side: 1 MiB of RGBA at most. The inspector's page shows it smaller. */
export const MAX_THUMBNAIL_SIDE = 512;
export const DEFAULT_THUMBNAIL_SIDE = 320;

/** Pixels looked at for one of a picture, along either axis: more are hardly seen in the mean. */
export const MAX_THUMBNAIL_SAMPLES_PER_AXIS = 4;

/** Pixels of a buffer looked at in one turn of the event loop: about 1 ms. */
export const MAX_THUMBNAIL_SAMPLES_PER_TURN = 16_384;

/** Pictures that a server makes at once: those of a few pages. Each maps a buffer and takes a share of every turn. */
export const MAX_THUMBNAILS_UNDER_WAY = 8;

/** First bytes told of a buffer that cannot be shown as a picture. */
export const MAX_BUFFER_START_BYTES = 256;

/** From the last change of protected ranges to a step that makes them fewer or smaller (Fuchsia's server). */
export const PROTECTED_RANGE_STEP_DELAY_NS = 1e9;

/** What the base of a protected pool is aligned to, and what its size is rounded up to (Fuchsia's server). */
export const PROTECTED_POOL_ALIGNMENT_BYTES = 1_048_576;
export const PROTECTED_POOL_ROUNDING_BYTES = 65_536;

/** What pieces of a pool, its guards and its patterned parts are multiples of: a page. */
export const POOL_PAGE_BYTES = 4_096;

/**
 * What the base of a carve-out is aligned to, and so the largest `min_physical_base_alignment` that a contiguous pool can
 * promise: the smallest huge page that pieces are made of.
 */
export const CARVE_OUT_ALIGNMENT_BYTES = 2_097_152;

/** What the configuration may ask for of a contiguous pool: less than the whole memory, pages of one guard up to 1 GiB. */
export const MAX_CONTIGUOUS_MEMORY_PERCENT = 99;
export const MAX_POOL_GUARD_PAGES = 262_144;

/** Of so many unused pages one has a pattern at least, if any does; more is next to none. */
export const MAX_POOL_UNUSED_DENOMINATOR = 1_048_576;

/** How long a look at all unused pages may take: a day. */
export const MAX_POOL_UNUSED_CYCLE_SECONDS = 86_400;

/** How often the guards of a contiguous pool are looked at (Fuchsia's server). */
export const POOL_GUARD_CHECK_INTERVAL_NS = 5e9;

/** Parts in which the unused pages of a pool are looked at, one after the other over a cycle (Fuchsia's server). */
export const POOL_UNUSED_CHECK_SLICES = 64;

/** How often, and until how long after, the pages of a buffer that is gone are looked at (Fuchsia's server). */
export const POOL_FREED_CHECK_INTERVAL_NS = 2e9;
export const POOL_FREED_CHECK_AGE_NS = 5e9;

/** Buffers of a pool that are gone and still known by name, for who wrote where nobody may (Fuchsia's server). */
export const MAX_POOL_FREED_REGIONS = 512;

/** Of these, how many one line of the log names: the latest. More is a list nobody reads. */
export const MAX_POOL_FREED_REGIONS_NAMED = 8;

/** Collections that the log names as the largest holders of a pool without room. */
export const MAX_POOL_HOLDERS_NAMED = 8;

/** Smallest granule of protected ranges: a page (`fuchsia.sysmem2.SecureHeapProperties`). */
export const MIN_PROTECTED_GRANULE_BYTES = 4_096;

/**
 * How long a participant without buffers waits for the server's explanation before it says only that there are none. An
 * explanation takes milliseconds; the failure itself is known already and must not wait for a busy server. Milliseconds.
 */
export const EXPLANATION_TIMEOUT_MS = 1_000;
