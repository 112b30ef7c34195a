import { mkdir, realpath } from "node:fs/promises"
import { dirname } from "node:path"
import { setTimeout as wait } from "node:timers/promises"

import { encodeBase64 } from "../../../codec/base64.ts"
import { equalOrAbsent } from "../../../codec/equal-bytes.ts"
import { goJson } from "../../../codec/go-json.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import { makeFolders } from "../../../core/make-folders.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { withLockFile, type HeldLock } from "../../system/lock-file.ts"
import { readConfigFile } from "./auth-files.ts"
import { basicAuthorization, isHub } from "./credentials.ts"
import {
  authKeysOf,
  defaultHelper,
  helperFor,
  helperServer,
  HUB_KEY,
  parseDockerConfig,
  type DockerConfig,
} from "./docker-config.ts"
import type { CredentialHelpers } from "./helper.ts"

/** Looks at another writer's lock until giving up: ten seconds. */
const MAX_LOOKS = 400
const FILE_MODE = 0o600

/** Where a credential went. */
export interface Stored {
  /** File, or `credential helper NAME`. */
  readonly storedIn: string
  readonly plaintext: boolean
}

/** Credentials of one file and the helpers it names. */
export interface CredentialFile {
  /** @throws {ToolError} `E_CONFIG_INVALID`, `E_IO`. */
  store(registry: string, username: string, password: string): Promise<Stored>
  /** False when nothing was stored for the registry. */
  erase(registry: string): Promise<boolean>
}

/**
 * Login and logout in a configuration file. Unknown fields and their order stay; the file is replaced as a whole, mode
 * 0600, in a folder made with 0700; writers take turns by a lock file beside it.
 */
export function createCredentialFile(path: string, helpers: CredentialHelpers): CredentialFile {
  return {
    async store(registry, username, password) {
      // Refuses what could never be sent, before anything is written.
      basicAuthorization(username, password)
      const config = await load(path)
      const helper = nonEmpty(helperFor(config, registry)) ?? defaultHelper(config)
      if (helper !== undefined) await helpers.open(helper).store(helperServer(registry), username, password)
      const pair = new TextEncoder().encode(`${username}:${password}`)
      const entry = helper === undefined ? { auth: encodeBase64(pair) } : {}
      await change(path, (current) => withAuth(current, registry, entry))
      if (helper !== undefined) return { storedIn: `credential helper ${helper}`, plaintext: false }
      return { storedIn: path, plaintext: true }
    },
    async erase(registry) {
      const config = await load(path)
      const names = [nonEmpty(helperFor(config, registry)), defaultHelper(config)].filter((name) => name !== undefined)
      let erased = false
      for (const name of new Set(names)) {
        if (await helpers.exists(name)) erased = (await helpers.open(name).erase(helperServer(registry))) || erased
      }
      if (authKeysOf(config, registry).length === 0) return erased
      await change(path, (current) => withoutAuth(current, registry))
      return true
    },
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text
}

async function load(path: string): Promise<DockerConfig> {
  return parse(path, await readConfigFile(path))
}

function parse(path: string, bytes: Uint8Array | undefined): DockerConfig {
  return bytes === undefined ? { path, whole: {} } : parseDockerConfig(path, bytes)
}

function authsOf(config: DockerConfig): JsonObject {
  const auths = member(config.whole, "auths")
  return auths !== undefined && isObject(auths) ? auths : {}
}

function withAuth(config: DockerConfig, registry: string, entry: JsonObject): Map<string, JsonValue> {
  const key = isHub(registry) ? HUB_KEY : registry
  const old = authKeysOf(config, registry)
  const kept = Object.entries(authsOf(config)).filter(([name]) => name === key || !old.includes(name))
  const auths = new Map<string, JsonValue>(kept)
  auths.set(key, entry)
  return withMember(config, "auths", Object.fromEntries(auths))
}

function withoutAuth(config: DockerConfig, registry: string): Map<string, JsonValue> {
  const gone = authKeysOf(config, registry)
  const kept = Object.entries(authsOf(config)).filter(([name]) => !gone.includes(name))
  return withMember(config, "auths", Object.fromEntries(kept))
}

function withMember(config: DockerConfig, name: string, value: JsonValue): Map<string, JsonValue> {
  return new Map(Object.entries(config.whole)).set(name, value)
}

async function change(path: string, edit: (config: DockerConfig) => Map<string, JsonValue>): Promise<void> {
  try {
    await makeFolders(dirname(path), (folder) => mkdir(folder, { mode: 0o700 }))
    // A configuration kept elsewhere by a symbolic link stays there.
    const target = await realpath(path).catch(() => path)
    await locked(target, async (lock) => {
      const bytes = await readConfigFile(target)
      const text = `${goJson(edit(parse(target, bytes)), { indent: "\t", escapeHtml: false })}\n`
      // Other programs' logins know nothing of the lock.
      const unchanged = async (): Promise<boolean> => equalOrAbsent(await readConfigFile(target), bytes)
      await lock.replace(target, new TextEncoder().encode(text), FILE_MODE, unchanged)
    })
  } catch (thrown) {
    throw thrown instanceof ToolError ? thrown : notWritten(path, thrown)
  }
}

function notWritten(path: string, cause: unknown): ToolError {
  const code = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? "unknown") : "unknown"
  return new ToolError("E_IO", { what: `the credentials file ${path} could not be written`, why: code, cause })
}

function locked(target: string, work: (lock: HeldLock) => Promise<void>): Promise<void> {
  const path = `${target}.lock`
  return withLockFile(
    {
      path,
      clock: { now: () => Date.now() },
      sleep: (ms) => wait(ms),
      maxLooks: MAX_LOOKS,
      busy: (holder) =>
        new ToolError("E_IO", {
          what: "another program is writing the credentials file",
          why: `its lock ${path} is held by ${holder}`,
          next: [`remove ${path} if no other program is running`],
        }),
      fault: (_path, thrown) => notWritten(target, thrown),
    },
    work,
  )
}
