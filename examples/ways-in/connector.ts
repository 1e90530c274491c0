/**
 * DriverConnector: a client makes the channel itself and sends the server's end over a connection that it has already. So one
 * connection, given to a process that can reach no directory, gives it as many Allocators as it wants.
 */
import { join } from "node:path";
import { Sysmem } from "sysmem";
import { DriverConnector } from "sysmem/gen/fuchsia_hardware_sysmem";
import { Allocator } from "sysmem/gen/fuchsia_sysmem2";
import { withServer } from "./programs.ts";
import { takePart } from "./take-part.ts";

await withServer(async (svc) => {
  const first = Sysmem.connect({ svc });
  const { kernel } = first;
  const connector = DriverConnector.bind(kernel.connect(join(svc, `${DriverConnector.discoverableName}`)));
  first.close();

  const [client, server] = Allocator.createEndpoints(kernel);
  connector.connectV2({ allocatorRequest: server });
  const sysmem = Sysmem.over(client.take(), { name: "example" });
  await takePart(sysmem, "DriverConnector");
  sysmem.close();
  connector.close();
});
