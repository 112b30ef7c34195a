import { homedir } from "node:os"
import type { Files, Logger, Progress, Prompter } from "../core/ports.ts"

/** What the process contributes: its streams, environment and version. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly files: Files
  readonly logger: Logger
  readonly progress: Progress
  readonly prompter: Prompter
  readonly readStdin: (max: number) => Promise<Uint8Array>
  readonly userAgent: string
}

/** The user's folder: HOME as set, else as the system knows it. */
export function homeOf(host: Pick<Host, "env">): string {
  const home = host.env["HOME"]
  return home === undefined || home === "" ? homedir() : home
}
