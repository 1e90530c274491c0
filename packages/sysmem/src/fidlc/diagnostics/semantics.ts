/** Diagnostics of constants, types, layouts and protocols. */
import { type DiagnosticKind, errorKind } from "./diagnostic.ts";

export const OptionalTableMember: DiagnosticKind<[name: string]> = errorKind(
  48,
  "OptionalTableMember",
  (name) => `the table member '${name}' cannot be optional: table members may be absent as they are`,
);
export const OptionalUnionMember: DiagnosticKind<[name: string]> = errorKind(
  49,
  "OptionalUnionMember",
  (name) => `the union member '${name}' cannot be optional`,
);
export const DeprecatedStructDefaults: DiagnosticKind<[name: string]> = errorKind(
  50,
  "DeprecatedStructDefaults",
  (name) =>
    `the struct member '${name}' has a default value, which is obsolete; '@allow_deprecated_struct_defaults' permits it`,
);
export const IncludeCycle: DiagnosticKind<[cycle: string]> = errorKind(
  57,
  "IncludeCycle",
  (cycle) => `these declarations need each other: ${cycle}`,
);
export const InvalidConstantType: DiagnosticKind<[type: string]> = errorKind(
  59,
  "InvalidConstantType",
  (type) => `a constant cannot have the type '${type}': only primitives, strings, enums and bits are possible`,
);
export const CannotResolveConstantValue: DiagnosticKind<[text: string]> = errorKind(
  60,
  "CannotResolveConstantValue",
  (text) => `'${text}' has no value`,
);
export const OrOperatorOnNonPrimitiveValue: DiagnosticKind<[type: string]> = errorKind(
  61,
  "OrOperatorOnNonPrimitiveValue",
  (type) => `'|' needs integers or bits, not '${type}'`,
);
export const NewTypesNotAllowed: DiagnosticKind<[name: string, type: string]> = errorKind(
  62,
  "NewTypesNotAllowed",
  (name, type) => `'${name}' would be a new type over '${type}', which the language does not have`,
);
export const ExpectedValueButGotType: DiagnosticKind<[name: string]> = errorKind(
  63,
  "ExpectedValueButGotType",
  (name) => `'${name}' is not a value`,
);
export const MismatchedNameTypeAssignment: DiagnosticKind<[type: string, name: string, found: string]> = errorKind(
  64,
  "MismatchedNameTypeAssignment",
  (type, name, found) => `a value of type '${type}' is needed, but '${name}' is of type '${found}'`,
);
export const TypeCannotBeConvertedToType: DiagnosticKind<[text: string, found: string, type: string]> = errorKind(
  65,
  "TypeCannotBeConvertedToType",
  (text, found, type) => `${text} (${found}) cannot be converted to '${type}'`,
);
export const ConstantOverflowsType: DiagnosticKind<[text: string, type: string]> = errorKind(
  66,
  "ConstantOverflowsType",
  (text, type) => `${text} does not fit into '${type}'`,
);
export const BitsMemberMustBePowerOfTwo: DiagnosticKind<[name: string, value: string]> = errorKind(
  67,
  "BitsMemberMustBePowerOfTwo",
  (name, value) => `'${name}' is ${value}: a bits member must be a power of two`,
);
export const FlexibleEnumMemberWithMaxValue: DiagnosticKind<[value: string]> = errorKind(
  68,
  "FlexibleEnumMemberWithMaxValue",
  (value) =>
    `${value} is the value that a flexible enum keeps for unknown ones; mark the member '@unknown' or choose another value`,
);
export const BitsTypeMustBeUnsignedIntegralPrimitive: DiagnosticKind<[type: string]> = errorKind(
  69,
  "BitsTypeMustBeUnsignedIntegralPrimitive",
  (type) => `the underlying type of bits is uint8, uint16, uint32 or uint64, not '${type}'`,
);
export const EnumTypeMustBeIntegralPrimitive: DiagnosticKind<[type: string]> = errorKind(
  70,
  "EnumTypeMustBeIntegralPrimitive",
  (type) => `the underlying type of an enum is an integer type, not '${type}'`,
);
export const UnknownAttributeOnStrictEnumMember: DiagnosticKind<[]> = errorKind(
  71,
  "UnknownAttributeOnStrictEnumMember",
  () => "a strict enum has no unknown value: '@unknown' needs a flexible one",
);
export const UnknownAttributeOnMultipleEnumMembers: DiagnosticKind<[]> = errorKind(
  72,
  "UnknownAttributeOnMultipleEnumMembers",
  () => "only one member of an enum can be '@unknown'",
);
export const ComposingNonProtocol: DiagnosticKind<[name: string]> = errorKind(
  73,
  "ComposingNonProtocol",
  (name) => `'${name}' is not a protocol and cannot be composed`,
);
export const InvalidMethodPayloadLayoutClass: DiagnosticKind<[kind: string]> = errorKind(
  74,
  "InvalidMethodPayloadLayoutClass",
  (kind) => `a payload is a struct, table or union, not ${kind}`,
);
export const InvalidMethodPayloadType: DiagnosticKind<[type: string]> = errorKind(
  75,
  "InvalidMethodPayloadType",
  (type) => `a payload is a struct, table or union, not '${type}'`,
);
export const EmptyPayloadStructs: DiagnosticKind<[method: string]> = errorKind(
  77,
  "EmptyPayloadStructs",
  (method) => `'${method}' has an empty struct as payload: write '()'`,
);
export const GeneratedZeroValueOrdinal: DiagnosticKind<[selector: string]> = errorKind(
  80,
  "GeneratedZeroValueOrdinal",
  (selector) => `the selector '${selector}' hashes to 0, which is no ordinal; give the method another '@selector'`,
);
export const DuplicateMethodOrdinal: DiagnosticKind<[method: string]> = errorKind(
  81,
  "DuplicateMethodOrdinal",
  (method) => `'${method}' has the ordinal of another method of this protocol`,
);
export const InvalidSelectorValue: DiagnosticKind<[value: string]> = errorKind(
  82,
  "InvalidSelectorValue",
  (value) => `'${value}' is not a selector: expected 'Method' or 'library.name/Protocol.Method'`,
);
export const PayloadStructHasDefaultMembers: DiagnosticKind<[]> = errorKind(
  84,
  "PayloadStructHasDefaultMembers",
  () => "members of a payload cannot have default values",
);
export const OptionalServiceMember: DiagnosticKind<[name: string]> = errorKind(
  88,
  "OptionalServiceMember",
  (name) => `the service member '${name}' cannot be optional`,
);
export const InvalidStructMemberType: DiagnosticKind<[name: string, type: string]> = errorKind(
  91,
  "InvalidStructMemberType",
  (name, type) => `the struct member '${name}' cannot have a default value: '${type}' has no constants`,
);
export const TableOrdinalTooLarge: DiagnosticKind<[]> = errorKind(
  92,
  "TableOrdinalTooLarge",
  () => "ordinals of table members are at most 64",
);
export const MaxOrdinalNotTable: DiagnosticKind<[]> = errorKind(
  93,
  "MaxOrdinalNotTable",
  () => "the table member with ordinal 64 must be a table, where further members can go",
);
export const DuplicateTableFieldOrdinal: DiagnosticKind<[ordinal: number]> = errorKind(
  94,
  "DuplicateTableFieldOrdinal",
  (ordinal) => `two table members have the ordinal ${ordinal}`,
);
export const DuplicateUnionMemberOrdinal: DiagnosticKind<[ordinal: number]> = errorKind(
  97,
  "DuplicateUnionMemberOrdinal",
  (ordinal) => `two union members have the ordinal ${ordinal}`,
);
export const CouldNotResolveSizeBound: DiagnosticKind<[text: string]> = errorKind(
  101,
  "CouldNotResolveSizeBound",
  (text) => `'${text}' is not a size`,
);
export const CouldNotResolveMember: DiagnosticKind<[text: string]> = errorKind(
  102,
  "CouldNotResolveMember",
  (text) => `'${text}' is not a value for a member`,
);
export const CouldNotResolveMemberDefault: DiagnosticKind<[text: string]> = errorKind(
  103,
  "CouldNotResolveMemberDefault",
  (text) => `'${text}' is not a default value`,
);
export const CouldNotResolveAttributeArg: DiagnosticKind<[text: string]> = errorKind(
  104,
  "CouldNotResolveAttributeArg",
  (text) => `'${text}' is not a value for an attribute's argument`,
);
export const DuplicateMemberValue: DiagnosticKind<[name: string, value: string, other: string]> = errorKind(
  107,
  "DuplicateMemberValue",
  (name, value, other) => `'${name}' has the value ${value}, which '${other}' has already`,
);
export const TypeMustBeResource: DiagnosticKind<[name: string, member: string, kind: string]> = errorKind(
  110,
  "TypeMustBeResource",
  (name, member, kind) => `'${name}' can hold handles, in its member '${member}', and must be a 'resource ${kind}'`,
);
export const InlineSizeExceedsLimit: DiagnosticKind<[name: string, size: string, limit: number]> = errorKind(
  111,
  "InlineSizeExceedsLimit",
  (name, size, limit) => `the struct '${name}' takes ${size} bytes inline; ${limit} are the limit`,
);
export const OnlyClientEndsInServices: DiagnosticKind<[name: string]> = errorKind(
  112,
  "OnlyClientEndsInServices",
  (name) => `the service member '${name}' must be a client_end`,
);
export const MismatchedTransportInServices: DiagnosticKind<[name: string, transport: string, other: string]> =
  errorKind(
    113,
    "MismatchedTransportInServices",
    (name, transport, other) => `the service member '${name}' uses the transport ${transport}, others use ${other}`,
  );
