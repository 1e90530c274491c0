/** The commands that look into a running server. */
import { buildCommand, type Command, type CommandContext, numberParser } from "@stricli/core";
import { UsageError } from "../errors.ts";

const svc = {
  kind: "parsed",
  parse: String,
  brief: "Service directory of the server. Default: $SYSMEM_SVC, else that of this user",
  optional: true,
  placeholder: "DIR",
} as const;

const json = { kind: "boolean", brief: "Print data, with FIDL's names", default: false, withNegated: false } as const;

const positive = (text: string): number => {
  const value = numberParser(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new UsageError(`${text} is not a positive number`);
  return value;
};

const positiveInteger = (text: string): number => {
  const value = positive(text);
  if (!Number.isSafeInteger(value)) throw new UsageError(`${text} is not a whole number`);
  return value;
};

/** A collection, with what the server lists as proposals for the shell. */
const collection = {
  brief: "A collection: its id, the end of it, or its name",
  parse: String,
  placeholder: "ID",
  proposeCompletions: async (partial: string): Promise<readonly string[]> =>
    (await import("../inspect/proposals.ts")).proposeCollections(partial),
} as const;

const collectionOrLast = {
  ...collection,
  brief: "A collection, or last: the newest failure of all",
  proposeCompletions: async (partial: string): Promise<readonly string[]> => [
    ...("last".startsWith(partial) ? ["last"] : []),
    ...(await collection.proposeCompletions(partial)),
  ],
  optional: true,
} as const;

const number = { kind: "parsed", parse: positiveInteger, optional: true, placeholder: "N" } as const;

const ls = buildCommand({
  loader: async () => (await import("./ls.ts")).runLs,
  parameters: { flags: { svc, json } },
  docs: { brief: "List a server's collections" },
});

const tree = buildCommand({
  loader: async () => (await import("./tree.ts")).runTree,
  parameters: {
    positional: { kind: "tuple", parameters: [collectionOrLast] },
    flags: { svc, json },
  },
  docs: {
    brief: "Show the participants of a collection, and who is being waited for",
    fullDescription:
      "Shows the tree of nodes of one collection, or of all: names, processes, states, marks. Of a collection that has failed, and with last of the newest failure, the tree is shown as it was at that moment.",
  },
});

const top = buildCommand({
  loader: async () => (await import("./top.ts")).runTop,
  parameters: {
    flags: {
      svc,
      json,
      interval: { kind: "parsed", parse: positive, brief: "Seconds between two looks", default: "1", placeholder: "S" },
      count: { ...number, brief: "End after so many looks" },
    },
  },
  docs: { brief: "Show a server's collections live, the greatest first" },
});

const explain = buildCommand({
  loader: async () => (await import("./explain.ts")).runExplain,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [collectionOrLast],
    },
    flags: { svc, json },
  },
  docs: {
    brief: "Say why there are no buffers, or who decided what they are like",
    fullDescription:
      "For a failure: which participants and which of their fields cannot be satisfied together, and what would work. For a collection that waits: for whom. For one with buffers: whose demands determined each setting.",
  },
});

const watch = buildCommand({
  loader: async () => (await import("./watch.ts")).runWatch,
  parameters: { flags: { svc, json, count: { ...number, brief: "End after so many events" } } },
  docs: {
    brief: "Print what happens, as it happens",
    fullDescription: "One line for each event, until SIGINT. With --json one object in each line.",
  },
});

const heaps = buildCommand({
  loader: async () => (await import("./heaps.ts")).runHeaps,
  parameters: { flags: { svc, json } },
  docs: { brief: "List heaps, quotas, and what each process and user uses of them" },
});

const whyAlive = buildCommand({
  loader: async () => (await import("./why-alive.ts")).runWhyAlive,
  parameters: { positional: { kind: "tuple", parameters: [collection] }, flags: { svc, json } },
  docs: {
    brief: "Say what keeps a collection's buffers from being freed, process by process",
    fullDescription:
      "Participants that are still connected, and processes that hold descriptors or mappings of the memory, from what the kernel says in /proc.",
  },
});

const thumbnail = buildCommand({
  loader: async () => (await import("./thumbnail.ts")).runThumbnail,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [collection, { brief: "Which buffer, from 0", parse: index, placeholder: "INDEX" }],
    },
    flags: {
      svc,
      json,
      out: { kind: "parsed", parse: String, brief: "The PNG file to write", placeholder: "FILE" },
      image: {
        kind: "parsed",
        parse: size,
        brief: "Size of the image in the buffer. Default: the one that the settings are for",
        optional: true,
        placeholder: "WIDTHxHEIGHT",
      },
    },
    aliases: { o: "out" },
  },
  docs: {
    brief: "Write what a buffer holds as a small picture",
    fullDescription:
      "Reads the buffer in its real format and writes a PNG of at most 320 by 320 pixels. Only where the server's owner allows it: sysmem serve --thumbnails, or thumbnails = true in its configuration.",
  },
});

function index(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new UsageError(`${text} is no buffer's index`);
  return Number(text);
}

function size(text: string): { readonly width: number; readonly height: number } {
  const [, width, height] = /^(\d{1,9})x(\d{1,9})$/.exec(text) ?? [];
  if (width === undefined) throw new UsageError(`${text} is no WIDTHxHEIGHT`);
  return { width: Number(width), height: Number(height) };
}

const trace = buildCommand({
  loader: async () => (await import("./trace.ts")).runTrace,
  parameters: {
    positional: {
      kind: "array",
      minimum: 1,
      parameter: {
        brief: "A program that uses the client library, and its arguments",
        parse: String,
        placeholder: "PROGRAM",
      },
    },
    flags: {
      out: {
        kind: "parsed",
        parse: String,
        brief: "Keep the capture in this file",
        optional: true,
        placeholder: "FILE",
      },
      bytes: { kind: "boolean", brief: "List the bytes of each message, too", default: false, withNegated: false },
    },
  },
  docs: {
    brief: "Run a program and print what it and the server said to each other",
    fullDescription: "Arguments of the program that begin with a dash go behind --: sysmem trace -- node app.js --fast",
  },
});

const completion = buildCommand({
  loader: async () => (await import("./completion.ts")).runCompletion,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "bash, zsh or fish",
          parse: shellOf,
          placeholder: "SHELL",
          proposeCompletions: (partial: string) => SHELLS.filter((shell) => shell.startsWith(partial)),
        },
      ],
    },
  },
  docs: {
    brief: "Print what makes a shell complete this command's words",
    fullDescription:
      "bash: source <(sysmem completion bash). zsh: source <(sysmem completion zsh), after compinit. fish: sysmem completion fish | source.",
  },
});

const SHELLS = ["bash", "zsh", "fish"] as const;

function shellOf(text: string): (typeof SHELLS)[number] {
  const shell = SHELLS.find((one) => one === text);
  if (shell === undefined) throw new UsageError(`${text} is none of ${SHELLS.join(", ")}`);
  return shell;
}

const man = buildCommand({
  loader: async () => (await import("./man.ts")).runMan,
  parameters: {
    positional: { kind: "tuple", parameters: [{ brief: "Folder for the pages", parse: String, placeholder: "DIR" }] },
  },
  docs: { brief: "Write the manual pages of all commands" },
});

/** By name. */
export const inspectRoutes: Readonly<Record<string, Command<CommandContext>>> = {
  ls,
  tree,
  top,
  explain,
  watch,
  heaps,
  "why-alive": whyAlive,
  thumbnail,
  trace,
  completion,
  man,
};
