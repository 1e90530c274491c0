/** Memory whose VMOs go to a program in another process, which does with them as it is told. */
import { asVmo, type BufferMemory, type LinuxKernel, type Vmo } from "#kernel";
import { message } from "../kernel/collect.ts";
import { type Program, startProgram } from "../kernel/spawn.ts";

export interface Scene {
  readonly kernel: LinuxKernel;
  readonly memory: BufferMemory;
  readonly program: Program;
  /** Children that the kernel has reported gone. */
  readonly gone: number[];
  /** Hands out a VMO, has the program do its task with it, and waits for its answer. */
  give(
    task: number,
  ): Promise<{ readonly childId: number; readonly answer: Uint8Array; readonly returned: Vmo | undefined }>;
}

/** Starts the program, and ends it with everything else. Takes ownership of `memory`. */
export async function inOtherProcess(
  kernel: LinuxKernel,
  memory: BufferMemory,
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  const gone: number[] = [];
  memory.onChildGone((childId) => gone.push(childId));
  const program = startProgram(kernel, "participant.ts");
  let answers = 0;
  try {
    await program.received.packet(answers);
    await body({
      kernel,
      memory,
      program,
      gone,
      async give(task) {
        const { vmo, childId } = memory.handOut({ writable: true });
        program.channel.write(message(task), [vmo]);
        answers += 1;
        const { bytes, handles } = await program.received.packet(answers);
        const [returned] = handles;
        return { childId, answer: bytes, returned: returned && asVmo(returned as Vmo) };
      },
    });
  } finally {
    await program.kill();
    program.received.close();
    memory.close();
  }
}
