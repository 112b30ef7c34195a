import type { FormatName } from "../app/requests.ts"
import type { ConnectionOptions } from "../app/world.ts"
import { ToolError } from "../core/errors.ts"
import { createFiles } from "../io/system/files.ts"
import { createProgress } from "../io/system/progress.ts"
import { inputStream, outputStream } from "../io/system/streams.ts"
import { openApp, type OpenedApp } from "../bin/open-app.ts"
import { versionFacts } from "../bin/version.ts"

/** How registries are reached; the names of the command line's options. */
export type RegistryOptions = Pick<
  ConnectionOptions,
  | "plainHttp"
  | "insecureTls"
  | "username"
  | "password"
  | "token"
  | "caFile"
  | "clientCertFile"
  | "clientKeyFile"
  | "serverName"
  | "authFile"
  | "timeoutMs"
>

/** Options every operation takes. */
export interface CommonOptions {
  /** References `registry/repository[:tag][@digest]`, or layouts `oci:FOLDER[:TAG|@DIGEST]`. */
  readonly artifacts: readonly string[]
  /** Formats to write or to accept. Default: `cosign-v3` to write, all to accept. */
  readonly formats?: readonly FormatName[]
  /** Signed annotations to write, or that must be there. */
  readonly annotations?: Readonly<Record<string, string>>
  /** Also everything below an index. */
  readonly recursive?: boolean
  /** Repository that holds the signatures instead of the artifact's own. */
  readonly signatureRepository?: string
  readonly registry?: RegistryOptions
}

/** Environment of the process, read once here so that nothing below looks at it. */
export function openLibrary(registry: RegistryOptions = {}, password?: string): OpenedApp {
  const stdout = outputStream(process.stdout, "standard output")
  const stderr = outputStream(process.stderr, "standard error")
  const stdin = inputStream(() => process.stdin)
  const { version, platform } = versionFacts()
  const env = password === undefined ? process.env : { ...process.env, [PASSWORD]: password }
  const host = {
    env,
    files: createFiles({ stdin, stdout }),
    logger: { debug: ignore, info: ignore, warn: ignore },
    progress: createProgress({ stream: stderr, enabled: false, now: () => Date.now() }),
    // A library never asks a person.
    prompter: { interactive: false, password: refuse, confirm: refuse },
    readStdin: () => Promise.reject(noPassword()),
    userAgent: `countersign/${version} (${platform.replace("/", "; ")})`,
  }
  return openApp(host, { ...registry, passwordSources: [{ kind: "env", name: PASSWORD }], plainPrivateKeys: true })
}

const PASSWORD = "COUNTERSIGN_PASSWORD"
const ignore = (): void => undefined
const refuse = (): Promise<never> => Promise.reject(noPassword())

function noPassword(): ToolError {
  return new ToolError("E_KEY_PASSWORD", {
    what: "the private key is encrypted and no password was given",
    next: [`pass \`password\`, or set ${PASSWORD}`],
  })
}
