/** `sysmem fidl ...`: what one does with FIDL text and FIDL messages. */
import { buildCommand, buildRouteMap, type CommandContext, numberParser, type RouteMap } from "@stricli/core";
import { MAX_MESSAGE_HANDLES } from "#base";
import type { FidlDecodeFlags } from "../fidl-decode.ts";
import { IncompleteError, UsageError } from "../errors.ts";

const handleCount = (text: string): number => {
  const value = numberParser(text);
  if (!Number.isInteger(value) || value < 0 || value > MAX_MESSAGE_HANDLES) {
    throw new UsageError(`${text} is not a number of handles, at most ${MAX_MESSAGE_HANDLES}`);
  }
  return value;
};

const decodeCommand = buildCommand({
  loader: async () => {
    const { runFidlDecode } = await import("../fidl-decode.ts");
    return (flags: FidlDecodeFlags & { readonly bytes: boolean }, input: string) => runFidlDecode(flags, input);
  },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "Hexadecimal digits, a file of them, a capture, or - for either",
          parse: String,
          placeholder: "INPUT",
        },
      ],
    },
    flags: {
      type: {
        kind: "parsed",
        parse: String,
        brief: "The input is a body of this type, without a message header: fuchsia.sysmem2/Heap",
        optional: true,
        placeholder: "LIBRARY/TYPE",
      },
      role: {
        kind: "enum",
        values: ["request", "response"],
        brief: "What the message is, where its bytes leave that open",
        optional: true,
      },
      handles: {
        kind: "parsed",
        parse: handleCount,
        brief: "Handles that came with the bytes",
        optional: true,
        placeholder: "N",
      },
      bytes: {
        kind: "boolean",
        brief: "Of a capture: list the bytes of each message, too",
        default: false,
        withNegated: false,
      },
    },
  },
  docs: {
    brief: "Explain messages byte by byte, and captures as conversations",
    fullDescription: "Captures are written by --trace FILE of other commands, and by clients for SYSMEM_TRACE=FILE.",
  },
});

const formatCommand = buildCommand({
  loader: async () => {
    const { main } = await import("../fidl-format.ts");
    return async (flags: { readonly write: boolean }, ...files: readonly string[]) => {
      const status = await main([...(flags.write ? ["-w"] : []), ...files]);
      return status === 0 ? undefined : new IncompleteError("not every file could be formatted");
    };
  },
  parameters: {
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { brief: "FIDL files", parse: String, placeholder: "FILE.fidl" },
    },
    flags: {
      write: { kind: "boolean", brief: "Change the files in place", default: false, withNegated: false },
    },
    aliases: { w: "write" },
  },
  docs: { brief: "Format FIDL files" },
});

/** The commands below `sysmem fidl`. */
export const fidlRoutes: RouteMap<CommandContext> = buildRouteMap({
  routes: { decode: decodeCommand, format: formatCommand },
  docs: { brief: "Read FIDL messages, format FIDL files" },
});
