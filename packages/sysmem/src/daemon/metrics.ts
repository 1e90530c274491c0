/** `/metrics` for Prometheus, on a loopback port or a Unix socket. prom-client is loaded when it is asked for. */
import { createServer as createHttpServer } from "node:http";
import type { HeapState } from "#gen/sysmem_inspect";
import type { Server, ServerContext, ServerEvent } from "#server";
import { DaemonError } from "./errors.ts";
import type { InspectorAddress } from "./inspector/index.ts";
import { refusalOf } from "./inspector/guard.ts";
import { listenTcp, listenUnix, urlOf } from "./inspector/start.ts";
import { accountsOf, heapStates, quotas } from "./inspect/server-state.ts";
import { collectPoolMetrics } from "./pool-metrics.ts";

/** Every metric: its name, kind, labels and meaning. The one place where they are named. */
const METRICS = {
  collections: { name: "sysmem_collections", kind: "gauge", labels: ["state"], help: "Logical buffer collections" },
  nodes: { name: "sysmem_nodes", kind: "gauge", labels: [], help: "Nodes of all collections" },
  buffers: { name: "sysmem_buffers", kind: "gauge", labels: ["heap"], help: "Buffers that exist" },
  bufferBytes: { name: "sysmem_buffer_bytes", kind: "gauge", labels: ["heap"], help: "Bytes of buffers that exist" },
  vmos: { name: "sysmem_vmos", kind: "gauge", labels: ["strength"], help: "VMOs in clients' hands" },
  quotaUsed: { name: "sysmem_quota_used", kind: "gauge", labels: ["quota"], help: "Use of a quota, the greatest" },
  userUsed: {
    name: "sysmem_user_used",
    kind: "gauge",
    labels: ["uid", "amount"],
    help: "What one user's clients use, by what it is",
  },
  userLimit: {
    name: "sysmem_user_limit",
    kind: "gauge",
    labels: ["amount"],
    help: "Most of it that one user may use",
  },
  quotaLimit: { name: "sysmem_quota_limit", kind: "gauge", labels: ["quota"], help: "Limit of a quota" },
  allocations: {
    name: "sysmem_allocations_total",
    kind: "counter",
    labels: ["attempt", "error"],
    help: "Negotiations with a result (error is empty) and without",
  },
  allocationSeconds: {
    name: "sysmem_allocation_seconds",
    kind: "histogram",
    labels: [],
    help: "From the decision until every buffer was there",
  },
  domainFailures: {
    name: "sysmem_domain_failures_total",
    kind: "counter",
    labels: ["cause"],
    help: "Failure domains that failed, by cause",
  },
  deviations: {
    name: "sysmem_deviations_total",
    kind: "counter",
    labels: [],
    help: "Messages that broke the protocol",
  },
  stalls: {
    name: "sysmem_stall_warnings_total",
    kind: "counter",
    labels: [],
    help: "Warnings about collections that wait",
  },
  freed: { name: "sysmem_buffers_freed_total", kind: "counter", labels: [], help: "Buffers freed" },
} as const satisfies Readonly<
  Record<string, { name: string; kind: "gauge" | "counter" | "histogram"; labels: readonly string[]; help: string }>
>;

/** Upper bounds of `sysmem_allocation_seconds`: from small memory on the event loop to hundreds of megabytes zeroed. */
const ALLOCATION_BUCKETS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3];

/** A running endpoint. */
export interface MetricsEndpoint {
  /** `http://127.0.0.1:PORT/metrics` or `unix:PATH`. */
  readonly url: string;
  close(): Promise<void>;
}

/** What is counted for one server. Events are observed from here on; gauges are read when somebody asks. */
async function collectMetrics(server: Server): Promise<{ text(): Promise<string>; stop(): void }> {
  const { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } = await import("prom-client");
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = ({ name, help, labels }: (typeof METRICS)["allocations" | "domainFailures" | "deviations"]) =>
    new Counter({ name, help, labelNames: [...labels], registers: [registry] });
  const plainCounter = ({ name, help }: (typeof METRICS)["stalls" | "freed"]) =>
    new Counter({ name, help, registers: [registry] });
  const counters = {
    allocations: counter(METRICS.allocations),
    domainFailures: counter(METRICS.domainFailures),
    deviations: counter(METRICS.deviations),
    stalls: plainCounter(METRICS.stalls),
    freed: plainCounter(METRICS.freed),
  };
  const { name, help } = METRICS.allocationSeconds;
  const seconds = new Histogram({ name, help, buckets: ALLOCATION_BUCKETS, registers: [registry] });
  for (const [key, { name, kind, labels, help }] of Object.entries(METRICS)) {
    if (kind !== "gauge") continue;
    const gauge = new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        gauge.reset();
        for (const [value, ...labelValues] of gauges(server, key as GaugeKey)) {
          gauge.set(Object.fromEntries(labels.map((label, index) => [label, labelValues[index] ?? ""])), value);
        }
      },
    });
  }
  await collectPoolMetrics(server, registry);
  const stop = server.observe((event: ServerEvent) => {
    switch (event.type) {
      case "allocation-decided":
        return counters.allocations.inc({ attempt: event.attempt, error: "" });
      case "allocation-failed":
        return counters.allocations.inc({ attempt: event.attempt, error: event.error });
      case "allocated":
        return seconds.observe(event.durationNs / 1e9);
      case "domain-failed":
        return counters.domainFailures.inc({ cause: event.cause });
      case "deviation":
        return counters.deviations.inc();
      case "stall-warning":
        return counters.stalls.inc();
      case "buffer-freed":
        return counters.freed.inc();
      default:
        return undefined;
    }
  });
  return { text: () => registry.metrics(), stop };
}

