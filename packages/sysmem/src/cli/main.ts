/** The `sysmem` command: what it can do, and how its outcome becomes an exit status. */
import {
  buildApplication,
  buildCommand,
  buildRouteMap,
  type CommandContext,
  generateHelpTextForAllCommands,
  numberParser,
  proposeCompletions,
  run,
  text_en,
} from "@stricli/core";
import { isSysmemError } from "#base";
import { fidlRoutes } from "./commands/fidl-routes.ts";
import { inspectRoutes } from "./commands/inspect-routes.ts";
import type { CommandHelp } from "./commands/man.ts";
import type { SolveFlags } from "./commands/solve.ts";
import { UsageError } from "./errors.ts";

/** What commands run with. A command returns nothing when done, or an Error to print as one line. */
export type CliContext = CommandContext;

const positiveInteger = (text: string): number => {
  const value = numberParser(text);
  if (!Number.isSafeInteger(value) || value <= 0) throw new UsageError(`${text} is not a positive whole number`);
  return value;
};

const serveCommand = buildCommand({
  loader: async () => (await import("./commands/serve.ts")).runServe,
  parameters: {
    flags: {
      svc: {
        kind: "parsed",
        parse: String,
        brief: "Service directory: one socket for each protocol",
        placeholder: "DIR",
        optional: true,
      },
      config: {
        kind: "parsed",
        parse: String,
        brief: "Configuration, TOML or .json",
        placeholder: "FILE",
        optional: true,
      },
      trace: {
        kind: "parsed",
        parse: String,
        brief: "Capture all messages in this file, for: sysmem fidl decode FILE",
        optional: true,
        placeholder: "FILE",
      },
      inspector: {
        kind: "parsed",
        parse: String,
        brief: "Show what happens in a web page: a port of this machine, or a Unix socket's path",
        placeholder: "[HOST:]PORT|PATH|off",
        default: "off",
      },
      thumbnails: {
        kind: "boolean",
        brief: "Let those who may inspect the server see what buffers hold",
        default: false,
        withNegated: false,
      },
      metrics: {
        kind: "parsed",
        parse: String,
        brief: "Serve /metrics for Prometheus: a port of this machine, or a Unix socket's path",
        placeholder: "[HOST:]PORT|PATH|off",
        default: "off",
      },
    },
  },
  docs: {
    brief: "Serve buffer collections to the processes of this machine",
    fullDescription:
      "Creates the sockets in the service directory, prints one JSON line when every socket accepts, and runs until SIGTERM or SIGINT. SIGHUP reads the configuration again.",
  },
});

const brokerCommand = buildCommand({
  loader: async () => (await import("./commands/broker.ts")).runBroker,
  parameters: {
    flags: {
      svc: {
        kind: "parsed",
        parse: String,
        brief: "Directory in which its clients look for services",
        placeholder: "DIR",
      },
      upstream: {
        kind: "parsed",
        parse: String,
        brief: "The server's service directory, or the socket of its DriverConnector",
        placeholder: "PATH",
      },
      config: {
        kind: "parsed",
        parse: String,
        brief: "Configuration for modes and logging, TOML or .json",
        placeholder: "FILE",
        optional: true,
      },
    },
  },
  docs: {
    brief: "Hand connections on to a server, for a container or another user's session",
    fullDescription:
      "Listens under the server's names in a directory of its own, and hands each connection on with the identity of whoever made it. Prints one JSON line when every socket accepts, and runs until SIGTERM or SIGINT; connections that were handed on outlive it.",
  },
});

const demoCommand = buildCommand({
  loader: async () => (await import("./commands/demo.ts")).runDemo,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "A video to pass through: .y4m, or anything that ffmpeg reads. Default: a photograph, panned over",
          parse: String,
          optional: true,
          placeholder: "VIDEO",
        },
      ],
    },
    flags: {
      frames: {
        kind: "parsed",
        parse: positiveInteger,
        brief: "Stop after this many frames",
        optional: true,
        placeholder: "N",
      },
      out: {
        kind: "parsed",
        parse: String,
        brief: "Write what the sink received as .y4m",
        optional: true,
        placeholder: "FILE",
      },
      sheet: {
        kind: "parsed",
        parse: String,
        brief: "Contact sheet of what the sink received",
        optional: true,
        placeholder: "FILE.png",
      },
      filter: {
        kind: "enum",
        values: ["mirror", "invert", "none"],
        default: "mirror",
        brief: "What the filter does to each frame, in place",
      },
      headless: { kind: "boolean", brief: "No progress bar, no colours", default: false, withNegated: false },
      trace: {
        kind: "parsed",
        parse: String,
        brief: "Capture all messages in this file, for: sysmem fidl decode FILE",
        optional: true,
        placeholder: "FILE",
      },
      inspector: {
        kind: "parsed",
        parse: String,
        brief: "Show it in a web page as well, and wait until that is open",
        placeholder: "[HOST:]PORT|PATH|off",
        default: "off",
      },
      thumbnails: {
        kind: "boolean",
        brief: "Show the frames in that page, too",
        default: false,
        withNegated: false,
      },
      verbose: { kind: "boolean", brief: "Show the server's log", default: false, withNegated: false },
    },
  },
  docs: { brief: "Pass real video through memory shared by three processes" },
});

