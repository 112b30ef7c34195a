import type { HashAlgorithm, SigningKey } from "../../core/ports.ts"
import type { InclusionProof, LogEntry, TrustedLog } from "../../core/sigstore.ts"
import { generatePrivateKey, type KeyName } from "../../crypto/generate.ts"
import { digestOf } from "../../crypto/hash.ts"
import { localSigningKey } from "../../crypto/local-key.ts"
import { defaultScheme, keyDetailsOf } from "../../crypto/schemes.ts"
import { checkpointText } from "../../crypto/transparency/checkpoint.ts"
import { inclusionPath, MerkleTree } from "../../crypto/transparency/merkle-tree.ts"
import { leafHash } from "../../crypto/transparency/merkle.ts"
import { logKeyId, noteKeyId } from "../../crypto/transparency/note-key.ts"
import { signNote } from "../../crypto/transparency/signed-note.ts"
import { buildCertificate } from "../../crypto/x509/build-certificate.ts"
import { pae } from "../../envelopes/dsse/pae.ts"
import { buildEntryBody } from "../../envelopes/log-entry/build-entry-body.ts"
import type { BodyVerifier, EntryBody } from "../../envelopes/log-entry/entry-body.ts"
import { promiseMessage } from "../../envelopes/log-entry/promise-message.ts"
import { judgeLogEntries, type LogQuestion } from "./log-entries.ts"

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
export const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
export const newKey = async (name: KeyName = "ecdsa-p256"): Promise<SigningKey> =>
  localSigningKey(await generatePrivateKey(name))

export const SECOND = 1_700_000_000n
export const AT: number = Number(SECOND) * 1000
const YEAR = 365 * 24 * 3600 * 1000

/* Logs and signatures for the tests of log entries. */

export interface TestLog {
  readonly trusted: TrustedLog
  readonly key: SigningKey
  readonly version: "v1" | "v2"
  readonly tree: MerkleTree
}

export async function newLog(
  version: "v1" | "v2",
  kind: KeyName = "ecdsa-p256",
  host = "log.example",
): Promise<TestLog> {
  const key = await newKey(kind)
  const { publicKey } = key
  const trusted: TrustedLog = {
    baseUrl: `https://${host}:8443/rekor`,
    key: publicKey,
    keyDetails: keyDetailsOf(publicKey, defaultScheme(publicKey)) ?? "",
    logId: version === "v1" ? logKeyId(publicKey) : noteKeyId(publicKey, host),
    validFor: { start: AT - YEAR },
  }
  const tree = new MerkleTree()
  for (const text of ["a", "b", "c"]) tree.append(leafHash(utf8(text)))
  return { trusted, key, version, tree }
}

function schemeOf({ key, version }: TestLog): ReturnType<typeof defaultScheme> {
  const scheme = defaultScheme(key.publicKey)
  return version === "v1" && scheme.scheme === "ecdsa" ? { scheme: "ecdsa", hash: "sha256" } : scheme
}

export async function checkpointOf(log: TestLog, text?: string): Promise<string> {
  const { trusted, key, version, tree } = log
  const host = new URL(trusted.baseUrl).hostname
  const origin = version === "v1" ? `${host} - 42` : host
  const words = text ?? checkpointText({ origin, size: BigInt(tree.size), rootHash: tree.root(), extra: [] })
  const keyId = version === "v1" ? logKeyId(key.publicKey) : noteKeyId(key.publicKey, host)
  return signNote(words, [{ name: host, keyId, key, scheme: schemeOf(log) }])
}

async function proofOf(log: TestLog, index: number): Promise<InclusionProof> {
  const { tree } = log
  const hashes = inclusionPath(tree.read, index, tree.size)
  const checkpoint = await checkpointOf(log)
  return { logIndex: BigInt(index), rootHash: tree.root(), treeSize: BigInt(tree.size), hashes, checkpoint }
}

interface EntryOptions {
  readonly form?: "bundle" | "legacy"
  readonly promise?: boolean
  readonly proof?: boolean
  readonly integratedTime?: bigint
}

/** An entry as the log gives it; version 1 logs have other indexes in the whole log than in the tree. */
export async function entryOf(
  log: TestLog,
  body: EntryBody | Uint8Array,
  options: EntryOptions = {},
): Promise<LogEntry> {
  const canonicalizedBody = body instanceof Uint8Array ? body : buildEntryBody(body)
  const index = log.tree.append(leafHash(canonicalizedBody))
  log.tree.append(leafHash(utf8("later")))
  const v1 = log.version === "v1"
  const said = body instanceof Uint8Array ? { kind: "hashedrekord", version: "0.0.1" } : body
  const bare: LogEntry = {
    logIndex: BigInt(index) + (v1 ? 1000n : 0n),
    logId: log.trusted.logId,
    kind: options.form === "legacy" ? "" : said.kind,
    version: options.form === "legacy" ? "" : said.version,
    integratedTime: options.integratedTime ?? (v1 ? SECOND : 0n),
    canonicalizedBody,
  }
  const promise = (options.promise ?? v1) ? await log.key.sign(promiseMessage(bare), schemeOf(log)) : undefined
  const proof = (options.proof ?? options.form !== "legacy") ? await proofOf(log, index) : undefined
  return {
    ...bare,
    ...(promise === undefined ? {} : { signedEntryTimestamp: promise }),
    ...(proof === undefined ? {} : { inclusionProof: proof }),
  }
}

