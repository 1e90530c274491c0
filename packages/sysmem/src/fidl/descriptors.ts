/**
 * What generated code says about a FIDL type: plain data, complete enough to encode, decode, validate and print a
 * value. The runtime compiles a descriptor into a codec once, on first use. Layout (sizes, offsets, padding) is
 * computed by the runtime, never written in generated code.
 *
 * A type that may be recursive is referred to through a function, evaluated on first use.
 */

/** A descriptor, or a function giving one (named types are always referred to through a function). */
export type TypeRef = TypeDescriptor | (() => TypeDescriptor);

/** The integer types. */
export type IntegerKind = "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32" | "int64" | "uint64";

/** `bool`, an integer or a float. */
export interface PrimitiveDescriptor {
  readonly kind: "bool" | IntegerKind | "float32" | "float64";
}

/** `string`, `string:N`, `string:<N, optional>`. */
export interface StringDescriptor {
  readonly kind: "string";
  /** Bound in UTF-8 bytes; absent = unbounded. */
  readonly maxBytes?: number;
  readonly optional?: boolean;
}

/** `vector<T>`, `vector<T>:N`, `vector<T>:<N, optional>`. */
export interface VectorDescriptor {
  readonly kind: "vector";
  readonly element: TypeRef;
  readonly maxCount?: number;
  readonly optional?: boolean;
}

/** `array<T, N>`. */
export interface ArrayDescriptor {
  readonly kind: "array";
  readonly element: TypeRef;
  readonly count: number;
}

/** `handle`, `handle:VMO`, `handle:<VMO, zx.Rights.READ, optional>`. */
export interface HandleDescriptor {
  readonly kind: "handle";
  /** `ObjectType` number; 0 = any. */
  readonly objectType: number;
  /** Required rights; `Rights.SAME_RIGHTS` = whatever it has. */
  readonly rights: number;
  readonly optional?: boolean;
}

/** `client_end:P` and `server_end:P`. */
export interface EndpointDescriptor {
  readonly kind: "endpoint";
  readonly role: "client" | "server";
  /** Full name, `fuchsia.sysmem2/BufferCollectionToken`. */
  readonly protocol: string;
  readonly optional?: boolean;
}

/** `box<S>`. */
export interface BoxDescriptor {
  readonly kind: "box";
  readonly element: TypeRef;
}

/** A reference to a union with `:optional`. */
export interface OptionalUnionDescriptor {
  readonly kind: "optional-union";
  readonly element: TypeRef;
}

/** A member of a struct, in order of declaration. */
export interface StructMember {
  /** Property name in TypeScript. */
  readonly name: string;
  /** Name in the `.fidl` text. */
  readonly fidlName: string;
  readonly type: TypeRef;
}

/** A struct. */
export interface StructDescriptor {
  readonly kind: "struct";
  /** `library/Name`. */
  readonly name: string;
  readonly isResource: boolean;
  readonly members: readonly StructMember[];
}

/** A member of a table or union, by its ordinal. */
export interface OrdinalMember extends StructMember {
  readonly ordinal: number;
}

/** A table. */
export interface TableDescriptor {
  readonly kind: "table";
  readonly name: string;
  readonly isResource: boolean;
  /** Ascending by ordinal. */
  readonly members: readonly OrdinalMember[];
}

/** A union. */
export interface UnionDescriptor {
  readonly kind: "union";
  readonly name: string;
  readonly isStrict: boolean;
  readonly isResource: boolean;
  readonly members: readonly OrdinalMember[];
}

/** An enum with its members by name. */
export interface EnumDescriptor {
  readonly kind: "enum";
  readonly name: string;
  readonly isStrict: boolean;
  readonly subtype: IntegerKind;
  /**
   * FIDL member name to value; bigint for 64-bit subtypes. On the constant, names in `RESERVED_CONSTANT_NAMES` get a
   * trailing underscore; here they stay as they are.
   */
  readonly members: Readonly<Record<string, number | bigint>>;
}

/** Bits with their members by name. */
export interface BitsDescriptor {
  readonly kind: "bits";
  readonly name: string;
  readonly isStrict: boolean;
  readonly subtype: "uint8" | "uint16" | "uint32" | "uint64";
  readonly members: Readonly<Record<string, number | bigint>>;
}

/** What is known of any type. */
export type TypeDescriptor =
  | PrimitiveDescriptor
  | StringDescriptor
  | VectorDescriptor
  | ArrayDescriptor
  | HandleDescriptor
  | EndpointDescriptor
  | BoxDescriptor
  | OptionalUnionDescriptor
  | StructDescriptor
  | TableDescriptor
  | UnionDescriptor
  | EnumDescriptor
  | BitsDescriptor;

/** A method or event of a protocol. */
export interface MethodDescriptor {
  /** TypeScript name, lower camel case; with a trailing underscore where `RESERVED_METHOD_NAMES` has it. */
  readonly name: string;
  readonly fidlName: string;
  /** `library/Protocol.Method` that was hashed: names the declaring protocol when composed. */
  readonly selector: string;
  readonly ordinal: bigint;
  readonly kind: "one-way" | "two-way" | "event";
  readonly isStrict: boolean;
  /** Payload of the request (for an event, of the event); absent = none. */
  readonly request?: TypeRef;
  /** Payload of the (successful) response; absent = none. */
  readonly response?: TypeRef;
  /** The type after `error`. */
  readonly error?: TypeRef;
}

/** A protocol with all its methods, composed ones included. */
export interface ProtocolDescriptor {
  readonly kind: "protocol";
  readonly name: string;
  /** `fuchsia.sysmem2.Allocator` when `@discoverable`. */
  readonly discoverableName?: string;
  readonly openness: "open" | "ajar" | "closed";
  /** Own and composed methods. */
  readonly methods: readonly MethodDescriptor[];
}