const demoParticipantCommand = buildCommand({
  loader: async () => (await import("./commands/demo-participant.ts")).runDemoParticipant,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ brief: "source, filter or sink", parse: String, placeholder: "ROLE" }],
    },
    flags: {},
  },
  docs: { brief: "One participant of the demo; started by it" },
});

const solveCommand = buildCommand({
  loader: async () => {
    const { runSolve } = await import("./commands/solve.ts");
    return (flags: SolveFlags & { readonly explain: boolean; readonly json: boolean }, file: string) =>
      runSolve(flags, file);
  },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "Participants and their constraints, JSON with FIDL's field names; - reads standard input",
          parse: String,
          placeholder: "FILE.json",
        },
      ],
    },
    flags: {
      explain: { kind: "boolean", brief: "Say who determined each setting", default: false, withNegated: false },
      json: { kind: "boolean", brief: "Print data, not text", default: false, withNegated: false },
      whatIf: {
        kind: "parsed",
        parse: String,
        brief: "What would change without this participant",
        optional: true,
        placeholder: "NAME",
      },
    },
  },
  docs: { brief: "Negotiate from a file, without a server" },
});

const doctorCommand = buildCommand({
  loader: async () => (await import("./commands/doctor.ts")).runDoctor,
  parameters: {
    flags: { json: { kind: "boolean", brief: "Print data, not text", default: false, withNegated: false } },
  },
  docs: { brief: "What this machine can do for sysmem, and the remedy for what is missing" },
});

const routes = buildRouteMap({
  routes: {
    demo: demoCommand,
    serve: serveCommand,
    broker: brokerCommand,
    ...inspectRoutes,
    solve: solveCommand,
    doctor: doctorCommand,
    fidl: fidlRoutes,
    "demo-participant": demoParticipantCommand,
  },
  docs: {
    brief: "Buffers that several processes share: negotiated once, never copied, freed when nobody can touch them",
    hideRoute: { "demo-participant": true },
  },
});

const application = buildApplication<CliContext>(routes, {
  name: "sysmem",
  scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
  documentation: { caseStyle: "convert-camel-to-kebab" },
  // A user's mistake is one line; our own is shown with its stack, which is what a bug report needs.
  localization: {
    loadText: () => ({
      ...text_en,
      briefs: {
        ...text_en.briefs,
        argumentEscapeSequence: "What follows are arguments, also where it begins with a dash",
      },
      noCommandRegisteredForInput: (mistake) =>
        `sysmem: ${text_en.noCommandRegisteredForInput(mistake)} (sysmem --help lists them)`,
      exceptionWhileParsingArguments: (error: unknown, isColoured: boolean) =>
        `sysmem: ${text_en.exceptionWhileParsingArguments(error, isColoured)} (--help tells what there is)`,
      exceptionWhileRunningCommand: (error: unknown) => describe(error),
      commandErrorResult: (error: Error) => describe(error),
    }),
  },
  versionInfo: { getCurrentVersion: async () => (await import("#daemon")).packageVersion() },
  determineExitCode: (error) => (isSysmemError(error) && error.code === "USAGE" ? 2 : 1),
});

/** Codes whose message says all there is to know. The others' are told: each has a page in docs/errors. */
const SAYS_ALL: ReadonlySet<string> = new Set(["USAGE", "INCOMPLETE", "DEMO"]);

function describe(error: unknown): string {
  if (isSysmemError(error) && error.code !== "INVARIANT") {
    return `sysmem: ${error.message}${SAYS_ALL.has(error.code) ? "" : ` [${error.code}]`}`;
  }
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}

/** Help of every command, for the manual. */
export function commandHelp(): CommandHelp[] {
  return generateHelpTextForAllCommands(application).map(([command, help]) => ({ command, help }));
}

/** Where a command line's output goes. */
export interface Streams {
  readonly stdout: Pick<NodeJS.WriteStream, "write">;
  readonly stderr: Pick<NodeJS.WriteStream, "write">;
}

/** The first word when a shell asks what the next word may be; see `commands/completion.ts`. */
const COMPLETE = "__complete";

/** Runs one command line. Resolves to the exit status: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: readonly string[], { stdout, stderr }: Streams = process): Promise<number> {
  const target: { exitCode?: number | string | null } = {};
  const context = { process: Object.assign(target, { stdout, stderr, env: process.env as Record<string, string> }) };
  if (args[0] === COMPLETE) {
    const words = args.slice(1);
    // The server that the words before have named is the one whose collections are proposed.
    const named = words.lastIndexOf("--svc", -3);
    if (named >= 0) process.env["SYSMEM_SVC"] = words[named + 1];
    const proposals = await proposeCompletions(application, words, context);
    // Flags only where a flag was begun: elsewhere they would keep the shell from proposing files.
    const wanted = proposals.filter(({ completion }) => words.at(-1)?.startsWith("-") || !completion.startsWith("-"));
    stdout.write(wanted.map(({ completion, brief }) => `${completion}\t${brief}\n`).join(""));
    return 0;
  }
  await run(application, args, context);
  const status = Number(target.exitCode ?? 0);
  return status < 0 ? 2 : status;
}
