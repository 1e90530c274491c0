/** Messages explained for people. */
export { type Annotation, AnnotationFault, formatListing } from "./annotation.ts";
export { Conversation, type ConversationTurn, formatTurn } from "./conversation.ts";
export {
  type ExplainedMessage,
  type ExplainOptions,
  explainBody,
  explainMessage,
  formatExplained,
  formatSummary,
  MethodIndex,
  type MessageRole,
} from "./message.ts";
export { formatShown, type Shown, type ShownList } from "./shown.ts";
