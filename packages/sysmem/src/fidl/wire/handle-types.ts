/** Handles and typed ends of channels. */
import { type Channel, type Handle, ObjectType, Rights } from "#base";
import type { EndpointDescriptor, HandleDescriptor } from "../descriptors.ts";
import { ClientEnd, ServerEnd } from "../endpoints.ts";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { PRESENT } from "./text.ts";
import { describe, isAbsent, type WireType } from "./wire-type.ts";

/** The word of a present handle is all ones. */
function isPresent(d: Decoder, at: number, optional: boolean): boolean {
  const word = d.view.getUint32(at, true);
  if (word === PRESENT) return true;
  if (word !== 0) return d.fail("INVALID_HANDLE_PRESENCE_INDICATOR", at, "0 or all ones", `0x${word.toString(16)}`);
  if (!optional) return d.fail("NON_NULLABLE_TYPE_WITH_NULL_VALUE", at);
  return false;
}

function isHandle(value: unknown): value is Handle {
  return typeof value === "object" && value !== null && "objectType" in value && "close" in value;
}

/** Closes whatever in a handle's place can be closed. */
function closeHandle(value: unknown): void {
  if (isHandle(value) && typeof value.close === "function") value.close();
}

/** Encodes a handle in the place of a declared one. */
export function encodeHandle(e: Encoder, type: HandleDescriptor, value: unknown, at: number): void {
  if (isAbsent(value)) {
    if (type.optional !== true) e.fail("NON_NULLABLE_TYPE_WITH_NULL_VALUE", at, "handle", describe(value));
    return;
  }
  if (!isHandle(value)) return e.fail("INVALID_VALUE", at, "handle", describe(value));
  if (value instanceof ClientEnd || value instanceof ServerEnd) {
    pushEndpoint(e, value, type.objectType, type.rights, at);
  } else {
    e.pushHandle(value, type.objectType, type.rights, at);
  }
  e.view.setUint32(at, PRESENT, true);
}

function pushEndpoint(
  e: Encoder,
  end: ClientEnd<unknown> | ServerEnd<unknown>,
  objectType: number,
  rights: number,
  at: number,
): void {
  if (end.isClosed) e.fail("INVALID_HANDLE", at, "an open end", "one that was closed, bound or moved");
  e.pushHandle(end.channel, objectType, rights, at);
  e.endpoints.push(end);
}

/** Encodes a typed end. A bare channel is taken for an end of the right kind. */
export function encodeEndpoint(e: Encoder, type: EndpointDescriptor, value: unknown, at: number): void {
  if (isAbsent(value)) {
    if (type.optional !== true) e.fail("NON_NULLABLE_TYPE_WITH_NULL_VALUE", at, `${type.role} end`, describe(value));
    return;
  }
  if (value instanceof ClientEnd || value instanceof ServerEnd) {
    if (value.role !== type.role) e.fail("INCORRECT_HANDLE_TYPE", at, `${type.role} end`, `${value.role} end`);
    pushEndpoint(e, value, ObjectType.CHANNEL, Rights.SAME_RIGHTS, at);
  } else if (isHandle(value)) {
    e.pushHandle(value, ObjectType.CHANNEL, Rights.SAME_RIGHTS, at);
  } else {
    return e.fail("INVALID_VALUE", at, `${type.role} end of ${type.protocol}`, describe(value));
  }
  e.view.setUint32(at, PRESENT, true);
}

/** Takes the next handle of the message, checked against type and rights; null where an optional one is absent. */
export function decodeHandle(d: Decoder, type: HandleDescriptor, at: number): Handle | null {
  if (!isPresent(d, at, type.optional === true)) return null;
  return d.takeHandle(type.objectType, type.rights, at);
}

/** Takes the next handle, a channel, as the end that the type names. Of its protocol nothing can be checked. */
export function decodeEndpoint(
  d: Decoder,
  type: EndpointDescriptor,
  at: number,
): ClientEnd<unknown> | ServerEnd<unknown> | null {
  if (!isPresent(d, at, type.optional === true)) return null;
  const channel = d.takeHandle(ObjectType.CHANNEL, Rights.SAME_RIGHTS, at) as Channel;
  return type.role === "client" ? new ClientEnd(channel) : new ServerEnd(channel);
}

/** A handle: a word that says whether it is there, and its place in the order of the message's handles. */
export function handleType(type: HandleDescriptor): WireType {
  return {
    size: 4,
    encode: (e, value, at) => encodeHandle(e, type, value, at),
    decode: (d, at) => decodeHandle(d, type, at),
    close: closeHandle,
  };
}

/** One end of a channel that speaks a protocol: on the wire, a handle. */
export function endpointType(type: EndpointDescriptor): WireType {
  return {
    size: 4,
    encode: (e, value, at) => encodeEndpoint(e, type, value, at),
    decode: (d, at) => decodeEndpoint(d, type, at),
    close: closeHandle,
  };
}
