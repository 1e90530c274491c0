/** What a participant, and a heap, are told when their own process is short of something. */
import { expect } from "vitest";
import { HeapServer, type HeapServerOptions, Sysmem } from "#client";
import { GOLDFISH_DEVICE_LOCAL } from "#heaps";
import { createLinuxKernel } from "#kernel";
import { FaultyLibc } from "../support/faulty-libc.ts";
import { test } from "../support/leaks.ts";

test.each(["EMFILE", "ENOMEM"] as const)(
  "no connection for want of descriptors or memory is NO_RESOURCES, and says which: %s",
  (errno) => {
    const faulty = new FaultyLibc();
    const kernel = createLinuxKernel({ libc: faulty.libc });
    const heap: HeapServerOptions = {
      heapType: GOLDFISH_DEVICE_LOCAL,
      domains: { cpu: true },
      makeMemory: () => Promise.reject(new RangeError("never asked")),
    };
    for (const connect of [
      () => Sysmem.connect({ kernel, svc: "/nowhere" }),
      () => HeapServer.register({ ...heap, kernel, svc: "/nowhere" }),
    ]) {
      faulty.arm({ calls: ["socket"], at: 1, times: 1, errno });
      expect(connect).toThrow(
        expect.objectContaining({ code: "NO_RESOURCES", message: expect.stringContaining(errno) }),
      );
      // The next attempt finds out that nobody is there.
      expect(connect).toThrow(expect.objectContaining({ code: "NO_SERVER" }));
    }
    kernel.close();
  },
);
