/** What is installed beside the program fits the program. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { servedProtocols } from "#daemon";
import { runMan } from "../../src/cli/commands/man.ts";

const packaging = fileURLToPath(new URL("../../../../packaging/", import.meta.url));
const read = (path: string) => readFileSync(join(packaging, path), "utf8");

it("the socket units listen for every protocol that the server serves, and for no other", () => {
  const units = read("systemd/sysmem.socket") + read("systemd/sysmem-private.socket");
  const sockets = [...units.matchAll(/^ListenSequentialPacket=\/run\/sysmem\/svc\/(.+)$/gm)].map(([, name]) => name);
  expect(sockets.sort()).toEqual([...servedProtocols].sort());
});

describe.skipIf(spawnSync("systemd-analyze", ["--version"]).status !== 0)("systemd (needs systemd-analyze)", () => {
  /** The units, with a program that is there in place of the installed one. */
  const installed = (): string => {
    const folder = mkdtempSync(join(tmpdir(), "sysmem-units-"));
    for (const name of readdirSync(join(packaging, "systemd"))) {
      writeFileSync(join(folder, name), read(`systemd/${name}`).replaceAll("/usr/bin/sysmem", "/bin/true"));
    }
    return folder;
  };

  it("finds nothing wrong with the units, and little that could be shut tighter", () => {
    const folder = installed();
    try {
      const units = readdirSync(folder).map((name) => join(folder, name));
      const verify = spawnSync("systemd-analyze", ["verify", "--man=no", ...units], { encoding: "utf8" });
      expect({ status: verify.status, said: verify.stdout + verify.stderr }).toEqual({ status: 0, said: "" });
      const service = join(folder, "sysmem.service");
      // In tenths: 0 is shut off from everything, 100 from nothing.
      const args = ["security", "--offline=true", "--no-pager", "--threshold=20", service];
      const security = spawnSync("systemd-analyze", args, { encoding: "utf8" });
      expect(security.status, security.stdout.split("\n").slice(-3).join("\n")).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it("what only the server's user may use is in the private unit", () => {
  const text = read("systemd/sysmem-private.socket");
  expect(text).toContain("SocketMode=0600");
  for (const name of ["sysmem.inspect.Inspector", "fuchsia.hardware.sysmem.Sysmem"]) expect(text).toContain(name);
});

it("the dashboard asks for metrics that there are, and for all of them", () => {
  const source = ["metrics", "pool-metrics"]
    .map((file) => readFileSync(new URL(`../../src/daemon/${file}.ts`, import.meta.url), "utf8"))
    .join("");
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
