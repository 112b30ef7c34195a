import { homedir } from "node:os"
import { setTimeout as sleepFor } from "node:timers/promises"
import type { Files, Logger, Progress, Prompter, Sleep } from "../core/ports.ts"

/** What the process contributes: its streams, environment and version. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly files: Files
  readonly logger: Logger
  readonly progress: Progress
  readonly prompter: Prompter
  readonly readStdin: (max: number) => Promise<Uint8Array>
  readonly userAgent: string
  /** Writes text for a person to standard error; absent where nobody may be spoken to. */
  readonly say?: (text: string) => Promise<void>
}

/** What decides where notation's folders are. */
export function folderFacts(host: Pick<Host, "env">): {
  readonly env: Host["env"]
  readonly home: string
  readonly platform: string
} {
  return { env: host.env, home: homeOf(host), platform: process.platform }
}

/** Waits; rejects when the signal aborts. */
export const sleep: Sleep = async (ms, signal) => {
  await sleepFor(ms, undefined, signal === undefined ? {} : { signal })
}

/** The user's folder: HOME as set, else as the system knows it. */
export function homeOf(host: Pick<Host, "env">): string {
  const home = host.env["HOME"]
  return home === undefined || home === "" ? homedir() : home
}
