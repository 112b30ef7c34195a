/** A Sigstore instance of another project's making: what it signs was made by none of our code. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from "@sigstore/mock"

type Json = Record<string, unknown>
interface Keys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** An entry as a log of version 1 answers. */
interface ApiEntry {
  readonly body: string
  readonly integratedTime: number
  readonly logID: string
  readonly logIndex: number
  readonly verification: {
    readonly signedEntryTimestamp: string
    readonly inclusionProof: {
      readonly logIndex: number
      readonly rootHash: string
      readonly treeSize: number
      readonly checkpoint: string
    }
  }
}

/** What can be asked of the instance. */
export interface MockInstance {
  /** `trusted_root.json`. */
  readonly trustedRoot: Json
  /** A bundle v0.3 over a message. */
  signMessage(message: Uint8Array, options?: SignOptions): Promise<Json>
  /** A bundle v0.3 with an envelope. */
  signEnvelope(payload: Uint8Array, options?: SignOptions): Promise<Json>
}

export interface SignOptions {
  /** Default true. */
  readonly timestamp?: boolean
  readonly subject?: string
}

export const MOCK_SUBJECT = "https://example.com/workflow@refs/heads/main"
export const MOCK_ISSUER = "https://issuer.example"
export const PAYLOAD_TYPE = "application/vnd.in-toto+json"

function keys(curve = "P-256"): Keys {
  return generateKeyPairSync("ec", { namedCurve: curve })
}

function base64(bytes: ArrayBufferView | ArrayBuffer): string {
  const view = ArrayBuffer.isView(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.from(bytes)
  return view.toString("base64")
}

function spki(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" })
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`
}

/** Pre-authentication encoding of DSSE. */
function paeOf(type: string, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])
}

/** Start an instance; nothing of it listens anywhere. */
export async function mockInstance(clock: Date): Promise<MockInstance> {
  const [caKeys, ctKeys, logKeys, tsaKeys] = [keys("P-384"), keys(), keys(), keys("P-384")]
  const ctLog = await initializeCTLog(ctKeys, clock)
  const ca = await initializeCA(caKeys, ctLog, clock)
  const log = await initializeTLog("https://rekor.example", logKeys, clock)
  const tsa = await initializeTSA(tsaKeys, clock)
  const window = { start: "2020-01-01T00:00:00Z" }
  const logRow = (baseUrl: string, key: KeyObject): Json => ({
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: { rawBytes: base64(spki(key)), keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor: window },
    logId: { keyId: createHash("sha256").update(spki(key)).digest("base64") },
  })
  const authorityRow = (uri: string, ...certificates: readonly ArrayBufferView[]): Json => ({
    subject: { organization: "sigstore.mock", commonName: "mock" },
    uri,
    certChain: { certificates: certificates.map((der) => ({ rawBytes: base64(der) })) },
    validFor: window,
  })

  async function certify(subject: string): Promise<{ readonly certificate: Buffer; readonly key: KeyObject }> {
    const own = keys()
    const der = await ca.issueCertificate({
      publicKey: spki(own.publicKey) as unknown as ArrayBufferView<ArrayBuffer>,
      subjectAltName: subject,
      extensions: [
        { oid: "1.3.6.1.4.1.57264.1.1", value: MOCK_ISSUER, legacy: true },
        { oid: "1.3.6.1.4.1.57264.1.8", value: MOCK_ISSUER },
      ],
    })
    return { certificate: Buffer.from(der.buffer, der.byteOffset, der.byteLength), key: own.privateKey }
  }

  async function entryOf(kind: string, spec: Json): Promise<Json> {
    const answer: unknown = await log.log({ apiVersion: "0.0.1", kind, spec })
    const [entry] = Object.values(answer as Record<string, ApiEntry>)
    if (entry === undefined) throw new Error("no entry")
    const { inclusionProof, signedEntryTimestamp } = entry.verification
    return {
      logIndex: String(entry.logIndex),
      logId: { keyId: Buffer.from(entry.logID, "hex").toString("base64") },
      kindVersion: { kind, version: "0.0.1" },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp },
      inclusionProof: {
        logIndex: String(inclusionProof.logIndex),
        rootHash: Buffer.from(inclusionProof.rootHash, "hex").toString("base64"),
        treeSize: String(inclusionProof.treeSize),
        hashes: [],
        checkpoint: { envelope: inclusionProof.checkpoint },
      },
      canonicalizedBody: entry.body,
    }
  }

  async function materialOf(certificate: Buffer, entry: Json, signature: Buffer, timestamp: boolean): Promise<Json> {
    const stamp = timestamp
      ? await tsa.timestamp({
          artifactHash: createHash("sha256").update(signature).digest(),
          hashAlgorithmOID: "2.16.840.1.101.3.4.2.1",
          nonce: 1,
          policyOID: "1.3.6.1.4.1.57264.2",
          certReq: false,
        })
      : undefined
    return {
      certificate: { rawBytes: base64(certificate) },
      tlogEntries: [entry],
      timestampVerificationData: {
        rfc3161Timestamps: stamp === undefined ? [] : [{ signedTimestamp: base64(stamp) }],
      },
    }
  }

  return {
    trustedRoot: {
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [logRow("https://rekor.example", logKeys.publicKey)],
      certificateAuthorities: [authorityRow("https://fulcio.example", ca.rootCertificate)],
      ctlogs: [logRow("https://ctfe.example", ctKeys.publicKey)],
      timestampAuthorities: [authorityRow("https://tsa.example", tsa.intCertificate, tsa.rootCertificate)],
    },
    signMessage: async (message, { timestamp = true, subject = MOCK_SUBJECT } = {}) => {
      const { certificate, key } = await certify(subject)
      const signature = sign("sha256", message, key)
      const digest = createHash("sha256").update(message).digest()
      const content = Buffer.from(pem("CERTIFICATE", certificate)).toString("base64")
      const entry = await entryOf("hashedrekord", {
        data: { hash: { algorithm: "sha256", value: digest.toString("hex") } },
        signature: { content: base64(signature), publicKey: { content } },
      })
      return {
        mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
        verificationMaterial: await materialOf(certificate, entry, signature, timestamp),
        messageSignature: {
          messageDigest: { algorithm: "SHA2_256", digest: base64(digest) },
          signature: base64(signature),
        },
      }
    },
    signEnvelope: async (payload, { timestamp = true, subject = MOCK_SUBJECT } = {}) => {
      const { certificate, key } = await certify(subject)
      const signature = sign("sha256", paeOf(PAYLOAD_TYPE, payload), key)
      const verifier = Buffer.from(pem("CERTIFICATE", certificate)).toString("base64")
      const entry = await entryOf("dsse", {
        envelopeHash: { algorithm: "sha256", value: createHash("sha256").update("the envelope").digest("hex") },
        payloadHash: { algorithm: "sha256", value: createHash("sha256").update(payload).digest("hex") },
        signatures: [{ signature: base64(signature), verifier }],
      })
      return {
        mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
        verificationMaterial: await materialOf(certificate, entry, signature, timestamp),
        dsseEnvelope: {
          payload: base64(payload),
          payloadType: PAYLOAD_TYPE,
          signatures: [{ sig: base64(signature), keyid: "" }],
        },
      }
    },
  }
}
