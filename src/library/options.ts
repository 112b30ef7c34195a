import { credentialsRegistry } from "../app/credentials-registry.ts"
import { revocationReach } from "../app/revocation-reach.ts"
import type { FormatName, Target } from "../app/requests.ts"
import type { ConnectionOptions } from "../app/world.ts"
import { ToolError } from "../core/errors.ts"
import { createFiles } from "../io/system/files.ts"
import { createProgress } from "../io/system/progress.ts"
import { inputStream, outputStream } from "../io/system/streams.ts"
import { openApp, type OpenedApp } from "../bin/open-app.ts"
import { versionFacts } from "../bin/version.ts"

/**
 * How registries are reached; the names of the command line's options. `username` with `password`, and `token`, are for
 * one registry: a call that names several is refused.
 */
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

const REGISTRY_OPTIONS: Readonly<Record<keyof RegistryOptions, true>> = {
  plainHttp: true,
  insecureTls: true,
  username: true,
  password: true,
  token: true,
  caFile: true,
  clientCertFile: true,
  clientKeyFile: true,
  serverName: true,
  authFile: true,
  timeoutMs: true,
}

/**
 * Refuse what would be accepted and dropped: options that nobody reads, and annotations whose members cannot be seen.
 * Callers without types get no other warning.
 *
 * @throws {ToolError} `E_USAGE`.
 */
export function checkOptions<Options extends Partial<CommonOptions>>(
  options: Options,
  known: Readonly<Record<keyof Options, true>>,
): void {
  refuseUnknown(options, known, "option")
  refuseUnknown(options.registry ?? {}, REGISTRY_OPTIONS, "registry option")
  const annotations: object = options.annotations ?? {}
  const prototype: object | null = Object.getPrototypeOf(annotations) as object | null
  // A Map or an instance of a class would look empty, and an empty demand is met by everything.
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null
  if (plain && Object.values(annotations).every((value) => typeof value === "string")) return
  throw new ToolError("E_USAGE", {
    what: "annotations are no plain object of strings",
    why: "expected an object with a string for each name",
  })
}

/** Refuse members that nobody reads. @throws {ToolError} `E_USAGE`. */
export function refuseUnknown(options: object, known: object, what: string): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  throw new ToolError("E_USAGE", {
    what: `unknown ${what} ${JSON.stringify(unknown.slice(0, 200))}`,
    why: `expected ${Object.keys(known).join(", ")}`,
    next: ["check the spelling; an option that is not known would do nothing"],
  })
}

/** What a call is about, as far as adapters must know. */
export interface CallPlaces {
  readonly targets: readonly Target[]
  readonly signatureRepository?: string | undefined
  /** Of the private key. */
  readonly password?: string | undefined
}

/**
 * Environment of the process, read once here so that nothing below looks at it.
 *
 * @throws {ToolError} `E_USAGE` for credentials that could be meant for any of several registries.
 */
export function openLibrary(options: RegistryOptions | undefined, call: CallPlaces): OpenedApp {
  const registry = options ?? {}
  const { password } = call
  const bound = namesCredentials(registry) ? credentialsRegistry(call.targets, call.signatureRepository) : undefined
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
    prompter: { interactive: false, text: refuse, password: refuse, confirm: refuse },
    readStdin: () => Promise.reject(noPassword()),
    userAgent: `countersign/${version} (${platform.replace("/", "; ")})`,
  }
  return openApp(host, {
    ...registry,
    ...(bound === undefined ? {} : { credentialsFor: bound }),
    passwordSources: [{ kind: "env", name: PASSWORD }],
    plainPrivateKeys: true,
    revocationReach: revocationReach(call.targets),
  })
}

/** Whether options bring credentials of their own. */
export function namesCredentials(registry: RegistryOptions): boolean {
  return registry.username !== undefined || registry.token !== undefined
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
