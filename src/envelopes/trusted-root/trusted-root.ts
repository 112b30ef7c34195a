import { parseJson } from "../../codec/json.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { protoFields, protoRepeated, protoString, requiredBytes } from "../../codec/proto-json.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { KIB, limits } from "../../core/limits.ts"
import type { TrustedAuthority, TrustedLog, TrustedRoot } from "../../core/sigstore.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { readLogKey } from "./log-key.ts"
import { asTrustData, MAX_ROWS, readWindow } from "./trust-fields.ts"

/** Media type of the document `trusted_root.json`; the only one that is read. */
export const TRUSTED_ROOT_MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"

const WHAT = "trusted root"
const ID_BYTES = KIB

/**
 * Decode a `trusted_root.json`.
 *
 * Every key and certificate in it is looked at: one that cannot be used makes the document malformed, so that nobody
 * believes to trust what never counts.
 *
 * @param bytes - protobuf JSON, at most 1 MiB; unknown members, duplicate ones and other media types are refused.
 * @throws {ToolError} `E_TRUST_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: sigstore/protobuf-specs, sigstore_trustroot.proto.
 */
export function parseTrustedRoot(bytes: Uint8Array): TrustedRoot {
  return asTrustData(WHAT, () => {
    const document = parseJson(bytes, { maxBytes: limits.trustDocumentBytes, what: WHAT })
    const fields = protoFields(document, WHAT, [
      "mediaType",
      "tlogs",
      "certificateAuthorities",
      "ctlogs",
      "timestampAuthorities",
    ])
    const mediaType = protoString(fields.get("mediaType"), `${WHAT}.mediaType`)
    if (mediaType !== TRUSTED_ROOT_MEDIA_TYPE) {
      throw malformed(
        `${WHAT}.mediaType`,
        `unsupported TrustedRoot media type: ${quoted(mediaType, 100)}, expected ${TRUSTED_ROOT_MEDIA_TYPE}`,
      )
    }
    const list = <T>(name: string, read: (value: JsonValue, path: string) => T): readonly T[] =>
      protoRepeated(fields.get(name), `${WHAT}.${name}`, MAX_ROWS, "entries").map((item, index) =>
        read(item, `${WHAT}.${name}[${index}]`),
      )
    return {
      tlogs: list("tlogs", readLog),
      ctlogs: list("ctlogs", readLog),
      certificateAuthorities: list("certificateAuthorities", readAuthority),
      timestampAuthorities: list("timestampAuthorities", readAuthority),
    }
  })
}

function readLog(value: JsonValue, path: string): TrustedLog {
  const fields = protoFields(value, path, [
    "baseUrl",
    "hashAlgorithm",
    "publicKey",
    "logId",
    "checkpointKeyId",
    "operator",
  ])
  const hash = fields.get("hashAlgorithm")
  if (hash !== "SHA2_256" && hash !== 1) throw malformed(`${path}.hashAlgorithm`, "expected SHA2_256")
  const at = `${path}.publicKey`
  const key = protoFields(fields.get("publicKey"), at, ["rawBytes", "keyDetails", "validFor"])
  const rawBytes = requiredBytes(key.get("rawBytes"), `${at}.rawBytes`, limits.certificateBytes)
  const checkpointId = fields.get("checkpointKeyId")
  if (checkpointId !== undefined) readLogId(checkpointId, `${path}.checkpointKeyId`)
  return {
    baseUrl: protoString(fields.get("baseUrl"), `${path}.baseUrl`),
    ...readLogKey(key.get("keyDetails"), rawBytes, at),
    logId: readLogId(fields.get("logId"), `${path}.logId`),
    validFor: readWindow(key.get("validFor"), `${at}.validFor`, "required"),
    ...operatorOf(fields.get("operator"), path),
  }
}

function readLogId(value: JsonValue | undefined, path: string): Uint8Array {
  return requiredBytes(protoFields(value, path, ["keyId"]).get("keyId"), `${path}.keyId`, ID_BYTES)
}

function operatorOf(value: JsonValue | undefined, path: string): { readonly operator?: string } {
  const operator = protoString(value, `${path}.operator`)
  return operator === "" ? {} : { operator }
}

function readAuthority(value: JsonValue, path: string): TrustedAuthority {
  const fields = protoFields(value, path, ["subject", "uri", "certChain", "validFor", "operator"])
  const subject = fields.get("subject")
  if (subject !== undefined) {
    const names = protoFields(subject, `${path}.subject`, ["organization", "commonName"])
    for (const [name, text] of names) protoString(text, `${path}.subject.${name}`)
  }
  const at = `${path}.certChain`
  const chain = protoRepeated(
    protoFields(fields.get("certChain"), at, ["certificates"]).get("certificates"),
    `${at}.certificates`,
    limits.chainCertificates,
    "certificates",
  )
  return {
    uri: protoString(fields.get("uri"), `${path}.uri`),
    certificates: checkedChain(
      chain.map((item, index) => {
        const name = `${at}.certificates[${index}]`
        return requiredBytes(
          protoFields(item, name, ["rawBytes"]).get("rawBytes"),
          `${name}.rawBytes`,
          limits.certificateBytes,
        )
      }),
      at,
    ),
    validFor: readWindow(fields.get("validFor"), `${path}.validFor`, "optional"),
    ...operatorOf(fields.get("operator"), path),
  }
}

/**
 * The certificates of an authority, each one readable, the last one of a certificate authority.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`.
 */
export function checkedChain(certificates: readonly Uint8Array[], path: string): readonly Uint8Array[] {
  const parsed = certificates.map((der) => parseCertificate(der))
  const root = parsed.at(-1)
  if (root === undefined) throw malformed(path, "saw no certificates, expected at least a root")
  // SECURITY: a certificate that is no authority's must not become an anchor by standing in the last place.
  if (root.version === 3 && root.basicConstraints?.ca !== true) {
    throw malformed(path, `the last certificate, ${quoted(root.subject.text, 100)}, is not that of an authority`)
  }
  return certificates
}
