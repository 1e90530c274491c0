import { createLinuxKernel } from "#kernel";

/** Least contiguous memory that tests ask for: the smallest huge page. */
export const CARVE_OUT_BYTES = 1 << 21;

/** Why the Linux kernel here cannot set contiguous memory aside, for the names of skipped tests; undefined when it can. */
export async function whyNoCarveOut(): Promise<string | undefined> {
  const kernel = createLinuxKernel();
  try {
    (await kernel.createCarveOut(CARVE_OUT_BYTES, { name: "probe" })).close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    kernel.close();
  }
}
