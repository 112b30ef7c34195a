import { createHash, timingSafeEqual } from "node:crypto"
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTVerifyResult } from "jose"
import { encodeBase64Url } from "../../../codec/base64.ts"
import { isObject, member } from "../../../codec/json-shape.ts"
import { ToolError } from "../../../core/errors.ts"
import { KIB } from "../../../core/limits.ts"
import { parseCompactToken, TOKEN_ALGORITHMS } from "./compact-token.ts"
import type { OidcContext } from "./context.ts"
import type { Provider } from "./discovery.ts"
import { askJson, openIfBusy, problemOf } from "./json-exchange.ts"
import { rejected, shown } from "./oidc-errors.ts"

/** Bytes of a key set, and keys in it. */
const JWKS_BYTES = 256 * KIB
const JWKS_KEYS = 64
/** Seconds the clocks may differ by. */
const TOLERANCE = 60

/** What an ID token has to say. */
export interface Expected {
  readonly clientId: string
  /** As sent with the login. */
  readonly nonce?: string
  /** What came with the token; compared where the token has an `at_hash`. */
  readonly accessToken?: string | undefined
}

/**
 * Verify an ID token just got from its issuer: signature by a key of the issuer, issuer, audience, time, nonce and
 * access token.
 *
 * @throws {ToolError} `E_OIDC_REJECTED`, `E_NET_*`.
 *
 * Spec: OpenID Connect Core 1.0 sections 3.1.3.7 and 3.1.3.8.
 */
export async function verifyIdToken(
  ctx: OidcContext,
  provider: Provider,
  token: string,
  expected: Expected,
  signal?: AbortSignal,
): Promise<void> {
  const { algorithm } = parseCompactToken(token, "the identity provider's answer")
  const keys = await keysOf(ctx, provider, signal)
  const { payload } = await checked(token, keys, {
    issuer: provider.issuer,
    audience: expected.clientId,
    algorithms: [...TOKEN_ALGORITHMS],
    clockTolerance: TOLERANCE,
    currentDate: new Date(ctx.clock.now()),
    requiredClaims: ["iss", "aud", "sub", "exp"],
  })
  checkParty(payload, expected.clientId)
  if (expected.nonce !== undefined && !sameText(payload["nonce"], expected.nonce)) {
    throw refused("nonce does not match value sent", "it was made for another login")
  }
  const hash = payload["at_hash"]
  if (hash !== undefined && !sameText(hash, accessTokenHash(expected.accessToken, algorithm))) {
    throw refused("the access token does not match the identity token", "claim at_hash is of another access token")
  }
}

async function keysOf(ctx: OidcContext, provider: Provider, signal: AbortSignal | undefined): Promise<JSONWebKeySet> {
  const who = "the issuer's key set"
  const answer = await askJson(await ctx.http(), { url: provider.jwksUri, who, max: JWKS_BYTES, signal })
  const listed = answer.status !== 200 || answer.body === undefined ? undefined : member(answer.body, "keys")
  if (!Array.isArray(listed) || listed.length > JWKS_KEYS) {
    const why = answer.status === 200 ? `expected a list of at most ${JWKS_KEYS} keys` : problemOf(answer)
    throw rejected("the issuer's keys cannot be read", why, openIfBusy(answer))
  }
  const usable = (listed as readonly unknown[]).filter(
    (key) => isObject(key as null) && ["RSA", "EC", "OKP"].includes((key as { kty?: unknown }).kty as string),
  )
  return { keys: usable } as unknown as JSONWebKeySet
}

type Options = Parameters<typeof jwtVerify>[2] & { readonly issuer: string; readonly audience: string }

async function checked(token: string, keys: JSONWebKeySet, options: Options): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, createLocalJWKSet(keys), options)
  } catch (thrown) {
    if (thrown instanceof errors.JWKSMultipleMatchingKeys) return await byAnyOf(thrown, token, options)
    throw inWords(thrown, options)
  }
}

/** A token that names no key may be signed by any that fits. */
async function byAnyOf(
  many: errors.JWKSMultipleMatchingKeys,
  token: string,
  options: Options,
): Promise<JWTVerifyResult> {
  for await (const key of many) {
    try {
      return await jwtVerify(token, key, options)
    } catch (thrown) {
      if (!(thrown instanceof errors.JWSSignatureVerificationFailed)) throw inWords(thrown, options)
    }
  }
  throw inWords(new errors.JWSSignatureVerificationFailed(), options)
}

function refused(what: string, why: string): ToolError {
  return rejected(`the identity token is refused: ${what}`, why)
}

/** SECURITY: the library's errors carry the claims; only what is named here goes on. */
function inWords(thrown: unknown, options: Options): ToolError {
  if (thrown instanceof ToolError) return thrown
  if (thrown instanceof errors.JWTExpired) {
    const at = thrown.payload.exp
    const when = typeof at === "number" && Number.isSafeInteger(at) && at < 1e11 ? isoOf(at) : "an unknown time"
    return refused(
      "it has expired",
      `it was valid until ${when}; the clock here says ${options.currentDate?.toISOString() ?? ""}`,
    )
  }
  if (thrown instanceof errors.JWTClaimValidationFailed) {
    const { claim, payload } = thrown
    if (claim === "iss") return refused("wrong issuer", `expected ${shown(options.issuer)}, saw ${seen(payload.iss)}`)
    if (claim === "aud") {
      return refused("wrong audience", `expected the client id ${shown(options.audience)}, saw ${seen(payload.aud)}`)
    }
    return refused(`its claim ${shown(claim)} does not hold`, `it is missing, malformed or not valid now`)
  }
  if (thrown instanceof errors.JWSSignatureVerificationFailed) {
    return refused("its signature does not verify", "none of the issuer's keys made it")
  }
  if (thrown instanceof errors.JWKSNoMatchingKey) {
    return refused("its key is unknown", "the issuer publishes no key of the id and type the token names")
  }
  const code = thrown instanceof errors.JOSEError ? thrown.code : "an unknown error"
  return refused("it is malformed", `expected a signed token of the issuer (${code})`)
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

function seen(value: unknown): string {
  return value === undefined ? "none" : shown(JSON.stringify(value))
}

/** A token for several parties must be made for us: the rest of them is not trusted. */
function checkParty(payload: JWTVerifyResult["payload"], clientId: string): void {
  const party = payload["azp"]
  const several = Array.isArray(payload.aud) && payload.aud.length > 1
  if (party === undefined ? !several : party === clientId) return
  throw refused("it is for another client", `claim azp is ${seen(party)}, expected ${shown(clientId)}`)
}

function accessTokenHash(accessToken: string | undefined, algorithm: string): string {
  if (accessToken === undefined) return ""
  // Ed25519 hashes with SHA-512; the others say so in their names.
  const name = /(?:256|384)$/.exec(algorithm)?.[0] ?? "512"
  const hash = createHash(`sha${name}`).update(accessToken, "ascii").digest()
  return encodeBase64Url(hash.subarray(0, hash.length / 2))
}

function sameText(seenText: unknown, expected: string): boolean {
  if (typeof seenText !== "string") return false
  return equalInConstantTime(seenText, expected)
}

/** Whether two texts are equal; how long it takes says nothing but their lengths. */
export function equalInConstantTime(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, "utf8"), Buffer.from(b, "utf8")]
  return left.length === right.length && timingSafeEqual(left, right)
}
