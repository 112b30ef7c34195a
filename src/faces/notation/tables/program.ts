/** Commands of the face and their help. The words are our own; commands and their usage lines are notation's. */
import { none } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const programCommands: readonly FaceCommand[] = [
  {
    path: ["completion", "bash"],
    summary: "Write a completion script for bash",
    description: `Writes a script that makes bash complete notation's commands and flags.

In this shell alone:

	source <(notation completion bash)

In all later ones, on Linux:

	notation completion bash > /etc/bash_completion.d/notation

On macOS:

	notation completion bash > $(brew --prefix)/etc/bash_completion.d/notation`,
    use: "",
    args: none,
    load: async () => (await import("../commands/completion.ts")).completion,
  },
  {
    path: ["completion", "fish"],
    summary: "Write a completion script for fish",
    description: `Writes a script that makes fish complete notation's commands and flags.

In this shell alone:

	notation completion fish | source

In all later ones:

	notation completion fish > ~/.config/fish/completions/notation.fish`,
    use: "[flags]",
    args: none,
    load: async () => (await import("../commands/completion.ts")).completion,
  },
  {
    path: ["completion", "powershell"],
    summary: "Write a completion script for PowerShell",
    description: `Writes a script that makes PowerShell complete notation's commands and flags.

In this shell alone:

	notation completion powershell | Out-String | Invoke-Expression

In all later ones: add what the command writes to your profile.`,
    use: "[flags]",
    args: none,
    load: async () => (await import("../commands/completion.ts")).completion,
  },
  {
    path: ["completion", "zsh"],
    summary: "Write a completion script for zsh",
    description: `Writes a script that makes zsh complete notation's commands and flags.

Where zsh completes nothing so far, this switches it on:

	echo "autoload -U compinit; compinit" >> ~/.zshrc

In this shell alone:

	source <(notation completion zsh)

In all later ones, on Linux:

	notation completion zsh > "\${fpath[1]}/_notation"

On macOS:

	notation completion zsh > $(brew --prefix)/share/zsh/site-functions/_notation`,
    use: "[flags]",
    args: none,
    load: async () => (await import("../commands/completion.ts")).completion,
  },
  {
    path: ["version"],
    summary: "Print the version",
    use: "[flags]",
    args: none,
    load: async () => (await import("../commands/version.ts")).version,
  },
]
