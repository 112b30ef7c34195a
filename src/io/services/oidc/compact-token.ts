import { decodeBase64 } from "../../../codec/base64.ts"
import { parseJson } from "../../../codec/json.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { KIB } from "../../../core/limits.ts"
import type { IdentityToken } from "../../../core/sigstore-ports.ts"
import { rejected, shown } from "./oidc-errors.ts"

/** Characters of a token, and bytes of its header. */
export const TOKEN_CHARACTERS: number = 16 * KIB
const HEADER_BYTES = 8 * KIB

/** Signature algorithms of tokens: public keys only. */
export const TOKEN_ALGORITHMS: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
]

/** A token taken apart; nothing of it is verified. */
export interface TokenParts {
  /** One of {@link TOKEN_ALGORITHMS}. */
  readonly algorithm: string
  readonly payload: JsonObject
}

/**
 * Take a compact JWS apart. Its size and its number of parts are looked at before anything is split or decoded.
 *
 * @param what - where the token came from, for errors, which show nothing of it.
 * @throws {ToolError} `E_OIDC_REJECTED`.
 *
 * Spec: RFC 7515 section 3.1.
 */
export function parseCompactToken(token: string, what: string): TokenParts {
  const broken = (why: string): ToolError => rejected(`${what} is no identity token`, why)
  if (token.length > TOKEN_CHARACTERS) {
    throw broken(`it has ${token.length} characters, at most ${TOKEN_CHARACTERS} are accepted`)
  }
  const first = token.indexOf(".")
  const second = first === -1 ? -1 : token.indexOf(".", first + 1)
  if (second === -1 || token.includes(".", second + 1)) {
    throw broken("expected three parts with dots between them (a signed compact JWS)")
  }
  const header = objectOf(token.slice(0, first), HEADER_BYTES, "header", broken)
  const algorithm = member(header, "alg")
  if (typeof algorithm !== "string" || !TOKEN_ALGORITHMS.includes(algorithm)) {
    const seen = typeof algorithm === "string" ? shown(algorithm) : "none"
    throw broken(`it is signed with ${seen}, expected one of ${TOKEN_ALGORITHMS.join(", ")}`)
  }
  const payload = objectOf(token.slice(first + 1, second), TOKEN_CHARACTERS, "payload", broken)
  bytesOf(token.slice(second + 1), TOKEN_CHARACTERS, "signature", broken)
  return { algorithm, payload }
}

type Broken = (why: string) => ToolError

function bytesOf(text: string, max: number, part: string, broken: Broken): Uint8Array {
  if (text === "") throw broken(`its ${part} is empty`)
  try {
    return decodeBase64(text, { alphabet: "url", padding: "forbidden", max, what: part })
  } catch (thrown) {
    const large = thrown instanceof ToolError && thrown.code === "E_LIMIT_EXCEEDED"
    throw broken(large ? `its ${part} has more than ${max} bytes` : `its ${part} is not base64url without padding`)
  }
}

function objectOf(text: string, max: number, part: string, broken: Broken): JsonObject {
  const bytes = bytesOf(text, max, part, broken)
  try {
    const value = parseJson(bytes, { maxBytes: max, maxDepth: 16, what: part })
    if (isObject(value)) return value
  } catch {
    throw broken(`its ${part} is not well-formed JSON`)
  }
  throw broken(`its ${part} is no JSON object`)
}

/** Whether a text was meant as a token, well-formed or not. Such a text is never taken for a path, nor shown. */
export function isTokenLike(text: string): boolean {
  // Base64 of a brace and what may follow it in JSON; else two dots in what is too long for a name.
  return text.length > 4 * KIB || /^e[wy3][\w-]+\./.test(text) || /^[^./\\]{20,}\.[^./\\]{20,}\.[^/\\]*$/.test(text)
}

/**
 * What a token says, for display; the certificate authority verifies it.
 *
 * @throws {ToolError} `E_OIDC_REJECTED` for claims that no authority could certify: an issuer, subject or expiry that is
 *   missing or of another type, an e-mail address that the issuer has not verified.
 */
export function claimsOf(payload: JsonObject, what: string): IdentityToken["claims"] {
  const issuer = textClaim(payload, "iss", what)
  const subject = textClaim(payload, "sub", what)
  const expires = member(payload, "exp")
  if (typeof expires !== "number" || !(expires > 0)) {
    throw rejected(`${what} cannot be used`, "its claim exp is missing or no time")
  }
  const email = member(payload, "email")
  if (email === undefined || email === "") return { issuer, subject, expires }
  if (typeof email !== "string") throw rejected(`${what} cannot be used`, "its claim email is no text")
  const verified = member(payload, "email_verified")
  // COMPAT(cosign): some issuers write the boolean as a text.
  if (verified !== true && verified !== "true" && verified !== "True") {
    throw rejected(`${what} cannot be used`, `the address ${shown(email)} is not verified by identity provider`)
  }
  return { issuer, subject, email, expires }
}

function textClaim(payload: JsonObject, name: string, what: string): string {
  const value = member(payload, name)
  if (typeof value === "string" && value !== "") return value
  throw rejected(`${what} cannot be used`, `its claim ${name} is missing, empty or no text`)
}
