# The benchmark's three messages with the fields of fuchsia.sysmem2; handles are indexes, as a transport would carry them.
@0xb2a6f3c1d4e59781;
struct Size { width @0 :UInt32; height @1 :UInt32; }
struct Heap { heapType @0 :Text; id @1 :UInt64; }
struct Usage { none @0 :UInt32; cpu @1 :UInt32; vulkan @2 :UInt32; display @3 :UInt32; video @4 :UInt32; }
struct MemoryConstraints {
  minSizeBytes @0 :UInt64; maxSizeBytes @1 :UInt64; physicallyContiguousRequired @2 :Bool; secureRequired @3 :Bool;
  cpuDomainSupported @4 :Bool; ramDomainSupported @5 :Bool; inaccessibleDomainSupported @6 :Bool;
  permittedHeaps @7 :List(Heap);
}
struct Image {
  pixelFormat @0 :UInt32; pixelFormatModifier @1 :UInt64; colorSpaces @2 :List(UInt32); minSize @3 :Size;
  maxSize @4 :Size; minBytesPerRow @5 :UInt32; maxBytesPerRow @6 :UInt32; maxWidthTimesHeight @7 :UInt64;
  sizeAlignment @8 :Size; displayRectAlignment @9 :Size; requiredMinSize @10 :Size; requiredMaxSize @11 :Size;
  bytesPerRowDivisor @12 :UInt32; startOffsetDivisor @13 :UInt32;
}
struct Constraints {
  usage @0 :Usage; minBufferCountForCamping @1 :UInt32; minBufferCountForDedicatedSlack @2 :UInt32;
  minBufferCountForSharedSlack @3 :UInt32; minBufferCount @4 :UInt32; maxBufferCount @5 :UInt32;
  bufferMemoryConstraints @6 :MemoryConstraints; imageFormatConstraints @7 :List(Image);
}
struct MemorySettings {
  sizeBytes @0 :UInt64; isPhysicallyContiguous @1 :Bool; isSecure @2 :Bool; coherencyDomain @3 :UInt32; heap @4 :Heap;
}
struct Settings { bufferSettings @0 :MemorySettings; imageFormatConstraints @1 :Image; }
struct Buffer { vmo @0 :UInt32; vmoUsableStart @1 :UInt64; }
struct Info { settings @0 :Settings; buffers @1 :List(Buffer); bufferCollectionId @2 :UInt64; }
struct DuplicateRequest { txid @0 :UInt32; ordinal @1 :UInt64; rightsAttenuationMasks @2 :List(UInt32); }
struct DuplicateResponse { txid @0 :UInt32; ordinal @1 :UInt64; tokens @2 :List(UInt32); }
