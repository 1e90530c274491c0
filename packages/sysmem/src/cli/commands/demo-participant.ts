import { inheritedPart } from "../demo/hand-over.ts";
import { runFilter } from "../demo/filter.ts";
import { runSink } from "../demo/sink.ts";
import { runSource } from "../demo/source.ts";

/** `sysmem demo-participant ROLE`: started by the demo, with its channels and its part of the plan inherited. */
export async function runDemoParticipant(_flags: unknown, role: string): Promise<void> {
  const part = inheritedPart();
  if (role === "source") await runSource(part);
  else if (role === "filter") await runFilter(part.effect);
  else await runSink(part);
}
