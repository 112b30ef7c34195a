import { unexpectedShape } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { protoFields, protoRepeated, protoString, requiredBytes, type ProtoFields } from "../../codec/proto-json.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { KIB, limits } from "../../core/limits.ts"
import { protoHashes } from "../../crypto/proto-hashes.ts"
import { readLogEntry } from "../log-entry/log-entry-json.ts"
import {
  bundleVersion,
  hashBytes,
  type BundleContent,
  type BundleMaterial,
  type BundleMessage,
  type BundleVersion,
  type UnverifiedBundle,
} from "./bundle.ts"

const SIGNATURE_BYTES = 64 * KIB
/** As much as a certificate: one with its whole chain has a tenth. All of a bundle are read in less than a second then. */
const TIMESTAMP_BYTES = 64 * KIB

/**
 * Decode a Sigstore bundle of version 0.1, 0.2 or 0.3 and check what its version demands of its shape.
 *
 * Log entries and timestamps become values; whether they prove anything is not looked at here.
 *
 * @param bytes - untrusted protobuf JSON, at most 16 MiB.
 * @throws {ToolError} `E_FORMAT_MALFORMED`; `E_FORMAT_UNSUPPORTED_VERSION` for a newer media type;
 *   `E_LIMIT_EXCEEDED` for more than 32 entries or timestamps.
 *
 * Spec: sigstore/protobuf-specs, sigstore_bundle.proto.
 */
export function parseBundle(bytes: Uint8Array): UnverifiedBundle {
  const document = parseJson(bytes, { maxBytes: limits.bundleBytes, what: "bundle" })
  const fields = protoFields(document, "bundle", [
    "mediaType",
    "verificationMaterial",
    "messageSignature",
    "dsseEnvelope",
  ])
  const mediaType = protoString(fields.get("mediaType"), "bundle.mediaType")
  const version = bundleVersion(mediaType)
  if (version === undefined) throw unsupported(mediaType)
  const path = "bundle.verificationMaterial"
  const material = protoFields(fields.get("verificationMaterial"), path, [
    "publicKey",
    "x509CertificateChain",
    "certificate",
    "tlogEntries",
    "timestampVerificationData",
  ])
  const logEntries = protoRepeated(
    material.get("tlogEntries"),
    `${path}.tlogEntries`,
    limits.tlogEntries,
    "entries",
  ).map((entry, index) => readLogEntry(entry, `${path}.tlogEntries[${index}]`, version === "0.1" ? "promise" : "proof"))
  return {
    bytes,
    mediaType,
    version,
    material: readMaterial(material, path, version),
    logEntries,
    timestamps: readTimestamps(material.get("timestampVerificationData"), `${path}.timestampVerificationData`),
    content: readContent(fields),
  }
}

function unsupported(mediaType: string): ToolError {
  return new ToolError("E_FORMAT_UNSUPPORTED_VERSION", {
    what: "bundle version not supported",
    why: `media type is ${quoted(mediaType, 100)}, expected one of version 0.1, 0.2 or 0.3`,
  })
}

/** The only member present among several, as protobuf's `oneof` demands. */
function oneOf(fields: ProtoFields, path: string, names: readonly string[]): string {
  const present = names.filter((name) => fields.has(name))
  const [only] = present
  if (only === undefined || present.length > 1) {
    throw malformed(path, `saw ${present.join(" and ") || "none"}, expected exactly one of ${names.join(", ")}`)
  }
  return only
}

function readMaterial(fields: ProtoFields, path: string, version: BundleVersion): BundleMaterial {
  const kind = oneOf(fields, path, ["publicKey", "certificate", "x509CertificateChain"])
  const at = `${path}.${kind}`
  if (kind === "publicKey") {
    return {
      kind: "public-key",
      hint: protoString(protoFields(fields.get(kind), at, ["hint"]).get("hint"), `${at}.hint`),
    }
  }
  if (kind === "certificate") {
    return { kind: "certificate", certificates: [readCertificate(fields.get(kind), at)] }
  }
  if (version === "0.3") {
    throw malformed(at, "saw a certificate chain in a bundle of version 0.3, expected a certificate or a public key")
  }
  const list = protoRepeated(
    protoFields(fields.get(kind), at, ["certificates"]).get("certificates"),
    `${at}.certificates`,
    limits.chainCertificates,
    "certificates",
  )
  if (list.length === 0) throw malformed(at, "saw no certificates, expected at least one")
  return {
    kind: "certificate",
    certificates: list.map((item, index) => readCertificate(item, `${at}.certificates[${index}]`)),
  }
}

