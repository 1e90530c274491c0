/** `--trace FILE` and SYSMEM_TRACE: what was said, on either side, in a file that `sysmem fidl decode` reads. */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseTraceLine } from "#fidl";
import { Program, sysmem } from "./sysmem.ts";

let folder: string;
let server: Program | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysmem-trace-"));
});
afterEach(() => {
  server?.child.kill("SIGKILL");
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** `sent client fuchsia.sysmem2/BufferCollectionToken` and the like, for each message of a capture. */
function turns(path: string): string[] {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.flatMap((line) => {
    const parsed = parseTraceLine(line);
    if (!parsed.ok) throw new TypeError(parsed.error);
    if (parsed.value.kind === "header") return [];
    const { direction, side, protocol } = parsed.value.message;
    return `${direction} ${side} ${protocol}`;
  });
}

describe("captures of messages", () => {
  it("are written by the server for --trace and by clients for SYSMEM_TRACE, and can be read by people", async () => {
    const svc = join(folder, "svc");
    const served = join(folder, "server.jsonl");
    const asked = join(folder, "clients.jsonl");
    server = new Program("sysmem.ts", ["serve", "--svc", svc, "--trace", served]);
    expect(JSON.parse(await server.firstLine())).toMatchObject({ event: "ready", svc });
    // Two clients, one after the other, append to the same file.
    for (const _ of [1, 2]) {
      const client = new Program("client.ts", [], { SYSMEM_SVC: svc, SYSMEM_TRACE: asked });
      expect(await client.end(), client.stderr).toBe(0);
    }
    server.child.kill("SIGTERM");
    expect(await server.end(), server.stderr).toBe(0);

    const oneClient = turns(asked).slice(0, turns(asked).length / 2);
    expect(turns(asked)).toEqual([...oneClient, ...oneClient]);
    expect(oneClient).toContain("sent client fuchsia.sysmem2/Allocator");
    expect(oneClient).toContain("received client fuchsia.sysmem2/BufferCollectionToken");
    expect(turns(served)).toContain("received server fuchsia.sysmem2/Allocator");
    expect(turns(served)).toHaveLength(turns(asked).length);
    expect(statSync(served).mode & 0o777).toBe(0o600);

    const decoded = await sysmem("fidl", "decode", served);
    expect(decoded.status, decoded.err).toBe(0);
    expect(decoded.out).toContain("AllocateSharedCollection");
    expect(decoded.out).toContain("Sync");
  });

  it("are refused before anything starts where they cannot be written", async () => {
    const path = join(folder, "absent", "file");
    const { status, err } = await sysmem("serve", "--svc", join(folder, "svc"), "--trace", path);
    expect(status).toBe(1);
    expect(err).toMatch(/^sysmem: cannot write the capture .*absent.file: no such file/);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});