type GaugeKey = {
  [K in keyof typeof METRICS]: (typeof METRICS)[K]["kind"] extends "gauge" ? K : never;
}[keyof typeof METRICS];

/** The values of a gauge, each with the values of its labels. */
function gauges(server: Server, key: GaugeKey): readonly (readonly [number, ...string[]])[] {
  const { context } = server;
  const all = [...context.collections.values()];
  switch (key) {
    case "collections": {
      const states = new Map<string, number>();
      for (const { allocation } of all) states.set(allocation.kind, (states.get(allocation.kind) ?? 0) + 1);
      return [...states].map(([state, count]) => [count, state]);
    }
    case "nodes":
      return [[all.reduce((sum, { root }) => sum + (root?.counters.nodes ?? 0), 0)]];
    case "buffers":
      return sumByHeap(context, ({ bufferCount = 0 }) => bufferCount);
    case "bufferBytes":
      return sumByHeap(context, ({ bufferBytes = 0n }) => Number(bufferBytes));
    case "vmos": {
      let strong = 0;
      let weak = 0;
      for (const { buffers } of all) {
        for (const buffer of buffers.values()) {
          strong += buffer.strongChildren;
          weak += buffer.weakChildren;
        }
      }
      return [
        [strong, "strong"],
        [weak, "weak"],
      ];
    }
    case "quotaUsed":
      return quotas(context).map(({ name = "", used = 0n }) => [Number(used), name]);
    case "quotaLimit":
      return quotas(context).map(({ name = "", limit = 0n }) => [Number(limit), name]);
    case "userUsed":
      // Processes come and go, and each would be a series of its own: of them only the greatest is told, as a quota.
      return accountsOf(context)
        .filter(({ pid }) => pid === undefined)
        .flatMap(({ uid, used = {} }) =>
          Object.entries(used).map(
            ([kind, amount]) => [Number(amount), uid === undefined ? "" : String(uid), kind] as const,
          ),
        );
    case "userLimit":
      return Object.entries(context.accounts.quotas.perUser ?? {}).map(([kind, limit]) => [limit ?? 0, kind]);
  }
}

/** A figure by heap type: what stands in for a heap counts with it. */
function sumByHeap(context: ServerContext, figure: (state: HeapState) => number): [number, string][] {
  const sums = new Map<string, number>();
  for (const state of heapStates(context)) {
    const heapType = state.heap?.heapType ?? "";
    sums.set(heapType, (sums.get(heapType) ?? 0) + figure(state));
  }
  return [...sums].map(([heapType, sum]) => [sum, heapType]);
}

/** Serves `/metrics`. Throws `DaemonError` METRICS when it cannot listen. */
export async function serveMetrics(server: Server, address: InspectorAddress): Promise<MetricsEndpoint> {
  const metrics = await collectMetrics(server);
  const http = createHttpServer((request, response) => {
    const { method = "", headers, url = "/" } = request;
    // A page that a browser has open must not read them by way of a name that it points here.
    const refusal = refusalOf({ method, host: headers.host, origin: headers.origin, site: undefined });
    const answer = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type }).end(text);
    };
    if (refusal !== undefined && address.kind === "tcp") return answer(refusal.status, `${refusal.text}\n`);
    if (url.split("?")[0] !== "/metrics") return answer(404, "metrics are at /metrics\n");
    metrics.text().then(
      (text) => answer(200, text, "text/plain; version=0.0.4; charset=utf-8"),
      (error: unknown) => answer(500, `${String(error)}\n`),
    );
  });
  try {
    await (address.kind === "tcp" ? listenTcp(http, address) : listenUnix(http, address.path));
  } catch (cause) {
    metrics.stop();
    throw new DaemonError("METRICS", `cannot serve metrics: ${(cause as Error).message}`, { cause });
  }
  return {
    url: address.kind === "tcp" ? `${urlOf(http, address)}metrics` : urlOf(http, address),
    async close() {
      metrics.stop();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
