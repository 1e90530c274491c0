/** The earlier generations at a real server's sockets: koids, descriptors and peer-closed come from the kernel here. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { Status } from "#base";
import { Sysmem } from "#client";
import { serve } from "#daemon";
import * as v1 from "#gen/fuchsia_sysmem";
import * as v2018 from "#gen/fuchsia_sysmem_v2018";
import { asVmo, createLinuxKernel, type LinuxKernel } from "#kernel";
import { v1Constraints } from "../server/v1/constraints.ts";
import { test } from "../support/leaks.ts";

async function withServer(use: (svc: string, kernel: LinuxKernel) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "sysmem-generations-"));
  const svc = join(root, "svc");
  const kernel = createLinuxKernel();
  const daemon = serve({ svc, kernel });
  try {
    await use(svc, kernel);
  } finally {
    await daemon.server.shutdown({ waitForBuffers: true });
    await daemon.close();
    kernel.close();
    rmSync(root, { recursive: true });
  }
}

test("2018: tokens find their peer by koid, and the last descriptor to close lets the allocation begin", () =>
  withServer(async (svc, kernel) => {
    const connect = () => v2018.Allocator.bind(kernel.connect(join(svc, v2018.Allocator.discoverableName as string)));
    const [coordinator, producer, consumer] = [connect(), connect(), connect()];
    const [token, tokenPeer] = kernel.createEventPair();
    const usage = (cpu: number) => ({ cpu, vulkan: 0, display: 0, video: 0 });
    const early = producer.bindSharedCollection({ usage: usage(v2018.cpuUsageWrite), token: token.duplicate() });
    const image = {
      minWidth: 64,
      minHeight: 32,
      layers: 1,
      pixelFormat: { type: 1 },
      colorSpace: { type: 1 },
    } as const;
    const shared = coordinator.allocateSharedCollection({ bufferCount: 2, spec: { image }, tokenPeer });
    const late = consumer.bindSharedCollection({ usage: usage(v2018.cpuUsageRead), token });
    expect(await shared).toEqual({ status: Status.OK });
    const [written, read] = (await Promise.all([early, late])).map(({ collection }) =>
      collection.vmos.flatMap((vmo) => (vmo === null ? [] : [asVmo(vmo)])),
    );
    expect(written?.map(({ inode }) => inode)).toEqual(read?.map(({ inode }) => inode));
    const mappings = [written?.[1]?.map({ writable: true }), read?.[1]?.map()];
    mappings[0]?.bytes.set([1, 2, 3]);
    expect([...(mappings[1]?.bytes.subarray(0, 3) ?? [])]).toEqual([1, 2, 3]);
    expect(() => read?.[1]?.map({ writable: true })).toThrow();
    for (const mapping of mappings) mapping?.unmap();
    for (const vmo of [...(written ?? []), ...(read ?? [])]) vmo.close();
    for (const allocator of [coordinator, producer, consumer]) allocator.close();
  }));

test("v1 and v2 share buffers, by a token that goes from the one to the other", () =>
  withServer(async (svc, kernel) => {
    const old = v1.Allocator.bind(kernel.connect(join(svc, v1.Allocator.discoverableName as string)));
    const present = Sysmem.connect({ svc, kernel });
    const { proxy: root, server } = v1.BufferCollectionToken.createProxy(kernel);
    old.allocateSharedCollection({ tokenRequest: server });
    const [end] = (await root.duplicateSync({ rightsAttenuationMasks: [0xffff_ffff] })).tokens;
    if (end === undefined) expect.fail("no token");
    const ofPresent = present.bind(end.take());
    const { proxy: ofOld, server: request } = v1.BufferCollection.createProxy(kernel);
    old.bindSharedCollection({ token: root.unbind(), bufferCollectionRequest: request });
    ofOld.setConstraints({
      hasConstraints: true,
      constraints: v1Constraints({ usage: { cpu: 4 }, minBufferCount: 1, memory: { minSizeBytes: 4096 } }),
    });
    ofPresent.setConstraints({ usage: { cpu: 1 } });
    const [{ status, bufferCollectionInfo }, buffers] = await Promise.all([
      ofOld.waitForBuffersAllocated(),
      ofPresent.waitForBuffers(),
    ]);
    const vmo = bufferCollectionInfo.buffers[0]?.vmo;
    expect([status, buffers.count]).toEqual([Status.OK, 1]);
    expect(vmo && asVmo(vmo).inode).toBe(buffers.at(0).vmo?.inode);
    vmo?.close();
    buffers.close();
    ofOld.close_();
    ofOld.close();
    ofPresent.release();
    old.close();
    present.close();
  }));
