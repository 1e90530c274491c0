/**
 * A heap in a process of its own. `HeapServer` keeps track of who holds what; this program only makes memory and takes
 * it back.
 *
 *     node --import tsx examples/heap/heap.ts SERVICE_DIRECTORY
 */
import { HeapServer } from "sysmem";

const heap = HeapServer.register({
  heapType: "fuchsia.goldfish.platform.sysmem.heap.HEAP_TYPE.HOST_VISIBLE",
  svc: process.argv[2] ?? "",
  domains: { cpu: true, ram: true },
  makeMemory({ sizeBytes, bufferIndex }, kernel) {
    say(`makes buffer ${bufferIndex}: ${sizeBytes} bytes`);
    return kernel.createMemory(sizeBytes, { name: `example-heap:${bufferIndex}` });
  },
  releaseMemory(_memory, { bufferIndex }) {
    // Nobody can touch it any more, in any process. A real heap tells its device now.
    say(`releases buffer ${bufferIndex}`);
  },
});
say("is registered");

// Until the server ends. Participants may outlive it: their memory is released last.
await heap.closed;
await heap.whenIdle();
say("is idle and ends");

function say(what: string): void {
  process.stdout.write(`heap: ${what}\n`);
}
