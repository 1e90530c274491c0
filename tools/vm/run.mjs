/**
 * Runs a command of the checkout in a virtual machine whose kernel has what few developers' kernels have: DMA-BUF heaps,
 * udmabuf, a contiguous area, and huge pages of both sizes in reserve.
 *
 *     npm run vm -- [--boot "KERNEL PARAMETERS"]... [--memory MIB] [--verbose] COMMAND...
 *     npm run vm -- npx vitest run packages/sysmem/test/kernel
 *     npm run vm -- --boot cma=0 --boot hugepages=0 node packages/sysmem/bin/sysmem.js doctor
 *
 * The machine sees this machine's files; what it writes is gone when it ends. Output and exit status are the command's.
 * It is the superuser's, without a network. Needs: qemu-system-x86_64, a linux-source package, cc, make, flex, bison, bc,
 * libelf-dev. The kernel is built at the first use, in a few minutes, and kept in $XDG_CACHE_HOME/sysmem-vm.
 */
import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError } from "../setup/common.mjs";
import { buildKernel } from "./kernel.mjs";

/** Gigantic pages can be had at boot only, and before the memory is in pieces. Later parameters of one name win. */
const BOOT =
  "console=ttyS0 panic=-1 root=root rootfstype=9p rootflags=trans=virtio,version=9p2000.L,cache=loose,msize=512000 ro" +
  " cma=128M hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=64 default_hugepagesz=2M";

/** Room for the reserves above, the tests, and what they write. */
const DEFAULT_MEMORY_MIB = "6144";

/** Where the machine's own messages end that nobody asked for. */
const SHOWN_CONSOLE_LINES = 30;

/** @param {string} text */
const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * @param {readonly string[]} command
 * @returns {string} a shell script that runs it as it would run here
 */
function script(command) {
  const variables = Object.entries(process.env)
    .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
    .map(([name, value]) => `export ${name}=${quote(value ?? "")}\n`);
  return `${variables.join("")}cd ${quote(process.cwd())}\n${command.map(quote).join(" ")}\n`;
}

/**
 * Boots the machine and waits for its end.
 *
 * @param {{ kernel: string, job: string, boot: readonly string[], memoryMib: string, isVerbose: boolean }} options
 * @returns {Promise<number>} the command's exit status
 */
async function run({ kernel, job, boot, memoryMib, isVerbose }) {
  const init = fileURLToPath(new URL("init", import.meta.url));
  const args = [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-m", memoryMib, "-smp", "2"],
    ...(hasVirtualization() ? ["-accel", "kvm", "-cpu", "host"] : ["-accel", "tcg,thread=multi", "-cpu", "max"]),
    ...["-kernel", kernel, "-append", `${BOOT} init=${init} sysmem.job=${job} ${boot.join(" ")}`],
    ...["-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"],
    ...["-device", "virtio-9p-pci,fsdev=root,mount_tag=root", "-device", "virtio-rng-pci"],
    ...["-device", "virtio-serial-pci", "-chardev", "stdio,id=out,signal=on", "-device", "virtconsole,chardev=out"],
    ...["-chardev", `file,id=status,path=${job}/status`, "-device", "virtconsole,chardev=status"],
    ...["-serial", `file:${job}/console`],
  ];
  const qemu = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "inherit", "inherit"] });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => qemu.kill(signal));
  await new Promise((resolve, reject) => {
    qemu.on("error", (error) => reject(new SetupError(`cannot start qemu-system-x86_64: ${error.message}`)));
    qemu.on("close", resolve);
  });
  const status = Number.parseInt(readFileSync(join(job, "status"), "latin1"), 10);
  const console = readFileSync(join(job, "console"), "latin1");
  if (isVerbose) process.stderr.write(console);
  if (Number.isInteger(status)) return status;
  const end = console.trimEnd().split("\n").slice(-SHOWN_CONSOLE_LINES).join("\n");
  throw new SetupError(`the machine ended before its command did:\n${end}`);
}

/** Whether the processor itself runs the machine. Otherwise QEMU emulates one, which takes ten times as long and more. */
function hasVirtualization() {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return false;
  }
  // A KVM that makes do without runs only kernels that know of it.
  return /^flags.*\b(vmx|svm)\b/m.test(readFileSync("/proc/cpuinfo", "latin1"));
}

/**
 * Options stand before the command; what follows its first word is the command's own.
 *
 * @param {readonly string[]} args
 */
function parse(args) {
  const options = { boot: /** @type {string[]} */ ([]), memoryMib: DEFAULT_MEMORY_MIB, isVerbose: false };
  let at = 0;
  for (; args[at]?.startsWith("--"); at++) {
    const option = args[at];
    if (option === "--verbose") options.isVerbose = true;
    else if (option === "--boot" && args[at + 1] !== undefined) options.boot.push(args[++at] ?? "");
    else if (option === "--memory" && /^\d+$/.test(args[at + 1] ?? "")) options.memoryMib = args[++at] ?? "";
    else throw new SetupError(`unknown option ${option}; known are --boot PARAMETERS, --memory MIB and --verbose`);
  }
  const command = args.slice(at);
  if (command.length === 0)
    throw new SetupError("usage: npm run vm -- [--boot PARAMETERS]... [--memory MIB] COMMAND...");
  return { ...options, command };
}

async function main() {
  const { command, ...options } = parse(process.argv.slice(2));
  const kernel = await buildKernel((line) => void process.stderr.write(`${line}\n`));
  const job = mkdtempSync(join(tmpdir(), "sysmem-vm-"));
  try {
    writeFileSync(join(job, "script"), script(command));
    process.exitCode = await run({ kernel, job, ...options });
  } finally {
    rmSync(job, { recursive: true, force: true });
  }
}

main().catch((error) => {
  process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
