/**
 * A TUF repository as files: what a private Sigstore serves, and what tests of clients are made from.
 *
 * Spec: TUF 1.0, sections 4 and 6.2 (consistent snapshots).
 */
import { encodeHex } from "../../../codec/hex.ts"
import { olpcJson } from "../../../codec/olpc-json.ts"
import { encodeUtf8 } from "../../../codec/utf8.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import type { PublicKey, SigningKey } from "../../../core/ports.ts"
import { digestOf } from "../../../crypto/hash.ts"
import { publicKeyPem, rawPublicKey } from "../../../crypto/public-key.ts"

/** The four roles that every repository has. */
export type TopRole = "root" | "targets" | "snapshot" | "timestamp"

/** A file that the repository vouches for. */
export interface TufTarget {
  readonly name: string
  readonly bytes: Uint8Array
  /** Custom metadata of Sigstore: `{"sigstore": …}`. */
  readonly sigstore?: {
    readonly usage: "Fulcio" | "Rekor" | "CTFE" | "TSA" | "Unknown"
    readonly status: "Active" | "Expired"
    readonly uri?: string
  }
}

/** What a repository is made from. */
export interface TufRepositoryInput {
  readonly keys: Readonly<Record<TopRole, readonly SigningKey[]>>
  /** Signatures that a role needs. Default 1. */
  readonly thresholds?: Partial<Readonly<Record<TopRole, number>>>
  readonly targets: readonly TufTarget[]
  /** Of each role. Default 1. */
  readonly versions?: Partial<Readonly<Record<TopRole, number>>>
  /** Milliseconds since the epoch; seconds are kept. */
  readonly expires: Readonly<Record<TopRole, number>>
  /** Keys of the root before this one, which must sign the new root, too. */
  readonly formerRootKeys?: readonly SigningKey[]
}