export const ComposedProtocolTooOpen: DiagnosticKind<[openness: string, composed: string, composedOpenness: string]> =
  errorKind(
    114,
    "ComposedProtocolTooOpen",
    (openness, composed, composedOpenness) =>
      `${openness === "closed" ? "a" : "an"} ${openness} protocol cannot compose '${composed}', which is ${composedOpenness}`,
  );
export const FlexibleTwoWayMethodRequiresOpenProtocol: DiagnosticKind<[method: string, openness: string]> = errorKind(
  115,
  "FlexibleTwoWayMethodRequiresOpenProtocol",
  (method, openness) => `the flexible two-way method '${method}' needs an open protocol; this one is ${openness}`,
);
export const FlexibleOneWayMethodInClosedProtocol: DiagnosticKind<[what: string, method: string]> = errorKind(
  116,
  "FlexibleOneWayMethodInClosedProtocol",
  (what, method) => `the flexible ${what} '${method}' needs an open or ajar protocol; this one is closed`,
);
export const HandleUsedInIncompatibleTransport: DiagnosticKind<[handle: string, transport: string]> = errorKind(
  117,
  "HandleUsedInIncompatibleTransport",
  (handle, transport) => `'${handle}' cannot travel over the transport ${transport}`,
);
export const TransportEndUsedInIncompatibleTransport: DiagnosticKind<
  [protocol: string, transport: string, over: string]
