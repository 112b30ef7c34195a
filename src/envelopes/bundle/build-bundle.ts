import { encodeBase64 } from "../../codec/base64.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { ToolError } from "../../core/errors.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import { protoHashes } from "../../crypto/proto-hashes.ts"
import { logEntryText } from "../log-entry/log-entry-text.ts"
import { BUNDLE_V03, hashBytes, type BundleEnvelope, type BundleMessage } from "./bundle.ts"

/** What a bundle is made of. */
export interface BundleInput {
  /** Default: the name of version 0.3 that cosign 3 writes. */
  readonly mediaType?: string
  readonly signer:
    | {
        /** Base64 of SHA-256 of the key's SubjectPublicKeyInfo, as cosign writes it. */
        readonly publicKeyHint: string
      }
    | {
        /** DER of the leaf; version 0.3 holds no others. */
        readonly certificate: Uint8Array
      }
  readonly logEntries?: readonly LogEntry[]
  /** DER `TimeStampResp`s. */
  readonly timestamps?: readonly Uint8Array[]
  readonly content: BundleMessage | BundleEnvelope
}

/**
 * A Sigstore bundle v0.3.
 *
 * @returns compact JSON in cosign 3's member order, no line end. An empty `keyid` and empty lists are left out.
 * @throws {ToolError} `E_USAGE` for a digest that protobuf has no name for or of the wrong length.
 */
export function buildBundle(input: BundleInput): Uint8Array {
  const material = `{${signerText(input.signer)}${witnessText(input)}}`
  const content =
    input.content.kind === "message"
      ? `"messageSignature":${messageText(input.content)}`
      : `"dsseEnvelope":${envelopeText(input.content)}`
  return encodeUtf8(
    `{"mediaType":${JSON.stringify(input.mediaType ?? BUNDLE_V03)},"verificationMaterial":${material},${content}}`,
    "bundle",
  )
}

function signerText(signer: BundleInput["signer"]): string {
  if ("certificate" in signer) return `"certificate":{"rawBytes":"${encodeBase64(signer.certificate)}"}`
  const { publicKeyHint: hint } = signer
  return `"publicKey":${hint === "" ? "{}" : `{"hint":${JSON.stringify(hint)}}`}`
}

function witnessText({ logEntries = [], timestamps = [] }: BundleInput): string {
  const entries = logEntries.map(logEntryText).join(",")
  const stamps = timestamps.map((bytes) => `{"signedTimestamp":"${encodeBase64(bytes)}"}`).join(",")
  return (
    (entries === "" ? "" : `,"tlogEntries":[${entries}]`) +
    (stamps === "" ? "" : `,"timestampVerificationData":{"rfc3161Timestamps":[${stamps}]}`)
  )
}

function messageText(content: BundleMessage): string {
  const signature = `"signature":"${encodeBase64(content.signature)}"`
  const { digest } = content
  if (digest === undefined) return `{${signature}}`
  const row = protoHashes.find(({ hash }) => hash === digest.algorithm)
  if (row === undefined || digest.value.length !== hashBytes[digest.algorithm]) {
    throw new ToolError("E_USAGE", {
      what: "this digest cannot be written into a bundle",
      why: `saw ${digest.value.length} bytes of ${digest.algorithm}, expected one of ${protoHashes.map(({ name }) => name).join(", ")}`,
      next: ["sign with a hash a bundle can name, such as SHA-256"],
    })
  }
  return `{"messageDigest":{"algorithm":"${row.name}","digest":"${encodeBase64(digest.value)}"},${signature}}`
}

/**
 * The DSSE envelope of a bundle as JSON text, members in cosign 3's order: what `verify-attestation` prints.
 */
export function envelopeText(envelope: Pick<BundleEnvelope, "payloadType" | "payload" | "signature">): string {
  const { sig, keyid } = envelope.signature
  const id = keyid === "" ? "" : `,"keyid":${JSON.stringify(keyid)}`
  return (
    `{"payload":"${encodeBase64(envelope.payload)}","payloadType":${JSON.stringify(envelope.payloadType)},` +
    `"signatures":[{"sig":"${encodeBase64(sig)}"${id}}]}`
  )
}
