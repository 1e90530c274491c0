/** The second participant, in a process of its own: gets tokens over an inherited channel. */
import { inheritedChannel, Sysmem } from "sysmem";
import { inbox, leave, NOTE, takePart } from "./participant.mjs";

const setup = JSON.parse(process.argv[2]);
const sysmem = Sysmem.connect({ svc: setup.svc, name: "partner" });
const friend = inheritedChannel("BENCH_FRIEND_FD");
const next = inbox(friend);
for (;;) {
  const handles = await next();
  if (handles === undefined) break;
  const part = await takePart(sysmem, handles[0], setup);
  friend.write(NOTE, []);
  await next();
  leave(part);
  friend.write(NOTE, []);
}
sysmem.close();
