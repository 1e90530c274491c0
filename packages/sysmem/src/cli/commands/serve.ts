import { isSysmemError } from "#base";
import {
  activatedSockets,
  createLogger,
  type Daemon,
  type DaemonConfig,
  type DaemonLogger,
  DEFAULT_CONFIG,
  loadConfig,
  serve,
  servedProtocols,
} from "#daemon";
import { openTraceFile, serviceDirectory } from "#client";
import { addressOf, openInspector, openMetrics } from "../inspector.ts";

/** What `sysmem serve` may be told on the command line. */
export interface ServeFlags {
  readonly svc?: string;
  readonly config?: string;
  /** A file for a capture of all messages that the server sends and receives. */
  readonly trace?: string;
  /** Where the inspector listens, or `off`. */
  readonly inspector: string;
  /** Whether those who may inspect the server see what buffers hold, whatever the configuration says. */
  readonly thumbnails: boolean;
  /** Where `/metrics` is served, or `off`. */
  readonly metrics: string;
}

/** `sysmem serve`: runs until SIGTERM or SIGINT. */
export async function runServe(flags: ServeFlags): Promise<void> {
  // Listened for before anything is there to be left behind. A second signal has its usual effect: nobody has to wait for an
  // orderly end.
  const stop = new Promise<string>((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  addressOf("--inspector", flags.inspector);
  addressOf("--metrics", flags.metrics);
  const config = await configOf(flags);
  const logger = await createLogger(config);
  const trace = flags.trace === undefined ? undefined : openTraceFile(flags.trace);
  const daemon = serve({
    svc: flags.svc ?? serviceDirectory(),
    config,
    logger,
    activated: activatedSockets(servedProtocols),
  });
  const inspector = await openInspector(flags.inspector, {
    server: daemon.server,
    thumbnails: daemon.thumbnails,
    logger,
  }).catch(async (error: unknown) => {
    await daemon.close();
    throw error;
  });
  const metrics = await openMetrics(flags.metrics, daemon.server).catch(async (error: unknown) => {
    await inspector?.close();
    await daemon.close();
    throw error;
  });
  const reload = (): void => void reloadConfig(flags, daemon, logger);
  process.on("SIGHUP", reload);
  const { svc, services } = daemon;
  process.stdout.write(
    `${JSON.stringify({ event: "ready", svc, pid: process.pid, services, inspector: inspector?.url, metrics: metrics?.url })}\n`,
  );
  logger.info({ signal: await stop }, "stopping");
  process.off("SIGHUP", reload);
  await metrics?.close();
  await inspector?.close();
  await daemon.close();
  trace?.close();
}

async function configOf({ config, thumbnails }: ServeFlags): Promise<DaemonConfig> {
  const loaded = config === undefined ? DEFAULT_CONFIG : await loadConfig(config);
  return { ...loaded, thumbnails: loaded.thumbnails || thumbnails };
}

/** Reads the configuration again. One that cannot be used changes nothing. */
async function reloadConfig(flags: ServeFlags, daemon: Daemon, logger: DaemonLogger): Promise<void> {
  try {
    const config = await configOf(flags);
    const restart = daemon.reload(config);
    logger.setLevels(config);
    logger.info({ config: flags.config }, "configuration reloaded");
    if (restart.length > 0) logger.warn({ settings: restart }, "these settings hold from the next start");
  } catch (error) {
    if (!isSysmemError(error)) throw error;
    logger.error({ config: flags.config, err: error }, "this configuration cannot be used: the one before stays");
  }
}
