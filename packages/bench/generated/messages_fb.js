// bench/buffer.ts
import * as flatbuffers from "flatbuffers";
var Buffer = class _Buffer {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsBuffer(bb, obj) {
    return (obj || new _Buffer()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsBuffer(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
    return (obj || new _Buffer()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  vmo() {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  vmoUsableStart() {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? this.bb.readUint64(this.bb_pos + offset) : BigInt("0");
  }
  static startBuffer(builder) {
    builder.startObject(2);
  }
  static addVmo(builder, vmo) {
    builder.addFieldInt32(0, vmo, 0);
  }
  static addVmoUsableStart(builder, vmoUsableStart) {
    builder.addFieldInt64(1, vmoUsableStart, BigInt("0"));
  }
  static endBuffer(builder) {
    const offset = builder.endObject();
    return offset;
  }
  static createBuffer(builder, vmo, vmoUsableStart) {
    _Buffer.startBuffer(builder);
    _Buffer.addVmo(builder, vmo);
    _Buffer.addVmoUsableStart(builder, vmoUsableStart);
    return _Buffer.endBuffer(builder);
  }
};

// bench/constraints.ts
import * as flatbuffers6 from "flatbuffers";

// bench/image.ts
import * as flatbuffers2 from "flatbuffers";

// bench/size.ts
var Size = class {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  width() {
    return this.bb.readUint32(this.bb_pos);
  }
  height() {
    return this.bb.readUint32(this.bb_pos + 4);
  }
  static sizeOf() {
    return 8;
  }
  static createSize(builder, width, height) {
    builder.prep(4, 8);
    builder.writeInt32(height);
    builder.writeInt32(width);
    return builder.offset();
  }
};

// bench/image.ts
var Image = class _Image {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsImage(bb, obj) {
    return (obj || new _Image()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsImage(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers2.SIZE_PREFIX_LENGTH);
    return (obj || new _Image()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  pixelFormat() {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  pixelFormatModifier() {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? this.bb.readUint64(this.bb_pos + offset) : BigInt("0");
  }
  colorSpaces(index) {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? this.bb.readUint32(this.bb.__vector(this.bb_pos + offset) + index * 4) : 0;
  }
  colorSpacesLength() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? this.bb.__vector_len(this.bb_pos + offset) : 0;
  }
  colorSpacesArray() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? new Uint32Array(this.bb.bytes().buffer, this.bb.bytes().byteOffset + this.bb.__vector(this.bb_pos + offset), this.bb.__vector_len(this.bb_pos + offset)) : null;
  }
  minSize(obj) {
    const offset = this.bb.__offset(this.bb_pos, 10);
    return offset ? (obj || new Size()).__init(this.bb_pos + offset, this.bb) : null;
  }
  maxSize(obj) {
    const offset = this.bb.__offset(this.bb_pos, 12);
    return offset ? (obj || new Size()).__init(this.bb_pos + offset, this.bb) : null;
  }
  minBytesPerRow() {
    const offset = this.bb.__offset(this.bb_pos, 14);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  maxBytesPerRow() {
    const offset = this.bb.__offset(this.bb_pos, 16);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  maxWidthTimesHeight() {
    const offset = this.bb.__offset(this.bb_pos, 18);
    return offset ? this.bb.readUint64(this.bb_pos + offset) : BigInt("0");
  }
  sizeAlignment(obj) {
    const offset = this.bb.__offset(this.bb_pos, 20);
    return offset ? (obj || new Size()).__init(this.bb_pos + offset, this.bb) : null;
  }
  displayRectAlignment(obj) {
    const offset = this.bb.__offset(this.bb_pos, 22);
    return offset ? (obj || new Size()).__init(this.bb_pos + offset, this.bb) : null;
  }
  requiredMinSize(obj) {
    const offset = this.bb.__offset(this.bb_pos, 24);
    return offset ? (obj || new Size()).__init(this.bb_pos + offset, this.bb) : null;
  }
  requiredMaxSize(obj) {
    const offset = this.bb.__offset(this.bb_pos, 26);
    return offset ? (obj || new Size()).__init(this.bb_pos + offset, this.bb) : null;
  }
  bytesPerRowDivisor() {
    const offset = this.bb.__offset(this.bb_pos, 28);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  startOffsetDivisor() {
    const offset = this.bb.__offset(this.bb_pos, 30);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  static startImage(builder) {
    builder.startObject(14);
  }
  static addPixelFormat(builder, pixelFormat) {
    builder.addFieldInt32(0, pixelFormat, 0);
  }
  static addPixelFormatModifier(builder, pixelFormatModifier) {
    builder.addFieldInt64(1, pixelFormatModifier, BigInt("0"));
  }
  static addColorSpaces(builder, colorSpacesOffset) {
    builder.addFieldOffset(2, colorSpacesOffset, 0);
  }
  static createColorSpacesVector(builder, data) {
    builder.startVector(4, data.length, 4);
    for (let i = data.length - 1; i >= 0; i--) {
      builder.addInt32(data[i]);
    }
    return builder.endVector();
  }
  static startColorSpacesVector(builder, numElems) {
    builder.startVector(4, numElems, 4);
  }
  static addMinSize(builder, minSizeOffset) {
    builder.addFieldStruct(3, minSizeOffset, 0);
  }
  static addMaxSize(builder, maxSizeOffset) {
    builder.addFieldStruct(4, maxSizeOffset, 0);
  }
  static addMinBytesPerRow(builder, minBytesPerRow) {
    builder.addFieldInt32(5, minBytesPerRow, 0);
  }
  static addMaxBytesPerRow(builder, maxBytesPerRow) {
    builder.addFieldInt32(6, maxBytesPerRow, 0);
  }
  static addMaxWidthTimesHeight(builder, maxWidthTimesHeight) {
    builder.addFieldInt64(7, maxWidthTimesHeight, BigInt("0"));
  }
  static addSizeAlignment(builder, sizeAlignmentOffset) {
    builder.addFieldStruct(8, sizeAlignmentOffset, 0);
  }
  static addDisplayRectAlignment(builder, displayRectAlignmentOffset) {
    builder.addFieldStruct(9, displayRectAlignmentOffset, 0);
  }
  static addRequiredMinSize(builder, requiredMinSizeOffset) {
    builder.addFieldStruct(10, requiredMinSizeOffset, 0);
  }
  static addRequiredMaxSize(builder, requiredMaxSizeOffset) {
    builder.addFieldStruct(11, requiredMaxSizeOffset, 0);
  }
  static addBytesPerRowDivisor(builder, bytesPerRowDivisor) {
    builder.addFieldInt32(12, bytesPerRowDivisor, 0);
  }
  static addStartOffsetDivisor(builder, startOffsetDivisor) {
    builder.addFieldInt32(13, startOffsetDivisor, 0);
  }
  static endImage(builder) {
    const offset = builder.endObject();
    return offset;
  }
};

// bench/memory-constraints.ts
import * as flatbuffers4 from "flatbuffers";

// bench/heap.ts
import * as flatbuffers3 from "flatbuffers";
var Heap = class _Heap {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsHeap(bb, obj) {
    return (obj || new _Heap()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsHeap(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers3.SIZE_PREFIX_LENGTH);
    return (obj || new _Heap()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  heapType(optionalEncoding) {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? this.bb.__string(this.bb_pos + offset, optionalEncoding) : null;
  }
  id() {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? this.bb.readUint64(this.bb_pos + offset) : BigInt("0");
  }
  static startHeap(builder) {
    builder.startObject(2);
  }
  static addHeapType(builder, heapTypeOffset) {
    builder.addFieldOffset(0, heapTypeOffset, 0);
  }
  static addId(builder, id) {
    builder.addFieldInt64(1, id, BigInt("0"));
  }
  static endHeap(builder) {
    const offset = builder.endObject();
    return offset;
  }
  static createHeap(builder, heapTypeOffset, id) {
    _Heap.startHeap(builder);
    _Heap.addHeapType(builder, heapTypeOffset);
    _Heap.addId(builder, id);
    return _Heap.endHeap(builder);
  }
};

// bench/memory-constraints.ts
var MemoryConstraints = class _MemoryConstraints {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsMemoryConstraints(bb, obj) {
    return (obj || new _MemoryConstraints()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsMemoryConstraints(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers4.SIZE_PREFIX_LENGTH);
    return (obj || new _MemoryConstraints()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  minSizeBytes() {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? this.bb.readUint64(this.bb_pos + offset) : BigInt("0");
  }
  maxSizeBytes() {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? this.bb.readUint64(this.bb_pos + offset) : BigInt("0");
  }
  physicallyContiguousRequired() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? !!this.bb.readInt8(this.bb_pos + offset) : false;
  }
  secureRequired() {
    const offset = this.bb.__offset(this.bb_pos, 10);
    return offset ? !!this.bb.readInt8(this.bb_pos + offset) : false;
  }
  cpuDomainSupported() {
    const offset = this.bb.__offset(this.bb_pos, 12);
    return offset ? !!this.bb.readInt8(this.bb_pos + offset) : false;
  }
  ramDomainSupported() {
    const offset = this.bb.__offset(this.bb_pos, 14);
    return offset ? !!this.bb.readInt8(this.bb_pos + offset) : false;
  }
  inaccessibleDomainSupported() {
    const offset = this.bb.__offset(this.bb_pos, 16);
    return offset ? !!this.bb.readInt8(this.bb_pos + offset) : false;
  }
  permittedHeaps(index, obj) {
    const offset = this.bb.__offset(this.bb_pos, 18);
    return offset ? (obj || new Heap()).__init(this.bb.__indirect(this.bb.__vector(this.bb_pos + offset) + index * 4), this.bb) : null;
  }
  permittedHeapsLength() {
    const offset = this.bb.__offset(this.bb_pos, 18);
    return offset ? this.bb.__vector_len(this.bb_pos + offset) : 0;
  }
  static startMemoryConstraints(builder) {
    builder.startObject(8);
  }
  static addMinSizeBytes(builder, minSizeBytes) {
    builder.addFieldInt64(0, minSizeBytes, BigInt("0"));
  }
  static addMaxSizeBytes(builder, maxSizeBytes) {
    builder.addFieldInt64(1, maxSizeBytes, BigInt("0"));
  }
  static addPhysicallyContiguousRequired(builder, physicallyContiguousRequired) {
    builder.addFieldInt8(2, +physicallyContiguousRequired, 0);
  }
  static addSecureRequired(builder, secureRequired) {
    builder.addFieldInt8(3, +secureRequired, 0);
  }
  static addCpuDomainSupported(builder, cpuDomainSupported) {
    builder.addFieldInt8(4, +cpuDomainSupported, 0);
  }
  static addRamDomainSupported(builder, ramDomainSupported) {
    builder.addFieldInt8(5, +ramDomainSupported, 0);
  }
  static addInaccessibleDomainSupported(builder, inaccessibleDomainSupported) {
    builder.addFieldInt8(6, +inaccessibleDomainSupported, 0);
  }
  static addPermittedHeaps(builder, permittedHeapsOffset) {
    builder.addFieldOffset(7, permittedHeapsOffset, 0);
  }
  static createPermittedHeapsVector(builder, data) {
    builder.startVector(4, data.length, 4);
    for (let i = data.length - 1; i >= 0; i--) {
      builder.addOffset(data[i]);
    }
    return builder.endVector();
  }
  static startPermittedHeapsVector(builder, numElems) {
    builder.startVector(4, numElems, 4);
  }
  static endMemoryConstraints(builder) {
    const offset = builder.endObject();
    return offset;
  }
  static createMemoryConstraints(builder, minSizeBytes, maxSizeBytes, physicallyContiguousRequired, secureRequired, cpuDomainSupported, ramDomainSupported, inaccessibleDomainSupported, permittedHeapsOffset) {
    _MemoryConstraints.startMemoryConstraints(builder);
    _MemoryConstraints.addMinSizeBytes(builder, minSizeBytes);
    _MemoryConstraints.addMaxSizeBytes(builder, maxSizeBytes);
    _MemoryConstraints.addPhysicallyContiguousRequired(builder, physicallyContiguousRequired);
    _MemoryConstraints.addSecureRequired(builder, secureRequired);
    _MemoryConstraints.addCpuDomainSupported(builder, cpuDomainSupported);
    _MemoryConstraints.addRamDomainSupported(builder, ramDomainSupported);
    _MemoryConstraints.addInaccessibleDomainSupported(builder, inaccessibleDomainSupported);
    _MemoryConstraints.addPermittedHeaps(builder, permittedHeapsOffset);
    return _MemoryConstraints.endMemoryConstraints(builder);
  }
};

// bench/usage.ts
import * as flatbuffers5 from "flatbuffers";
var Usage = class _Usage {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsUsage(bb, obj) {
    return (obj || new _Usage()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsUsage(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers5.SIZE_PREFIX_LENGTH);
    return (obj || new _Usage()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  none() {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  cpu() {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  vulkan() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  display() {
    const offset = this.bb.__offset(this.bb_pos, 10);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  video() {
    const offset = this.bb.__offset(this.bb_pos, 12);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  static startUsage(builder) {
    builder.startObject(5);
  }
  static addNone(builder, none) {
    builder.addFieldInt32(0, none, 0);
  }
  static addCpu(builder, cpu) {
    builder.addFieldInt32(1, cpu, 0);
  }
  static addVulkan(builder, vulkan) {
    builder.addFieldInt32(2, vulkan, 0);
  }
  static addDisplay(builder, display) {
    builder.addFieldInt32(3, display, 0);
  }
  static addVideo(builder, video) {
    builder.addFieldInt32(4, video, 0);
  }
  static endUsage(builder) {
    const offset = builder.endObject();
    return offset;
  }
  static createUsage(builder, none, cpu, vulkan, display, video) {
    _Usage.startUsage(builder);
    _Usage.addNone(builder, none);
    _Usage.addCpu(builder, cpu);
    _Usage.addVulkan(builder, vulkan);
    _Usage.addDisplay(builder, display);
    _Usage.addVideo(builder, video);
    return _Usage.endUsage(builder);
  }
};

// bench/constraints.ts
var Constraints = class _Constraints {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsConstraints(bb, obj) {
    return (obj || new _Constraints()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsConstraints(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers6.SIZE_PREFIX_LENGTH);
    return (obj || new _Constraints()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  usage(obj) {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? (obj || new Usage()).__init(this.bb.__indirect(this.bb_pos + offset), this.bb) : null;
  }
  minBufferCountForCamping() {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  minBufferCountForDedicatedSlack() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  minBufferCountForSharedSlack() {
    const offset = this.bb.__offset(this.bb_pos, 10);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  minBufferCount() {
    const offset = this.bb.__offset(this.bb_pos, 12);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  maxBufferCount() {
    const offset = this.bb.__offset(this.bb_pos, 14);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  bufferMemoryConstraints(obj) {
    const offset = this.bb.__offset(this.bb_pos, 16);
    return offset ? (obj || new MemoryConstraints()).__init(this.bb.__indirect(this.bb_pos + offset), this.bb) : null;
  }
  imageFormatConstraints(index, obj) {
    const offset = this.bb.__offset(this.bb_pos, 18);
    return offset ? (obj || new Image()).__init(this.bb.__indirect(this.bb.__vector(this.bb_pos + offset) + index * 4), this.bb) : null;
  }
  imageFormatConstraintsLength() {
    const offset = this.bb.__offset(this.bb_pos, 18);
    return offset ? this.bb.__vector_len(this.bb_pos + offset) : 0;
  }
  static startConstraints(builder) {
    builder.startObject(8);
  }
  static addUsage(builder, usageOffset) {
    builder.addFieldOffset(0, usageOffset, 0);
  }
  static addMinBufferCountForCamping(builder, minBufferCountForCamping) {
    builder.addFieldInt32(1, minBufferCountForCamping, 0);
  }
  static addMinBufferCountForDedicatedSlack(builder, minBufferCountForDedicatedSlack) {
    builder.addFieldInt32(2, minBufferCountForDedicatedSlack, 0);
  }
  static addMinBufferCountForSharedSlack(builder, minBufferCountForSharedSlack) {
    builder.addFieldInt32(3, minBufferCountForSharedSlack, 0);
  }
  static addMinBufferCount(builder, minBufferCount) {
    builder.addFieldInt32(4, minBufferCount, 0);
  }
  static addMaxBufferCount(builder, maxBufferCount) {
    builder.addFieldInt32(5, maxBufferCount, 0);
  }
  static addBufferMemoryConstraints(builder, bufferMemoryConstraintsOffset) {
    builder.addFieldOffset(6, bufferMemoryConstraintsOffset, 0);
  }
  static addImageFormatConstraints(builder, imageFormatConstraintsOffset) {
    builder.addFieldOffset(7, imageFormatConstraintsOffset, 0);
  }
  static createImageFormatConstraintsVector(builder, data) {
    builder.startVector(4, data.length, 4);
    for (let i = data.length - 1; i >= 0; i--) {
      builder.addOffset(data[i]);
    }
    return builder.endVector();
  }
  static startImageFormatConstraintsVector(builder, numElems) {
    builder.startVector(4, numElems, 4);
  }
  static endConstraints(builder) {
    const offset = builder.endObject();
    return offset;
  }
};

// bench/duplicate-request.ts
import * as flatbuffers7 from "flatbuffers";
var DuplicateRequest = class _DuplicateRequest {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsDuplicateRequest(bb, obj) {
    return (obj || new _DuplicateRequest()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsDuplicateRequest(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers7.SIZE_PREFIX_LENGTH);
    return (obj || new _DuplicateRequest()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  txid() {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  ordinal() {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? this.bb.readUint64(this.bb_pos + offset) : BigInt("0");
  }
  rightsAttenuationMasks(index) {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? this.bb.readUint32(this.bb.__vector(this.bb_pos + offset) + index * 4) : 0;
  }
  rightsAttenuationMasksLength() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? this.bb.__vector_len(this.bb_pos + offset) : 0;
  }
  rightsAttenuationMasksArray() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? new Uint32Array(this.bb.bytes().buffer, this.bb.bytes().byteOffset + this.bb.__vector(this.bb_pos + offset), this.bb.__vector_len(this.bb_pos + offset)) : null;
  }
  static startDuplicateRequest(builder) {
    builder.startObject(3);
  }
  static addTxid(builder, txid) {
    builder.addFieldInt32(0, txid, 0);
  }
  static addOrdinal(builder, ordinal) {
    builder.addFieldInt64(1, ordinal, BigInt("0"));
  }
  static addRightsAttenuationMasks(builder, rightsAttenuationMasksOffset) {
    builder.addFieldOffset(2, rightsAttenuationMasksOffset, 0);
  }
  static createRightsAttenuationMasksVector(builder, data) {
    builder.startVector(4, data.length, 4);
    for (let i = data.length - 1; i >= 0; i--) {
      builder.addInt32(data[i]);
    }
    return builder.endVector();
  }
  static startRightsAttenuationMasksVector(builder, numElems) {
    builder.startVector(4, numElems, 4);
  }
  static endDuplicateRequest(builder) {
    const offset = builder.endObject();
    return offset;
  }
  static createDuplicateRequest(builder, txid, ordinal, rightsAttenuationMasksOffset) {
    _DuplicateRequest.startDuplicateRequest(builder);
    _DuplicateRequest.addTxid(builder, txid);
    _DuplicateRequest.addOrdinal(builder, ordinal);
    _DuplicateRequest.addRightsAttenuationMasks(builder, rightsAttenuationMasksOffset);
    return _DuplicateRequest.endDuplicateRequest(builder);
  }
};

// bench/duplicate-response.ts
import * as flatbuffers8 from "flatbuffers";
var DuplicateResponse = class _DuplicateResponse {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsDuplicateResponse(bb, obj) {
    return (obj || new _DuplicateResponse()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsDuplicateResponse(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers8.SIZE_PREFIX_LENGTH);
    return (obj || new _DuplicateResponse()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  txid() {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  ordinal() {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? this.bb.readUint64(this.bb_pos + offset) : BigInt("0");
  }
  tokens(index) {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? this.bb.readUint32(this.bb.__vector(this.bb_pos + offset) + index * 4) : 0;
  }
  tokensLength() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? this.bb.__vector_len(this.bb_pos + offset) : 0;
  }
  tokensArray() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? new Uint32Array(this.bb.bytes().buffer, this.bb.bytes().byteOffset + this.bb.__vector(this.bb_pos + offset), this.bb.__vector_len(this.bb_pos + offset)) : null;
  }
  static startDuplicateResponse(builder) {
    builder.startObject(3);
  }
  static addTxid(builder, txid) {
    builder.addFieldInt32(0, txid, 0);
  }
  static addOrdinal(builder, ordinal) {
    builder.addFieldInt64(1, ordinal, BigInt("0"));
  }
  static addTokens(builder, tokensOffset) {
    builder.addFieldOffset(2, tokensOffset, 0);
  }
  static createTokensVector(builder, data) {
    builder.startVector(4, data.length, 4);
    for (let i = data.length - 1; i >= 0; i--) {
      builder.addInt32(data[i]);
    }
    return builder.endVector();
  }
  static startTokensVector(builder, numElems) {
    builder.startVector(4, numElems, 4);
  }
  static endDuplicateResponse(builder) {
    const offset = builder.endObject();
    return offset;
  }
  static createDuplicateResponse(builder, txid, ordinal, tokensOffset) {
    _DuplicateResponse.startDuplicateResponse(builder);
    _DuplicateResponse.addTxid(builder, txid);
    _DuplicateResponse.addOrdinal(builder, ordinal);
    _DuplicateResponse.addTokens(builder, tokensOffset);
    return _DuplicateResponse.endDuplicateResponse(builder);
  }
};

// bench/info.ts
import * as flatbuffers11 from "flatbuffers";

// bench/settings.ts
import * as flatbuffers10 from "flatbuffers";

// bench/memory-settings.ts
import * as flatbuffers9 from "flatbuffers";
var MemorySettings = class _MemorySettings {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsMemorySettings(bb, obj) {
    return (obj || new _MemorySettings()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsMemorySettings(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers9.SIZE_PREFIX_LENGTH);
    return (obj || new _MemorySettings()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  sizeBytes() {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? this.bb.readUint64(this.bb_pos + offset) : BigInt("0");
  }
  isPhysicallyContiguous() {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? !!this.bb.readInt8(this.bb_pos + offset) : false;
  }
  isSecure() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? !!this.bb.readInt8(this.bb_pos + offset) : false;
  }
  coherencyDomain() {
    const offset = this.bb.__offset(this.bb_pos, 10);
    return offset ? this.bb.readUint32(this.bb_pos + offset) : 0;
  }
  heap(obj) {
    const offset = this.bb.__offset(this.bb_pos, 12);
    return offset ? (obj || new Heap()).__init(this.bb.__indirect(this.bb_pos + offset), this.bb) : null;
  }
  static startMemorySettings(builder) {
    builder.startObject(5);
  }
  static addSizeBytes(builder, sizeBytes) {
    builder.addFieldInt64(0, sizeBytes, BigInt("0"));
  }
  static addIsPhysicallyContiguous(builder, isPhysicallyContiguous) {
    builder.addFieldInt8(1, +isPhysicallyContiguous, 0);
  }
  static addIsSecure(builder, isSecure) {
    builder.addFieldInt8(2, +isSecure, 0);
  }
  static addCoherencyDomain(builder, coherencyDomain) {
    builder.addFieldInt32(3, coherencyDomain, 0);
  }
  static addHeap(builder, heapOffset) {
    builder.addFieldOffset(4, heapOffset, 0);
  }
  static endMemorySettings(builder) {
    const offset = builder.endObject();
    return offset;
  }
};

// bench/settings.ts
var Settings = class _Settings {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsSettings(bb, obj) {
    return (obj || new _Settings()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsSettings(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers10.SIZE_PREFIX_LENGTH);
    return (obj || new _Settings()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  bufferSettings(obj) {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? (obj || new MemorySettings()).__init(this.bb.__indirect(this.bb_pos + offset), this.bb) : null;
  }
  imageFormatConstraints(obj) {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? (obj || new Image()).__init(this.bb.__indirect(this.bb_pos + offset), this.bb) : null;
  }
  static startSettings(builder) {
    builder.startObject(2);
  }
  static addBufferSettings(builder, bufferSettingsOffset) {
    builder.addFieldOffset(0, bufferSettingsOffset, 0);
  }
  static addImageFormatConstraints(builder, imageFormatConstraintsOffset) {
    builder.addFieldOffset(1, imageFormatConstraintsOffset, 0);
  }
  static endSettings(builder) {
    const offset = builder.endObject();
    return offset;
  }
};

// bench/info.ts
var Info = class _Info {
  bb = null;
  bb_pos = 0;
  __init(i, bb) {
    this.bb_pos = i;
    this.bb = bb;
    return this;
  }
  static getRootAsInfo(bb, obj) {
    return (obj || new _Info()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  static getSizePrefixedRootAsInfo(bb, obj) {
    bb.setPosition(bb.position() + flatbuffers11.SIZE_PREFIX_LENGTH);
    return (obj || new _Info()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
  }
  settings(obj) {
    const offset = this.bb.__offset(this.bb_pos, 4);
    return offset ? (obj || new Settings()).__init(this.bb.__indirect(this.bb_pos + offset), this.bb) : null;
  }
  buffers(index, obj) {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? (obj || new Buffer()).__init(this.bb.__indirect(this.bb.__vector(this.bb_pos + offset) + index * 4), this.bb) : null;
  }
  buffersLength() {
    const offset = this.bb.__offset(this.bb_pos, 6);
    return offset ? this.bb.__vector_len(this.bb_pos + offset) : 0;
  }
  bufferCollectionId() {
    const offset = this.bb.__offset(this.bb_pos, 8);
    return offset ? this.bb.readUint64(this.bb_pos + offset) : BigInt("0");
  }
  static startInfo(builder) {
    builder.startObject(3);
  }
  static addSettings(builder, settingsOffset) {
    builder.addFieldOffset(0, settingsOffset, 0);
  }
  static addBuffers(builder, buffersOffset) {
    builder.addFieldOffset(1, buffersOffset, 0);
  }
  static createBuffersVector(builder, data) {
    builder.startVector(4, data.length, 4);
    for (let i = data.length - 1; i >= 0; i--) {
      builder.addOffset(data[i]);
    }
    return builder.endVector();
  }
  static startBuffersVector(builder, numElems) {
    builder.startVector(4, numElems, 4);
  }
  static addBufferCollectionId(builder, bufferCollectionId) {
    builder.addFieldInt64(2, bufferCollectionId, BigInt("0"));
  }
  static endInfo(builder) {
    const offset = builder.endObject();
    return offset;
  }
  static createInfo(builder, settingsOffset, buffersOffset, bufferCollectionId) {
    _Info.startInfo(builder);
    _Info.addSettings(builder, settingsOffset);
    _Info.addBuffers(builder, buffersOffset);
    _Info.addBufferCollectionId(builder, bufferCollectionId);
    return _Info.endInfo(builder);
  }
};
export {
  Buffer,
  Constraints,
  DuplicateRequest,
  DuplicateResponse,
  Heap,
  Image,
  Info,
  MemoryConstraints,
  MemorySettings,
  Settings,
  Size,
  Usage
};
