import { encodeBase64 } from "../../codec/base64.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { TrustedAuthority, TrustedLog, TrustedRoot, ValidityWindow } from "../../core/sigstore.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { listText, objectText, stringText, windowText } from "./trust-fields.ts"
import { TRUSTED_ROOT_MEDIA_TYPE } from "./trusted-root.ts"

const ORGANIZATION = "2.5.4.10"
const COMMON_NAME = "2.5.4.3"

/**
 * A `trusted_root.json` as cosign 3's `trusted-root create` prints it: compact, every list by the start of validity,
 * oldest first, no line end.
 *
 * @returns UTF-8.
 */
export function buildTrustedRoot(root: TrustedRoot): Uint8Array {
  const text = objectText([
    ["mediaType", JSON.stringify(TRUSTED_ROOT_MEDIA_TYPE)],
    ["tlogs", listText(oldestFirst(root.tlogs).map(logText))],
    ["certificateAuthorities", listText(oldestFirst(root.certificateAuthorities).map(authorityText))],
    ["ctlogs", listText(oldestFirst(root.ctlogs).map(logText))],
    ["timestampAuthorities", listText(oldestFirst(root.timestampAuthorities).map(authorityText))],
  ])
  return encodeUtf8(text, "trusted root")
}

function oldestFirst<T extends { readonly validFor: ValidityWindow }>(items: readonly T[]): readonly T[] {
  return [...items].sort((a, b) => a.validFor.start - b.validFor.start)
}

function bytesText(bytes: Uint8Array): string {
  return `"${encodeBase64(bytes)}"`
}

function logText({ baseUrl, key, keyDetails, logId, validFor, operator }: TrustedLog): string {
  const publicKey = objectText([
    ["rawBytes", bytesText(key.spki)],
    ["keyDetails", JSON.stringify(keyDetails)],
    ["validFor", windowText(validFor)],
  ])
  return objectText([
    ["baseUrl", stringText(baseUrl)],
    ["hashAlgorithm", '"SHA2_256"'],
    ["publicKey", publicKey],
    ["logId", `{"keyId":${bytesText(logId)}}`],
    ["operator", stringText(operator)],
  ])
}

function authorityText({ uri, certificates, validFor, operator }: TrustedAuthority): string {
  const chain = certificates.map((der) => `{"rawBytes":${bytesText(der)}}`)
  return objectText([
    ["subject", subjectText(certificates.at(-1))],
    ["uri", stringText(uri)],
    ["certChain", objectText([["certificates", listText(chain)]])],
    ["validFor", windowText(validFor)],
    ["operator", stringText(operator)],
  ])
}

/** Of the root: its first organisation and its last common name, as Go's `pkix.Name` has them. */
function subjectText(root: Uint8Array | undefined): string {
  const attributes = root === undefined ? [] : parseCertificate(root).subject.rdns.flat()
  const organization = attributes.find(({ type }) => type === ORGANIZATION)
  const commonName = attributes.findLast(({ type }) => type === COMMON_NAME)
  return objectText([
    ["organization", stringText(organization?.value)],
    ["commonName", stringText(commonName?.value)],
  ])
}
