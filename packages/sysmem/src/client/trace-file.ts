/** Captures of this process's FIDL messages in a file, as `sysmem fidl decode` reads them. */
import { openSync } from "node:fs";
import { systemClock, systemWords } from "#base";
import { createTraceWriter, setTracer, type Tracer } from "#fidl";
import { TraceError } from "./errors.ts";
import { LineFile } from "./line-file.ts";

/** The variable that names a file to which clients append a capture of their messages. */
export const TRACE_VARIABLE = "SYSMEM_TRACE";

/** A capture that is being written. */
export interface TraceFile {
  readonly path: string;
  /** Writes what is left and ends the capture. */
  close(): void;
}

/** Captures of this process; several may be written at a time. */
const captures = new Set<Tracer>();

/** Each message to every capture. Nobody is told of messages while there is none. */
function announce(): void {
  setTracer(captures.size === 0 ? undefined : (message) => captures.forEach((capture) => capture(message)));
}

/**
 * Starts to capture the messages of this process, in place of a tracer of its own that it may have set. The file is
 * readable by its owner only: messages are what programs tell each other. It is made anew unless `append` is set. When it
 * cannot be written any more, the capture ends with a warning, and the program goes on. Throws `TraceError` when it
 * cannot be opened.
 */
export function openTraceFile(path: string, options: { readonly append?: boolean } = {}): TraceFile {
  const file = new LineFile(open(path, options.append === true ? "a" : "w"), (cause) => {
    end();
    process.emitWarning(`the capture ${path} ends here: ${systemWords(cause)}`, "TraceWarning");
  });
  const capture = createTraceWriter((line) => file.add(line), systemClock.nowNs);
  const end = (): void => {
    captures.delete(capture);
    announce();
  };
  captures.add(capture);
  announce();
  return {
    path,
    close() {
      if (file.close()) end();
    },
  };
}

function open(path: string, flags: "a" | "w"): number {
  try {
    return openSync(path, flags, 0o600);
  } catch (cause) {
    throw new TraceError(path, `cannot write the capture ${path}: ${systemWords(cause)}`, { cause });
  }
}

let hasLooked = false;

/** @internal Starts the capture that the environment asks for, once in the life of a process. */
export function traceAsAsked(env: NodeJS.ProcessEnv = process.env): void {
  if (hasLooked) return;
  hasLooked = true;
  const path = env[TRACE_VARIABLE];
  if (path) openTraceFile(path, { append: true });
}
