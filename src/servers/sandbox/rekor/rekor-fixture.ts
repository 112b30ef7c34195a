/** What tests of the logs share: logs in a folder of their own, and proposals made without our own code. */
import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decodeBase64 } from "../../../codec/base64.ts"
import { MIB } from "../../../core/limits.ts"
import { generatePrivateKey } from "../../../crypto/generate.ts"
import { localSigningKey } from "../../../crypto/local-key.ts"
import type { SigningKey } from "../../../core/ports.ts"
import { createRekor } from "./create-rekor.ts"
import type { Rekor, RekorOptions } from "./options.ts"

/** Keys of the logs, as the sandbox has them. */
export const v1Key: SigningKey = localSigningKey(await generatePrivateKey("ecdsa-p256"))
export const v2Key: SigningKey = localSigningKey(await generatePrivateKey("ed25519"))

export const V1 = "http://log.test:8080/rekor"
export const V2 = "http://log.test:8080/rekor2"

/** A signer's key pair. */
export interface Signer {
  readonly privateKey: KeyObject
  readonly pem: string
  readonly der: Uint8Array
}

/** A P-256 key. */
export function newSigner(namedCurve = "P-256"): Signer {
  return signerOf(generateKeyPairSync("ec", { namedCurve }))
}

/** @param pair - as Node generates it. */
export function signerOf({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): Signer {
  return {
    privateKey,
    pem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    der: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
  }
}

export const signer: Signer = newSigner()

export const base64 = (data: string | Uint8Array): string => Buffer.from(data).toString("base64")
export const bytesOf = (text: string): Uint8Array => decodeBase64(text, { max: MIB, what: "test" })
export const textOf = (text: string): string => new TextDecoder().decode(bytesOf(text))
export const sha256 = (data: string | Uint8Array): Buffer => createHash("sha256").update(data).digest()

/** A hashedrekord 0.0.1 to propose. */
export function hashedrekord(text: string, by: Signer = signer): object {
  const content = base64(createSign("sha256").update(text).sign(by.privateKey))
  const hash = { algorithm: "sha256", value: sha256(text).toString("hex") }
  const publicKey = { content: base64(by.pem) }
  return { apiVersion: "0.0.1", kind: "hashedrekord", spec: { data: { hash }, signature: { content, publicKey } } }
}

/** A DSSE envelope over a payload, as JSON text. */
export function envelope(
  payload: string,
  by: readonly Signer[] = [signer],
  payloadType = "application/vnd.in-toto+json",
): string {
  const pae = `DSSEv1 ${payloadType.length} ${payloadType} ${Buffer.byteLength(payload)} ${payload}`
  const signatures = by.map(({ privateKey }) => {
    const hash = privateKey.asymmetricKeyType === "ed25519" ? null : "sha256"
    return { sig: base64(sign(hash, Buffer.from(pae), privateKey)) }
  })
  return JSON.stringify({ payloadType, payload: base64(payload), signatures })
}

/** A dsse 0.0.1 to propose. */
export function dsse(text: string, by: readonly Signer[] = [signer]): object {
  const verifiers = by.map(({ pem }) => base64(pem))
  return { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent: { envelope: text, verifiers } } }
}

/** An intoto 0.0.2 to propose: base64 of base64. */
export function intoto(text: string, by: Signer = signer): object {
  const { payloadType, payload, signatures } = JSON.parse(text) as {
    payloadType: string
    payload: string
    signatures: { sig: string }[]
  }
  const written = signatures.map(({ sig }) => ({ sig: base64(sig), publicKey: base64(by.pem) }))
  const hash = { algorithm: "sha256", value: sha256(text).toString("hex") }
  const content = { envelope: { payload: base64(payload), payloadType, signatures: written }, hash }
  return { apiVersion: "0.0.2", kind: "intoto", spec: { content } }
}

/** An intoto 0.0.1 to propose, as cosign does. */
export function intotoEnvelope(text: string, by: Signer = signer): object {
  return { apiVersion: "0.0.1", kind: "intoto", spec: { content: { envelope: text }, publicKey: base64(by.pem) } }
}

/** A request to a version 2 log. */
export function hashedrekordV2(
  text: string,
  by: Signer = signer,
  keyDetails = "PKIX_ECDSA_P256_SHA_256",
  hash = "sha256",
): object {
  const verifier = { keyDetails, publicKey: { rawBytes: base64(by.der) } }
  const content = base64(createSign(hash).update(text).sign(by.privateKey))
  const digest = createHash(hash).update(text).digest("base64")
  return { hashedRekordRequestV002: { digest, signature: { content, verifier } } }
}

/** Logs in a folder of their own. */
export interface TestLogs {
  readonly rekor: Rekor
  readonly folder: string
  readonly get: (url: string) => Promise<Response>
  readonly post: (url: string, body: unknown, headers?: Record<string, string>) => Promise<Response>
  /** Close the logs and open them again. */
  readonly again: (options?: Partial<RekorOptions>) => Promise<TestLogs>
  readonly close: () => Promise<void>
}

/** Milliseconds since the epoch at which everything happens. */
export const NOW = 1_760_000_000_000

/** @param at - existing folder; default: a temporary one. {@link TestLogs.close} removes it. */
export async function startLogs(options: Partial<RekorOptions> = {}, at?: string): Promise<TestLogs> {
  const folder = at ?? (await mkdtemp(join(tmpdir(), "countersign-rekor-")))
  const rekor = await createRekor({
    folder,
    v1: { url: V1, signer: v1Key },
    v2: { url: V2, signer: v2Key },
    clock: { now: () => NOW },
    randomness: { bytes: (count) => new Uint8Array(randomBytes(count)) },
    durability: "fast",
    ...options,
  })
  const send = (url: string, init?: RequestInit): Promise<Response> =>
    (url.startsWith(V2) ? rekor.v2 : rekor.v1).fetch(new Request(url, init))
  return {
    rekor,
    folder,
    get: (url) => send(url),
    post: (url, body, headers = {}) =>
      send(url, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { "Content-Type": "application/json", ...headers },
      }),
    again: async (changed = {}) => {
      await rekor.close()
      return startLogs({ ...options, ...changed }, folder)
    },
    close: async () => {
      await rekor.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** One replacement of a value in a document, with where it is. */
export interface Mutation {
  readonly name: string
  readonly document: unknown
}

/** The document with each node, the root included, replaced by each of null, {}, [], "", -1. */
export function mutations(document: unknown): readonly Mutation[] {
  const found: Mutation[] = []
  const walk = (value: unknown, path: string, put: (changed: unknown) => unknown): void => {
    for (const other of [null, {}, [], "", -1]) {
      found.push({ name: `${path} = ${JSON.stringify(other)}`, document: put(other) })
    }
    if (typeof value !== "object" || value === null) return
    for (const [key, item] of Object.entries(value)) {
      walk(item, `${path}.${key}`, (changed) => {
        const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>
        copy[key] = changed
        return put(copy)
      })
    }
  }
  walk(document, "$", (changed) => changed)
  return found
}
