/** Commands of the face and their help, whose words are notation's own. */
import { none } from "../arguments.ts"
import type { FaceCommand } from "../face-command.ts"

export const programCommands: readonly FaceCommand[] = [
  {
    path: ["completion", "bash"],
    summary: "Generate the autocompletion script for bash",
    description: `Generate the autocompletion script for the bash shell.

This script depends on the 'bash-completion' package.
If it is not installed already, you can install it via your OS's package manager.

To load completions in your current shell session:

	source <(notation completion bash)

To load completions for every new session, execute once:

#### Linux:

	notation completion bash > /etc/bash_completion.d/notation

#### macOS:

	notation completion bash > $(brew --prefix)/etc/bash_completion.d/notation

You will need to start a new shell for this setup to take effect.`,
    use: "",
    args: none,
    load: async () => (await import("../commands/completion.ts")).completion,
  },
  {
    path: ["completion", "fish"],
    summary: "Generate the autocompletion script for fish",
    description: `Generate the autocompletion script for the fish shell.

To load completions in your current shell session:

	notation completion fish | source

To load completions for every new session, execute once:

	notation completion fish > ~/.config/fish/completions/notation.fish

You will need to start a new shell for this setup to take effect.`,
    use: "[flags]",
    args: none,
    load: async () => (await import("../commands/completion.ts")).completion,
  },
  {
    path: ["completion", "powershell"],
    summary: "Generate the autocompletion script for powershell",
    description: `Generate the autocompletion script for powershell.

To load completions in your current shell session:

	notation completion powershell | Out-String | Invoke-Expression

To load completions for every new session, add the output of the above command
to your powershell profile.`,
    use: "[flags]",
    args: none,
    load: async () => (await import("../commands/completion.ts")).completion,
  },
  {
    path: ["completion", "zsh"],
    summary: "Generate the autocompletion script for zsh",
    description: `Generate the autocompletion script for the zsh shell.

If shell completion is not already enabled in your environment you will need
to enable it.  You can execute the following once:

	echo "autoload -U compinit; compinit" >> ~/.zshrc

To load completions in your current shell session:

	source <(notation completion zsh)

To load completions for every new session, execute once:

#### Linux:

	notation completion zsh > "\${fpath[1]}/_notation"

#### macOS:

	notation completion zsh > $(brew --prefix)/share/zsh/site-functions/_notation

You will need to start a new shell for this setup to take effect.`,
    use: "[flags]",
    args: none,
    load: async () => (await import("../commands/completion.ts")).completion,
  },
  {
    path: ["version"],
    summary: "Show the notation version information",
    use: "[flags]",
    args: none,
    load: async () => (await import("../commands/version.ts")).version,
  },
]
