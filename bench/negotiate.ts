/**
 * How long one negotiation takes, and how that grows with participants and with image formats.
 *
 *     npm run build && node --import tsx bench/negotiate.ts [--json]
 *
 * Measures what is built: tsx itself slows functions down that it compiles.
 * Each figure is the best of batches, each long enough for the clock: on a machine that does other things as well the
 * median says more of them. What is measured is the whole of `negotiate` from decoded constraints to settings. The
 * last column is time per participant and format: it stays about the same where growth is linear, and so is the
 * exponent below the curve about 1.
 */
import {
  allModifiers,
  allPixelFormats,
  ColorSpace,
  type Environment,
  explainFailure,
  isPairSupported,
  negotiate,
  negotiateTree,
  type Participant,
  SYSTEM_RAM,
  type TreeNode,
} from "sysmem/negotiate";
import { BufferCollectionConstraints } from "sysmem/gen/fuchsia_sysmem2";
import { finish, table } from "./lib/table.mjs";

const environment: Environment = {
  heaps: [{ heapType: SYSTEM_RAM, id: 0n, domains: { cpu: true, ram: true, inaccessible: true }, secure: false }],
};

type Constraints = NonNullable<Participant["constraints"]>;
type Formats = NonNullable<Constraints["imageFormatConstraints"]>;

const PAIRS = allModifiers().flatMap((modifier) =>
  allPixelFormats()
    .filter((format) => isPairSupported(format, modifier))
    .map((format) => ({ pixelFormat: format.value, pixelFormatModifier: modifier.value })),
);

/** One participant that knows `formats` formats and has something to say about each. */
function participant(position: number, formats: number, more: Constraints = {}): Participant {
  const imageFormatConstraints = PAIRS.slice(0, formats).map((pair) => ({
    ...pair,
    colorSpaces: [ColorSpace.PASSTHROUGH],
    minSize: { width: 640 + position, height: 480 },
    maxSize: { width: 4096, height: 4096 },
    bytesPerRowDivisor: 1 << (position % 8),
    sizeAlignment: { width: 2, height: 2 },
  })) as Formats;
  const constraints: Constraints = { usage: { cpu: 1 }, minBufferCountForCamping: 1, imageFormatConstraints, ...more };
  // Through the wire, as a server gets them: objects made in other ways take several times as long to read.
  const { bytes } = BufferCollectionConstraints.encode(constraints);
  return { name: `p${position}`, constraints: BufferCollectionConstraints.decode(bytes) };
}

/** Nanoseconds of one call, of the batch that was disturbed least. */
function measure(run: () => unknown): number {
  const batch = (count: number): number => {
    const start = performance.now();
    for (let at = 0; at < count; at++) run();
    return (performance.now() - start) * 1e6;
  };
  // Long enough for the compiler to have seen everything.
  const end = performance.now() + 300;
  while (performance.now() < end) run();
  let count = 1;
  while (batch(count) < 2e6 && count < 1e5) count *= 2;
  return Math.min(...Array.from({ length: 25 }, () => batch(count) / count));
}

interface Row {
  readonly what: string;
  readonly participants: number;
  readonly formats: number;
  readonly microseconds: number;
  readonly nanosecondsPerFormat: number;
}

const rows: Row[] = [];
function record(what: string, participants: number, formats: number, run: () => unknown): void {
  const ns = measure(run);
  rows.push({
    what,
    participants,
    formats,
    microseconds: ns / 1e3,
    nanosecondsPerFormat: ns / (participants * formats),
  });
}

const list = (participants: number, formats: number, more?: Constraints): Participant[] =>
  Array.from({ length: participants }, (_, at) => participant(at, formats, more));

for (const participants of [2, 8, 64]) {
  for (const formats of [1, 16, 64]) {
    const input = list(participants, formats);
    if (!negotiate(input, environment).ok) throw new TypeError("the benchmark's constraints do not negotiate");
    record("negotiate", participants, formats, () => negotiate(input, environment));
  }
}

