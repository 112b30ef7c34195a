import { decodeHex, encodeHex } from "../../codec/hex.ts"
import { expectInteger, expectObject, expectText, member } from "../../codec/json-shape.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { digestOf, HASH_LENGTH } from "../../crypto/hash.ts"
import { type Delegations, parseDelegations, parseKeys, parseRule } from "./delegations.ts"
import { parseSignedFile, type RoleRule, type SignedFile } from "./signed-file.ts"
import { parsing, tufError } from "./tuf-error.ts"

/** The roles every repository has. */
export type TopRole = "root" | "timestamp" | "snapshot" | "targets"

/** Names of {@link TopRole}; no delegated role may have one. */
export const topRoles: readonly TopRole[] = ["root", "timestamp", "snapshot", "targets"]

/** A root: who signs what. */
export interface RootFile extends SignedFile {
  readonly roles: Readonly<Record<TopRole, RoleRule>>
  readonly consistentSnapshot: boolean
}

/** How a file must be. Hashes are raw; empty when none is stated. */
export interface FileFacts {
  readonly length?: number
  readonly hashes: Readonly<Partial<Record<"sha256" | "sha512", Uint8Array>>>
}

/** Metadata as a snapshot or a timestamp lists it. */
export interface MetaFacts extends FileFacts {
  readonly version: number
}

/** A snapshot; a timestamp is read the same way and lists `snapshot.json` alone. */
export interface MetaFile extends SignedFile {
  /** By file name, such as `targets.json`. */
  readonly meta: ReadonlyMap<string, MetaFacts>
}

/** A file that may be fetched. At least one hash is there. */
export interface TargetFacts extends FileFacts {
  readonly name: string
  readonly length: number
  /** `custom.sigstore`, where it is well-formed. */
  readonly usage?: string
  readonly status?: string
  readonly uri?: string
}

/** Top-level or delegated targets. */
export interface TargetsFile extends SignedFile {
  readonly targets: ReadonlyMap<string, TargetFacts>
  readonly delegations?: Delegations
}

/**
 * Read a root.
 *
 * @throws {ToolError} `E_TRUST_MALFORMED`.
 *
 * Spec: TUF section 4.3.
 */
export function parseRoot(bytes: Uint8Array, what = "root.json"): RootFile {
  return parsing(what, () => {
    const file = parseSignedFile(bytes, "root", what)
    const keys = parseKeys(member(file.signed, "keys"), "signed.keys")
    const roles = expectObject(member(file.signed, "roles"), "signed.roles")
    const rule = (role: TopRole): RoleRule => parseRule(member(roles, role), keys, `signed.roles.${role}`)
    const consistent = member(file.signed, "consistent_snapshot") ?? false
    if (typeof consistent !== "boolean") throw malformed("signed.consistent_snapshot", "expected true or false")
    return {
      ...file,
      roles: { root: rule("root"), timestamp: rule("timestamp"), snapshot: rule("snapshot"), targets: rule("targets") },
      consistentSnapshot: consistent,
    }
  })
}

/** Read a timestamp. @throws {ToolError} `E_TRUST_MALFORMED`. Spec: TUF section 4.6. */
export function parseTimestamp(
  bytes: Uint8Array,
  what = "timestamp.json",
): MetaFile & { readonly snapshot: MetaFacts } {
  return parsing(what, () => {
    const file = parseMetaFile(bytes, "timestamp", what)
    const snapshot = file.meta.get("snapshot.json")
    if (snapshot === undefined || file.meta.size > 1) throw malformed("signed.meta", "expected snapshot.json alone")
    return { ...file, snapshot }
  })
}

/** Read a snapshot. @throws {ToolError} `E_TRUST_MALFORMED`. Spec: TUF section 4.4. */
export function parseSnapshot(bytes: Uint8Array, what = "snapshot.json"): MetaFile {
  return parsing(what, () => {
    const file = parseMetaFile(bytes, "snapshot", what)
    if (!file.meta.has("targets.json")) throw malformed("signed.meta", "targets.json is missing")
    return file
  })
}

