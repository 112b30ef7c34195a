import { mkdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { encodePem, parsePem } from "../../../codec/pem.ts"
import { decodeUtf8 } from "../../../codec/utf8.ts"
import { bytesToBigint } from "../../../codec/der.ts"
import { ToolError } from "../../../core/errors.ts"
import type { Clock, Randomness, SigningKey } from "../../../core/ports.ts"
import { generatePrivateKey, type KeyName } from "../../../crypto/generate.ts"
import { localSigningKey } from "../../../crypto/local-key.ts"
import { type PrivateKey, parsePrivateKey } from "../../../crypto/private-key.ts"
import { defaultScheme } from "../../../crypto/schemes.ts"
import { buildCertificate, type ExtensionSpec, type NameParts } from "../../../crypto/x509/build-certificate.ts"
import {
  authorityKeyExtension,
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
  subjectKeyExtension,
} from "../../../crypto/x509/build-extensions.ts"
import { EKU } from "../../../crypto/x509/extensions.ts"
import { parseCertificate } from "../../../crypto/x509/parse-certificate.ts"
import { withIoErrors, writeNew } from "../../file-work.ts"
import { pendingName, readSmall } from "./data-folder.ts"

/** What the keys of a sandbox sign. */
export type SandboxKeyName =
  "oidc" | "fulcio-root" | "fulcio-intermediate" | "ct" | "rekor" | "rekor2" | "tsa-root" | "tsa" | "tuf"

/** Kinds of the keys: those of Sigstore's public instance. */
const KEYS: Readonly<Record<SandboxKeyName, KeyName>> = {
  // COMPAT(cosign 3.1): `--identity-token` takes nothing but RS256 for a token; the rest it opens as a file.
  oidc: "rsa-2048",
  "fulcio-root": "ecdsa-p384",
  "fulcio-intermediate": "ecdsa-p384",
  ct: "ecdsa-p256",
  rekor: "ecdsa-p256",
  rekor2: "ed25519",
  "tsa-root": "ecdsa-p384",
  tsa: "ecdsa-p256",
  tuf: "ecdsa-p256",
}

/** A key of a sandbox. */
export interface SandboxKey {
  readonly name: SandboxKeyName
  readonly signer: SigningKey
  /** For what signs with a key object itself. */
  readonly privateKey: PrivateKey
}

/** Keys and certificates of a sandbox, made once and kept. */
export interface SandboxMaterial {
  readonly keys: Readonly<Record<SandboxKeyName, SandboxKey>>
  /** DER: the intermediate that issues, then the root. */
  readonly fulcioChain: readonly Uint8Array[]
  /** DER: the timestamp authority, then its root. */
  readonly tsaChain: readonly Uint8Array[]
  /** Milliseconds since the epoch from which all of it is to be trusted. */
  readonly since: number
}

const FOLDER = "keys"
const CHAINS = { fulcio: "fulcio-chain.pem", tsa: "tsa-chain.pem" } as const
const MINUTE = 60_000
const YEARS = 10 * 365 * 24 * 60 * MINUTE

/** What material is made with. */
export interface MaterialParts {
  readonly clock: Clock
  readonly randomness: Randomness
}

/**
 * Keys and certificates in a sandbox's folder; made where there are none. They lie in `keys`, which appears as a whole or
 * not at all.
 *
 * @throws {ToolError} `E_IO`; `E_KEY_TYPE`, `E_FORMAT_MALFORMED` for files that somebody changed.
 */
export async function loadOrMakeMaterial(folder: string, parts: MaterialParts): Promise<SandboxMaterial> {
  return (await loadMaterial(folder)) ?? makeMaterial(folder, parts)
}

/** The same without making any: `undefined` when there are none. */
export async function loadMaterial(folder: string): Promise<SandboxMaterial | undefined> {
  const path = join(folder, FOLDER)
  const fulcio = await readSmall(join(path, CHAINS.fulcio))
  if (fulcio === undefined) return undefined
  const fulcioChain = certificatesOf(fulcio, CHAINS.fulcio)
  const tsaChain = certificatesOf(await needed(join(path, CHAINS.tsa)), CHAINS.tsa)
  const keys = await Promise.all(
    keyNames().map(async (name) => [name, keyOf(name, parsePrivateKey(await needed(keyPath(path, name))))] as const),
  )
  const since = parseCertificate(fulcioChain.at(-1) ?? new Uint8Array(0)).notBefore
  return { keys: recordOf(keys), fulcioChain, tsaChain, since }
}

/** The key that signs identity tokens alone; `undefined` when the folder is no sandbox's. */
export async function loadTokenKey(folder: string): Promise<SandboxKey | undefined> {
  const bytes = await readSmall(keyPath(join(folder, FOLDER), "oidc"))
  return bytes === undefined ? undefined : keyOf("oidc", parsePrivateKey(bytes))
}

function keyNames(): readonly SandboxKeyName[] {
  return Object.keys(KEYS) as SandboxKeyName[]
}

function keyPath(folder: string, name: SandboxKeyName): string {
  return join(folder, `${name}.pem`)
}

function keyOf(name: SandboxKeyName, privateKey: PrivateKey): SandboxKey {
  return { name, privateKey, signer: localSigningKey(privateKey) }
}

function recordOf(keys: readonly (readonly [SandboxKeyName, SandboxKey])[]): SandboxMaterial["keys"] {
  return Object.fromEntries(keys) as Record<SandboxKeyName, SandboxKey>
}

async function needed(path: string): Promise<Uint8Array> {
  const bytes = await readSmall(path)
  if (bytes !== undefined) return bytes
  throw new ToolError("E_IO", {
    what: `the sandbox's file ${path} is missing`,
    why: "others of the same sandbox are there, expected all of them",
    next: ["put it back, or begin anew with an empty folder"],
  })
}

function certificatesOf(pem: Uint8Array, what: string): readonly Uint8Array[] {
  const certificates = parsePem(decodeUtf8(pem, what), { what }).map(({ bytes }) => bytes)
  for (const der of certificates) parseCertificate(der)
  if (certificates.length === 2) return certificates
  throw new ToolError("E_FORMAT_MALFORMED", {
    what: `the sandbox's file ${what} cannot be used`,
    why: `it has ${certificates.length} certificates, expected 2`,
    next: ["put it back, or begin anew with an empty folder"],
  })
}

async function makeMaterial(folder: string, parts: MaterialParts): Promise<SandboxMaterial> {
  const keys = recordOf(
    await Promise.all(
      keyNames().map(async (name) => [name, keyOf(name, await generatePrivateKey(KEYS[name]))] as const),
    ),
  )
  // Times in whole seconds, and a minute back: what is signed at once must not come before.
  const since = Math.floor(parts.clock.now() / 1000) * 1000 - MINUTE
  const made = { keys, since, ...(await makeChains(keys, since, parts.randomness)) }
  await withIoErrors("keep the sandbox's keys", () => keepMaterial(folder, made))
  return made
}

async function keepMaterial(folder: string, { keys, fulcioChain, tsaChain }: SandboxMaterial): Promise<void> {
  const pending = join(folder, pendingName(""))
  try {
    await mkdir(pending, { mode: 0o700 })
    for (const { name, privateKey } of Object.values(keys)) {
      await writeNew(keyPath(pending, name), privateKey.export({ type: "pkcs8", format: "pem" }).toString(), {
        mode: 0o600,
        flush: true,
      })
    }
    await writeNew(join(pending, CHAINS.fulcio), pemOf(fulcioChain), { mode: 0o644, flush: true })
    await writeNew(join(pending, CHAINS.tsa), pemOf(tsaChain), { mode: 0o644, flush: true })
    await rename(pending, join(folder, FOLDER))
  } catch (cause) {
    await rm(pending, { recursive: true, force: true })
    throw cause
  }
}

/** PEM of certificates. */
export function pemOf(chain: readonly Uint8Array[]): string {
  return chain.map((der) => encodePem("CERTIFICATE", der)).join("")
}

interface Link {
  readonly subject: NameParts
  readonly key: SigningKey
  readonly extensions: readonly ExtensionSpec[]
}

/** @param pathLength - authorities allowed below. */
function authorityExtensions(pathLength: number): readonly ExtensionSpec[] {
  return [basicConstraintsExtension(true, pathLength), keyUsageExtension(["keyCertSign", "cRLSign"])]
}

async function makeChains(
  keys: SandboxMaterial["keys"],
  since: number,
  randomness: Randomness,
): Promise<Pick<SandboxMaterial, "fulcioChain" | "tsaChain">> {
  const certify = (holder: Link, issuer: Link): Promise<Uint8Array> =>
    buildCertificate({
      subject: holder.subject,
      issuer: issuer.subject,
      serial: randomSerial(randomness),
      notBefore: since,
      notAfter: since + YEARS,
      publicKey: holder.key.publicKey.spki,
      extensions: [
        ...holder.extensions,
        subjectKeyExtension(holder.key.publicKey.spki),
        ...(holder === issuer ? [] : [authorityKeyExtension(issuer.key.publicKey.spki)]),
      ],
      signWith: issuer.key,
      scheme: defaultScheme(issuer.key.publicKey),
    })
  const link = (name: SandboxKeyName, commonName: string, extensions: readonly ExtensionSpec[]): Link => ({
    subject: [
      ["O", "countersign sandbox"],
      ["CN", commonName],
    ],
    key: keys[name].signer,
    extensions,
  })
  const root = link("fulcio-root", "sandbox root", authorityExtensions(1))
  const codeSigning = extendedKeyUsageExtension([EKU.codeSigning])
  const intermediate = link("fulcio-intermediate", "sandbox intermediate", [...authorityExtensions(0), codeSigning])
  const tsaRoot = link("tsa-root", "sandbox timestamp root", authorityExtensions(0))
  const stamping = extendedKeyUsageExtension([EKU.timeStamping], true)
  const tsa = link("tsa", "sandbox timestamp authority", [keyUsageExtension(["digitalSignature"]), stamping])
  return {
    fulcioChain: [await certify(intermediate, root), await certify(root, root)],
    tsaChain: [await certify(tsa, tsaRoot), await certify(tsaRoot, tsaRoot)],
  }
}

/** 127 bits; the second is set, so that all have the same length. */
export function randomSerial(randomness: Randomness): bigint {
  const bytes = randomness.bytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytesToBigint(bytes)
}
