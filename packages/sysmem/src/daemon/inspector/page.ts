/** The files of the page, as they were built. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { DaemonError } from "../errors.ts";

/** One file. */
export interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};

/** The sources and what is built of them lie equally deep. */
const FOLDER = new URL("../../../assets/inspector/", import.meta.url);

/** Every file by its path in requests. Nothing else is ever read, whatever a request asks for. Throws `DaemonError`. */
export function loadPage(folder: URL = FOLDER): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  try {
    for (const name of readdirSync(folder)) {
      const type = TYPES[name.split(".").at(-1) ?? ""];
      if (type === undefined) continue;
      const body = new Uint8Array(readFileSync(new URL(name, folder)));
      const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
      files.set(name === "index.html" ? "/" : `/${name}`, { body, type, etag });
    }
  } catch (error) {
    throw new DaemonError("INSPECTOR", `cannot read the inspector's page: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return files;
}
