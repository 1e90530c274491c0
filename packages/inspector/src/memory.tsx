/** Where the memory is: heaps and quotas now, and over the time for which the page was open. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { bytes, heapLabel } from "./format.ts";
import { addressOf } from "./route.ts";
import { heaps, quotas, type Sample, samples } from "./store.ts";

/** The whole part. */
export function Memory(): JSX.Element {
  const all = samples.value;
  const times = all.map(({ at }) => at);
  const lines = heaps.value.map((state) => ({
    label: heapLabel(state),
    values: all.map((sample: Sample) => sample.heaps.get(heapLabel(state)) ?? 0),
  }));
  const pools = heaps.value.flatMap((state) => (state.pools ?? []).map((pool) => ({ heap: heapLabel(state), pool })));
  return (
    <div class="memory">
      <section class="card" aria-label="Heaps">
        <h2>Heaps</h2>
        <table>
          <thead>
            <tr>
              <th scope="col">heap</th>
              <th scope="col">what it is</th>
              <th scope="col">domains</th>
              <th scope="col">collections</th>
              <th scope="col">buffers</th>
              <th scope="col">memory</th>
            </tr>
          </thead>
          <tbody>
            {heaps.value.map((heap) => (
              <tr key={`${heap.heap.heap_type}${heap.heap.id}${heap.description}`}>
                <th scope="row">{heapLabel(heap)}</th>
                <td>
                  {heap.description}
                  {heap.is_secure && ", secure"}
                </td>
                <td>
                  {[heap.cpu_domain && "CPU", heap.ram_domain && "RAM", heap.inaccessible_domain && "INACCESSIBLE"]
                    .filter(Boolean)
                    .join(", ")}
                </td>
                <td class="number">{heap.collection_count}</td>
                <td class="number">{heap.buffer_count}</td>
                <td class="number">{bytes(heap.buffer_bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {pools.length > 0 && (
        <section class="card" aria-label="Pools">
          <h2>Pools</h2>
          <table>
            <thead>
              <tr>
                <th scope="col">pool</th>
                <th scope="col">heap</th>
                <th scope="col">used</th>
                <th scope="col">most used</th>
                <th scope="col">largest free</th>
                <th scope="col">refused</th>
                <th scope="col">written outside</th>
                <th scope="col">free for other use</th>
              </tr>
            </thead>
            <tbody>
              {pools.map(({ heap, pool }) => (
                <tr key={`${heap} ${pool.name}`}>
                  <th scope="row">{pool.name}</th>
                  <td>
                    {heap}
                    {!pool.is_ready && ", not ready"}
                  </td>
                  <td>
                    <meter min={0} max={Number(pool.size_bytes)} value={Number(pool.used_bytes)} aria-label={pool.name}>
                      {pool.used_bytes}
                    </meter>{" "}
                    {bytes(pool.used_bytes)} of {bytes(pool.size_bytes)}
                  </td>
                  <td class="number">{bytes(pool.high_water_mark_bytes)}</td>
                  <td class="number">{bytes(pool.largest_free_bytes)}</td>
                  <td class="number">
                    {pool.allocations_failed}
                    {pool.allocations_failed_fragmentation !== "0" &&
                      `, ${pool.allocations_failed_fragmentation} by fragmentation`}
                  </td>
                  <td class="number">{pool.failed_guard_region_checks}</td>
                  <td class="number">
                    {pool.loanable_ratio !== undefined && `${(pool.loanable_ratio * 100).toFixed(1)} %`}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <section class="card" aria-label="Quotas">
        <h2>Quotas</h2>
        <table>
          <thead>
            <tr>
              <th scope="col">quota</th>
              <th scope="col">used, by the one that uses most</th>
              <th scope="col">limit</th>
            </tr>
          </thead>
          <tbody>
            {quotas.value.map(({ name, used, limit, collection_id }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <meter min={0} max={Number(limit)} high={Number(limit) * 0.8} value={Number(used)} aria-label={name}>
                    {used}
                  </meter>{" "}
                  {used}
                  {collection_id !== undefined && (
                    <>
                      {" "}
                      <a href={addressOf({ section: "collections", id: collection_id })}>…{collection_id.slice(-6)}</a>
                    </>
                  )}
                </td>
                <td class="number">{limit}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section class="card" aria-label="Memory over time">
        <h2>Memory by heap</h2>
        <Chart times={times} lines={lines} format={bytes} />
      </section>
      <section class="card" aria-label="Collections over time">
        <h2>Collections</h2>
        <Chart
          times={times}
          lines={[{ label: "collections", values: all.map(({ collections }) => collections) }]}
          format={(value) => String(Math.round(value))}
        />
      </section>
    </div>
  );
}

interface ChartProps {
  readonly times: readonly number[];
  readonly lines: readonly { readonly label: string; readonly values: readonly number[] }[];
  readonly format: (value: number) => string;
}

const STROKES = ["--accent", "--waiting", "--good", "--bad"];

/** Lines over time. What it shows is said in words as well. */
function Chart({ times, lines, format }: ChartProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const labels = lines.map(({ label }) => label).join();
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const color = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim();
    const axis = { stroke: color("--quiet"), grid: { stroke: color("--line") }, ticks: { stroke: color("--line") } };
    const options: uPlot.Options = {
      width: element.clientWidth,
      height: 200,
      cursor: { drag: { x: false, y: false } },
      scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.15)] } },
      axes: [axis, { ...axis, size: 82, values: (_, values) => values.map(format) }],
      series: [
        {},
        ...lines.map(({ label }, at) => ({
          label,
          stroke: color(STROKES[at % STROKES.length] ?? "--accent"),
          width: 2,
          points: { show: false },
          value: (_: uPlot, value: number | null) => (value === null ? "" : format(value)),
        })),
      ],
    };
    const chart = new uPlot(options, dataOf(times, lines), element);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: 200 }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [labels]);
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times.at(-1)]);
  const now = lines.map(({ label, values }) => `${label} ${format(values.at(-1) ?? 0)}`).join(", ");
  return <div ref={host} class="chart" role="img" aria-label={`Now: ${now}`} />;
}

function dataOf(times: ChartProps["times"], lines: ChartProps["lines"]): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}
