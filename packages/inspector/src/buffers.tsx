/** The buffers that exist, and whose processes hold them. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { ask, type CollectionDetail, type Holder } from "./api.ts";
import { bytes, clientName } from "./format.ts";
import { Gallery } from "./gallery.ts";
import { Picture } from "./picture.tsx";
import { server } from "./store.ts";

const SIZE = /^\d{1,5}x\d{1,5}$/;

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

  const isAllowed = server.value?.thumbnails_allowed === true;
  const isLive = useSignal(false);
  const image = useSignal("");
  const gallery = useMemo(() => (isAllowed && !isGone ? new Gallery(id) : undefined), [id, isAllowed, isGone]);
  useEffect(() => () => gallery?.close(), [gallery]);
  useEffect(
    () => gallery?.restart(isLive.value, SIZE.test(image.value) ? image.value : ""),
    [gallery, isLive.value, image.value, asked.value],
  );

  const holders = found.value?.holders ?? [];
  const channels = holders.filter(({ kind }) => kind === "CHANNEL");
  return (
    <div>
      <div class="tools">
        <button type="button" disabled={isGone} onClick={() => asked.value++}>
          Look again
        </button>
        {gallery === undefined ? (
          <span class="facts">
            {isGone ? "" : "Pictures are off: sysmem serve --thumbnails shows them to everybody who sees this page."}
          </span>
        ) : (
          <>
            <label>
              <input
                type="checkbox"
                checked={isLive.value}
                onChange={(event) => {
                  isLive.value = event.currentTarget.checked;
                }}
              />{" "}
              Pictures every second
            </label>
            <label>
              of images of{" "}
              <input
                class="size"
                placeholder="as settings say"
                value={image.value}
                aria-invalid={image.value !== "" && !SIZE.test(image.value)}
                title="WIDTHxHEIGHT in pixels, where participants draw smaller images than the settings are for"
                onInput={(event) => {
                  image.value = event.currentTarget.value.trim();
                }}
              />
            </label>
          </>
        )}
        {found.value !== undefined && found.value.hidden_processes > 0 && (
          <span class="facts">{found.value.hidden_processes} processes of others could not be looked into</span>
        )}
      </div>
      {detail.buffers.length === 0 && <p class="hint">There are no buffers {isGone ? "any more" : "yet"}.</p>}
      <div class="cards">
        {detail.buffers.map((buffer) => {
          const mine = holders.filter(({ buffer_index, kind }) => buffer_index === buffer.index && kind !== "CHANNEL");
          return (
            <section
              key={buffer.index}
              class="card"
              aria-label={`Buffer ${buffer.index}`}
              data-index={buffer.index}
              ref={gallery?.watch ?? null}
            >
              <h3>
                Buffer {buffer.index}
                {buffer.is_strong_side_gone && <span class="badge bad">weak VMOs only</span>}
              </h3>
              <p class="facts">
                {bytes(buffer.size_bytes)} · inode {buffer.inode} · {buffer.strong_vmos} strong and {buffer.weak_vmos}{" "}
                weak VMOs handed out
              </p>
              <div class="beside">
                {gallery !== undefined && (
                  <Picture index={buffer.index} thumbnail={gallery.pictures.value.get(buffer.index)} />
                )}
                <HolderTable holders={mine} isKnown={found.value !== undefined} />
              </div>
            </section>
          );
        })}
      </div>
      {channels.length > 0 && (
        <section class="card" aria-label="Channels">
          <h3>Channels</h3>
          <HolderTable holders={channels} isKnown />
        </section>
      )}
    </div>
  );
}

function HolderTable({ holders, isKnown }: { holders: readonly Holder[]; isKnown: boolean }): JSX.Element {
  if (holders.length === 0) return <p class="hint">{isKnown ? "Nobody was found." : "Looking for holders …"}</p>;
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
            <td>{isOwnLook(holder) ? "reads it for the picture" : holds(holder)}</td>
            <td>
              {clientName(holder.client)}
              {holder.receiver_pid !== undefined && ` (pid ${holder.receiver_pid})`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The server maps a buffer for as long as it makes a picture of it. */
function isOwnLook({ kind, pid }: Holder): boolean {
  return kind === "MAPPING" && pid !== undefined && pid === server.value?.pid;
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
