import { isSysmemError } from "#base";
import { inheritedChannel, StreamClosedError } from "#client";
import { Monitor } from "#gen/sysmem_demo";
import { runFilter } from "../demo/filter.ts";
import { inheritedPart } from "../demo/hand-over.ts";
import { CHANNEL_VARIABLES } from "../demo/roles.ts";
import { runSink } from "../demo/sink.ts";
import { runSource } from "../demo/source.ts";

/** Longest reason that is told, well below the bound in sysmem.demo. */
const MAX_REASON_LENGTH = 300;

/** `sysmem demo-participant ROLE`: started by the demo, with its channels and its part of the plan inherited. */
export async function runDemoParticipant(_flags: unknown, role: string): Promise<void> {
  const part = inheritedPart();
  const monitor = Monitor.bind(inheritedChannel(CHANNEL_VARIABLES.monitor));
  // An interrupt at the terminal reaches every process; the one that runs the demo decides what becomes of it.
  process.on("SIGINT", () => {});
  // Without that one there is nobody to take part for, not even for a source that still waits for its video.
  void monitor.closed.then(({ cause }) => cause !== "local" && process.exit(1));
  try {
    if (role === "source") await runSource(part, monitor);
    else if (role === "filter") await runFilter(part, monitor);
    else await runSink(part, monitor);
  } catch (error) {
    if (!(error instanceof StreamClosedError)) {
      const reason = isSysmemError(error) ? error.message : String((error as Error).stack ?? error);
      monitor.failed({ reason: reason.slice(0, MAX_REASON_LENGTH) });
    }
    // Ending at once, without Release, is how a participant that failed tells the others.
    process.exit(1);
  }
}
