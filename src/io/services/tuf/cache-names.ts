import { ToolError } from "../../../core/errors.ts"
import { redactUrl } from "../../net/redact.ts"

const FOLDER = /^[a-z0-9][a-z0-9._-]{0,199}$/
/** Names that Windows takes for devices, with whatever after a point. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/
/** What Go leaves as it is in one part of a path. */
const PLAIN = /[A-Za-z0-9\-_.~$&+=:@]/

/**
 * Folder of a mirror in the cache: the URL without its scheme, in lower case, `-` for `/` and `:`.
 *
 * @throws {ToolError} `E_USAGE` for a URL whose folder could be anything else than one below the cache.
 *
 * Spec: sigstore-go `pkg/tuf/client.go`.
 */
export function mirrorFolder(mirror: string): string {
  const bare = mirror.replace(/^https:\/\//, "").replace(/^http:\/\//, "")
  const name = bare.replaceAll(/[/:]/g, "-").toLowerCase()
  if (/^https?:\/\//.test(mirror) && FOLDER.test(name) && !DEVICE.test(name)) return name
  throw new ToolError("E_USAGE", {
    what: "not the URL of a TUF repository",
    why: `${shownMirror(mirror)} gives no name for its folder in the cache, expected http(s)://HOST[:PORT][/PATH] of letters, digits, points and dashes`,
    next: ["check the URL given with `--mirror` or in TUF_MIRROR"],
  })
}

/** SECURITY: what may hold a password is not repeated. */
function shownMirror(mirror: string): string {
  return mirror.includes("@") ? redactUrl(mirror) : JSON.stringify(mirror.slice(0, 200))
}

/**
 * One file name for a role or a target, whatever its name is. Different names give different files.
 *
 * @returns `undefined` when the name would be longer than file systems take.
 *
 * Spec: Go `url.PathEscape`, which go-tuf uses; `.` and `..` are escaped as well.
 */
export function cacheFileName(name: string): string | undefined {
  const escaped = /^\.{1,2}$/.test(name) ? name.replaceAll(".", "%2E") : pathEscape(name)
  return escaped === "" || escaped.length > 200 ? undefined : escaped
}

/** Percent-encode one part of a path as Go does. */
export function pathEscape(text: string): string {
  const bytes = new TextEncoder().encode(text)
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte)
    return PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
  }).join("")
}
