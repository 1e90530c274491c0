/** Lifetimes of handed-out VMOs in real processes, which end in every way they can. Source: transport contract, section 4. */
import { openSync } from "node:fs";
import { describe, expect } from "vitest";
import { createLinuxKernel, type Vmo } from "#kernel";
import { test } from "../support/leaks.ts";
import { inOtherProcess, type Scene } from "../support/process-scene.ts";
import { eventually, message, someTurns } from "./collect.ts";
import { Task } from "./fixtures/tasks.ts";

describe("a VMO in another process", () => {
  const scene = (behaviour: string, body: (scene: Scene) => Promise<void>) =>
    test(behaviour, async () => {
      const kernel = createLinuxKernel();
      try {
        await inOtherProcess(kernel, await kernel.createMemory(1_000_000, { name: "lifetimes" }), body);
      } finally {
        kernel.close();
      }
    });

  scene(
    "is alive while its handle is open, and gone when the process is killed",
    async ({ give, memory, gone, program }) => {
      const { childId } = await give(Task.HOLD);
      await someTurns();
      expect([...memory.liveChildren]).toEqual([childId]);
      await program.kill();
      await eventually(() => gone.length > 0);
      expect(gone).toEqual([childId]);
    },
  );

  scene("is alive while it is mapped although its handle is closed", async ({ give, memory, gone, program }) => {
    const { childId } = await give(Task.MAP_AND_CLOSE);
    await someTurns();
    expect([...memory.liveChildren]).toEqual([childId]);
    await program.kill();
    await eventually(() => gone.length > 0);
    expect(gone).toEqual([childId]);
  });

  scene("is alive while its handle is open although it is unmapped", async ({ give, memory, gone, program }) => {
    const { childId } = await give(Task.MAP_AND_UNMAP);
    await someTurns();
    expect([...memory.liveChildren]).toEqual([childId]);
    await program.kill();
    await eventually(() => gone.length > 0);
  });

  scene("is gone when the process has let it go, and lives", async ({ give, memory, gone, program }) => {
    const { childId } = await give(Task.LET_GO);
    await eventually(() => gone.length > 0);
    expect(gone).toEqual([childId]);
    expect(memory.liveChildren.size).toBe(0);
    expect(program.process.exitCode).toBeNull();
  });

  // The kernel's event comes just before the mark is gone: with many at once, on another processor, some are seen too early.
  scene("is reported gone with hundreds of others that end in the same moment", async (it) => {
    const ids: number[] = [];
    for (let count = 0; count < 300; count++) ids.push((await it.give(Task.HOLD)).childId);
    await it.program.kill();
    await eventually(() => it.gone.length === ids.length);
    expect(new Set(it.gone)).toEqual(new Set(ids));
  });

  scene("lives on in a process that inherited it", async ({ give, memory, gone, program }) => {
    const { childId, answer } = await give(Task.GIVE_TO_CHILD);
    const heir = new DataView(answer.buffer, answer.byteOffset).getUint32(16, true);
    try {
      await program.kill();
      await someTurns();
      expect([...memory.liveChildren]).toEqual([childId]);
    } finally {
      process.kill(heir, "SIGKILL");
    }
    await eventually(() => gone.length > 0);
    expect(gone).toEqual([childId]);
  });

  scene("is gone when all that is left is the holder's own re-open", async ({ give, memory, gone }) => {
    const { childId } = await give(Task.REOPEN);
    await eventually(() => gone.length > 0);
    expect(gone).toEqual([childId]);
    expect(memory.liveChildren.size).toBe(0);
  });

  scene("is recognised when it comes back, and its re-open is not", async ({ give, memory, kernel }) => {
    const { childId, returned } = await give(Task.RETURN);
    if (returned === undefined) throw new Error("nothing came back");
    expect(memory.identify(returned)).toBe(childId);
    const reopened = kernel.adoptDescriptor(openSync(`/proc/self/fd/${kernel.descriptorOf(returned)}`, "r")) as Vmo;
    expect(reopened.koid).toBe(returned.koid);
    expect(memory.identify(reopened)).toBeUndefined();
    for (const each of [reopened, returned]) each.close();
  });

  scene("is gone when the process is killed with the message unread", async ({ memory, gone, program }) => {
    program.process.kill("SIGSTOP");
    const { vmo, childId } = memory.handOut({ writable: true });
    expect(program.channel.write(message(Task.HOLD), [vmo])).toBe(true);
    await someTurns();
    expect([...memory.liveChildren]).toEqual([childId]);
    await program.kill();
    await eventually(() => gone.length > 0);
    expect(gone).toEqual([childId]);
  });

  scene("is one of several, of which each is told apart", async ({ give, memory, gone, program }) => {
    const held = await give(Task.HOLD);
    const freed = await give(Task.LET_GO);
    const mapped = await give(Task.MAP_AND_CLOSE);
    await eventually(() => gone.length === 1);
    expect(gone).toEqual([freed.childId]);
    expect(new Set(memory.liveChildren)).toEqual(new Set([held.childId, mapped.childId]));
    await program.kill();
    await eventually(() => gone.length === 3);
    expect(new Set(gone)).toEqual(new Set([held.childId, freed.childId, mapped.childId]));
  });
});

describe("an owner of memory", () => {
  test("hears of the other children although its listener failed on one", async () => {
    const local = createLinuxKernel();
    const memory = await local.createMemory(4_096, { name: "listener" });
    const gone: number[] = [];
    const failures: unknown[] = [];
    const onFailure = (error: unknown) => failures.push(error);
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", onFailure);
    memory.onChildGone((childId) => {
      gone.push(childId);
      if (gone.length === 1) throw new TypeError("a listener's own mistake");
    });
    const children = [1, 2, 3].map(() => memory.handOut({ writable: false }));
    for (const { vmo } of children) vmo.close();
    await eventually(() => gone.length === 3);
    expect(new Set(gone)).toEqual(new Set(children.map(({ childId }) => childId)));
    expect(failures).toHaveLength(1);
    process.off("uncaughtException", onFailure);
    for (const listener of others) process.on("uncaughtException", listener);
    memory.close();
    local.close();
  });
});
