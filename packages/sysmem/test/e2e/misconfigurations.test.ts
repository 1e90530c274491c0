/**
 * Mistakes of which processes are a part, with nothing of them in this process: the daemon, each participant and the
 * command that has to name the culprit run as their users run them. Nothing of any of it may stay in the server.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Rights } from "#base";
import { raw, READS } from "../inspect/constraints.ts";
import { RealWorld } from "./real-world.ts";

const MIB = 1_048_576;
/** Three programs start in each, on machines that do other things as well. */
const TIMEOUT_MS = 60_000;

const world = new RealWorld();
let idle: readonly string[];

beforeAll(() => world.start(`[quotas_per_process]\nbytes = ${MIB}\n`), TIMEOUT_MS);
beforeAll(async () => {
  idle = await world.held();
}, TIMEOUT_MS);
afterEach(async () => {
  await world.clear();
  expect(await world.held()).toEqual(idle);
}, TIMEOUT_MS);
afterAll(async () => {
  const exceptions = world.lines().filter(({ msg }) => typeof msg === "string" && msg.includes("exception"));
  expect(exceptions).toEqual([]);
  expect(await world.stop()).toEqual({ status: 0, left: [] });
}, TIMEOUT_MS);

describe("sysmem explain names the process at fault, and the field", { timeout: TIMEOUT_MS }, () => {
  it("for a participant that never sends constraints", async () => {
    const root = world.collection("silent");
    const sleepy = world.participant("bind", "sleepy", await root.duplicate());
    const ready = world.participant("constrain", "ready", root, raw());
    await Promise.all([sleepy.says("bound"), ready.says("constrained")]);
    const { out, status } = await world.sysmem("explain", "silent");
    expect(status).toBe(0);
    expect(out).toContain(
      `waiting: sleepy (pid ${sleepy.pid}) has not sent SetConstraints [BufferCollection.SetConstraints]`,
    );
    expect(out).toContain(`its channel is held by pid ${sleepy.pid} (node participant.ts)`);
    expect(out).not.toContain(`pid ${ready.pid}`);
  });

  it("for a participant that was killed, with the tree as it was", async () => {
    const root = world.collection("killed");
    const victim = world.participant("constrain", "victim", await root.duplicate(), raw());
    const other = world.participant("constrain", "other", await root.duplicate());
    // The root's holder does nothing: nobody gets anything before the end.
    const idler = world.participant("bind", "idler", root);
    await Promise.all([victim.says("constrained"), other.says("constrained"), idler.says("bound")]);
    await victim.kill();
    const text = await world.until('"killed"', "explain");
    expect(text).toContain(`participant: victim, pid ${victim.pid}\nfield: Node.Release\n`);
    expect(text).toContain(`victim (pid ${victim.pid}) ended without Release: its process is gone`);
    const tree = (await world.sysmem("tree", "last")).out;
    expect(tree).toMatch(new RegExp(`─ victim  collection  #\\d+  pid ${victim.pid}  ready .* failed first$`, "m"));
    expect(tree).toMatch(
      new RegExp(`^idler  collection  #\\d+  pid ${idler.pid} \\(node .*\\)  waiting for SetConstraints$`, "m"),
    );
    expect(
      await world.logged({ client: "victim", pid: victim.pid, collection: "killed", cause: "unclean close" }),
    ).toBe(true);
  });

  it("for rights that were taken away", async () => {
    const root = world.collection("rights");
    const token = await root.duplicate({ rights: Rights.READ | Rights.MAP | Rights.TRANSFER });
    const writer = world.participant("constrain", "writer", token, raw());
    const reader = world.participant("constrain", "reader", root, raw({ usage: READS }));
    await Promise.all([writer.says("allocated"), reader.says("allocated")]);
    const { out } = await world.sysmem("explain", "rights");
    expect(out).toMatch(
      new RegExp(`^problem: writer \\(pid ${writer.pid}\\) has .*usage, but its VMOs cannot be written`, "m"),
    );
    expect(out).toContain("taken away by reader, who made its token [rights_attenuation_mask]");
  });

  it("for a quota of one node that is used up", async () => {
    const root = world.collection("trackers");
    const flood = world.participant("flood", "flood", await root.duplicate(), raw());
    const other = world.participant("bind", "other", root);
    await Promise.all([flood.says("closed"), other.says("bound").catch(() => {})]);
    const text = await world.until('"trackers"', "explain");
    expect(text).toContain(`participant: flood, pid ${flood.pid}\nfield: AttachNodeTracking\n`);
    expect(text).toContain("more than 256 AttachNodeTracking on one node");
  });

  it("for a quota of a process that is used up, by the name that sysmem heaps has for it", async () => {
    const root = world.collection("greedy");
    const large = raw({ bufferMemoryConstraints: { minSizeBytes: BigInt(MIB) } });
    world.participant("constrain", "greedy", await root.duplicate(), large);
    world.participant("constrain", "other", root, raw());
    const text = await world.until('"greedy"', "explain");
    // Who made the collection answers for it: here this process.
    expect(text).toContain(`process: pid ${process.pid}\nfield: perProcess.bytes\n`);
    expect(text).toContain(`quota of bytes is used up by process ${process.pid} of user`);
    expect((await world.sysmem("heaps")).out).toMatch(/^perProcess\.bytes +0 B +1\.0 MiB/m);
  });
});

describe("sysmem why-alive names the process at fault, and what it holds", { timeout: TIMEOUT_MS }, () => {
  it("for memory that is kept by a mapping", async () => {
    const root = world.collection("leak");
    const leaker = world.participant("leak", "leaker", await root.duplicate(), raw({ minBufferCountForCamping: 2 }));
    const other = world.participant("leave", "other", root, raw());
    await Promise.all([leaker.says("released"), other.says("released")]);
    const text = await world.until('"leak": draining, 3 buffers', "why-alive", "leak");
    expect(text).toMatch(
      new RegExp(`^ +${leaker.pid} +node participant.ts +0-2 +3 mappings \\(strong\\) +leaker$`, "m"),
    );
    expect(text).not.toContain(`${other.pid}`);
    await leaker.kill();
    await world.until("no collections", "ls");
  });
});

it("the daemon's memory files are gone with those who used them", () => {
  const folder = `/proc/${world.pid}/fd`;
  const links = readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`));
  expect(links.filter((link) => link.startsWith("/memfd:sysmem"))).toEqual([]);
});
