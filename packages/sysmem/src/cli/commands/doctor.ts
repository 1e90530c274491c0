/** `sysmem doctor`: what this kernel and this user can do for sysmem, and the remedy for what is missing. */
import { readFileSync } from "node:fs";
import type { CommandContext } from "@stricli/core";
import { SysmemError } from "#base";
import { type Capability, descriptorLimits, type DescriptorLimits, probeLinuxKernel } from "#kernel";
import { formatTable } from "../table.ts";

export interface DoctorFlags {
  readonly json: boolean;
}

/** `missing`: nothing works without it. `limited`: something works less well, or less of it. */
export type FindingStatus = "ok" | "limited" | "missing";

export interface Finding {
  readonly name: string;
  readonly status: FindingStatus;
  readonly detail: string;
  /** What to do about it; absent when all is well. */
  readonly remedy?: string;
}

/** What a machine was found to have. */
export interface Examination {
  readonly capabilities: readonly Capability[];
  readonly descriptors: DescriptorLimits;
  readonly maxInotifyWatches: number | undefined;
  readonly uid: number;
}

class NotUsableError extends SysmemError {
  readonly code = "NOT_USABLE";
}

const REMEDIES: Readonly<Record<string, string>> = {
  "system-calls": "use 64-bit Linux, and install with optional dependencies: koffi's binary is one of them",
  "unix-diag": "load the module unix_diag (modprobe unix_diag); containers need it in the host's kernel",
  "event-identity": "use Linux 5.2 or newer, with /proc mounted",
  "memory-files": "use Linux 5.8 or newer; where memory is short, raise the control group's memory.max",
  "child-events":
    "sysctl -w fs.inotify.max_user_instances=1024 fs.inotify.max_user_watches=524288; until then freed buffers are noticed half a second late",
  "huge-pages":
    "sysctl -w vm.nr_hugepages=16, or hugepagesz=1G hugepages=2 at boot; only physically contiguous buffers need them",
  "dma-heaps":
    "nothing to do unless devices are to share the buffers: then a kernel with CONFIG_DMABUF_HEAPS_SYSTEM (for contiguous ones CONFIG_DMABUF_HEAPS_CMA and cma=256M at boot), and the right to read the devices (a udev rule with GROUP= and MODE=)",
  udmabuf:
    "only a pool of contiguous memory needs it: a kernel with CONFIG_UDMABUF (modprobe udmabuf), and the right to read and write /dev/udmabuf",
};

/** A node costs a server two descriptors, a buffer up to three: so many serve some thousand participants. */
const COMFORTABLE_DESCRIPTORS = 65_536;

/** Each live buffer is watched; past the limit it is looked at in intervals instead. */
const COMFORTABLE_WATCHES = 65_536;

/** Says what was found, and what to do. Rejects when sysmem cannot run here. */
export async function runDoctor(this: CommandContext, flags: DoctorFlags): Promise<void> {
  const findings = diagnose({
    capabilities: await probeLinuxKernel(),
    descriptors: descriptorLimits(),
    maxInotifyWatches: readNumber("/proc/sys/fs/inotify/max_user_watches"),
    uid: process.getuid?.() ?? -1,
  });
  this.process.stdout.write(flags.json ? `${JSON.stringify(findings, undefined, 2)}\n` : `${describe(findings)}\n`);
  const missing = findings.filter(({ status }) => status === "missing").map(({ name }) => name);
  if (missing.length > 0) throw new NotUsableError(`cannot run here: ${missing.join(", ")} missing`);
}

/** What an examination means. */
export function diagnose({ capabilities, descriptors, maxInotifyWatches, uid }: Examination): Finding[] {
  const findings = capabilities.map(({ name, isPresent, isRequired, detail }): Finding => {
    if (isPresent) return { name, status: "ok", detail };
    const remedy = REMEDIES[name];
    return { name, status: isRequired ? "missing" : "limited", detail, ...(remedy !== undefined && { remedy }) };
  });
  findings.push(
    limit("descriptors", descriptors.hard, COMFORTABLE_DESCRIPTORS, {
      detail: `${descriptors.soft} now, up to ${descriptors.hard}`,
      remedy: `raise the hard limit to ${COMFORTABLE_DESCRIPTORS}: LimitNOFILE= in the unit, or ulimit -Hn`,
    }),
  );
  if (maxInotifyWatches !== undefined) {
    findings.push(
      limit("inotify-watches", maxInotifyWatches, COMFORTABLE_WATCHES, {
        detail: `${maxInotifyWatches} buffers can be watched at a time`,
        remedy: `sysctl -w fs.inotify.max_user_watches=${COMFORTABLE_WATCHES * 8}`,
      }),
    );
  }
  findings.push(
    uid === 0
      ? {
          name: "user",
          status: "limited",
          detail: "this is the superuser, whom no right holds back",
          remedy: "run the server and its clients as users of their own: rights protect buffers between users",
        }
      : { name: "user", status: "ok", detail: `user ${uid}` },
  );
  return findings;
}

function limit(name: string, value: number, comfortable: number, words: { detail: string; remedy: string }): Finding {
  const { detail, remedy } = words;
  return value >= comfortable ? { name, status: "ok", detail } : { name, status: "limited", detail, remedy };
}

/** A table of what was found, and below it the remedies. */
export function describe(findings: readonly Finding[]): string {
  const table = formatTable(
    findings.map(({ name, status, detail }) => [status, name, detail]),
    { head: ["STATUS", "WHAT", "FOUND"] },
  );
  const remedies = findings.flatMap(({ name, remedy }) => (remedy === undefined ? [] : [[`${name}:`, remedy]]));
  return remedies.length === 0 ? table : `${table}\n\nWhat to do\n${formatTable(remedies, { indent: "  " })}`;
}

function readNumber(path: string): number | undefined {
  try {
    const value = Number(readFileSync(path, "utf8"));
    return Number.isSafeInteger(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
