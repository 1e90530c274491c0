/** Words are completed by each shell itself, at the press of a key. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { World } from "../../inspect/world.ts";
import { has, Terminal } from "./terminal.ts";

const TIMEOUT_MS = 180_000;

/** How each starts without anybody's settings, and takes the script over. */
const SHELLS = {
  bash: { command: ["bash", "--norc", "--noprofile"], setUp: "source <(sysmem completion bash)" },
  zsh: {
    command: ["zsh", "-f"],
    setUp: "autoload -Uz compinit && compinit -u -D && source <(sysmem completion zsh)",
  },
  fish: {
    command: ["fish", "--no-config", "--private"],
    setUp:
      "function fish_prompt; echo ready:; end; set -g fish_autosuggestion_enabled 0; sysmem completion fish | source",
  },
} as const;

describe.each(Object.entries(SHELLS))("%s", (shell, { command, setUp }) => {
  describe.skipIf(!has("tmux") || !has(shell))(`(needs tmux and ${shell})`, () => {
    const world = new World();
    let terminal: Terminal | undefined;
    afterEach(async () => {
      await terminal?.close();
      await world.clear();
    });
    afterAll(() => world.close());

    it("completes commands, flags, their values, collections and files", { timeout: TIMEOUT_MS }, async () => {
      await world.local("client", world.collection("frames")).sync();
      terminal = await Terminal.open(command, { SYSMEM_SVC: world.svc, TERM: "screen", PS1: "ready:" });
      // Not shown before the shell has run it.
      await terminal.type(`${setUp}; echo set"_"up`, "Enter");
      await terminal.shows("set_up");
      const complete = async (typed: string, completed: string): Promise<void> => {
        await terminal?.type("-l", typed);
        await terminal?.type("Tab");
        // On the last line: what was typed before is above.
        await terminal?.shows(new RegExp(`${completed.replaceAll(".", "\\.")}$`));
        // Not C-c: a shell that is still about what it has just shown would be interrupted in that.
        await terminal?.type("C-u");
        await terminal?.shows(/ready:$/);
      };
      await complete("sysmem why", "sysmem why-alive");
      await complete("sysmem ls --js", "sysmem ls --json");
      await complete("sysmem demo --filter inv", "sysmem demo --filter invert");
      await complete("sysmem completion fi", "sysmem completion fish");
      await complete("sysmem tree fra", "sysmem tree frames");
      await complete(`sysmem tree --svc ${world.svc} fra`, `${world.svc} frames`);
      await complete(`sysmem solve ${world.svc}/sysmem.ins`, "sysmem.inspect.Inspector");
      await expect(terminal.screen()).resolves.not.toContain("rror");
    });
  });
});
