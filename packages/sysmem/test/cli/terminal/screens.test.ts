/** What `sysmem top` and `sysmem tree` look like in a real terminal. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { PixelFormat } from "#gen/fuchsia_images2";
import { image, raw } from "../../inspect/constraints.ts";
import { World } from "../../inspect/world.ts";
import { has, Terminal } from "./terminal.ts";

const TIMEOUT_MS = 120_000;

describe.skipIf(!has("tmux"))("in a terminal (needs tmux)", () => {
  const world = new World();
  const terminals: Terminal[] = [];
  const open = async (...args: Parameters<typeof Terminal.open>): Promise<Terminal> => {
    const terminal = await Terminal.open(...args);
    terminals.push(terminal);
    return terminal;
  };
  afterEach(async () => {
    for (const terminal of terminals.splice(0)) await terminal.close();
    await world.clear();
  });
  afterAll(() => world.close());

  it("sysmem top follows what happens, fits any size, and leaves the screen as it was", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const terminal = await open(["sh"], { SYSMEM_SVC: world.svc, PS1: "prompt> " });
    await terminal.type("echo before; sysmem top --interval 0.05; echo after $?", "Enter");
    await terminal.shows("no collections");
    expect(await terminal.screen()).toMatch(
      /^sysmem \S+, pid \d+, up .*; 0 collections; 0 waiting; 0 B\nheaps: nothing in use/,
    );
    const root = world.collection("frames");
    const camera = world.local("camera", await root.duplicate(), image(PixelFormat.NV12));
    world.local("display", root);
    const waiting = await terminal.shows("waiting for 1 of 2");
    expect(waiting).toMatch(/^ID +NAME +STATE +BUFFERS +SIZE +FORMAT +NODES +VMOS +AGE/m);
    // A head in bold, a waiting collection in yellow.
    expect(await terminal.colours()).toMatch(/\u001b\[1mID/);
    expect(await terminal.colours()).toMatch(/\u001b\[33mwaiting for 1 of 2/);
    await terminal.resize(40, 6);
    const narrow = await terminal.shows(/^sysmem .{1,33}\n/);
    expect(Math.max(...narrow.split("\n").map((line) => line.length))).toBeLessThanOrEqual(40);
    await terminal.resize(100, 30);
    camera.node.close();
    await terminal.shows("no collections");
    await terminal.type("C-c");
    const after = await terminal.shows("after 0");
    expect(after).toMatch(/before\nafter 0/);
  });

  it("sysmem top ends with a word when the server does", { timeout: TIMEOUT_MS }, async () => {
    const dying = new World();
    const terminal = await open(["sh"], { SYSMEM_SVC: dying.svc });
    await terminal.type("sysmem top --interval 0.05; echo after $?", "Enter");
    await terminal.shows("no collections");
    await dying.close();
    const screen = await terminal.shows("after 1");
    expect(screen.replaceAll("\n", "")).toContain("does not answer");
  });

  it("sysmem tree draws the tree, and names cannot reach into the terminal", { timeout: TIMEOUT_MS }, async () => {
    const root = world.collection("日本語 \u001b[2J\u001b]0;title\u0007");
    world.local("camera\u202e", await root.duplicate(), raw());
    await world.local("カメラ", root).sync();
    const terminal = await open(["sh"], { SYSMEM_SVC: world.svc });
    await terminal.type("clear; echo before; sysmem tree; sysmem ls; echo after", "Enter");
    const screen = await terminal.shows(/^after$/m);
    expect(screen).toMatch(/^before$/m);
    expect(screen).toMatch(/^collection \d+ "日本語 .*": waiting for 1 of 2$/m);
    expect(screen).toMatch(/^カメラ +collection +#\d+ +pid \d+/m);
    expect(screen).toMatch(/^└─ camera\? +collection +#\d+ +pid \d+ .*ready$/m);
  });

  it("columns stay aligned below wide characters", { timeout: TIMEOUT_MS }, async () => {
    for (const name of ["日本語", "plain", "é́combined"]) await world.local("client", world.collection(name)).sync();
    const terminal = await open(["sh"], { SYSMEM_SVC: world.svc }, { columns: 160 });
    await terminal.type("clear; sysmem ls; echo after", "Enter");
    const rows = (await terminal.shows(/^after$/m)).split("\n").filter((line) => /waiting|STATE/.test(line));
    expect(rows).toHaveLength(4);
    // What a terminal shows: a wide character is followed by nothing, and takes two columns.
    const columns = (line: string): number =>
      [
        ...line
          .slice(0, line.search(/waiting|STATE/))
          .normalize("NFC")
          .replaceAll(/\p{M}/gu, "")
          .replaceAll(/[\u3000-\u9fff]/g, "xx"),
      ].length;
    expect(new Set(rows.map(columns)).size).toBe(1);
  });
});