/** Files by their path below the repository's URL. */
export interface TufRepository {
  /** What clients are begun with: the file `VERSION.root.json`. */
  readonly root: Uint8Array
  /** `1.root.json`, `timestamp.json`, `1.snapshot.json`, `targets/SHA256.NAME` …; also the plain names. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/**
 * Build and sign a whole repository with consistent snapshots.
 *
 * Every file is also there under its plain name, for people and for clients that know no consistent snapshots.
 */
export async function buildTufRepository(input: TufRepositoryInput): Promise<TufRepository> {
  const version = (role: TopRole): number => input.versions?.[role] ?? 1
  const head = (role: TopRole): JsonObject => tufHead(role, version(role), input.expires[role])
  const files = new Map<string, Uint8Array>()
  const root = await signTuf({ ...head("root"), ...rootMembers(input) }, [
    ...input.keys.root,
    ...(input.formerRootKeys ?? []),
  ])
  put(files, "root", version("root"), root)

  const targets = await signTuf({ ...head("targets"), targets: targetMembers(input.targets) }, input.keys.targets)
  put(files, "targets", version("targets"), targets)
  for (const { name, bytes } of input.targets) {
    for (const path of targetPaths(name, bytes)) files.set(path, bytes)
  }

  const listed = { "targets.json": tufMeta(version("targets"), targets) }
  const snapshot = await signTuf({ ...head("snapshot"), meta: listed }, input.keys.snapshot)
  put(files, "snapshot", version("snapshot"), snapshot)

  const newest = { "snapshot.json": tufMeta(version("snapshot"), snapshot) }
  files.set("timestamp.json", await signTuf({ ...head("timestamp"), meta: newest }, input.keys.timestamp))
  return { root, files }
}

function put(files: Map<string, Uint8Array>, role: TopRole, version: number, bytes: Uint8Array): void {
  files.set(`${version}.${role}.json`, bytes)
  files.set(`${role}.json`, bytes)
}

/** Members that every signed part begins with. @param expires - milliseconds since the epoch. */
export function tufHead(role: TopRole, version: number, expires: number): JsonObject {
  return { _type: role, spec_version: "1.0", version, expires: `${new Date(expires).toISOString().slice(0, 19)}Z` }
}

/** Keys and roles of a root. */
function rootMembers({ keys, thresholds }: TufRepositoryInput): JsonObject {
  const all = Object.values(keys).flat()
  return {
    consistent_snapshot: true,
    keys: Object.fromEntries(all.map(({ publicKey }) => [tufKeyId(publicKey), tufKey(publicKey)])),
    roles: Object.fromEntries(
      Object.entries(keys).map(([role, signers]) => [
        role,
        {
          keyids: signers.map(({ publicKey }) => tufKeyId(publicKey)),
          threshold: thresholds?.[role as TopRole] ?? 1,
        },
      ]),
    ),
  }
}

function targetMembers(targets: readonly TufTarget[]): JsonObject {
  return Object.fromEntries(
    targets.map(({ name, bytes, sigstore }) => [
      name,
      { ...lengthAndHashes(bytes), ...(sigstore === undefined ? {} : { custom: { sigstore: { ...sigstore } } }) },
    ]),
  )
}

/** `length` and `hashes` of a file. */
export function lengthAndHashes(bytes: Uint8Array): JsonObject {
  return {
    length: bytes.length,
    hashes: { sha256: encodeHex(digestOf("sha256", bytes)), sha512: encodeHex(digestOf("sha512", bytes)) },
  }
}

/** Metadata as another role lists it. */
export function tufMeta(version: number, bytes: Uint8Array): JsonObject {
  return { version, ...lengthAndHashes(bytes) }
}

/** Where clients look for a target: below either of its hashes, or by name. */
function targetPaths(name: string, bytes: Uint8Array): readonly string[] {
  const slash = name.lastIndexOf("/") + 1
  const [folder, file] = [name.slice(0, slash), name.slice(slash)]
  const prefixes = (["sha256", "sha512"] as const).map((hash) => `${encodeHex(digestOf(hash, bytes))}.`)
  return [...prefixes, ""].map((prefix) => `targets/${folder}${prefix}${file}`)
}

/** A public key as TUF writes it: PEM, or hexadecimal for Ed25519. */
export function tufKey(key: PublicKey): JsonObject {
  const pem = { public: publicKeyPem(key) }
  switch (key.type) {
    case "ed25519":
      return { keytype: "ed25519", scheme: "ed25519", keyval: { public: encodeHex(rawPublicKey(key)) } }
    case "rsa":
      return { keytype: "rsa", scheme: "rsassa-pss-sha256", keyval: pem }
    case "ecdsa-p256":
      return { keytype: "ecdsa", scheme: "ecdsa-sha2-nistp256", keyval: pem }
    case "ecdsa-p384":
      return { keytype: "ecdsa", scheme: "ecdsa-sha2-nistp384", keyval: pem }
    case "ecdsa-p521":
      return { keytype: "ecdsa", scheme: "ecdsa-sha2-nistp521", keyval: pem }
  }
}

/** Lower-case hexadecimal SHA-256 of the key's canonical form. */
export function tufKeyId(key: PublicKey): string {
  return encodeHex(digestOf("sha256", encodeUtf8(olpcJson(tufKey(key)), "TUF key")))
}

/**
 * Sign any metadata. Each key signs once.
 *
 * @param signed - whatever it is: tests sign what no repository should.
 * @returns the file: `{"signatures": …, "signed": …}`.
 */
export async function signTuf(signed: JsonObject, keys: readonly SigningKey[]): Promise<Uint8Array> {
  const message = encodeUtf8(olpcJson(signed), "TUF metadata")
  const signers = new Map(keys.map((key) => [tufKeyId(key.publicKey), key]))
  const signatures = await Promise.all(
    [...signers].map(async ([keyid, key]) => ({ keyid, sig: encodeHex(await key.sign(message, schemeOf(key))) })),
  )
  return encodeUtf8(JSON.stringify({ signatures, signed }, undefined, 1), "TUF metadata")
}

function schemeOf({ publicKey: { type } }: SigningKey): Parameters<SigningKey["sign"]>[1] {
  if (type === "rsa") return { scheme: "rsa-pss", hash: "sha256" }
  if (type === "ed25519") return { scheme: "ed25519" }
  const hash = type === "ecdsa-p256" ? "sha256" : type === "ecdsa-p384" ? "sha384" : "sha512"
  return { scheme: "ecdsa", hash }
}