function readCertificate(value: JsonValue | undefined, path: string): Uint8Array {
  return requiredBytes(
    protoFields(value, path, ["rawBytes"]).get("rawBytes"),
    `${path}.rawBytes`,
    limits.certificateBytes,
  )
}

function readTimestamps(value: JsonValue | undefined, path: string): readonly Uint8Array[] {
  if (value === undefined) return []
  const at = `${path}.rfc3161Timestamps`
  const list = protoRepeated(
    protoFields(value, path, ["rfc3161Timestamps"]).get("rfc3161Timestamps"),
    at,
    limits.timestamps,
    "timestamps",
  )
  return list.map((item, index) => {
    const fields = protoFields(item, `${at}[${index}]`, ["signedTimestamp"])
    return requiredBytes(fields.get("signedTimestamp"), `${at}[${index}].signedTimestamp`, TIMESTAMP_BYTES)
  })
}

function readContent(fields: ProtoFields): BundleContent {
  const kind = oneOf(fields, "bundle", ["messageSignature", "dsseEnvelope"])
  const path = `bundle.${kind}`
  if (kind === "dsseEnvelope") return readEnvelope(fields.get(kind), path)
  const message = protoFields(fields.get(kind), path, ["messageDigest", "signature"])
  const value = message.get("messageDigest")
  const digest = value === undefined ? undefined : readDigest(value, `${path}.messageDigest`)
  return {
    kind: "message",
    ...(digest === undefined ? {} : { digest }),
    signature: requiredBytes(message.get("signature"), `${path}.signature`, SIGNATURE_BYTES),
  }
}

function readDigest(value: JsonValue, path: string): BundleMessage["digest"] {
  const fields = protoFields(value, path, ["algorithm", "digest"])
  // COMPAT(cosign 3.1): a pure Ed25519 key leaves the message empty, which says nothing about the artifact.
  if (fields.size === 0) return undefined
  const name = fields.get("algorithm")
  const row = protoHashes.find((hash) => hash.name === name || hash.number === name)
  if (row === undefined) {
    throw unexpectedShape(name, `${path}.algorithm`, `one of ${protoHashes.map((hash) => hash.name).join(", ")}`)
  }
  const digest = requiredBytes(fields.get("digest"), `${path}.digest`, SIGNATURE_BYTES)
  if (digest.length !== hashBytes[row.hash]) {
    throw malformed(`${path}.digest`, `saw ${digest.length} bytes, expected ${hashBytes[row.hash]} of ${row.name}`)
  }
  return { algorithm: row.hash, value: digest }
}

function readEnvelope(value: JsonValue | undefined, path: string): BundleContent {
  const fields = protoFields(value, path, ["payload", "payloadType", "signatures"])
  const signatures = protoRepeated(fields.get("signatures"), `${path}.signatures`, limits.dsseSignatures, "signatures")
  const [only] = signatures
  // SECURITY: with several, one key's signature would vouch for the others.
  if (only === undefined || signatures.length !== 1) {
    throw malformed(`${path}.signatures`, `saw ${signatures.length} signatures, expected exactly one`)
  }
  const at = `${path}.signatures[0]`
  const signature = protoFields(only, at, ["sig", "keyid"])
  const payloadType = protoString(fields.get("payloadType"), `${path}.payloadType`)
  if (payloadType === "") throw malformed(`${path}.payloadType`, "saw none, expected a payload type")
  return {
    kind: "dsse",
    payloadType,
    payload: requiredBytes(fields.get("payload"), `${path}.payload`, limits.bundleBytes),
    signature: {
      sig: requiredBytes(signature.get("sig"), `${at}.sig`, SIGNATURE_BYTES),
      keyid: protoString(signature.get("keyid"), `${at}.keyid`),
    },
  }
}
