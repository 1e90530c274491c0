/** Lines over time: loaded when somebody looks at memory. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { bytes, timeOfDay } from "./format.ts";

export interface ChartProps {
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly label: string; readonly values: readonly number[] }[];
  /** Whether values are bytes, and otherwise counts. */
  readonly isBytes: boolean;
}

const STROKES = ["--accent", "--violet", "--good", "--waiting"];
const HEIGHT = 200;

/** What it shows is said in words as well: now, and the most while the page was open. */
export function Chart({ times, lines, isBytes }: ChartProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const labels = lines.map(({ label }) => label).join();
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    let chart = draw(element, { times, lines, isBytes });
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = (): void => {
      const { data } = chart;
      chart.destroy();
      plot.current = chart = draw(element, { times, lines, isBytes });
      chart.setData(data);
    };
    scheme.addEventListener("change", redraw);
    return () => {
      scheme.removeEventListener("change", redraw);
      observer.disconnect();
      chart.destroy();
    };
  }, [labels]);
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times.at(-1)]);
  const format = formatOf(isBytes);
  const now = lines.map(({ label, values }) => `${label} ${format(values.at(-1) ?? 0)}`).join(", ");
  return (
    <>
      <div ref={host} class="chart" role="img" aria-label={`Now: ${now}`} />
      <ul class="legend" aria-label="Lines">
        {lines.map(({ label, values }, at) => (
          <li key={label} class={`line-${at % STROKES.length}`}>
            <span>
              {label}: <b>{format(values.at(-1) ?? 0)}</b>, most {format(Math.max(0, ...values))}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function formatOf(isBytes: boolean): (value: number) => string {
  return isBytes ? bytes : (value) => String(Math.round(value));
}

function draw(element: HTMLElement, { times, lines, isBytes }: ChartProps): uPlot {
  const color = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim();
  const axis = {
    stroke: color("--quiet"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1 },
  };
  const format = formatOf(isBytes);
  const options: uPlot.Options = {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    // From nothing to the next round number, so that a little is not drawn as much.
    scales: { y: { range: (_, __, most) => [0, Math.max(isBytes ? 1024 : 4, most * 1.1)] } },
    axes: [
      { ...axis, size: 36, space: 90, values: (_, seconds) => seconds.map(timeOfDay) },
      {
        ...axis,
        size: 82,
        splits: (_, __, least, most) => ticksOf(least, most, isBytes),
        values: (_, values) => values.map(format),
      },
    ],
    series: [
      {},
      ...lines.map(({ label }, at) => ({
        label,
        stroke: color(STROKES[at % STROKES.length] ?? "--accent"),
        width: 2,
        points: { show: false },
        // Between two looks nothing is known: what was seen last holds until something else is seen.
        ...(uPlot.paths.stepped !== undefined && { paths: uPlot.paths.stepped({ align: 1 }) }),
      })),
    ],
  };
  return new uPlot(options, dataOf(times, lines), element);
}

/** A handful of values that are round in their unit. */
function ticksOf(least: number, most: number, isBytes: boolean): number[] {
  const rough = (most - least) / 5;
  const base = isBytes ? 2 : 10;
  const power = base ** Math.floor(Math.log(rough) / Math.log(base));
  const parts = isBytes ? [1, 2] : [1, 2, 5, 10];
  const step = Math.max(1, parts.map((part) => part * power).find((part) => part >= rough) ?? power);
  const ticks: number[] = [];
  for (let tick = 0; tick <= most; tick += step) ticks.push(tick);
  return ticks;
}

function dataOf(times: ChartProps["times"], lines: ChartProps["lines"]): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])];
}
