/** A capture as a conversation: who said what, and which answer belongs to which question. */
import { MAX_TRACKED_CALLS } from "#base";
import type { CapturedMessage } from "../trace/capture.ts";
import { type ExplainedMessage, explainMessage, formatSummary, type MethodIndex } from "./message.ts";

/** A message of a conversation, explained and put into its context. */
export interface ConversationTurn {
  /** Counts the messages of the capture from 1. */
  readonly number: number;
  /** Since the first message. */
  readonly sinceStartNs: number;
  readonly message: CapturedMessage;
  readonly explained: ExplainedMessage;
  /** For a response whose request was captured: its number, and the time between them. */
  readonly answers: { readonly number: number; readonly afterNs: number } | undefined;
}

/** Takes the messages of a capture in order. */
export class Conversation {
  readonly #methods: MethodIndex;
  /** Requests without an answer, by channel end and transaction id. */
  readonly #calls = new Map<string, { readonly number: number; readonly timeNs: number }>();
  #count = 0;
  #startNs: number | undefined;

  constructor(methods: MethodIndex) {
    this.#methods = methods;
  }

  add(message: CapturedMessage): ConversationTurn {
    this.#startNs ??= message.timeNs;
    const number = ++this.#count;
    const isFromClient = (message.side === "client") === (message.direction === "sent");
    const explained = explainMessage(message.bytes, this.#methods, {
      handleCount: message.handleCount,
      role: isFromClient ? "request" : "response",
    });
    const key = `${message.koid} ${explained.txid}`;
    let answers: ConversationTurn["answers"];
    if (explained.txid !== 0 && isFromClient) {
      this.#calls.set(key, { number, timeNs: message.timeNs });
      if (this.#calls.size > MAX_TRACKED_CALLS) this.#calls.delete(this.#calls.keys().next().value as string);
    } else if (explained.txid !== 0) {
      const call = this.#calls.get(key);
      this.#calls.delete(key);
      if (call !== undefined) answers = { number: call.number, afterNs: message.timeNs - call.timeNs };
    }
    return { number, sinceStartNs: message.timeNs - this.#startNs, message, explained, answers };
  }
}

/** One turn as text: a line of context, and what was said. */
export function formatTurn(turn: ConversationTurn): string {
  const { message, explained, answers } = turn;
  const arrow =
    (message.side === "client") === (message.direction === "sent") ? "client -> server" : "server -> client";
  const handles =
    message.handleCount === 0 ? "" : `, ${message.handleCount} ${message.handleCount === 1 ? "handle" : "handles"}`;
  const answer = answers === undefined ? "" : `, answers #${answers.number} after ${milliseconds(answers.afterNs)}`;
  const where = `${message.direction} by the ${message.side} on ${message.koid}`;
  const size = `${message.bytes.length} bytes${handles}`;
  const context = `#${turn.number} ${milliseconds(turn.sinceStartNs)} ${arrow} (${where}, ${size}${answer})`;
  return `${context}\n  ${formatSummary(explained, "  ")}`;
}

function milliseconds(ns: number): string {
  return `${(ns / 1e6).toFixed(3)} ms`;
}
