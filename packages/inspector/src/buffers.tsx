/** The buffers that exist, and whose processes hold them. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ask, type CollectionDetail, type Holder } from "./api.ts";
import { bytes } from "./format.ts";

interface Holders {
  readonly holders: readonly Holder[];
  readonly hidden_processes: number;
}

/** Buffers and holders of a collection. Holders are looked for when this is opened, and again when asked. */
export function Buffers(props: {
  id: string;
  detail: CollectionDetail;
  isGone: boolean;
  version: string;
}): JSX.Element {
  const { id, detail, isGone, version } = props;
  const found = useSignal<Holders | undefined>(undefined);
  const asked = useSignal(0);
  useEffect(() => {
    if (isGone) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      void ask<Holders>(`collections/${id}/holders`, abort.signal).then((answer) => {
        if (answer !== undefined && !abort.signal.aborted) found.value = answer;
      });
    }, 100);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [id, version, isGone, asked.value]);

  const holders = found.value?.holders ?? [];
  const channels = holders.filter(({ kind }) => kind === "CHANNEL");
  return (
    <div>
      <div class="tools">
        <button type="button" disabled={isGone} onClick={() => asked.value++}>
          Look again who holds what
        </button>
        {found.value !== undefined && found.value.hidden_processes > 0 && (
          <span class="facts">{found.value.hidden_processes} processes of others could not be looked into</span>
        )}
      </div>
      {detail.buffers.length === 0 && <p class="hint">There are no buffers {isGone ? "any more" : "yet"}.</p>}
      <div class="cards">
        {detail.buffers.map((buffer) => {
          const mine = holders.filter(({ buffer_index, kind }) => buffer_index === buffer.index && kind !== "CHANNEL");
          return (
            <section key={buffer.index} class="card" aria-label={`Buffer ${buffer.index}`}>
              <h3>
                Buffer {buffer.index}
                {buffer.is_strong_side_gone && <span class="badge bad">weak VMOs only</span>}
              </h3>
              <p class="facts">
                {bytes(buffer.size_bytes)} · inode {buffer.inode} · {buffer.strong_vmos} strong and {buffer.weak_vmos}{" "}
                weak VMOs handed out
              </p>
              <HolderTable holders={mine} />
            </section>
          );
        })}
      </div>
      {channels.length > 0 && (
        <section class="card" aria-label="Channels">
          <h3>Channels</h3>
          <HolderTable holders={channels} />
        </section>
      )}
    </div>
  );
}

function HolderTable({ holders }: { holders: readonly Holder[] }): JSX.Element {
  if (holders.length === 0) return <p class="hint">Nobody was found.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">process</th>
          <th scope="col">holds</th>
          <th scope="col">received by</th>
        </tr>
      </thead>
      <tbody>
        {holders.map((holder, at) => (
          // Holders have no name of their own, and the list is replaced as a whole.
          <tr key={at}>
            <td>
              {holder.pid === undefined ? "nobody that can be seen" : `${holder.pid} ${holder.command ?? ""}`}
              {holder.kind === "SERVER" && " (sysmem)"}
            </td>
            <td>{holds(holder)}</td>
            <td>
              {holder.client}
              {holder.receiver_pid !== undefined && ` (pid ${holder.receiver_pid})`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function holds({ kind, descriptor, start, end, is_writable, is_weak }: Holder): string {
  const strength = is_weak === undefined ? "" : is_weak ? "weak, " : "strong, ";
  const access = is_writable === true ? "read-write" : "read-only";
  switch (kind) {
    case "DESCRIPTOR":
      return `${strength}descriptor ${descriptor}, ${access}`;
    case "MAPPING": {
      const size = BigInt(end ?? 0) - BigInt(start ?? 0);
      return `${strength}mapping of ${bytes(Number(size))} at 0x${BigInt(start ?? 0).toString(16)}, ${access}`;
    }
    case "CHANNEL":
      return `channel, descriptor ${descriptor}`;
    case "SERVER":
      return "keeps it for the strong nodes";
    case "NOT_FOUND":
      return `${strength}VMO in flight, or with a process that may not be looked into`;
  }
}
