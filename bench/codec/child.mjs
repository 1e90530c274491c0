/**
 * One codec in a process of its own: `node --expose-gc child.mjs NAME`, driven over IPC. It measures a slice of one
 * operation whenever it is told to and sleeps meanwhile, so the parent can give the codecs turns.
 */
import { CANDIDATES } from "./candidates.mjs";
import { twoWayCall } from "./call.mjs";
import { constraints, info, response, walkers } from "./content.mjs";

const { walkConstraints, walkInfo } = walkers();
const EXPECTED = { constraints: walkConstraints(constraints), info: walkInfo(info), call: response.tokens.length };

const candidate = await CANDIDATES[process.argv[2]]();
const operations = {};
const sizes = {};
for (const message of ["constraints", "info"]) {
  const { encode, decode } = candidate[message];
  const encoded = encode();
  const found = decode(encoded);
  if (found !== EXPECTED[message]) throw new Error(`${message} reads ${found}, not ${EXPECTED[message]}`);
  sizes[message] = (encoded.bytes ?? encoded).length;
  operations[message] = { encode, decode: () => decode(encoded), both: () => decode(encode()) };
}
const call = candidate.call.run === undefined ? twoWayCall(candidate.call) : candidate.call;
const tokens = await call.run();
if (tokens !== EXPECTED.call) throw new Error(`the call brings ${tokens} tokens, not ${EXPECTED.call}`);
sizes.call = call.size();
operations.call = { both: call.run };

/** Consumed, so that no compiler leaves the work out. */
let sink = 0;
const consume = (value) => {
  sink += typeof value === "number" ? value : (value.length ?? 1);
};

async function runMany(operation, isAsync, count) {
  if (isAsync) for (let i = 0; i < count; i++) consume(await operation());
  else for (let i = 0; i < count; i++) consume(operation());
}

/**
 * Nanoseconds of processor time of one operation, over about `milliseconds`. Not the clock on the wall: that one counts
 * whatever else the machine does. Collecting garbage is part of it, on whichever thread it happens.
 */
async function time(operation, isAsync, milliseconds) {
  let count = 0;
  const start = process.cpuUsage();
  let used = 0;
  do {
    await runMany(operation, isAsync, 100);
    count += 100;
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  } while (used < milliseconds * 1e3);
  return (used * 1e3) / count;
}

/** Bytes of one operation, in the heap and in array buffers: few enough operations that nothing is collected. */
async function allocation(operation, isAsync) {
  const count = 200;
  globalThis.gc();
  const before = process.memoryUsage();
  await runMany(operation, isAsync, count);
  const after = process.memoryUsage();
  return (after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / count;
}

/** Measures what the parent asks for; null where this candidate has no such operation. */
async function measure({ message, operation, milliseconds, kind }) {
  const run = operations[message]?.[operation];
  if (run === undefined) return null;
  const isAsync = message === "call";
  return kind === "bytes" ? allocation(run, isAsync) : time(run, isAsync, milliseconds);
}

// What fails ends the process: the rejection is nobody's.
process.on("message", (request) => void measure(request).then((value) => process.send({ value })));
process.on("disconnect", () => process.exit(sink === Number.POSITIVE_INFINITY ? 1 : 0));
process.send({ label: candidate.label, sizes });