/** Read targets. @throws {ToolError} `E_TRUST_MALFORMED`. Spec: TUF section 4.5. */
export function parseTargets(bytes: Uint8Array, what = "targets.json"): TargetsFile {
  return parsing(what, () => {
    const file = parseSignedFile(bytes, "targets", what)
    const targets = Object.entries(expectObject(member(file.signed, "targets"), "signed.targets"))
    const delegations = member(file.signed, "delegations")
    return {
      ...file,
      targets: new Map(targets.map(([name, item]) => [name, parseTarget(name, item)])),
      ...(delegations === undefined ? {} : { delegations: parseDelegations(delegations) }),
    }
  })
}

function parseMetaFile(bytes: Uint8Array, type: "timestamp" | "snapshot", what: string): MetaFile {
  const file = parseSignedFile(bytes, type, what)
  const entries = Object.entries(expectObject(member(file.signed, "meta"), "signed.meta"))
  return { ...file, meta: new Map(entries.map(([name, item]) => [name, parseMeta(name, item)])) }
}

function parseMeta(name: string, item: JsonValue): MetaFacts {
  const path = `signed.meta[${quoted(name)}]`
  const object = expectObject(item, path)
  const [length, hashes] = [member(object, "length"), member(object, "hashes")]
  return {
    version: expectInteger(member(object, "version"), `${path}.version`, 1),
    ...(length === undefined ? {} : { length: expectInteger(length, `${path}.length`, 1) }),
    hashes: hashes === undefined ? {} : parseHashes(hashes, `${path}.hashes`),
  }
}

function parseTarget(name: string, item: JsonValue): TargetFacts {
  const path = `signed.targets[${quoted(name)}]`
  const object = expectObject(item, path)
  return {
    name,
    length: expectInteger(member(object, "length"), `${path}.length`),
    hashes: parseHashes(member(object, "hashes"), `${path}.hashes`),
    ...sigstoreMembers(member(object, "custom")),
  }
}

/** Of `hashes`, those that are known; there must be one. */
function parseHashes(value: JsonValue | undefined, path: string): FileFacts["hashes"] {
  const object = expectObject(value, path)
  const known = (["sha256", "sha512"] as const).flatMap((name) => {
    const text = member(object, name)
    if (text === undefined) return []
    const bytes = decodeHex(expectText(text, `${path}.${name}`), { max: 64, what: `${path}.${name}`, upperCase: true })
    if (bytes.length === HASH_LENGTH[name]) return [[name, bytes] as const]
    throw malformed(`${path}.${name}`, `saw ${bytes.length} bytes, expected ${HASH_LENGTH[name]}`)
  })
  if (known.length === 0) throw malformed(path, "saw neither sha256 nor sha512")
  return Object.fromEntries(known)
}

/** Custom metadata is free text to TUF: what is not as Sigstore writes it is passed over. */
function sigstoreMembers(custom: JsonValue | undefined): Pick<TargetFacts, "usage" | "status" | "uri"> {
  const sigstore = objectOf(objectOf(custom)["sigstore"])
  const texts = (["usage", "status", "uri"] as const).flatMap((name) => {
    const text = member(sigstore, name)
    return typeof text === "string" && text !== "" ? [[name, text] as const] : []
  })
  return Object.fromEntries(texts)
}

function objectOf(value: JsonValue | undefined): JsonObject {
  const object = typeof value === "object" && value !== null && !Array.isArray(value)
  return object ? (value as JsonObject) : (Object.create(null) as JsonObject)
}

/**
 * Hold bytes against what was signed about them: the length, and each hash that is known.
 *
 * @throws {ToolError} `E_TRUST_MALFORMED`.
 */
export function requireFacts(bytes: Uint8Array, facts: FileFacts, what: string): void {
  const why = differenceFrom(bytes, facts)
  if (why !== undefined) throw tufError("E_TRUST_MALFORMED", `${what} is not the file that was signed`, why)
}

/** Whether bytes are those that something was signed about. */
export function hasFacts(bytes: Uint8Array, facts: FileFacts): boolean {
  return differenceFrom(bytes, facts) === undefined
}

function differenceFrom(bytes: Uint8Array, facts: FileFacts): string | undefined {
  if (facts.length !== undefined && bytes.length !== facts.length) {
    return `saw ${bytes.length} bytes, expected ${facts.length}`
  }
  for (const name of ["sha256", "sha512"] as const) {
    const expected = facts.hashes[name]
    if (expected === undefined) continue
    const seen = encodeHex(digestOf(name, bytes))
    if (seen !== encodeHex(expected)) return `saw ${name}:${seen}, expected ${name}:${encodeHex(expected)}`
  }
  return undefined
}
