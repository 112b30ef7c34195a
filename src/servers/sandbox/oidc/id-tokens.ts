import { createHash, createPublicKey } from "node:crypto"
import {
  calculateJwkThumbprint,
  exportJWK,
  jwtVerify,
  SignJWT,
  errors as joseErrors,
  type JWK,
  type JWTPayload,
} from "jose"
import { encodeBase64Url } from "../../../codec/base64.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import type { Clock } from "../../../core/ports.ts"
import type { PrivateKey } from "../../../crypto/private-key.ts"

/** Audience of tokens that are for Fulcio. */
export const FULCIO_AUDIENCE = "sigstore"

const ALGORITHM = "RS256"

/** Seconds a token is good for where nobody says otherwise. */
const LIFETIME = 10 * 60

/** What a token says about its holder. */
export interface TokenSubject {
  /** Verified e-mail address. */
  readonly email?: string
  /** Default: a name made from the e-mail address or from the workflow's repository. */
  readonly subject?: string
  /** Further claims; they win over all others. */
  readonly claims?: JsonObject
}

/** A token to make. */
export interface TokenRequest extends TokenSubject {
  readonly issuer: string
  /** Default {@link FULCIO_AUDIENCE}. */
  readonly audience?: string | readonly string[]
  readonly nonce?: string
  /** Given beside the token; its hash is in the token. */
  readonly accessToken?: string
  /** Seconds. */
  readonly lifetime?: number
}

/**
 * Make an identity token.
 *
 * @param at - milliseconds since the epoch.
 * @returns compact JWS, RS256. A secret.
 * @throws {ToolError} `E_USAGE` when it would be about nobody.
 */
export async function mintToken(key: PrivateKey, request: TokenRequest, at: number): Promise<string> {
  const { email, issuer, nonce, accessToken } = request
  const now = Math.floor(at / 1000)
  const claims: Record<string, unknown> = {
    iss: issuer,
    sub: subjectOf(request),
    aud: request.audience ?? FULCIO_AUDIENCE,
    iat: now,
    nbf: now,
    exp: now + (request.lifetime ?? LIFETIME),
    ...(email === undefined ? {} : { email, email_verified: true }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(accessToken === undefined ? {} : { at_hash: accessTokenHash(accessToken) }),
    ...request.claims,
  }
  const header = { alg: ALGORITHM, kid: (await publicJwk(key)).kid ?? "", typ: "JWT" }
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

/** The subject of a token. SECURITY: never the e-mail address itself, so that nobody takes one for the other. */
function subjectOf({ subject, email, claims = {} }: TokenSubject): string {
  if (subject !== undefined && subject !== "") return subject
  const { repository, ref } = claims
  if (typeof repository === "string" && email === undefined) {
    return `repo:${repository}${typeof ref === "string" ? `:ref:${ref}` : ""}`
  }
  if (email !== undefined) return createHash("sha256").update(email).digest("hex").slice(0, 32)
  throw new ToolError("E_USAGE", {
    what: "the identity token would be about nobody",
    why: "expected an e-mail address, a subject, or the claim `repository`",
  })
}

/** Left half of the SHA-256 of the access token. Spec: OpenID Connect Core 3.1.3.6. */
function accessTokenHash(accessToken: string): string {
  return encodeBase64Url(new Uint8Array(createHash("sha256").update(accessToken).digest()).subarray(0, 16))
}

/** The public half as it stands in the JWKS. */
export async function publicJwk(key: PrivateKey): Promise<JWK> {
  const jwk = await exportJWK(createPublicKey(key))
  return { ...jwk, use: "sig", alg: ALGORITHM, kid: await calculateJwkThumbprint(jwk) }
}

/** What a token must be. */
export interface TokenCheck {
  readonly key: PrivateKey
  readonly issuer: string
  readonly audience: string
  readonly clock: Clock
}

/**
 * Verify a token of this issuer.
 *
 * @param token - untrusted.
 * @returns its claims.
 * @throws {ToolError} `E_OIDC_REJECTED` with what does not hold.
 */
export async function verifyToken(token: string, { key, issuer, audience, clock }: TokenCheck): Promise<JWTPayload> {
  // SECURITY: counted without splitting the text, whatever its length.
  if (token.length > limits.tokenBytes || !/^[^.]*\.[^.]*\.[^.]*$/.test(token)) {
    throw rejected(`a text of ${token.length} characters, expected a compact JWS of at most ${limits.tokenBytes}`)
  }
  try {
    const { payload } = await jwtVerify(token, createPublicKey(key), {
      issuer,
      audience,
      algorithms: [ALGORITHM],
      requiredClaims: ["sub", "iat", "exp"],
      currentDate: new Date(clock.now()),
    })
    return payload
  } catch (cause) {
    if (cause instanceof joseErrors.JOSEError) throw rejected(cause.message, cause)
    throw cause
  }
}

function rejected(why: string, cause?: unknown): ToolError {
  return new ToolError("E_OIDC_REJECTED", {
    what: "the identity token does not hold",
    why,
    ...(cause === undefined ? {} : { cause }),
  })
}
