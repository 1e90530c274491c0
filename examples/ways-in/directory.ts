/** The usual way: a socket in the service directory, `$SYSMEM_SVC` or the one named here. */
import { Sysmem } from "sysmem";
import { withServer } from "./programs.ts";
import { takePart } from "./take-part.ts";

await withServer(async (svc) => {
  const sysmem = Sysmem.connect({ svc, name: "example" });
  await takePart(sysmem, "the service directory");
  sysmem.close();
});
