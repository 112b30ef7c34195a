import type { Program } from "../command.ts"
import { artifactCommands } from "./tables/artifacts.ts"
import { certificateCommands } from "./tables/certificates.ts"
import { globalFlags } from "./tables/global-flags.ts"
import { keyCommands } from "./tables/keys.ts"
import { sandboxCommands } from "./tables/sandbox.ts"
import { signingCommands } from "./tables/signing.ts"
import { systemCommands } from "./tables/system.ts"
import { trustCommands } from "./tables/trust.ts"
import { verifyingCommands } from "./tables/verifying.ts"

/** Our own command line, `countersign VERB`. */
export const countersignProgram: Program = {
  name: "countersign",
  summary: "sign, find, verify and explain every signature an OCI artifact can carry",
  notes: [
    "`countersign cosign COMMAND` and `countersign cosign2 COMMAND` take the command lines of cosign 3 and 2,",
    "`countersign notation COMMAND` and `countersign notation2 COMMAND` those of notation 1.3 and 2.0;",
    "`countersign cosign --help` lists them; `countersign help CODE` explains an error code",
  ],
  globalFlags,
  commands: [
    ...signingCommands,
    ...verifyingCommands,
    ...artifactCommands,
    ...keyCommands,
    ...trustCommands,
    ...certificateCommands,
    ...sandboxCommands,
    ...systemCommands(() => countersignProgram),
  ],
  rewriteArgv: (argv) => ({ argv: argv.length === 1 && argv[0] === "--version" ? ["version"] : argv, notices: [] }),
  topic: async (word) => (await import("./render/error-page.ts")).errorPage(word),
  onError: async (error, context) => (await import("./fail.ts")).fail(error, context),
}
