import type { ConnectionOptions } from "../../app/world.ts"
import type { FlagValues } from "../command.ts"

/** TUF repository of the instance that Sigstore's own developers test with. */
const STAGING = "https://tuf-repo-cdn.sigstage.dev"

/** Milliseconds for one command: a version 2 log answers after its next checkpoint. */
const TIMEOUT_MS = 180_000

/** How the adapters are opened: no artifact stores, and the staging instance where it is asked for. */
export function connectionOf(flags: FlagValues): ConnectionOptions {
  return {
    artifacts: false,
    timeoutMs: TIMEOUT_MS,
    logLevel: "warn",
    progress: false,
    ...(flags.bool("staging") ? { trustMirror: STAGING } : {}),
  }
}
