/**
 * The ceiling: the same wire format, written by hand for exactly these messages. It trusts everything: no bounds, no
 * presence words, no ordinals, no padding, no counts, members in the order that the writer uses. Nobody should use it.
 */
import { constraints, info, ORDINAL, response, walkers } from "./content.mjs";

const scratch = new ArrayBuffer(65536);
const bytes = Buffer.from(scratch);
const words = new Uint32Array(scratch);
const quads = new BigUint64Array(scratch);
/** Position in words; every object starts at an even one. The buffer behind it is zero. */
let end = 0;
let next = 0;

/** A 16-byte vector or table header at `at`; gives the place of what it refers to. */
function header(at, count, size) {
  words[at] = count;
  words[at + 2] = 0xffffffff;
  words[at + 3] = 0xffffffff;
  const start = end;
  end += (count * size + 1) & ~1;
  return start;
}
function inline(at, value) {
  words[at] = value;
  words[at + 1] = 0x10000;
}
function quad(at, value) {
  words[at] = 8;
  quads[end >> 1] = value;
  end += 2;
}
function size(at, { width, height }) {
  words[at] = 8;
  words[end] = width;
  words[end + 1] = height;
  end += 2;
}

function image(at, i) {
  const e = header(at, 14, 2);
  inline(e, i.pixelFormat);
  quad(e + 2, i.pixelFormatModifier);
  const start = end;
  end += 4;
  const colors = header(start, i.colorSpaces.length, 1);
  for (let k = 0; k < i.colorSpaces.length; k++) words[colors + k] = i.colorSpaces[k];
  words[e + 4] = (end - start) * 4;
  size(e + 6, i.minSize);
  size(e + 8, i.maxSize);
  inline(e + 10, i.minBytesPerRow);
  inline(e + 12, i.maxBytesPerRow);
  quad(e + 14, i.maxWidthTimesHeight);
  size(e + 16, i.sizeAlignment);
  size(e + 18, i.displayRectAlignment);
  size(e + 20, i.requiredMinSize);
  size(e + 22, i.requiredMaxSize);
  inline(e + 24, i.bytesPerRowDivisor);
  inline(e + 26, i.startOffsetDivisor);
}
function heap(at, h) {
  const e = header(at, 2, 2);
  const start = end;
  end += 4;
  const { length } = h.heapType;
  const text = header(start, length, 0);
  bytes.latin1Write(h.heapType, text * 4);
  end += ((length + 7) & ~7) >> 2;
  words[start] = length;
  words[e] = (end - start) * 4;
  quad(e + 2, h.id);
}
/** Runs `write` for an out-of-line object of `count` words whose envelope is at `at`. */
function nested(at, count, write, value) {
  const start = end;
  end += count;
  write(start, value);
  words[at] = (end - start) * 4;
}
function list(at, items, write) {
  const first = header(at, items.length, 4);
  for (let k = 0; k < items.length; k++) write(first + k * 4, items[k]);
}
const heaps = (at, items) => list(at, items, heap);
const images = (at, items) => list(at, items, image);

function writeUsage(at, u) {
  const e = header(at, 5, 2);
  inline(e, u.none);
  inline(e + 2, u.cpu);
  inline(e + 4, u.vulkan);
  inline(e + 6, u.display);
  inline(e + 8, u.video);
}
function writeMemory(at, m) {
  const e = header(at, 8, 2);
  quad(e, m.minSizeBytes);
  quad(e + 2, m.maxSizeBytes);
  inline(e + 4, m.physicallyContiguousRequired ? 1 : 0);
  inline(e + 6, m.secureRequired ? 1 : 0);
  inline(e + 8, m.cpuDomainSupported ? 1 : 0);
  inline(e + 10, m.ramDomainSupported ? 1 : 0);
  inline(e + 12, m.inaccessibleDomainSupported ? 1 : 0);
  nested(e + 14, 4, heaps, m.permittedHeaps);
}
function done() {
  const length = end * 4;
  const result = Uint8Array.prototype.slice.call(bytes, 0, length);
  words.fill(0, 0, end);
  return result;
}
function encodeConstraints() {
  const c = constraints;
  end = 4;
  const e = header(0, 8, 2);
  nested(e, 4, writeUsage, c.usage);
  inline(e + 2, c.minBufferCountForCamping);
  inline(e + 4, c.minBufferCountForDedicatedSlack);
  inline(e + 6, c.minBufferCountForSharedSlack);
  inline(e + 8, c.minBufferCount);
  inline(e + 10, c.maxBufferCount);
  nested(e + 12, 4, writeMemory, c.bufferMemoryConstraints);
  nested(e + 14, 4, images, c.imageFormatConstraints);
  return done();
}
function writeSettings(at, s) {
  const e = header(at, 2, 2);
  nested(e, 4, writeMemorySettings, s.bufferSettings);
  nested(e + 2, 4, image, s.imageFormatConstraints);
}
function writeMemorySettings(at, m) {
  const e = header(at, 5, 2);
  quad(e, m.sizeBytes);
  inline(e + 2, m.isPhysicallyContiguous ? 1 : 0);
  inline(e + 4, m.isSecure ? 1 : 0);
  inline(e + 6, m.coherencyDomain);
  nested(e + 8, 4, heap, m.heap);
}
function buffer(at, b) {
  const e = header(at, 2, 2);
  words[e] = 0xffffffff;
  words[e + 1] = 0x10001;
  quad(e + 2, b.vmoUsableStart);
}
const buffers = (at, items) => list(at, items, buffer);
function encodeInfo() {
  end = 4;
  const e = header(0, 3, 2);
  nested(e, 4, writeSettings, info.settings);
  nested(e + 2, 4, buffers, info.buffers);
  words[e + 3] = info.buffers.length;
  quad(e + 4, info.bufferCollectionId);
  const vmos = info.buffers.map((one) => one.vmo);
  return { bytes: done(), vmos };
}

