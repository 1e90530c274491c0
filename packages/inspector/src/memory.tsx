/** Where the memory is: heaps and quotas now, and over the time for which the page was open. */
import { useSignal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { HeapState, Json, PoolState, Quota } from "./api.ts";
import type { ChartProps } from "./chart.tsx";
import { bytes, heapLabel, leaves, plural, shortJson, words } from "./format.ts";
import { addressOf } from "./route.ts";
import { heaps, mostByHeap, quotas, samples } from "./store.ts";

/** The whole part. */
export function Memory(): JSX.Element {
  const all = samples.value;
  const times = all.map(({ at }) => at);
  const lines = heaps.value.map((heap) => ({
    label: heapLabel(heap),
    values: all.map((sample) => sample.heaps.get(heapLabel(heap)) ?? 0),
  }));
  return (
    <div class="memory">
      <div class="column">
        <section class="card" aria-label="Heaps">
          <h2>Heaps</h2>
          {heaps.value.map((heap) => (
            <Heap key={`${heap.heap.heap_type}${heap.heap.id}${heap.description}`} heap={heap} />
          ))}
        </section>
        <section class="card" aria-label="Quotas">
          <h2>Quotas</h2>
          <p class="facts">Where each of many things has a quota, the one that uses most of it is shown.</p>
          <ul class="bars">
            {quotas.value.map((quota, at) => (
              // Rows of one name differ in whose they are.
              <QuotaBar key={`${quota.name}${at}`} quota={quota} />
            ))}
          </ul>
        </section>
      </div>
      <div class="column">
        <section class="card" aria-label="Memory over time">
          <h2>Memory by heap</h2>
          <LazyChart times={times} lines={lines} isBytes />
        </section>
        <section class="card" aria-label="Collections over time">
          <h2>Collections</h2>
          <LazyChart
            times={times}
            lines={[{ label: "collections", values: all.map(({ collections }) => collections) }]}
            isBytes={false}
          />
        </section>
      </div>
    </div>
  );
}

const HEAP_FIELDS = new Set([
  "heap",
  "description",
  "cpu_domain",
  "ram_domain",
  "inaccessible_domain",
  "is_secure",
  "buffer_count",
  "buffer_bytes",
  "collection_count",
  "is_physically_contiguous",
  "pools",
]);

function Heap({ heap }: { heap: HeapState }): JSX.Element {
  const name = heapLabel(heap);
  const most = mostByHeap.value.get(name) ?? 0;
  // The same scale for all heaps, so that they can be compared.
  const scale = Math.max(1, ...mostByHeap.value.values());
  const now = Number(heap.buffer_bytes);
  const domains = [heap.cpu_domain && "CPU", heap.ram_domain && "RAM", heap.inaccessible_domain && "INACCESSIBLE"];
  return (
    <section class="heap" aria-label={name}>
      <h3>
        {name} {heap.is_secure && <span class="badge waiting">secure</span>}
      </h3>
      <p class="facts">
        {heap.description} · {domains.filter(Boolean).join(", ")}
      </p>
      <meter class="bar-of" min={0} max={scale} value={now} aria-label={`Memory of ${name}`}>
        {bytes(now)}
      </meter>
      <p class="figures">
        <b>{bytes(now)}</b> in {plural(heap.buffer_count, "buffer")} of {plural(heap.collection_count, "collection")};
        most since this page was opened: {bytes(most)}
      </p>
      {(heap.pools ?? []).map((pool) => (
        <Pool key={pool.name} pool={pool} />
      ))}
      <Extras row={heap} known={HEAP_FIELDS} />
    </section>
  );
}

/** How a heap's reserved memory is divided: what is used, how it is split, and what was written where nobody may. */
function Pool({ pool }: { pool: PoolState }): JSX.Element {
  const { name, size_bytes, used_bytes, high_water_mark_bytes, largest_free_bytes, loanable_ratio } = pool;
  const failures = Number(pool.failed_guard_region_checks ?? 0);
  return (
    <section class="pool" aria-label={name}>
      <h4>
        {name} {!pool.is_ready && <span class="badge waiting">not ready</span>}{" "}
        {failures > 0 && <span class="badge bad">{plural(failures, "write")} outside of buffers</span>}
      </h4>
      <Bar label={`Use of ${name}`} used={Number(used_bytes)} limit={Number(size_bytes)} />
      <p class="figures">
        <b>{bytes(used_bytes)}</b> of {bytes(size_bytes)}, most {bytes(high_water_mark_bytes)}; largest free piece{" "}
        {bytes(largest_free_bytes)}; {plural(Number(pool.allocations_failed), "allocation")} refused,{" "}
        {pool.allocations_failed_fragmentation} for fragmentation
        {loanable_ratio !== undefined && `; ${(loanable_ratio * 100).toFixed(1)} % free for other use`}
      </p>
    </section>
  );
}

const QUOTA_FIELDS = new Set(["name", "limit", "used", "collection_id", "pid", "uid"]);

function QuotaBar({ quota }: { quota: Quota }): JSX.Element {
  const { name, used, limit, collection_id, pid, uid } = quota;
  const show = (value: string): string => (/bytes/i.test(name) ? bytes(value) : Number(value).toLocaleString("en"));
  return (
    <li>
      <span class="label" title={name}>
        {quotaTitle(name)}
      </span>
      <span class="figures">
        <b>{show(used)}</b> of {show(limit)}
        {pid !== undefined && ` by pid ${pid}`}
        {uid !== undefined && ` by user ${uid}`}
        {collection_id !== undefined && (
          <>
            {" "}
            <a href={addressOf({ section: "collections", id: collection_id })}>collection …{collection_id.slice(-6)}</a>
          </>
        )}
      </span>
      <Bar label={name} used={Number(used)} limit={Number(limit)} />
      <Extras row={quota} known={QUOTA_FIELDS} />
    </li>
  );
}

/** `maxNodesPerCollection` becomes `nodes per collection`, `perUser.bytes` becomes `bytes per user`. */
function quotaTitle(name: string): string {
  const [first = "", second] = name.split(".");
  const ordered = second === undefined ? first : `${second} ${first}`;
  const split = ordered.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return split.replace(/^max /, "").replace("vmos", "VMOs");
}

/** How much of something is used: red where little is left. */
function Bar({ label, used, limit }: { label: string; used: number; limit: number }): JSX.Element {
  return (
    <meter class="bar-of" min={0} max={Math.max(limit, 1)} high={limit * 0.8} value={used} aria-label={label}>
      {used}
    </meter>
  );
}

/** What a newer server tells besides: shown as it comes. */
function Extras({ row, known }: { row: object; known: ReadonlySet<string> }): JSX.Element | null {
  const extras = Object.entries(row as { [name: string]: Json }).filter(([name]) => !known.has(name));
  const items = extras.flatMap(([name, value]) => leaves(value, name));
  if (items.length === 0) return null;
  return (
    <dl class="extras">
      {items.map(([path, value]) => (
        <div key={path}>
          <dt>{words(path)}</dt>
          <dd>{/bytes/.test(path) && /^\d+$/.test(shortJson(value)) ? bytes(shortJson(value)) : shortJson(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A chart, once what draws it is loaded. */
function LazyChart(props: ChartProps): JSX.Element {
  const chart = useSignal<ComponentType<ChartProps> | undefined>(undefined);
  useEffect(() => {
    let isWanted = true;
    void import("./chart.tsx").then(({ Chart }) => {
      if (isWanted) chart.value = Chart;
    });
    return () => {
      isWanted = false;
    };
  }, []);
  const Loaded = chart.value;
  return Loaded === undefined ? <p class="hint">Loading the chart …</p> : <Loaded {...props} />;
}
