export * from "./activation.ts";
export * from "./broker.ts";
export * from "./config.ts";
export * from "./errors.ts";
export * from "./logging.ts";
export * from "./inspector/index.ts";
export { type MetricsEndpoint, serveMetrics } from "./metrics.ts";
export * from "./serve.ts";
export { packageVersion } from "./inspect/index.ts";
