import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import { expectObject, expectString, onlyMembers } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { encodePem, firstPem } from "../../codec/pem.ts"
import { decodeUtf8, encodeUtf8 } from "../../codec/utf8.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import { parseRekorBundle, rekorBundleText, type RekorBundle } from "./rekor-bundle.ts"

/** cosign's own bundle file, written before Sigstore bundles. Nothing in it is trusted. */
export interface UnverifiedLegacyBundle {
  readonly bytes: Uint8Array
  /** Raw signature, or a DSSE envelope's JSON for attestations. */
  readonly signature: Uint8Array
  /** Whatever lies in `cert`, as DER. */
  readonly material?: { readonly kind: "public-key" | "certificate"; readonly der: Uint8Array }
  readonly rekorBundle?: RekorBundle
}

/**
 * Decode `{"base64Signature":…,"cert":…,"rekorBundle":…}`. Each member may be empty or missing, save the signature.
 *
 * @param bytes - untrusted JSON, at most 16 MiB.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export function parseLegacyBundle(bytes: Uint8Array): UnverifiedLegacyBundle {
  const what = "legacy bundle"
  const document = expectObject(parseJson(bytes, { maxBytes: limits.bundleBytes, what }), what)
  // SECURITY: a document that is a Sigstore bundle too would mean two things to two readers.
  onlyMembers(document, what, ["base64Signature", "cert", "rekorBundle"])
  const signature = decodeBase64(expectString(document["base64Signature"], `${what}.base64Signature`), {
    max: limits.bundleBytes,
    what: `${what}.base64Signature`,
  })
  if (signature.length === 0) throw malformed(`${what}.base64Signature`, "saw nothing, expected a signature")
  const cert = document["cert"] ?? ""
  const rekor = document["rekorBundle"] ?? null
  return {
    bytes,
    signature,
    ...(cert === "" ? {} : { material: readCert(expectString(cert, `${what}.cert`), `${what}.cert`) }),
    ...(rekor === null ? {} : { rekorBundle: parseRekorBundle(rekor, `${what}.rekorBundle`) }),
  }
}

/** Whether a JSON document is a legacy bundle rather than a Sigstore bundle. */
export function looksLikeLegacyBundle(document: JsonValue): document is JsonObject {
  return (
    typeof document === "object" &&
    document !== null &&
    !Array.isArray(document) &&
    Object.hasOwn(document, "base64Signature")
  )
}

/** PEM, base64 of PEM, or base64 of DER. */
function readCert(text: string, what: string): NonNullable<UnverifiedLegacyBundle["material"]> {
  if (text.startsWith("-----BEGIN ")) return readPem(text, what)
  // COMPAT(cosign 2.5): several identities leave several lines; the first is the signer's.
  const line = text.trim().split("\n", 1)[0] ?? ""
  const bytes = decodeBase64(line.trim(), { max: limits.pemBytes, what })
  // 0x2d is "-", which starts PEM and no DER.
  return bytes[0] === 0x2d ? readPem(decodeUtf8(bytes, what), what) : { kind: "certificate", der: bytes }
}

function readPem(text: string, what: string): NonNullable<UnverifiedLegacyBundle["material"]> {
  const block = firstPem(text, { what })
  if (block?.label === "CERTIFICATE") return { kind: "certificate", der: block.bytes }
  if (block?.label === "PUBLIC KEY") return { kind: "public-key", der: block.bytes }
  throw malformed(
    what,
    `saw ${block === undefined ? "no PEM" : quoted(block.label)}, expected a certificate or public key`,
  )
}

/** Who signed, as the member `cert` says it. */
export type LegacySigner = { readonly spki: Uint8Array } | { readonly certificate: Uint8Array }

/**
 * A legacy bundle.
 *
 * @param input - `signer`: DER of what `cert` holds as base64 of PEM; absent leaves `cert` out, as cosign 2 does for
 *   blobs signed with a key. `logEntry`: with the log's promise.
 * @returns compact JSON, no line end.
 * @throws {ToolError} `E_USAGE` for an entry without promise.
 */
export function buildLegacyBundle(input: {
  readonly signature: Uint8Array
  readonly signer?: LegacySigner
  readonly logEntry?: LogEntry
}): Uint8Array {
  const { signer, logEntry } = input
  const cert = signer === undefined ? "" : `,"cert":"${encodeBase64(encodeUtf8(pemOf(signer), "certificate"))}"`
  const log = logEntry === undefined ? "" : `,"rekorBundle":${rekorBundleText(logEntry)}`
  return encodeUtf8(`{"base64Signature":"${encodeBase64(input.signature)}"${cert}${log}}`, "legacy bundle")
}

function pemOf(signer: LegacySigner): string {
  return "spki" in signer ? encodePem("PUBLIC KEY", signer.spki) : encodePem("CERTIFICATE", signer.certificate)
}
