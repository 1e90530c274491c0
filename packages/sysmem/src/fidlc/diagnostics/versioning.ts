/** Diagnostics of attributes and of versioning. */
import { type DiagnosticKind, errorKind, warningKind } from "./diagnostic.ts";

export const InvalidAttributePlacement: DiagnosticKind<[name: string, where: string]> = errorKind(
  120,
  "InvalidAttributePlacement",
  (name, where) => `'@${name}' cannot be on a ${where}`,
);
export const DeprecatedAttribute: DiagnosticKind<[name: string]> = errorKind(
  121,
  "DeprecatedAttribute",
  (name) => `'@${name}' is obsolete`,
);
export const DuplicateAttribute: DiagnosticKind<[name: string]> = errorKind(
  122,
  "DuplicateAttribute",
  (name) => `'@${name}' is given twice`,
);
export const DuplicateAttributeCanonical: DiagnosticKind<[name: string, other: string]> = errorKind(
  123,
  "DuplicateAttributeCanonical",
  (name, other) => `'@${name}' is the same attribute as '@${other}'`,
);
export const CanOnlyUseStringOrBool: DiagnosticKind<[argument: string, attribute: string]> = errorKind(
  124,
  "CanOnlyUseStringOrBool",
  (argument, attribute) => `the argument '${argument}' of '@${attribute}' must be a string or a bool`,
);
export const AttributeArgMustNotBeNamed: DiagnosticKind<[]> = errorKind(
  125,
  "AttributeArgMustNotBeNamed",
  () => "the only argument of an attribute is not named",
);
export const AttributeArgNotNamed: DiagnosticKind<[text: string]> = errorKind(
  126,
  "AttributeArgNotNamed",
  (text) => `the argument ${text} must be named`,
);
export const MissingRequiredAnonymousAttributeArg: DiagnosticKind<[attribute: string]> = errorKind(
  128,
  "MissingRequiredAnonymousAttributeArg",
  (attribute) => `'@${attribute}' needs an argument`,
);
export const UnknownAttributeArg: DiagnosticKind<[attribute: string, argument: string]> = errorKind(
  129,
  "UnknownAttributeArg",
  (attribute, argument) => `'@${attribute}' has no argument '${argument}'`,
);
export const DuplicateAttributeArg: DiagnosticKind<[attribute: string, argument: string]> = errorKind(
  130,
  "DuplicateAttributeArg",
  (attribute, argument) => `'@${attribute}' has the argument '${argument}' twice`,
);
export const DuplicateAttributeArgCanonical: DiagnosticKind<[attribute: string, argument: string, other: string]> =
  errorKind(
    131,
    "DuplicateAttributeArgCanonical",
    (attribute, argument, other) => `the arguments '${argument}' and '${other}' of '@${attribute}' are the same`,
  );
export const AttributeDisallowsArgs: DiagnosticKind<[attribute: string]> = errorKind(
  132,
  "AttributeDisallowsArgs",
  (attribute) => `'@${attribute}' has no arguments`,
);
export const AttributeArgRequiresLiteral: DiagnosticKind<[argument: string, attribute: string]> = errorKind(
  133,
  "AttributeArgRequiresLiteral",
  (argument, attribute) => `the argument '${argument}' of '@${attribute}' must be a literal`,
);
export const InvalidDiscoverableName: DiagnosticKind<[name: string]> = errorKind(
  135,
  "InvalidDiscoverableName",
  (name) => `'${name}' is not a name for a discoverable protocol: expected 'library.name.Protocol'`,
);
export const InvalidTransportType: DiagnosticKind<[transport: string]> = errorKind(
  142,
  "InvalidTransportType",
  (transport) => `there is no transport '${transport}': expected Banjo, Channel, Driver or Syscall`,
);
export const AttributeTypo: DiagnosticKind<[name: string, official: string]> = warningKind(
  145,
  "AttributeTypo",
  (name, official) => `'@${name}' is not an official attribute, but resembles '@${official}'`,
);
export const InvalidGeneratedName: DiagnosticKind<[name: string]> = errorKind(
  146,
  "InvalidGeneratedName",
  (name) => `'${name}' is not a valid name`,
);
export const AvailableMissingArguments: DiagnosticKind<[]> = errorKind(
  147,
  "AvailableMissingArguments",
  () => "'@available' needs at least one argument",
);
export const NoteWithoutDeprecationOrRemoval: DiagnosticKind<[]> = errorKind(
  148,
  "NoteWithoutDeprecationOrRemoval",
  () => "'note' belongs to 'deprecated', 'removed' or 'replaced'",
);
export const PlatformNotOnLibrary: DiagnosticKind<[]> = errorKind(
  149,
  "PlatformNotOnLibrary",
  () => "'platform' can only be given on a library",
);
export const LibraryAvailabilityMissingAdded: DiagnosticKind<[]> = errorKind(
  150,
  "LibraryAvailabilityMissingAdded",
  () => "'@available' on a library needs 'added'",
);
export const MissingLibraryAvailability: DiagnosticKind<[library: string]> = errorKind(
  151,
  "MissingLibraryAvailability",
  (library) => `'@available' here needs '@available(added=...)' on library '${library}'`,
);
export const InvalidPlatform: DiagnosticKind<[platform: string]> = errorKind(
  152,
  "InvalidPlatform",
  (platform) =>
    `'${platform}' is not a platform name: expected a lower-case letter, then lower-case letters and digits`,
);
export const InvalidVersion: DiagnosticKind<[text: string]> = errorKind(
  153,
  "InvalidVersion",
  (text) => `${text} is not a version: expected 1 to 2147483647, NEXT or HEAD`,
);
export const InvalidAvailabilityOrder: DiagnosticKind<[order: string]> = errorKind(
  154,
  "InvalidAvailabilityOrder",
  (order) => `these versions are out of order: ${order} must hold`,
);
export const AvailabilityConflictsWithParent: DiagnosticKind<
  [argument: string, value: string, parent: string, rule: string]
