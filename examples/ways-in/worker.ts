/** Worker threads: each has a connection of its own, and fails alone. */
import { once } from "node:events";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { Sysmem } from "sysmem";
import { withServer } from "./programs.ts";
import { takePart } from "./take-part.ts";

if (isMainThread) {
  await withServer(async (svc) => {
    const worker = new Worker(new URL("thread.mjs", import.meta.url), { workerData: { svc } });
    await once(worker, "exit");
    const sysmem = Sysmem.connect({ svc });
    await takePart(sysmem, "the main thread");
    sysmem.close();
  });
} else {
  const sysmem = Sysmem.connect({ svc: workerData.svc, name: "example thread" });
  await takePart(sysmem, "a worker thread");
  sysmem.close();
}