/** A group of 64 children of which the last one works, below participants that everybody shares. */
function groups(participants: number, formats: number): TreeNode {
  const child = (at: number): TreeNode => ({
    kind: "participant",
    participant: participant(at, formats, at === 63 ? {} : { maxBufferCount: 1 }),
  });
  const leaves = list(participants - 1, formats).map((one): TreeNode => ({ kind: "participant", participant: one }));
  const group: TreeNode = { kind: "group", children: Array.from({ length: 64 }, (_, at) => child(at)) };
  return { kind: "plain", children: [...leaves, group] };
}
for (const [participants, formats] of [
  [2, 1],
  [8, 16],
  [64, 16],
] as const) {
  const tree = groups(participants, formats);
  const outcome = negotiateTree(tree, environment);
  if (!outcome.ok || outcome.combinationsTried !== 64) throw new TypeError("the benchmark's group is not at the bound");
  record("64 combinations", participants, formats, () => negotiateTree(tree, environment));
}

for (const [participants, formats] of [
  [2, 1],
  [8, 16],
  [64, 64],
] as const) {
  const input = [...list(participants - 1, formats), participant(1, formats, { maxBufferCount: 1 })];
  record("explain", participants, formats, () => explainFailure(input, environment));
}

/** Least squares on logarithms: time grows like (participants times formats) to this power. */
function exponent(points: readonly Row[]): number {
  const xs = points.map((row) => Math.log(row.participants * row.formats));
  const ys = points.map((row) => Math.log(row.microseconds));
  const mean = (list: readonly number[]): number => list.reduce((sum, one) => sum + one, 0) / list.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, at) => sum + (x - mx) * ((ys[at] ?? 0) - my), 0);
  return covariance / xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
}

/** Time over participants times formats, both in powers of two, with the line of linear growth through the last point. */
function curve(points: readonly Row[]): string[] {
  const at = (value: number): number => Math.round(2 * Math.log2(value));
  const last = points.reduce((a, b) => (b.participants * b.formats > a.participants * a.formats ? b : a));
  const works = points.map((row) => row.participants * row.formats);
  const columns = at(Math.max(...works)) + 1;
  const [top, bottom] = [at(last.microseconds) + 1, at(Math.min(...points.map((row) => row.microseconds))) - 1];
  const lines: string[] = [];
  for (let y = top; y >= bottom; y--) {
    const cells = Array.from({ length: columns }, (_, x) => {
      if (points.some((row) => at(row.participants * row.formats) === x && at(row.microseconds) === y)) return "*";
      return at(last.microseconds) - y === at(Math.max(...works)) - x ? "." : " ";
    });
    const label = y % 4 === 0 ? `${(2 ** (y / 2)).toFixed(0)} us` : "";
    lines.push(`${label.padStart(9)} |${cells.join(" ").trimEnd()}`);
  }
  const axis = Array.from({ length: Math.ceil(columns / 8) }, (_, step) => String(2 ** (4 * step)).padEnd(16));
  return [...lines, `${" ".repeat(10)}+${"-".repeat(2 * columns)}`, `${" ".repeat(11)}${axis.join("").trimEnd()}`];
}

/** What has so little to do that starting is all of it says nothing about growth. */
const grown = rows.filter((row) => row.what === "negotiate" && row.participants * row.formats >= 16);

finish({
  results: rows,
  tables: [
    table(
      "One negotiation",
      ["", "participants", "formats", "us", "ns for each participant and format"],
      rows.map((row) => [
        row.what,
        row.participants,
        row.formats,
        row.microseconds.toFixed(1),
        row.nanosecondsPerFormat.toFixed(0),
      ]),
    ),
    table(
      "Growth",
      ["from 16 participants times formats on"],
      [[`time grows like (participants times formats)^${exponent(grown).toFixed(2)}`]],
    ),
  ],
});

if (!process.argv.includes("--json")) {
  const negotiations = rows.filter((row) => row.what === "negotiate");
  process.stdout.write(`\ntime over participants times formats (dots: linear)\n\n${curve(negotiations).join("\n")}\n`);
}
