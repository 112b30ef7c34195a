import { expectArray, expectInteger, expectObject, expectText, member } from "../../codec/json-shape.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { encodeHex } from "../../codec/hex.ts"
import { digestOf } from "../../crypto/hash.ts"
import type { RoleRule } from "./signed-file.ts"
import { parseTufKey, type TufKey } from "./tuf-key.ts"

/** A role that may vouch for some of the targets. */
export interface DelegatedRole extends RoleRule {
  readonly name: string
  /** For targets of this role nobody after it is asked. */
  readonly terminating: boolean
  /** Whether it may vouch for the target of this name. */
  readonly covers: (target: string) => boolean
}

/** Whom targets leave some of their targets to. */
export interface Delegations {
  /** Roles for a target, most trusted first. */
  readonly rolesFor: (target: string) => readonly DelegatedRole[]
  /** The role of this name, if it is delegated to at all. */
  readonly role: (name: string) => DelegatedRole | undefined
}

/** Keys by id; `undefined` = the id is there, its key cannot be used. */
type Keys = ReadonlyMap<string, TufKey | undefined>

const TOP = ["root", "timestamp", "snapshot", "targets"]
const KEYIDS = 1000
/** Bits of a hash that name a role of a succinct delegation. */
const MAX_BITS = 32

/** Read `keys`. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function parseKeys(value: JsonValue | undefined, path: string): Keys {
  const entries = Object.entries(expectObject(value, path))
  return new Map(entries.map(([id, item]) => [id, parseTufKey(item, `${path}[${quoted(id)}]`)]))
}

/** Read `keyids` and `threshold`. @throws {ToolError} `E_FORMAT_MALFORMED`, for a threshold below 1 too. */
export function parseRule(value: JsonValue | undefined, keys: Keys, path: string): RoleRule {
  const object = expectObject(value, path)
  const list = expectArray(member(object, "keyids"), `${path}.keyids`, KEYIDS)
  const ids = list.map((id, index) => expectText(id, `${path}.keyids[${index}]`))
  if (new Set(ids).size !== ids.length) throw malformed(`${path}.keyids`, "a key id is listed twice")
  const usable = ids.flatMap((id) => {
    const key = keys.get(id)
    return key === undefined ? [] : [[id, key] as const]
  })
  return {
    keys: new Map(usable),
    // SECURITY: none or fewer would make unsigned metadata pass.
    threshold: expectInteger(member(object, "threshold"), `${path}.threshold`, 1, KEYIDS),
  }
}

/**
 * Read `delegations`.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 *
 * Spec: TUF section 4.5; TAP 15 for succinct ones.
 */
export function parseDelegations(value: JsonValue): Delegations {
  const path = "signed.delegations"
  const object = expectObject(value, path)
  const keys = parseKeys(member(object, "keys"), `${path}.keys`)
  const [roles, succinct] = [member(object, "roles"), member(object, "succinct_roles")]
  if ((roles === undefined) === (succinct === undefined)) {
    throw malformed(path, "expected roles or succinct_roles, and not both")
  }
  return succinct === undefined
    ? listed(expectArray(roles, `${path}.roles`), keys, `${path}.roles`)
    : succinctRoles(expectObject(succinct, `${path}.succinct_roles`), keys, `${path}.succinct_roles`)
}

function listed(items: readonly JsonValue[], keys: Keys, path: string): Delegations {
  const roles = items.map((item, index) =>
    parseRole(expectObject(item, `${path}[${index}]`), keys, `${path}[${index}]`),
  )
  const byName = new Map(roles.map((role) => [role.name, role]))
  if (byName.size !== roles.length) throw malformed(path, "a role is listed twice")
  return { rolesFor: (target) => roles.filter((role) => role.covers(target)), role: (name) => byName.get(name) }
}

function parseRole(object: JsonObject, keys: Keys, path: string): DelegatedRole {
  const name = roleName(expectText(member(object, "name"), `${path}.name`), `${path}.name`)
  const terminating = member(object, "terminating") ?? false
  if (typeof terminating !== "boolean") throw malformed(`${path}.terminating`, "expected true or false")
  return { ...parseRule(object, keys, path), name, terminating, covers: parseCovers(object, path) }
}

/** SECURITY: a delegated role of such a name would take the place of the role itself, in memory or on disk. */
function roleName(name: string, path: string): string {
  if (!TOP.includes(name)) return name
  throw malformed(path, `${quoted(name)} is the name of a top-level role`)
}

function parseCovers(object: JsonObject, path: string): DelegatedRole["covers"] {
  const [paths, prefixes] = [member(object, "paths"), member(object, "path_hash_prefixes")]
  if ((paths === undefined) === (prefixes === undefined)) {
    throw malformed(path, "expected paths or path_hash_prefixes, and not both")
  }
  const texts = expectArray(paths ?? prefixes, path).map((text, index) => expectText(text, `${path}[${index}]`))
  if (paths === undefined) {
    return (target) => texts.some((prefix) => nameHash(target).startsWith(prefix))
  }
  return (target) => texts.some((pattern) => matchesPath(pattern, target))
}

/** Lower-case hexadecimal. */
function nameHash(target: string): string {
  return encodeHex(digestOf("sha256", encodeUtf8(target, "name of a target")))
}

/** Shell-like pattern, part by part: `*` and `?` do not match a slash. */
export function matchesPath(pattern: string, target: string): boolean {
  const [parts, names] = [pattern.split("/"), target.split("/")]
  return parts.length === names.length && parts.every((part, index) => matchesPart(part, names[index] ?? ""))
}

/** Linear but for the last star seen, to which it goes back: at most pattern times text. */
function matchesPart(pattern: string, text: string): boolean {
  let [at, in_, star, mark] = [0, 0, -1, 0]
  while (in_ < text.length) {
    if (at < pattern.length && (pattern[at] === "?" || (pattern[at] !== "*" && pattern[at] === text[in_]))) {
      at++
      in_++
    } else if (pattern[at] === "*") {
      star = at++
      mark = in_
    } else if (star >= 0) {
      at = star + 1
      in_ = ++mark
    } else return false
  }
  while (pattern[at] === "*") at++
  return at === pattern.length
}

/** Roles named by a prefix and the first bits of the target's hash. */
function succinctRoles(object: JsonObject, keys: Keys, path: string): Delegations {
  const rule = parseRule(object, keys, path)
  const bits = expectInteger(member(object, "bit_length"), `${path}.bit_length`, 1, MAX_BITS)
  const prefix = expectText(member(object, "name_prefix"), `${path}.name_prefix`)
  const digits = (2 ** bits - 1).toString(16).length
  const nameOf = (bin: number): string => `${prefix}-${bin.toString(16).padStart(digits, "0")}`
  const roleOf = (target: string): string =>
    nameOf(Math.floor(Number.parseInt(nameHash(target).slice(0, 8), 16) / 2 ** (32 - bits)))
  const make = (name: string): DelegatedRole => ({
    ...rule,
    name,
    terminating: true,
    covers: (target) => roleOf(target) === name,
  })
  const within = (name: string): boolean => {
    if (!name.startsWith(`${prefix}-`)) return false
    const bin = name.slice(prefix.length + 1)
    return bin.length === digits && /^[0-9a-f]+$/.test(bin) && Number.parseInt(bin, 16) < 2 ** bits
  }
  return { rolesFor: (target) => [make(roleOf(target))], role: (name) => (within(name) ? make(name) : undefined) }
}
