import { decodeBase64 } from "../../codec/base64.ts"
import { expectObject } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"

/**
 * What a key signs to show a certificate authority that its owner has it: the token's e-mail address where it has a
 * verified one, else its subject.
 *
 * @param token - compact JWS. Not verified: the authority does that.
 * @throws {ToolError} `E_OIDC_REJECTED`; never with a part of the token.
 *
 * Spec: sigstore/sigstore `pkg/oauthflow`, SubjectFromToken.
 */
export function challengeOf(token: string): string {
  const claims = tokenClaims(token)
  const email = member(claims, "email")
  if (typeof email === "string" && email !== "") {
    const verified = member(claims, "email_verified")
    // COMPAT(sigstore-go): some issuers write the word instead of the value.
    if (verified === true || verified === "true") return email
    throw rejected("not verified by identity provider", "the identity token's e-mail address is not marked as verified")
  }
  const subject = member(claims, "sub")
  if (typeof subject === "string" && subject !== "") return subject
  throw rejected("no subject found in claims", "the identity token names neither an e-mail address nor a subject")
}

/** What a token says; nobody has verified it. @throws {ToolError} `E_OIDC_REJECTED`; never with a part of the token. */
export function tokenClaims(token: string): Readonly<Record<string, JsonValue>> {
  const parts = token.split(".", 4)
  const [, payload = ""] = parts
  if (token.length > limits.tokenBytes || parts.length !== 3) throw rejected("the identity token is no token")
  try {
    const what = "identity token"
    const bytes = decodeBase64(payload, { alphabet: "url", padding: "optional", max: limits.tokenBytes, what })
    return expectObject(parseJson(bytes, { maxBytes: limits.tokenBytes, what }), what)
  } catch {
    throw rejected("the claims of the identity token cannot be read")
  }
}

function member(claims: Readonly<Record<string, JsonValue>>, name: string): JsonValue | undefined {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

function rejected(what: string, why?: string): ToolError {
  return new ToolError("E_OIDC_REJECTED", { what, ...(why === undefined ? {} : { why }) })
}
