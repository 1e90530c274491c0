import { createLinuxKernel } from "#kernel";
import { startProgram } from "./spawn.ts";
import { once } from "node:events";
const kernel = createLinuxKernel();
for (let i = 0; i < 8; i++) {
  const p = startProgram(kernel, "worker-host.ts", process.argv[2], "terminate");
  await p.received.packet(0);
  const [c, s] = await once(p.process, "exit");
  console.log(c, s);
  p.received.close();
}
kernel.close();
process.exit(0);
