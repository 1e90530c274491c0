/** Inherited descriptors: a parent gives its child the connection, and the child needs no directory. */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ALLOCATOR_VARIABLE, spawnWithChannels, Sysmem } from "sysmem";
import { takePart } from "./take-part.ts";

if (process.env[ALLOCATOR_VARIABLE] === undefined) {
  // The parent. Its own server will do; a connection to any other could be passed on as well.
  const host = await Sysmem.embedded();
  const arguments_ = [...process.execArgv, fileURLToPath(import.meta.url)];
  const child = spawnWithChannels(process.execPath, arguments_, { [ALLOCATOR_VARIABLE]: host.newAllocatorChannel() });
  await once(child, "exit");
  await host.shutdown();
} else {
  const sysmem = Sysmem.inherited({ name: "example child" });
  await takePart(sysmem, "an inherited descriptor");
  sysmem.close();
}
