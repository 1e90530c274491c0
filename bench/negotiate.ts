/**
 * How long one negotiation takes, and how that grows with participants and with image formats.
 *
 *     npm run build && npx tsx bench/negotiate.ts [--json]
 *
 * Measures what is built: tsx itself slows functions down that it compiles.
 * Each figure is the median of batches, each long enough for the clock; what is measured is the whole of `negotiate`
 * from decoded constraints to settings. The last column is time per participant and format: it stays about the same
 * where growth is linear.
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

/** Median nanoseconds of one call. */
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
  const samples = Array.from({ length: 15 }, () => batch(count) / count).sort((a, b) => a - b);
  return samples[7] ?? 0;
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
  ],
});
