import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

import { ToolError } from "../../core/errors.ts"
import type { NotationHome } from "../../core/notation-home.ts"
import type { HttpClient } from "../net/http-types.ts"
import { systemClock } from "../system/clock.ts"
import { systemRandomness } from "../system/randomness.ts"
import { openNotationHome } from "./open-notation-home.ts"

/** A temporary folder with notation's folders in it. */
export interface TestHome {
  readonly home: NotationHome
  readonly folder: string
  /** For the real `notation`. */
  readonly env: Readonly<Record<string, string>>
  readonly warnings: string[]
  /** Path in the folder; folders above it are made. */
  at(...names: readonly string[]): string
  remove(): void
}

/** @param more - environment of plugins. */
export function makeTestHome(
  more: Readonly<Record<string, string>> = {},
  http: () => Promise<HttpClient> = () => Promise.reject(new Error("no network in this test")),
): TestHome {
  const folder = mkdtempSync(join(tmpdir(), "countersign-notation-"))
  const env = {
    HOME: folder,
    PATH: process.env["PATH"] ?? "",
    NOTATION_CONFIG: join(folder, "config"),
    NOTATION_CACHE: join(folder, "cache"),
    NOTATION_LIBEXEC: join(folder, "libexec"),
  }
  const warnings: string[] = []
  const silent = (): void => undefined
  const home = openNotationHome({
    env: { ...env, ...more },
    home: folder,
    platform: process.platform,
    clock: systemClock,
    randomness: systemRandomness,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    logger: { debug: silent, info: silent, warn: silent },
    http,
    onWarning: (message) => warnings.push(message),
  })
  return {
    home,
    folder,
    env,
    warnings,
    at(...names) {
      const path = join(folder, ...names)
      mkdirSync(dirname(path), { recursive: true })
      return path
    },
    remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A shell script that can be run. */
export function writeScript(path: string, body: string, mode = 0o755): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, mode)
  return path
}

/** What a well-behaved plugin answers. */
export function metadataOf(name: string, version = "1.0.0", more: object = {}): string {
  const metadata = {
    name,
    description: "for tests",
    version,
    url: "https://example.test",
    supportedContractVersions: ["1.0"],
    capabilities: ["SIGNATURE_GENERATOR.RAW"],
  }
  return JSON.stringify({ ...metadata, ...more })
}

/** Body of a script that answers with this text. */
export function answering(text: string): string {
  return `cat >/dev/null; cat <<'END'\n${text}\nEND`
}

/** The error that a promise must end with. */
export async function failureOf(promise: Promise<unknown>): Promise<ToolError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (thrown: unknown) => ({ thrown }),
  )
  if ("thrown" in outcome && outcome.thrown instanceof ToolError) return outcome.thrown
  throw new Error(`expected a ToolError, saw ${JSON.stringify(outcome)}`)
}

/** Run openssl quietly. */
export function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] })
}
