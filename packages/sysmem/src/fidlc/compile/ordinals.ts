/** Method ordinals, which are hashes of selectors. */
import { createHash } from "node:crypto";
import { InvalidSelectorValue } from "../diagnostics/semantics.ts";
import { argumentSpan, findAttribute, stringArgument } from "./attributes.ts";
import type { Context } from "./context.ts";
import type { Method, ProtocolDecl } from "./model.ts";

/** First 8 bytes of SHA-256 of the selector, little-endian, top bit cleared. */
export function hashSelector(selector: string): bigint {
  return createHash("sha256").update(selector).digest().readBigUInt64LE(0) & 0x7fff_ffff_ffff_ffffn;
}

const METHOD_NAME = /^[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?$/;
const FULL_SELECTOR =
  /^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)*\/[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?\.[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?$/;

/** Sets selector and ordinal of a method that `protocol` declares. Composing protocols use the same. */
export function assignOrdinal(context: Context, protocol: ProtocolDecl, method: Method): void {
  const attribute = findAttribute(method.attributes, "selector");
  const written = stringArgument(attribute);
  let selector = `${protocol.fqn}.${method.name}`;
  if (attribute !== undefined && written !== undefined) {
    if (FULL_SELECTOR.test(written)) selector = written;
    else if (METHOD_NAME.test(written)) selector = `${protocol.fqn}.${written}`;
    else context.reporter.report(InvalidSelectorValue, argumentSpan(attribute, "value"), written);
  }
  method.selector = selector;
  method.ordinal = (context.options.hashSelector ?? hashSelector)(selector);
}
