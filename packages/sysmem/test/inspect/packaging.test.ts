/** What is installed beside the program fits the program. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { servedProtocols } from "#daemon";
import { runMan } from "../../src/cli/commands/man.ts";

const packaging = fileURLToPath(new URL("../../../../packaging/", import.meta.url));
const read = (path: string) => readFileSync(join(packaging, path), "utf8");

it("the socket units listen for every protocol that the server serves, and for no other", () => {
  const units = read("systemd/sysmem.socket") + read("systemd/sysmem-private.socket");
  const sockets = [...units.matchAll(/^ListenSequentialPacket=\/run\/sysmem\/svc\/(.+)$/gm)].map(([, name]) => name);
  expect(sockets.sort()).toEqual([...servedProtocols].sort());
});

it("what only the server's user may use is in the private unit", () => {
  const text = read("systemd/sysmem-private.socket");
  expect(text).toContain("SocketMode=0600");
  for (const name of ["sysmem.inspect.Inspector", "fuchsia.hardware.sysmem.Sysmem"]) expect(text).toContain(name);
});

it("the dashboard asks for metrics that there are, and for all of them", () => {
  const source = readFileSync(new URL("../../src/daemon/metrics.ts", import.meta.url), "utf8");
  const there = new Set([...source.matchAll(/name: "(sysmem_\w+)"/g)].map(([, name]) => name));
  const asked = [...read("grafana/sysmem.json").matchAll(/\b(sysmem_\w+?)(?:_bucket)?\b(?=[\s[)({"\\]|$)/g)].map(
    ([, name]) => name,
  );
  expect([...new Set(asked)].sort()).toEqual([...there].sort());
});

it.skipIf(spawnSync("groff", ["--version"]).status !== 0)(
  "the manual pages are roff without a warning (needs groff)",
  () => {
    const folder = join(packaging, "man");
    const pages = readdirSync(folder);
    const { stdout, stderr } = spawnSync("groff", ["-man", "-Tutf8", "-ww", "-rLL=80n", ...pages], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: bold is a letter over itself, underline one over a line.
    const text = stdout.replaceAll(/.\u0008/g, "");
    for (const name of pages) expect(text.replaceAll(/ +/g, " ")).toContain(`${name.replace(/\.1$/, "")} - `);
    expect(text).toContain("<(sysmem completion bash)");
  },
);

it("the manual pages are those that the commands' help makes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sysmem-man-"));
  try {
    const golden = join(packaging, "man");
    if (process.env["UPDATE_GOLDENS"]) await runMan({}, golden);
    await runMan({}, folder);
    expect(readdirSync(golden).sort()).toEqual(readdirSync(folder).sort());
    for (const name of readdirSync(folder))
      expect(read(`man/${name}`), name).toBe(readFileSync(join(folder, name), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
