import { broker, createLogger, DEFAULT_CONFIG, loadConfig } from "#daemon";

/** What `sysmem broker` may be told on the command line. */
export interface BrokerFlags {
  readonly svc: string;
  readonly upstream: string;
  readonly config?: string;
}

/** `sysmem broker`: runs until SIGTERM or SIGINT. */
export async function runBroker(flags: BrokerFlags): Promise<void> {
  const config = flags.config === undefined ? DEFAULT_CONFIG : await loadConfig(flags.config);
  const logger = await createLogger(config.logLevel);
  const running = broker({ svc: flags.svc, upstream: flags.upstream, config, logger });
  const { svc, services } = running;
  process.stdout.write(`${JSON.stringify({ event: "ready", svc, pid: process.pid, services })}\n`);
  const signal = await new Promise<string>((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  logger.info({ signal }, "stopping");
  running.close();
}
