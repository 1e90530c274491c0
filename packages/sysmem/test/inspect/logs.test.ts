/** A server's log through a whole scenario: whoever reads one line knows which collection, node, client and process. */
import { pino } from "pino";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { PixelFormat } from "#gen/fuchsia_images2";
import { image, raw } from "./constraints.ts";
import { World } from "./world.ts";

type Line = Readonly<Record<string, unknown>> & { readonly msg: string };

const lines: Line[] = [];
/** As the daemon's own, with nothing left out. */
const logger = pino({ level: "trace" }, { write: (text: string) => void lines.push(JSON.parse(text) as Line) });
const world = new World({ logger });
afterEach(async () => {
  await world.clear();
  lines.length = 0;
});
afterAll(() => world.close());

/** The lines that say this, once there is one. */
async function said(words: string): Promise<Line[]> {
  await world.until(() => lines.some(({ msg }) => msg.includes(words)));
  return lines.filter(({ msg }) => msg.includes(words));
}

/** Lines of the server about its clients: all but those about the machine. */
function aboutClients(): Line[] {
  return lines.filter(
    ({ area, msg }) => area === "server" && !msg.startsWith("buffers that must be physically contiguous"),
  );
}

describe("every line about a client", () => {
  it("names it and its process, and the collection and the node that it is about", async () => {
    // Two agree, and tell everything; one leaves in good order, the other is killed.
    const agreed = world.collection("agreed");
    agreed.node.setVerboseLogging();
    const victim = world.participant("constrain", "victim", await agreed.duplicate(), raw());
    const survivor = world.local("survivor", agreed, raw());
    await victim.says("allocated");
    await victim.kill();
    await survivor.closed;
    // Two that do not agree.
    const bad = world.collection("bad");
    world.local("sensor", await bad.duplicate(), image(PixelFormat.NV12));
    world.local("panel", bad, image(PixelFormat.B8G8R8A8));
    await world.failed("bad");
    // One that breaks the rules on its collection, one on its Allocator, one with a token that is nobody's.
    const rude = world.local("rude", world.collection("rude"), raw());
    rude.setConstraints(raw());
    await rude.closed;
    const careless = world.connect("careless");
    careless.allocator.getVmoInfo({}).catch(() => {});
    careless.allocator.bindSharedCollection({});
    await careless.allocator.closed;
    const [stranger, other] = world.kernel.createChannel();
    await world.connect("lost").bind(stranger).closed;
    other.close();
    // One that has never said its name, and one that leaves nothing behind.
    const last = world.local("", world.collection("quiet"), raw());
    (await last.waitForBuffers()).close();
    last.release();

    await said("the last client of this collection has left");
    await said("with a token that is not known");
    await world.clear();
    await said("an Allocator is closed");

    const messages = new Set(aboutClients().map(({ msg }) => msg));
    for (const one of ["SetConstraints", "settings decided", "allocation failed", "this collection fails"]) {
      expect(
        [...messages].some((msg) => msg.includes(one)),
        one,
      ).toBe(true);
    }
    for (const line of aboutClients()) {
      const said = JSON.stringify(line);
      expect([process.pid, victim.pid], said).toContain(line["pid"]);
      expect(line, said).toMatchObject({ client: expect.any(String), clientId: expect.stringMatching(/^\d+$/) });
      if (/Allocator is closed|token that is not known/.test(line.msg)) continue;
      expect(line, said).toMatchObject({
        collectionId: expect.stringMatching(/^\d+$/),
        collection: expect.any(String),
        nodeId: expect.any(Number),
      });
    }
    const by = (words: string, client: string) =>
      lines.some((one) => one.msg.includes(words) && one["client"] === client);
    expect(by("protocol deviation: this Allocator is closed", "careless")).toBe(true);
    expect(by("with a token that is not known", "lost")).toBe(true);
    expect(by("protocol deviation: this channel is closed", "rude")).toBe(true);
    expect(lines.find((one) => one["cause"] === "unclean close")).toMatchObject({
      client: "victim",
      pid: victim.pid,
      collection: "agreed",
    });
  });
});
