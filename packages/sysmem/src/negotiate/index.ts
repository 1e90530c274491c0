/**
 * Negotiation: from what participants say they need to the one set of settings for all, or to the reason why there is
 * none. Pure: no input or output, no clock, nothing of Node; it runs in a browser as it is.
 */
export {
  type Allocation,
  type Complete,
  type DomainSupport,
  type Environment,
  type ExistingAllocation,
  type GroupNode,
  type HeapInfo,
  type LateInput,
  type NegotiatedSettings,
  type NegotiationRules,
  type Outcome,
  type Participant,
  type ParticipantNode,
  type PlainNode,
  type SecureMemoryState,
  type TreeNode,
  type TreeOutcome,
  type TreeSearch,
  NegotiationError,
} from "./api.ts";
export { type CostTable, costKeyText, costTable, formatCost, NO_COST, NO_COSTS } from "./costs.ts";
export { compareAllocations, type SettingsDifference, settingsToConstraints } from "./existing.ts";
export {
  allPixelFormats,
  ColorSpace,
  colorSpaceName,
  colorSpaceRank,
  isColorSpaceCompatible,
  PixelFormat,
  type PixelFormatFacts,
  pixelFormatFacts,
  pixelFormatName,
  type PlaneLayout,
} from "./formats.ts";
export {
  AUXILIARY_PLANE,
  type ImageLayout,
  imageFormatFromConstraints,
  imageLayout,
  imageSizeBytes,
  minimumRowBytes,
  type PlaneInfo,
  type PlanePosition,
  planePosition,
} from "./layout.ts";
export { CoherencyDomain, SYSTEM_RAM } from "./memory.ts";
export {
  allModifiers,
  isPairSupported,
  type ModifierFacts,
  type ModifierFamily,
  modifierFacts,
  modifierName,
  PixelFormatModifier,
} from "./modifiers.ts";
export { type CheckOutcome, checkConstraints, negotiate } from "./negotiate.ts";
export {
  describePair,
  describeReason,
  type FormatPair,
  type Reason,
  type ReasonCode,
  type ReasonKind,
  type ReasonValues,
  reasonKind,
} from "./reasons.ts";
export { DEFAULT_RULES } from "./run.ts";
export { negotiateLate, negotiateTree } from "./tree.ts";
export {
  describeUsage,
  getsVmo,
  hasRealUsage,
  hasWriteUsage,
  USAGE_BITS,
  USAGE_FIELDS,
  type UsageField,
} from "./usage.ts";
export { type Decision, explainSuccess } from "./explain/decisions.ts";
export type { Relaxation } from "./explain/easing.ts";
export { type EliminatedFormat, type Explanation, explainFailure, type Requirement } from "./explain/failure.ts";
export { type ChildExplanation, explainLate, explainTree, type TreeExplanation } from "./explain/tree-explanation.ts";
export { changesBetween, type WhatIf, type WhatIfChange, whatIfWithout } from "./explain/what-if.ts";
export { type PlainValue, toPlain } from "./explain/words.ts";
