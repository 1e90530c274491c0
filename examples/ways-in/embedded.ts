/** Embedded: the server runs in the client's own process. */
import { Sysmem } from "sysmem";
import { takePart } from "./take-part.ts";

const sysmem = await Sysmem.embedded({ name: "example" });
await takePart(sysmem, "the process itself");
await sysmem.shutdown();
