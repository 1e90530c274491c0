/**
 * What every client does with its Allocator channel, whichever way it came by it: two participants of one process share
 * buffers, through tokens, with different rights, and leave. The report is the same for every way in.
 */
import type { Sysmem } from "#client";

const CPU_READ = 1;
const CPU_WRITE = 4;

/** Plain data, so that it can cross a process boundary. */
export interface Report {
  readonly isTokenKnown: boolean;
  readonly isBoundTokenKnown: boolean;
  readonly counts: readonly number[];
  readonly sizeBytes: number;
  readonly isWritable: readonly boolean[];
  readonly seen: string;
  readonly errorOfConflict: string;
}

export const expectedReport: Report = {
  isTokenKnown: true,
  isBoundTokenKnown: false,
  counts: [2, 2],
  sizeBytes: 10_000,
  isWritable: [true, false],
  seen: "written by the one, read by the other",
  errorOfConflict: "CONSTRAINTS_INTERSECTION_EMPTY",
};

const raw = (cpu: number, minSizeBytes: bigint, maxSizeBytes?: bigint) => ({
  usage: { cpu },
  minBufferCountForCamping: 1,
  bufferMemoryConstraints: { minSizeBytes, ...(maxSizeBytes !== undefined && { maxSizeBytes }) },
});

export async function runScenario(sysmem: Sysmem): Promise<Report> {
  const root = sysmem.allocateSharedCollection();
  await root.sync();
  const forReader = await root.duplicate();
  const end = forReader.take();
  const tokenServerKoid = BigInt(end.relatedKoid());
  const isTokenKnown = await sysmem.isTokenKnown(end);
  const [writer, reader] = [sysmem.bind(root), sysmem.bind(end)];
  await reader.sync();
  const { isKnown: isBoundTokenKnown = true } = await sysmem.allocator.validateBufferCollectionToken({
    tokenServerKoid,
  });
  writer.setConstraints(raw(CPU_WRITE | CPU_READ, 10_000n));
  reader.setConstraints(raw(CPU_READ, 5_000n));
  const [written, read] = await Promise.all([writer.waitForBuffers(), reader.waitForBuffers()]);
  const text = new TextEncoder().encode(expectedReport.seen);
  written.at(1).bytes().set(text);
  const seen = new TextDecoder().decode(read.at(1).bytes().slice(0, text.length));
  const report = {
    isTokenKnown,
    isBoundTokenKnown,
    counts: [written.count, read.count],
    sizeBytes: Number(written.settings.bufferSettings?.sizeBytes),
    isWritable: [written.at(0).isWritable, read.at(0).isWritable],
    seen,
    errorOfConflict: await conflict(sysmem),
  };
  written.close();
  read.close();
  writer.release();
  reader.release();
  return report;
}

/** Two that cannot agree: it fails for them, and the connection goes on. */
async function conflict(sysmem: Sysmem): Promise<string> {
  const root = sysmem.allocateSharedCollection();
  const token = await root.duplicate();
  const [one, other] = [sysmem.bind(root), sysmem.bind(token)];
  one.setConstraints(raw(CPU_READ, 4_096n, 4_096n));
  const waiting = one.waitForBuffers().then(
    () => "none",
    (error: { code?: string }) => error.code ?? JSON.stringify(error),
  );
  other.setConstraints(raw(CPU_READ, 8_192n));
  return waiting;
}

/** Buffers that a client has when something happens to it. It keeps them. */
export async function holdBuffers(sysmem: Sysmem): Promise<void> {
  const collection = sysmem.allocateNonSharedCollection();
  collection.setName("of the client that fails");
  collection.setConstraints(raw(CPU_READ, 4_096n));
  await collection.waitForBuffers();
}

/** A message that breaks the rules costs its sender the connection. */
export async function misbehave(sysmem: Sysmem): Promise<void> {
  sysmem.allocator.bindSharedCollection({});
  await sysmem.allocator.closed;
}
