import type { BlobInput } from "../../app/blob-requests.ts"
import type { AppContext } from "../../app/requests.ts"
import { decodeBase64 } from "../../codec/base64.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { expectObject, expectString, isObject, member } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { isDigest } from "../../core/digest.ts"
import { limits } from "../../core/limits.ts"
import { faceError, prefixed } from "./face-error.ts"
import { readFile, requireFile } from "./files.ts"

/**
 * The blob named on the command line: a file, `-`, or with a bundle `sha256:HEX` when no such file exists.
 *
 * @throws {ToolError} for URLs: nothing but registries is contacted.
 */
export async function blobInput(app: AppContext, text: string, withBundle: boolean): Promise<BlobInput> {
  if (/^https?:\/\//.test(text)) {
    throw faceError("blobs at URLs are not supported", { hints: ["download the file and name it, or - for stdin"] })
  }
  if (withBundle && isDigest(text) && !(await app.files.exists(text))) return { digest: text }
  await requireFile(app, text)
  return { path: text }
}

/** Read `--bundle`. */
export async function readBundle(app: AppContext, path: string): Promise<Uint8Array> {
  try {
    return await readFile(app, path, limits.bundleBytes)
  } catch (thrown) {
    throw prefixed(`reading ${path}: `, thrown)
  }
}

/**
 * `--signature`: a file with the base64 or raw signature, or the base64 itself.
 *
 * @returns raw signature bytes.
 */
export async function readSignature(app: AppContext, text: string): Promise<Uint8Array> {
  if (/^https?:\/\//.test(text)) {
    throw faceError("signatures at URLs are not supported", { hints: ["download the signature and name the file"] })
  }
  if (text !== "-" && !(await app.files.exists(text))) {
    const decoded = base64OrNothing(text)
    if (decoded !== undefined) return decoded
    throw faceError(`open ${text}: no such file or directory`, { code: "E_FILE_NOT_FOUND" })
  }
  const bytes = await app.files.read(text, limits.signaturePayloadBytes)
  return base64OrNothing(new TextDecoder().decode(bytes)) ?? bytes
}

/** Whether a file is a Sigstore bundle and not one of cosign's own. */
export function isSigstoreBundle(bytes: Uint8Array): boolean {
  try {
    const document = parseJson(bytes, { what: "bundle", maxBytes: limits.bundleBytes })
    const mediaType = isObject(document) ? (member(document, "mediaType") ?? member(document, "media_type")) : ""
    return typeof mediaType === "string" && mediaType.startsWith("application/vnd.dev.sigstore.bundle")
  } catch {
    return false
  }
}

/** Whether the signature in cosign's own bundle is this one. */
export function isSignatureOf(bundle: Uint8Array, signature: Uint8Array): boolean {
  const document = parseJson(bundle, { what: "bundle", maxBytes: limits.bundleBytes })
  const text = isObject(document) ? member(document, "base64Signature") : undefined
  const own = typeof text === "string" ? base64OrNothing(text) : undefined
  return own !== undefined && equalBytes(own, signature)
}

/**
 * `--rfc3161-timestamp`: DER of the timestamp in a file of cosign's.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export async function readTimestamp(app: AppContext, path: string): Promise<Uint8Array> {
  const what = "timestamp file"
  const bytes = await readFile(app, path, limits.signaturePayloadBytes)
  const document = expectObject(parseJson(bytes, { what, maxBytes: limits.signaturePayloadBytes }), what)
  const text = expectString(member(document, "SignedRFC3161Timestamp"), `${what}.SignedRFC3161Timestamp`)
  return decodeBase64(text, { what, max: limits.signaturePayloadBytes })
}

function base64OrNothing(text: string): Uint8Array | undefined {
  const trimmed = text.trim()
  if (trimmed === "") return undefined
  try {
    return decodeBase64(trimmed, { what: "signature", max: limits.signaturePayloadBytes })
  } catch {
    return undefined
  }
}