> = errorKind(
  155,
  "AvailabilityConflictsWithParent",
  (argument, value, parent, rule) => `${argument}=${value} does not fit ${parent}, which is ${rule}`,
);
export const PlatformVersionNotSelected: DiagnosticKind<[library: string, platform: string]> = errorKind(
  201,
  "PlatformVersionNotSelected",
  (library, platform) => `no version was selected for platform '${platform}' of library '${library}'`,
);
export const RemovedAndReplaced: DiagnosticKind<[]> = errorKind(
  203,
  "RemovedAndReplaced",
  () => "an element is either removed or replaced",
);
export const LibraryReplaced: DiagnosticKind<[]> = errorKind(
  204,
  "LibraryReplaced",
  () => "a library cannot be replaced",
);
export const InvalidRemoved: DiagnosticKind<[what: string, name: string, version: string]> = errorKind(
  205,
  "InvalidRemoved",
  (what, name, version) => `the ${what} '${name}' is removed at ${version}, but another one takes its place there`,
);
export const InvalidReplaced: DiagnosticKind<[what: string, name: string, version: string]> = errorKind(
  206,
  "InvalidReplaced",
  (what, name, version) => `the ${what} '${name}' is replaced at ${version}, but nothing takes its place there`,
);
export const ReservedPlatform: DiagnosticKind<[platform: string]> = errorKind(
  208,
  "ReservedPlatform",
  (platform) => `'${platform}' is reserved and cannot be a platform`,
);
export const InvalidDiscoverableLocation: DiagnosticKind<[text: string]> = errorKind(
  210,
  "InvalidDiscoverableLocation",
  (text) => `'${text}' is not a list of locations: expected 'platform', 'external' or both with a comma between`,
);
export const CannotBeRenamed: DiagnosticKind<[what: string]> = errorKind(
  211,
  "CannotBeRenamed",
  (what) => `a ${what} cannot be renamed: only members can`,
);
export const RenamedWithoutReplacedOrRemoved: DiagnosticKind<[]> = errorKind(
  212,
  "RenamedWithoutReplacedOrRemoved",
  () => "'renamed' belongs to 'removed' or 'replaced'",
);
export const RenamedToSameName: DiagnosticKind<[name: string]> = errorKind(
  213,
  "RenamedToSameName",
  (name) => `'renamed' gives the name that the element has: '${name}'`,
);
export const InvalidRemovedAndRenamed: DiagnosticKind<[what: string, name: string, version: string, newName: string]> =
  errorKind(
    214,
    "InvalidRemovedAndRenamed",
    (what, name, version, newName) =>
      `the ${what} '${name}' is removed at ${version} and renamed '${newName}', but another '${newName}' is added there`,
  );
export const InvalidReplacedAndRenamed: DiagnosticKind<[what: string, name: string, version: string, newName: string]> =
  errorKind(
    215,
    "InvalidReplacedAndRenamed",
    (what, name, version, newName) =>
      `the ${what} '${name}' is replaced at ${version} and renamed '${newName}', but no '${newName}' is added there`,
  );
export const InvalidRemovedAbi: DiagnosticKind<[what: string, name: string, version: string, identity: string]> =
  errorKind(
    216,
    "InvalidRemovedAbi",
    (what, name, version, identity) =>
      `the ${what} '${name}' is removed at ${version}, but another one with the same ${identity} is added there`,
  );
export const InvalidReplacedAbi: DiagnosticKind<[what: string, name: string, version: string, identity: string]> =
  errorKind(
    217,
    "InvalidReplacedAbi",
    (what, name, version, identity) =>
      `the ${what} '${name}' is replaced at ${version}, but by one with another ${identity}`,
  );
export const InvalidModifierAvailableArgument: DiagnosticKind<[argument: string]> = errorKind(
  218,
  "InvalidModifierAvailableArgument",
  (argument) => `a modifier can have 'added' and 'removed', not '${argument}'`,
);
export const CannotChangeMethodStrictness: DiagnosticKind<[method: string]> = errorKind(
  219,
  "CannotChangeMethodStrictness",
  (method) =>
    `the strictness of '${method}' cannot change: for a two-way method without 'error' it changes the response`,
);
