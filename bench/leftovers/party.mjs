/** Two participants in one process that go as far as they are told and stay there until they are killed or released. */
import { Sysmem } from "sysmem";
import { constraints } from "../allocation/participant.mjs";

const { svc, name, buffers, width, height, stage } = JSON.parse(process.argv[2]);
const sysmem = Sysmem.connect({ svc, name: "party" });
/** What must not be collected. */
const kept = [];

async function go() {
  const token = sysmem.allocateSharedCollection();
  token.node.setName({ priority: 1, name });
  const other = await token.duplicate();
  kept.push(token, other);
  if (stage === "token") return;
  const collections = [sysmem.bind(token), sysmem.bind(other)];
  kept.push(...collections);
  // The last to say what it needs sets the allocation going; at "constraints" it never does.
  const speakers = stage === "constraints" ? collections.slice(1) : collections;
  for (const collection of speakers) collection.setConstraints(constraints(buffers, width, height));
  const waits = speakers.map((collection) => collection.waitForBuffers());
  for (const wait of waits) wait.catch(() => {});
  if (stage === "constraints") return collections[1].sync();
  if (stage === "allocating") return;
  const all = await Promise.all(waits);
  kept.push(...all);
  for (const shared of all) for (const buffer of shared) buffer.bytes()[0] = 1;
  if (stage === "closed-but-mapped") for (const shared of all) for (const { vmo } of shared) vmo.close();
  if (stage === "released") for (const collection of collections) collection.release();
}

process.on("message", async () => {
  await go();
  process.send(kept.length);
});
process.once("disconnect", () => process.exit(0));
process.send("ready");
