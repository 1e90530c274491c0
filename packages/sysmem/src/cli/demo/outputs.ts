/** The files that the demo writes: whether they can be, before anything is started, and what becomes of halves of them. */
import { constants } from "node:fs";
import { access, realpath, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DemoError } from "./errors.ts";

/** What the user wants to keep. */
export interface WantedOutputs {
  readonly out?: string | undefined;
  readonly sheet?: string | undefined;
}

/** Files that can be written, as far as can be said beforehand. */
export class DemoOutputs {
  /** Where the contact sheet goes; undefined: nobody asked for one, and the usual place is somebody else's. */
  readonly sheet: string | undefined;
  /** Those that did not exist before. */
  readonly #fresh: readonly string[];

  private constructor(sheet: string | undefined, fresh: readonly string[]) {
    this.sheet = sheet;
    this.#fresh = fresh;
  }

  /** Throws `DemoError` when a file that the user named cannot be written, or is also something else. */
  static async prepare(video: string | undefined, wanted: WantedOutputs, usualSheet: string): Promise<DemoOutputs> {
    const named = [wanted.out, wanted.sheet].filter((path) => path !== undefined);
    const fresh: string[] = [];
    const used = new Set(video === undefined ? [] : [await identityOf(video)]);
    for (const path of named) {
      const why = await obstacleTo(path);
      if (why !== undefined) throw new DemoError(`cannot write ${path}: ${why}`);
      const identity = await identityOf(path);
      if (used.has(identity)) throw new DemoError(`cannot write ${path}: it is used for something else here`);
      used.add(identity);
      if (!(await exists(path))) fresh.push(path);
    }
    if (wanted.sheet !== undefined) return new DemoOutputs(wanted.sheet, fresh);
    if ((await obstacleTo(usualSheet)) !== undefined) return new DemoOutputs(undefined, fresh);
    if (!(await exists(usualSheet))) fresh.push(usualSheet);
    return new DemoOutputs(usualSheet, fresh);
  }

  /** Removes what a run that broke off has begun. Files that were there before stay, as they are by now. */
  async discard(): Promise<void> {
    await Promise.all(this.#fresh.map((path) => rm(path, { force: true })));
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Two names of one existing file are the same. */
async function identityOf(path: string): Promise<string> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isFile() === true) return `${status.dev}:${status.ino}`;
  const folder = await realpath(dirname(path)).catch(() => dirname(path));
  return `${folder}/${path.split("/").at(-1)}`;
}

/** Why a file cannot be written; undefined where nothing speaks against it. */
async function obstacleTo(path: string): Promise<string | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory() === true) return "it is a folder";
  const folder = dirname(path);
  try {
    if (status === undefined && !(await stat(folder)).isDirectory()) return `${folder} is no folder`;
    await access(status === undefined ? folder : path, constants.W_OK);
    return undefined;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (status === undefined && code === "ENOENT") return `there is no folder ${folder}`;
    if (status === undefined && code === "ENOTDIR") return `${folder} is in no folder`;
    return code === "EACCES" || code === "EROFS" ? "this user may not" : String(code);
  }
}