> = errorKind(
  118,
  "TransportEndUsedInIncompatibleTransport",
  (protocol, transport, over) =>
    `an end of '${protocol}' (transport ${transport}) cannot travel over the transport ${over}`,
);
export const InvalidErrorType: DiagnosticKind<[type: string]> = errorKind(
  141,
  "InvalidErrorType",
  (type) => `the type of an error is int32, uint32 or an enum over one of these, not '${type}'`,
);
export const CannotBeOptional: DiagnosticKind<[type: string]> = errorKind(
  156,
  "CannotBeOptional",
  (type) => `'${type}' cannot be optional`,
);
export const MustBeAProtocol: DiagnosticKind<[type: string]> = errorKind(
  157,
  "MustBeAProtocol",
  (type) => `'${type}' needs the name of a protocol`,
);
export const CannotBoundTwice: DiagnosticKind<[type: string]> = errorKind(
  158,
  "CannotBoundTwice",
  (type) => `'${type}' has a size bound already`,
);
export const StructCannotBeOptional: DiagnosticKind<[type: string]> = errorKind(
  159,
  "StructCannotBeOptional",
  (type) => `the struct '${type}' cannot be optional: write 'box<${type}>'`,
);
export const CannotIndicateOptionalTwice: DiagnosticKind<[type: string]> = errorKind(
  160,
  "CannotIndicateOptionalTwice",
  (type) => `'${type}' is optional already`,
);
export const MustHaveNonZeroSize: DiagnosticKind<[type: string]> = errorKind(
  161,
  "MustHaveNonZeroSize",
  (type) => `the size of an '${type}' is at least 1`,
);
export const WrongNumberOfLayoutParameters: DiagnosticKind<[type: string, expected: number, found: number]> = errorKind(
  162,
  "WrongNumberOfLayoutParameters",
  (type, expected, found) =>
    `'${type}' has ${expected} parameter${expected === 1 ? "" : "s"} in angle brackets, not ${found}`,
);
export const MultipleConstraintDefinitions: DiagnosticKind<[]> = errorKind(
  163,
  "MultipleConstraintDefinitions",
  () => "a type has one list of constraints, after one colon",
);
export const TooManyConstraints: DiagnosticKind<[type: string, limit: number, found: number]> = errorKind(
  164,
  "TooManyConstraints",
  (type, limit, found) => `'${type}' has at most ${limit} constraint${limit === 1 ? "" : "s"}, not ${found}`,
);
export const ExpectedType: DiagnosticKind<[found: string]> = errorKind(
  165,
  "ExpectedType",
  (found) => `'${found}' is not a type`,
);
export const UnexpectedConstraint: DiagnosticKind<[text: string, type: string]> = errorKind(
  166,
  "UnexpectedConstraint",
  (text, type) => `'${text}' is not a constraint for '${type}' here`,
);
export const CannotConstrainTwice: DiagnosticKind<[type: string, what: string]> = errorKind(
  167,
  "CannotConstrainTwice",
  (type, what) => `'${type}' has its ${what} set already`,
);
export const ProtocolConstraintRequired: DiagnosticKind<[type: string]> = errorKind(
  168,
  "ProtocolConstraintRequired",
  (type) => `'${type}' needs a protocol, as in '${type}:SomeProtocol'`,
);
export const BoxCannotBeOptional: DiagnosticKind<[]> = errorKind(
  169,
  "BoxCannotBeOptional",
  () => "a box is optional as it is",
);
export const CannotBeBoxedShouldBeOptional: DiagnosticKind<[type: string]> = errorKind(
  171,
  "CannotBeBoxedShouldBeOptional",
  (type) => `'${type}' cannot be boxed: write '${type}:optional'`,
);
export const ResourceMustBeUint32Derived: DiagnosticKind<[name: string]> = errorKind(
  172,
  "ResourceMustBeUint32Derived",
  (name) => `the resource '${name}' must be over uint32`,
);
export const ResourceMissingSubtypeProperty: DiagnosticKind<[name: string]> = errorKind(
  173,
  "ResourceMissingSubtypeProperty",
  (name) => `the resource '${name}' has no property 'subtype'`,
);
export const ResourceSubtypePropertyMustReferToEnum: DiagnosticKind<[name: string]> = errorKind(
  175,
  "ResourceSubtypePropertyMustReferToEnum",
  (name) => `the property 'subtype' of the resource '${name}' must be an enum`,
);
export const ResourceRightsPropertyMustReferToBits: DiagnosticKind<[name: string]> = errorKind(
  177,
  "ResourceRightsPropertyMustReferToBits",
  (name) => `the property 'rights' of the resource '${name}' must be uint32 or bits over it`,
);
export const MethodMustDefineStrictness: DiagnosticKind<[name: string]> = errorKind(
  191,
  "MethodMustDefineStrictness",
  (name) => `'${name}' must be marked 'strict' or 'flexible'`,
);
export const ProtocolMustDefineOpenness: DiagnosticKind<[name: string]> = errorKind(
  192,
  "ProtocolMustDefineOpenness",
  (name) => `the protocol '${name}' must be marked 'open', 'ajar' or 'closed'`,
);
export const CannotBeBoxedNorOptional: DiagnosticKind<[type: string]> = errorKind(
  193,
  "CannotBeBoxedNorOptional",
  (type) => `'${type}' cannot be boxed: only structs can`,
);
export const TypeShapeIntegerOverflow: DiagnosticKind<[name: string]> = errorKind(
  207,
  "TypeShapeIntegerOverflow",
  (name) => `the inline size of '${name}' does not fit into 32 bits`,
);
export const ResourceForbiddenHere: DiagnosticKind<[name: string]> = errorKind(
  221,
  "ResourceForbiddenHere",
  (name) => `the resource type '${name}' cannot be used in a protocol with '@no_resource'`,
);
export const ExperimentalNoResource: DiagnosticKind<[]> = errorKind(
  222,
  "ExperimentalNoResource",
  () => "'@no_resource' needs '--experimental no_resource_attribute'",
);
export const NoResourceForbidsCompose: DiagnosticKind<[protocol: string, composed: string]> = errorKind(
  223,
  "NoResourceForbidsCompose",
  (protocol, composed) => `'${protocol}' has '@no_resource', so '${composed}' must have it too to be composed`,
);
