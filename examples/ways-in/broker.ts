/** A broker listens under the same names in a directory of its own; its clients need not know. */
import { join } from "node:path";
import { Sysmem } from "sysmem";
import { startSysmem, stop, withServer } from "./programs.ts";
import { takePart } from "./take-part.ts";

await withServer(async (upstream, folder) => {
  const svc = join(folder, "brokered");
  const broker = await startSysmem("broker", "--svc", svc, "--upstream", upstream);
  const sysmem = Sysmem.connect({ svc, name: "example" });
  await takePart(sysmem, "a broker");
  await stop(broker);
  // The broker is not between client and server.
  await takePart(sysmem, "a broker that is gone");
  sysmem.close();
});
