/**
 * Our codec beside others, on the same content: bytes, time and allocation per operation.
 *
 *     npm run build && npm run bench:setup && node bench/codec/index.mjs [--quick] [--json] [NAME]...
 *
 * Each codec has a process of its own, so that none warms up, slows down or fills the heap of another; they take turns
 * in short slices, so that whatever else the machine does hits all of them alike. Times are processor time, figures are
 * medians of the slices, ratios are to ours (above 1: slower than ours). "decode" reads every field of what it decoded.
 * The call is a round trip of `DuplicateSync`: both directions encoded and decoded, dispatched by ordinal, awaited.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { finish, median, ratio, short, table } from "../lib/table.mjs";
import { CANDIDATES, CEILING, OURS } from "./candidates.mjs";

const CHILD = fileURLToPath(new URL("child.mjs", import.meta.url));
const flags = process.argv.slice(2).filter((arg) => arg.startsWith("--"));
const chosen = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const names = Object.keys(CANDIDATES).filter((name) => chosen.length === 0 || name === OURS || chosen.includes(name));
const isQuick = flags.includes("--quick");
const ROUNDS = isQuick ? 3 : 11;
const SLICE_MS = isQuick ? 25 : 40;
const WARM_UP_MS = isQuick ? 150 : 400;
const MESSAGES = { constraints: ["encode", "decode", "both"], info: ["encode", "decode", "both"], call: ["both"] };
const TITLES = {
  constraints: "BufferCollectionConstraints: four image formats, two heaps",
  info: "BufferCollectionInfo: 16 buffers",
  call: "DuplicateSync: a two-way call for two tokens",
};

async function start(name) {
  // A young generation as large as it ever gets by itself, from the start: allocation is counted between collections.
  const child = fork(CHILD, [name], { execArgv: ["--expose-gc", "--min-semi-space-size=16"] });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`the process of ${name} ended with ${code}`);
  });
  failed.catch(() => undefined);
  const ask = async (question) => {
    const reply = once(child, "message");
    if (question !== undefined) child.send(question);
    return (await Promise.race([reply, failed]))[0];
  };
  const { label, sizes } = await ask();
  return { name, label, sizes, ask, child, results: {} };
}

/** Every codec in turn, in an order that differs from round to round. */
async function inTurns(runners, rounds, question, keep) {
  for (let round = 0; round < rounds; round++) {
    for (let at = 0; at < runners.length; at++) {
      const runner = runners[(at + round * 3) % runners.length];
      const { value } = await runner.ask(question);
      if (value !== null) keep(runner, value);
    }
  }
}

async function measure(runners, message, operation) {
  const samples = new Map(runners.map((runner) => [runner, { ns: [], bytes: [] }]));
  const question = { message, operation };
  await inTurns(runners, 1, { ...question, milliseconds: WARM_UP_MS }, () => undefined);
  await inTurns(runners, ROUNDS, { ...question, milliseconds: SLICE_MS }, (runner, ns) => {
    samples.get(runner).ns.push(ns);
  });
  await inTurns(runners, 5, { ...question, kind: "bytes" }, (runner, bytes) => samples.get(runner).bytes.push(bytes));
  for (const [runner, { ns, bytes }] of samples) {
    runner.results[`${message} ${operation}`] = { ns: median(ns), bytes: median(bytes) };
  }
}

function report(runners, message) {
  const [ours] = runners;
  const operations = MESSAGES[message];
  const head = ["", "bytes", ...operations.flatMap((operation) => [`${operation} us`, "ratio", "allocated"]), "ops/s"];
  const rows = runners.map((runner) => {
    const cells = operations.flatMap((operation) => {
      const { ns, bytes } = runner.results[`${message} ${operation}`];
      return [short(ns / 1e3), ratio(ns, ours.results[`${message} ${operation}`].ns), bytes.toFixed(0)];
    });
    const { ns } = runner.results[`${message} both`];
    return [runner.label, runner.sizes[message], ...cells, (1e9 / ns).toFixed(0)];
  });
  return table(TITLES[message], head, rows);
}

/** Says in words where we stand, with the peers that are ahead. */
function verdict(runners) {
  const [ours] = runners;
  for (const message of Object.keys(MESSAGES)) {
    const own = ours.results[`${message} both`].ns;
    const peers = runners.filter(({ name }) => name !== OURS && name !== CEILING);
    const ahead = peers.filter(({ results }) => results[`${message} both`].ns < own).map(({ label }) => label);
    const ceiling = runners.find(({ name }) => name === CEILING)?.results[`${message} both`].ns;
    const place = ahead.length === 0 ? "ahead of every peer" : `behind ${ahead.join(", ")}`;
    const limit = ceiling === undefined ? "" : `; ${ratio(own, ceiling)} the hand-written, unchecked codec`;
    process.stdout.write(`${message}: ${place}${limit}\n`);
  }
}

const runners = [];
try {
  for (const name of names) runners.push(await start(name));
  for (const [message, operations] of Object.entries(MESSAGES)) {
    for (const operation of operations) await measure(runners, message, operation);
  }
} finally {
  for (const { child } of runners) child.disconnect();
}
finish({
  results: runners.map(({ name, label, sizes, results }) => ({ name, label, sizes, results })),
  tables: Object.keys(MESSAGES).map((message) => report(runners, message)),
});
if (!flags.includes("--json")) {
  process.stdout.write("\n");
  verdict(runners);
}