export const MESSAGE: Uint8Array = utf8("artifact")
export const PAYLOAD: Uint8Array = utf8('{"_type":"https://in-toto.io/Statement/v1"}')
export const TYPE = "application/vnd.in-toto+json"
export const hashOf = (
  bytes: Uint8Array,
  algorithm: HashAlgorithm = "sha256",
): { algorithm: HashAlgorithm; digest: Uint8Array } => ({
  algorithm,
  digest: digestOf(algorithm, bytes),
})
export const signer: SigningKey = await newKey()
export const other: SigningKey = await newKey()
export const ecdsa = { scheme: "ecdsa", hash: "sha256" } as const
export const messageSignature: Uint8Array = await signer.sign(MESSAGE, ecdsa)
export const envelopeSignature: Uint8Array = await signer.sign(pae(TYPE, PAYLOAD), ecdsa)
export const ENVELOPE: Uint8Array = utf8(JSON.stringify({ payloadType: TYPE, payload: "…", signatures: [] }))
export const keyVerifier: BodyVerifier = { kind: "public-key", der: signer.publicKey.spki }
export const keyDetails = "PKIX_ECDSA_P256_SHA_256"

export async function certificateOf(key: SigningKey): Promise<Uint8Array> {
  return buildCertificate({
    subject: [["CN", "test"]],
    issuer: [["CN", "test"]],
    serial: 1n,
    notBefore: AT,
    notAfter: AT + YEAR,
    publicKey: key.publicKey.spki,
    extensions: [],
    signWith: key,
    scheme: ecdsa,
  })
}

export const message: LogQuestion["signed"] = {
  signature: messageSignature,
  verifier: { key: signer.publicKey },
  content: { kind: "message", digests: { sha256: digestOf("sha256", MESSAGE) } },
}
export const envelope: LogQuestion["signed"] = {
  signature: envelopeSignature,
  verifier: { key: signer.publicKey },
  content: { kind: "envelope", payload: PAYLOAD, payloadType: TYPE },
}
export const legacyEnvelope: LogQuestion["signed"] = {
  ...envelope,
  content: { kind: "envelope", payload: PAYLOAD, payloadType: TYPE, envelope: ENVELOPE },
}

export const rekord: EntryBody = {
  kind: "hashedrekord",
  version: "0.0.1",
  data: hashOf(MESSAGE),
  signature: { signature: messageSignature, verifier: keyVerifier },
}
export const rekordV2: EntryBody = {
  kind: "hashedrekord",
  version: "0.0.2",
  data: hashOf(MESSAGE),
  signature: { signature: messageSignature, verifier: keyVerifier, keyDetails },
}
export const dsse: EntryBody = {
  kind: "dsse",
  version: "0.0.1",
  envelopeHash: hashOf(ENVELOPE),
  payloadHash: hashOf(PAYLOAD),
  signatures: [{ signature: envelopeSignature, verifier: keyVerifier }],
}
export const dsseV2: EntryBody = {
  kind: "dsse",
  version: "0.0.2",
  payloadHash: hashOf(PAYLOAD),
  signatures: [{ signature: envelopeSignature, verifier: keyVerifier, keyDetails }],
}
export const paeV2: EntryBody = {
  kind: "hashedrekord",
  version: "0.0.2",
  data: hashOf(pae(TYPE, PAYLOAD)),
  signature: { signature: envelopeSignature, verifier: keyVerifier, keyDetails },
}
export const intotoV1: EntryBody = {
  kind: "intoto",
  version: "0.0.1",
  envelopeHash: hashOf(ENVELOPE),
  payloadHash: hashOf(PAYLOAD),
  verifier: keyVerifier,
}
export const intotoV2: EntryBody = {
  kind: "intoto",
  version: "0.0.2",
  payloadType: TYPE,
  envelopeHash: hashOf(ENVELOPE),
  payloadHash: hashOf(PAYLOAD),
  signatures: [{ signature: envelopeSignature, verifier: keyVerifier, keyid: "" }],
}

export function judge(
  entries: readonly LogEntry[],
  logs: readonly (TestLog | TrustedLog)[],
  signed: LogQuestion["signed"],
  over: Partial<LogQuestion> = {},
): ReturnType<typeof judgeLogEntries> & { readonly code: string } {
  const trusted = logs.map((log) => ("trusted" in log ? log.trusted : log))
  const judged = judgeLogEntries({ entries, form: "bundle", logs: trusted, signed, required: 1, ...over })
  const bad = judged.findings.find(({ outcome, logged }) => outcome === "failed" && logged !== true)
  if (!judged.findings.every(({ check }) => check === "log.entry")) throw new Error("a finding about something else")
  if (bad === undefined && over.required !== 0 && judged.verified.length === 0) throw new Error("nothing verified")
  return { ...judged, code: bad === undefined ? "ok" : (bad.code ?? "no code") }
}

export const v1: TestLog = await newLog("v1")
export const v2: TestLog = await newLog("v2")
