/** `sysmem completion`: what a shell needs to complete this command's words, and the answers to what it then asks. */
import type { CommandContext } from "@stricli/core";

/** Asks `sysmem __complete WORD...`, which prints a proposal and its meaning in each line. */
const SCRIPTS = {
  bash: `_sysmem() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(sysmem __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _sysmem sysmem
`,
  zsh: `#compdef sysmem
_sysmem() {
  local -a proposals
  local word meaning
  while IFS=$'\\t' read -r word meaning; do
    proposals+=("\${word//:/\\\\:}:\${meaning}")
  done < <(sysmem __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#proposals} )) && _describe 'sysmem' proposals || _files
}
compdef _sysmem sysmem
`,
  fish: `function __sysmem_complete
  set -l proposals (sysmem __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  if set -q proposals[1]
    printf '%s\\n' $proposals
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c sysmem -f -a '(__sysmem_complete)'
`,
} as const;

export function runCompletion(this: CommandContext, _flags: unknown, shell: keyof typeof SCRIPTS): void {
  this.process.stdout.write(SCRIPTS[shell]);
}
