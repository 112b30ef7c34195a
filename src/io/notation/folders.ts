import { isAbsolute, join, win32 } from "node:path"

import type { NotationFolders } from "../../core/notation-home.ts"

/** What decides where notation's folders are. */
export interface FolderFacts {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's home folder; empty when there is none. */
  readonly home: string
  readonly platform: string
}

/**
 * Where notation keeps things. Nothing is looked at but the environment.
 *
 * `NOTATION_CONFIG`, `NOTATION_CACHE` and `NOTATION_LIBEXEC` name whole folders. Without them: the user's folders of the
 * platform, else folders below the current one; `libexec` is the configuration folder.
 *
 * COMPAT(notation 1.3): a relative XDG variable is an error that leads to the fallback.
 *
 * Spec: notation-go `dir/path.go`, Go `os.UserConfigDir`, `os.UserCacheDir`.
 */
export function notationFolders(facts: FolderFacts): NotationFolders {
  const path = (...parts: readonly string[]): string =>
    facts.platform === "win32" ? win32.join(...parts) : join(...parts)
  const own = (variable: string): string | undefined => valueOf(facts.env, variable)
  const user = (folder: string | undefined): string | undefined =>
    folder === undefined ? undefined : path(folder, "notation")
  const config = own("NOTATION_CONFIG") ?? user(userConfig(facts)) ?? ".notation"
  return {
    config,
    cache: own("NOTATION_CACHE") ?? user(userCache(facts)) ?? path(".notation", "cache"),
    libexec: own("NOTATION_LIBEXEC") ?? config,
  }
}

function userConfig(facts: FolderFacts): string | undefined {
  if (facts.platform === "win32") return windowsFolder(facts, "AppData")
  if (facts.platform === "darwin") return belowHome(facts, "Library", "Application Support")
  return xdgFolder(facts, "XDG_CONFIG_HOME", ".config")
}

function userCache(facts: FolderFacts): string | undefined {
  if (facts.platform === "win32") return windowsFolder(facts, "LocalAppData")
  if (facts.platform === "darwin") return belowHome(facts, "Library", "Caches")
  return xdgFolder(facts, "XDG_CACHE_HOME", ".cache")
}

function belowHome(facts: FolderFacts, ...names: readonly string[]): string | undefined {
  return facts.home === "" ? undefined : join(facts.home, ...names)
}

function xdgFolder(facts: FolderFacts, variable: string, name: string): string | undefined {
  const value = valueOf(facts.env, variable)
  if (value === undefined) return belowHome(facts, name)
  return isAbsolute(value) ? value : undefined
}

/** Windows does not tell the case of variables apart, a copy of its environment does. */
function windowsFolder(facts: FolderFacts, variable: string): string | undefined {
  const name = Object.keys(facts.env).find((key) => key.toLowerCase() === variable.toLowerCase())
  return name === undefined ? undefined : valueOf(facts.env, name)
}

function valueOf(env: FolderFacts["env"], variable: string): string | undefined {
  const value = Object.hasOwn(env, variable) ? env[variable] : undefined
  return value === "" ? undefined : value
}
