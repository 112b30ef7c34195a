import { randomBytes } from "node:crypto"
import { mkdir, open, realpath, rename, rm, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { setTimeout as wait } from "node:timers/promises"

import { encodeBase64 } from "../../../codec/base64.ts"
import { goJson } from "../../../codec/go-json.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
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

/** Milliseconds to wait for another writer, between looks, and until its lock counts as left behind. */
const LOCK_WAIT_MS = 10_000
const LOCK_LOOK_MS = 25
const LOCK_STALE_MS = 30_000

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
  const bytes = await readConfigFile(path)
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
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // A configuration kept elsewhere by a symbolic link stays there.
    const target = await realpath(path).catch(() => path)
    const unlock = await lock(`${target}.lock`)
    try {
      const config = await load(target)
      await replace(target, `${goJson(edit(config), { indent: "\t", escapeHtml: false })}\n`)
    } finally {
      await unlock()
    }
  } catch (cause) {
    if (cause instanceof ToolError) throw cause
    const code = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? "unknown") : "unknown"
    throw new ToolError("E_IO", { what: `the credentials file ${path} could not be written`, why: code, cause })
  }
}

async function replace(target: string, text: string): Promise<void> {
  const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`
  const file = await open(temporary, "wx", 0o600)
  try {
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (thrown) {
    await rm(temporary, { force: true })
    throw thrown
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  for (let waited = 0; ; waited += LOCK_LOOK_MS) {
    try {
      const file = await open(path, "wx", 0o600)
      await file.close()
      return () => rm(path, { force: true })
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown
      const made = await stat(path).catch(() => undefined)
      if (made !== undefined && Date.now() - made.mtimeMs > LOCK_STALE_MS) await rm(path, { force: true })
      else if (waited >= LOCK_WAIT_MS) {
        throw new ToolError("E_IO", {
          what: "another program is writing the credentials file",
          why: `its lock ${path} did not go away within ${LOCK_WAIT_MS} ms`,
          next: [`remove ${path} if no other program is running`],
        })
      } else await wait(LOCK_LOOK_MS)
    }
  }
}
