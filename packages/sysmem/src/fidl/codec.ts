/** Standalone use of a type's codec, without messages. */
import { type Handle, MAX_MESSAGE_BYTES, MAX_PERSISTENT_BYTES } from "#base";
import type { Encoded, HandleDisposition, TypeCodec } from "./codec-types.ts";
import type {
  BitsDescriptor,
  EnumDescriptor,
  StructDescriptor,
  TableDescriptor,
  UnionDescriptor,
} from "./descriptors.ts";
import { DecodeError, EncodeError } from "./errors.ts";
import { Body } from "./wire/body.ts";
import { acquireDecoder, releaseDecoder } from "./wire/decoder.ts";
import { acquireEncoder, Encoder, releaseEncoder } from "./wire/encoder.ts";

/** Descriptors with a name of their own. */
export type NamedDescriptor = StructDescriptor | TableDescriptor | UnionDescriptor | EnumDescriptor | BitsDescriptor;

/** A body leaves room for the header of the message it may go into. */
const MAX_BODY_BYTES = MAX_MESSAGE_BYTES - 16;

/** Header of the standalone form: 0, magic, at-rest flags (wire format v2), four zeros. */
const PERSISTENT_HEADER: readonly number[] = [0, 1, 2, 0, 0, 0, 0, 0];

/** Last part of `library/Name`. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

export function createCodec<T>(descriptor: NamedDescriptor): TypeCodec<T> {
  const root = shortName(descriptor.name);
  let compiled: Body | undefined;
  // Not before first use: types that this one refers to may not be defined yet while a module is being loaded.
  const body = (): Body => {
    compiled ??= new Body(descriptor);
    return compiled;
  };

  function encodeEtc(value: T): { bytes: Uint8Array; handles: HandleDisposition[] } {
    const e = acquireEncoder();
    try {
      body().encode(e, value, 0, MAX_BODY_BYTES, root);
      const handles = e.handles.map((handle, i) => {
        return { handle, objectType: e.objectTypes[i] as number, rights: e.rights[i] as number };
      });
      return { bytes: e.u8.slice(0, e.end), handles };
    } finally {
      releaseEncoder(e);
    }
  }

  function encodePersistentWith(e: Encoder, value: T): Uint8Array {
    e.maxHandles = 0;
    e.u8.set(PERSISTENT_HEADER);
    body().encode(e, value, 8, e.u8.length, root);
    return e.u8.slice(0, e.end);
  }

  return {
    descriptor,
    encode(value: T): Encoded {
      const e = acquireEncoder();
      try {
        body().encode(e, value, 0, MAX_BODY_BYTES, root);
        return { bytes: e.u8.slice(0, e.end), handles: e.handles };
      } finally {
        releaseEncoder(e);
      }
    },
    encodeEtc,
    decode(bytes: Uint8Array, handles: readonly Handle[] = []): T {
      const owned = handles.slice();
      const d = acquireDecoder(bytes.length);
      try {
        return body().decode(d, bytes, 0, owned, root) as T;
      } finally {
        releaseDecoder(d);
      }
    },
    encodePersistent(value: T): Uint8Array {
      for (let capacity = MAX_MESSAGE_BYTES; ; capacity *= 4) {
        try {
          return encodePersistentWith(new Encoder(capacity), value);
        } catch (error) {
          const isTooSmall = error instanceof EncodeError && error.code === "MESSAGE_TOO_LARGE";
          if (!isTooSmall || capacity >= MAX_PERSISTENT_BYTES) throw error;
        }
      }
    },
    decodePersistent(bytes: Uint8Array): T {
      if (bytes.length < 8 || PERSISTENT_HEADER.some((byte, i) => bytes[i] !== byte)) {
        throw new DecodeError({ code: "INVALID_PERSISTENT_HEADER", path: root, offset: -8 });
      }
      if (bytes.length > MAX_PERSISTENT_BYTES) {
        throw new DecodeError({ code: "MESSAGE_TOO_LARGE", path: root, offset: MAX_PERSISTENT_BYTES - 8 });
      }
      const d = acquireDecoder(bytes.length);
      try {
        return body().decode(d, bytes, 8, [], root) as T;
      } finally {
        releaseDecoder(d);
      }
    },
    closeHandles(value: T): void {
      body().closeHandles(value);
    },
  };
}