function take(count) {
  const at = next;
  next += (count + 1) & ~1;
  return at;
}
/** Envelopes of a table whose header is at `at`. */
const table = (at) => take(words[at] * 2);
function readSize() {
  const at = take(2);
  return { width: words[at], height: words[at + 1] };
}
const readQuad = () => quads[take(2) >> 1];
function readImage(at) {
  const e = table(at);
  const pixelFormatModifier = readQuad();
  const vector = take(4);
  const length = words[vector];
  const start = take(length);
  const colorSpaces = new Array(length);
  for (let k = 0; k < length; k++) colorSpaces[k] = words[start + k];
  const minSize = readSize();
  const maxSize = readSize();
  const maxWidthTimesHeight = readQuad();
  const sizeAlignment = readSize();
  const displayRectAlignment = readSize();
  const requiredMinSize = readSize();
  const requiredMaxSize = readSize();
  return {
    pixelFormat: words[e],
    pixelFormatModifier,
    colorSpaces,
    minSize,
    maxSize,
    minBytesPerRow: words[e + 10],
    maxBytesPerRow: words[e + 12],
    maxWidthTimesHeight,
    sizeAlignment,
    displayRectAlignment,
    requiredMinSize,
    requiredMaxSize,
    bytesPerRowDivisor: words[e + 24],
    startOffsetDivisor: words[e + 26],
  };
}
function readHeap(at) {
  table(at);
  const vector = take(4);
  const length = words[vector];
  const start = take(((length + 7) & ~7) >> 2) * 4;
  return { heapType: bytes.latin1Slice(start, start + length), id: readQuad() };
}
function readList(at, read) {
  const length = words[at];
  const first = take(length * 4);
  const items = new Array(length);
  for (let k = 0; k < length; k++) items[k] = read(first + k * 4);
  return items;
}
function decodeConstraints(message) {
  bytes.set(message);
  next = 4;
  const e = table(0);
  const u = table(take(4));
  const usage = {
    none: words[u],
    cpu: words[u + 2],
    vulkan: words[u + 4],
    display: words[u + 6],
    video: words[u + 8],
  };
  const m = table(take(4));
  const bufferMemoryConstraints = {
    minSizeBytes: readQuad(),
    maxSizeBytes: readQuad(),
    physicallyContiguousRequired: words[m + 4] === 1,
    secureRequired: words[m + 6] === 1,
    cpuDomainSupported: words[m + 8] === 1,
    ramDomainSupported: words[m + 10] === 1,
    inaccessibleDomainSupported: words[m + 12] === 1,
    permittedHeaps: readList(take(4), readHeap),
  };
  return {
    usage,
    minBufferCountForCamping: words[e + 2],
    minBufferCountForDedicatedSlack: words[e + 4],
    minBufferCountForSharedSlack: words[e + 6],
    minBufferCount: words[e + 8],
    maxBufferCount: words[e + 10],
    bufferMemoryConstraints,
    imageFormatConstraints: readList(take(4), readImage),
  };
}
let vmoList = [];
let nextVmo = 0;
function readBuffer(at) {
  table(at);
  return { vmo: vmoList[nextVmo++], vmoUsableStart: readQuad() };
}
function decodeInfo({ bytes: message, vmos }) {
  bytes.set(message);
  next = 4;
  vmoList = vmos;
  nextVmo = 0;
  table(0);
  table(take(4));
  const m = table(take(4));
  const bufferSettings = {
    sizeBytes: readQuad(),
    isPhysicallyContiguous: words[m + 2] === 1,
    isSecure: words[m + 4] === 1,
    coherencyDomain: words[m + 6],
    heap: readHeap(take(4)),
  };
  const imageFormatConstraints = readImage(take(4));
  return {
    settings: { bufferSettings, imageFormatConstraints },
    buffers: readList(take(4), readBuffer),
    bufferCollectionId: readQuad(),
  };
}

/** Header of a message: transaction, flags and magic, ordinal. */
function encodeCall(message, kind) {
  end = 8;
  words[0] = message.txid;
  words[1] = 0x01800002;
  quads[1] = ORDINAL;
  // The response is in a result union: an ordinal and an envelope before its table.
  let at = 4;
  if (kind === "response") {
    quads[2] = 1n;
    at = end;
    end += 4;
  }
  const e = header(at, 1, 2);
  const start = end;
  end += 4;
  const items = kind === "response" ? message.tokens : message.rightsAttenuationMasks;
  const first = header(start, items.length, 1);
  for (let k = 0; k < items.length; k++) words[first + k] = kind === "response" ? 0xffffffff : items[k];
  words[e] = (end - start) * 4;
  return done();
}
function decodeCall(message, kind) {
  bytes.set(message);
  next = 8;
  const ordinal = quads[1];
  table(kind === "response" ? take(4) : 4);
  const vector = take(4);
  const length = words[vector];
  const first = take(length);
  const items = new Array(length);
  for (let k = 0; k < length; k++) items[k] = kind === "response" ? response.tokens[k] : words[first + k];
  return kind === "response"
    ? { txid: words[0], ordinal, tokens: items }
    : { txid: words[0], ordinal, rightsAttenuationMasks: items };
}

export function handWritten() {
  const { walkConstraints, walkInfo } = walkers();
  return {
    label: "hand-written, unchecked",
    constraints: { encode: encodeConstraints, decode: (message) => walkConstraints(decodeConstraints(message)) },
    info: { encode: encodeInfo, decode: (message) => walkInfo(decodeInfo(message)) },
    call: { encode: encodeCall, decode: decodeCall },
  };
}
