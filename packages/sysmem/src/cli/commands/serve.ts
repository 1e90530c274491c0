import { activatedSockets, createLogger, DEFAULT_CONFIG, loadConfig, serve, servedProtocols } from "#daemon";
import { openTraceFile, serviceDirectory } from "#client";
import { openInspector } from "../inspector.ts";

/** What `sysmem serve` may be told on the command line. */
export interface ServeFlags {
  readonly svc?: string;
  readonly config?: string;
  /** A file for a capture of all messages that the server sends and receives. */
  readonly trace?: string;
  /** Where the inspector listens, or `off`. */
  readonly inspector: string;
}

/** `sysmem serve`: runs until SIGTERM or SIGINT. */
export async function runServe(flags: ServeFlags): Promise<void> {
  const config = flags.config === undefined ? DEFAULT_CONFIG : await loadConfig(flags.config);
  const logger = await createLogger(config.logLevel);
  const trace = flags.trace === undefined ? undefined : openTraceFile(flags.trace);
  const daemon = serve({
    svc: flags.svc ?? serviceDirectory(),
    config,
    logger,
    activated: activatedSockets(servedProtocols),
  });
  const inspector = await openInspector(flags.inspector, daemon.server, logger).catch(async (error: unknown) => {
    await daemon.close();
    throw error;
  });
  const { svc, services } = daemon;
  process.stdout.write(
    `${JSON.stringify({ event: "ready", svc, pid: process.pid, services, inspector: inspector?.url })}\n`,
  );
  const signal = await new Promise<string>((resolve) => {
    // A second signal has its usual effect: nobody has to wait for an orderly end.
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  logger.info({ signal }, "stopping");
  await inspector?.close();
  await daemon.close();
  trace?.close();
}
