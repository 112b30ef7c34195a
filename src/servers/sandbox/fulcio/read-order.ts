import { decodeBase64 } from "../../../codec/base64.ts"
import { expectObject, expectString, optionalString } from "../../../codec/json-shape.ts"
import { parseJson } from "../../../codec/json.ts"
import { firstPem } from "../../../codec/pem.ts"
import { decodeUtf8, encodeUtf8 } from "../../../codec/utf8.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { KIB } from "../../../core/limits.ts"
import type { PublicKey } from "../../../core/ports.ts"
import { parsePublicKey } from "../../../crypto/public-key.ts"

/** What somebody who wants a certificate sends. Nothing of it is verified. */
export interface Order {
  readonly token: string
  readonly request:
    | { readonly kind: "key"; readonly key: PublicKey; readonly proof: Uint8Array }
    | { readonly kind: "csr"; readonly der: Uint8Array }
}

/** A request that is refused, in Fulcio's words. */
export class FulcioRefusal extends Error {
  override readonly name = "FulcioRefusal"
  /** Of HTTP. */
  readonly status: number

  constructor(message: string, status = 400) {
    super(message)
    this.status = status
  }
}

const MAX_BYTES = 128 * KIB

/**
 * Read a request of version 2. Members that nobody knows are passed over, as Fulcio does.
 *
 * @param header - Authorization.
 * @throws {FulcioRefusal}; {@link ToolError} `E_FORMAT_MALFORMED` for what is no JSON object of that shape.
 */
export function readOrder(body: Uint8Array, header: string | null): Order {
  const document = parseObject(body)
  const credentials = optionalObject(document["credentials"], "credentials")
  const token = optionalString(credentials?.["oidcIdentityToken"], "credentials.oidcIdentityToken") ?? bearer(header)
  const csr = optionalString(document["certificateSigningRequest"] ?? undefined, "certificateSigningRequest")
  if (csr !== undefined && csr !== "") return { token, request: { kind: "csr", der: csrOf(csr) } }
  const asked = optionalObject(document["publicKeyRequest"], "publicKeyRequest")
  const publicKey = optionalObject(asked?.["publicKey"], "publicKeyRequest.publicKey")
  const content = optionalString(publicKey?.["content"], "publicKeyRequest.publicKey.content") ?? ""
  const proof = bytesOf(asked?.["proofOfPossession"], "publicKeyRequest.proofOfPossession")
  return { token, request: { kind: "key", key: keyOf(encodeUtf8(content)), proof } }
}

/** The same of version 1. */
export function readLegacyOrder(body: Uint8Array, header: string | null): Order {
  const document = parseObject(body)
  const token = bearer(header)
  const csr = optionalString(document["certificateSigningRequest"] ?? undefined, "certificateSigningRequest")
  if (csr !== undefined && csr !== "") return { token, request: { kind: "csr", der: csrOf(csr) } }
  const publicKey = optionalObject(document["publicKey"], "publicKey")
  const key = keyOf(bytesOf(publicKey?.["content"], "publicKey.content"))
  return { token, request: { kind: "key", key, proof: bytesOf(document["signedEmailAddress"], "signedEmailAddress") } }
}

function parseObject(body: Uint8Array): JsonObject {
  return expectObject(parseJson(body, { maxBytes: MAX_BYTES, what: "request" }), "request")
}

function optionalObject(value: JsonValue | undefined, path: string): JsonObject | undefined {
  return value === undefined || value === null ? undefined : expectObject(value, path)
}

function bytesOf(value: JsonValue | undefined, path: string): Uint8Array {
  if (value === undefined || value === null) return new Uint8Array(0)
  const options = { alphabet: "either", padding: "optional", max: MAX_BYTES, what: path } as const
  return decodeBase64(expectString(value, path), options)
}

function bearer(header: string | null): string {
  const token = /^bearer +([!-~]+)$/i.exec(header ?? "")?.[1]
  if (token !== undefined) return token
  throw new FulcioRefusal("There was an error processing the identity token: none was given")
}

function csrOf(text: string): Uint8Array {
  const pem = decodeUtf8(bytesOf(text, "certificateSigningRequest"), "certificateSigningRequest")
  const block = firstPem(pem, { what: "certificateSigningRequest" })
  if (block?.label === "CERTIFICATE REQUEST" || block?.label === "NEW CERTIFICATE REQUEST") return block.bytes
  throw new FulcioRefusal("The certificate signing request could not be parsed")
}

function keyOf(bytes: Uint8Array): PublicKey {
  try {
    return parsePublicKey(bytes)
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    throw new FulcioRefusal(`The public key supplied in the request could not be parsed: ${error.why ?? ""}`)
  }
}
