/** Types of what `struct`, `table`, `union`, `enumType` and `bitsType` return. */
import type { Handle } from "#base";
import type {
  BitsDescriptor,
  EnumDescriptor,
  StructDescriptor,
  TableDescriptor,
  UnionDescriptor,
} from "./descriptors.ts";

/** A body and its handles, in wire order. Owns the handles. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly handles: Handle[];
}

/** A handle with what its declaration says: the counterpart of `zx_handle_disposition_t`. */
export interface HandleDisposition {
  readonly handle: Handle;
  /** `ObjectType` of the declaration; 0 = any. */
  readonly objectType: number;
  /** Rights of the declaration; `Rights.SAME_RIGHTS` = those it has. */
  readonly rights: number;
}

/** Converts values of one named type. Standalone bodies, without a message header. */
export interface TypeCodec<T> {
  readonly descriptor: StructDescriptor | TableDescriptor | UnionDescriptor | EnumDescriptor | BitsDescriptor;
  /**
   * Encodes `value` as a body. Moves its handles into the result; on failure closes every one of them.
   * Handle types and rights are not looked at (that happens when a message is sent).
   * @throws EncodeError
   */
  encode(value: T): Encoded;
  /** As `encode`, with what the declaration says of each handle. */
  encodeEtc(value: T): { readonly bytes: Uint8Array; readonly handles: HandleDisposition[] };
  /**
   * Decodes a body. Takes ownership of `handles`: they end up in the value, or closed (on failure all of them).
   * The value shares no memory with `bytes`.
   * @throws DecodeError
   */
  decode(bytes: Uint8Array, handles?: readonly Handle[]): T;
  /** Encodes the standalone form for files: an 8-byte header, then the body. Value types only. @throws EncodeError */
  encodePersistent(value: T): Uint8Array;
  /** Decodes the standalone form. @throws DecodeError */
  decodePersistent(bytes: Uint8Array): T;
  /** Closes every handle in `value`, however malformed it is. Idempotent. */
  closeHandles(value: T): void;
}

/** What an enum's constant carries beside its members. Members of these names get a trailing underscore. */
export interface EnumHelpers<T extends number | bigint> extends TypeCodec<T> {
  readonly descriptor: EnumDescriptor;
  /** True for declared values. */
  isKnown(value: number | bigint): boolean;
  /** FIDL name of the (first) member with this value; undefined when it is not declared. */
  nameOf(value: number | bigint): string | undefined;
  /** Takes a number received from elsewhere. Throws `EncodeError` when it is not a value of the type. */
  from(value: number | bigint): T;
}

/** What a bits type's constant carries beside its members. Members of these names get a trailing underscore. */
export interface BitsHelpers<T extends number | bigint> extends TypeCodec<T> {
  readonly descriptor: BitsDescriptor;
  /** All declared bits. */
  readonly mask: T;
  /** The bits of `value` that are not declared. */
  unknownBits(value: T): T;
  /** FIDL names of the declared members that are wholly contained in `value`. */
  namesOf(value: T): string[];
  /** The declared bits that are not in `value` (`~`). */
  complement(value: T): T;
  /** Bits of all arguments together; unlike `|`, never negative. */
  of(...values: T[]): T;
  /** True when every bit of `flags` is set in `value`. */
  has(value: T, flags: T): boolean;
}

/** Constant of an enum: members by FIDL name, codec and helpers. `Members` is `{ readonly NAME: 1; … }`. */
export type EnumType<T extends number | bigint, Members> = EnumHelpers<T> & Members;

/** Constant of a bits type. `Members` is `{ readonly NAME: Bits; … }`. */
export type BitsType<T extends number | bigint, Members> = BitsHelpers<T> & Members;

declare const BRAND: unique symbol;

/** A number that is known to be of the named FIDL type; assignable to plain numbers, not from them. */
export type Branded<N extends number | bigint, Name extends string> = N & { readonly [BRAND]: Name };

/** Type of a flexible enum: the declared literals, and values made by `X.from` or received. */
export type FlexibleEnum<Literals extends number | bigint, Name extends string> =
  | Literals
  | Branded<Literals extends bigint ? bigint : number, Name>;

/**
 * Key under which a decoded table lists the ordinals (ascending numbers) of members that its declaration does not
 * know, when there were any. Not enumerable; their data is dropped, their handles are closed.
 */
export const unknownOrdinals: unique symbol = Symbol.for("sysmem.fidl.unknownOrdinals");

/** What tables carry beside their declared members. */
export interface TableExtras {
  readonly [unknownOrdinals]?: readonly number[];
}

/** The variant of a flexible union that its declaration does not know. It cannot be encoded again. */
export interface UnknownVariant {
  readonly kind: "$unknown";
  readonly ordinal: bigint;
}

/** Property names that enum and bits constants use themselves: a member of such a name gets a trailing underscore. */
export const RESERVED_CONSTANT_NAMES: readonly string[] = [
  "descriptor",
  "encode",
  "encodeEtc",
  "decode",
  "encodePersistent",
  "decodePersistent",
  "closeHandles",
  "isKnown",
  "nameOf",
  "from",
  "mask",
  "unknownBits",
  "namesOf",
  "complement",
  "of",
  "has",
];
