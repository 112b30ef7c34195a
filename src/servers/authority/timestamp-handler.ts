import { bytesToBigint } from "../../codec/der.ts"
import { ToolError } from "../../core/errors.ts"
import { KIB } from "../../core/limits.ts"
import type { Clock, Randomness, SignatureScheme, SigningKey } from "../../core/ports.ts"
import { HASH_LENGTH } from "../../crypto/hash.ts"
import {
  encodeTstInfo,
  signToken,
  tokenAttributes,
  type TokenParts,
  type TstInfoInit,
} from "../../crypto/rfc3161/build-token.ts"
import { parseTimestampRequest, type TimestampRequest } from "../../crypto/rfc3161/request.ts"
import { buildTimestampResponse } from "../../crypto/rfc3161/response.ts"
import type { Accuracy } from "../../crypto/rfc3161/tst-info.ts"
import { defaultScheme } from "../../crypto/schemes.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { readBody } from "./read-body.ts"

/** How an authority answers. */
export interface TimestampAuthorityOptions {
  readonly key: SigningKey
  /** DER, leaf first; all of it goes into tokens whose request asks for certificates. */
  readonly chain: readonly Uint8Array[]
  readonly clock: Clock
  readonly randomness: Randomness
  /** Dotted object identifier of the policy. Default: a test policy. */
  readonly policy?: string
  readonly accuracy?: Accuracy
  /** Default: the key's own. */
  readonly scheme?: SignatureScheme
  /** Changes to what would be right, so that others can be tested against what is wrong. */
  readonly alter?: TimestampAlterations
}

/** Each gets what would be sent and returns what is sent instead. */
export interface TimestampAlterations {
  readonly info?: (info: TstInfoInit, request: TimestampRequest) => TstInfoInit
  readonly parts?: (parts: TokenParts) => TokenParts
  /** DER of the token. */
  readonly token?: (token: Uint8Array) => Uint8Array
  /** The whole answer. */
  readonly answer?: (answer: { readonly status: number; readonly failure?: number; readonly token?: Uint8Array }) => {
    readonly status: number
    readonly failure?: number
    readonly token?: Uint8Array
  }
}

/** Bits of PKIFailureInfo. Spec: RFC 3161 2.4.2. */
const FAILURE = {
  badAlgorithm: 0,
  badRequest: 2,
  badDataFormat: 5,
  unacceptedPolicy: 15,
  unacceptedExtension: 16,
} as const
const REJECTION = 2

const QUERY = "application/timestamp-query"
const REPLY = "application/timestamp-reply"
/** A request is about a hundred bytes. */
const MAX_REQUEST = 16 * KIB
/** Of the arc that is kept for documentation and tests. */
const TEST_POLICY = "2.999.3161.1"

/**
 * An RFC 3161 timestamp authority over HTTP.
 *
 * Requests that cannot be granted get a TimeStampResp with status 2; what is no request at all gets an HTTP error.
 * Digests with SHA-256, SHA-384 and SHA-512 are stamped; SHA-1 is refused as `badAlg`.
 *
 * @returns a handler of requests to any path.
 * @throws {ToolError} `E_FORMAT_MALFORMED` for a chain that cannot be read.
 *
 * Spec: RFC 3161 sections 2.4 and 3.4, RFC 5816.
 */
export function createTimestampHandler(options: TimestampAuthorityOptions): (request: Request) => Promise<Response> {
  const [certificate = new Uint8Array(0)] = options.chain
  const { issuer, serial } = parseCertificate(certificate)
  const authority = { ...options, certificate, signer: { issuer: issuer.raw, serial } }
  return async (request) => {
    if (request.method !== "POST") return refusal(405, "method not allowed", { allow: "POST" })
    if (request.headers.get("content-type") !== QUERY) return refusal(415, `content type must be ${QUERY}`)
    const body = await readBody(request, MAX_REQUEST)
    if (body === undefined) return refusal(413, `a request has at most ${MAX_REQUEST} bytes`)
    const answered = await answer(authority, body)
    const bytes = buildTimestampResponse(options.alter?.answer?.(answered) ?? answered)
    return new Response(new Uint8Array(bytes), { headers: { "content-type": REPLY } })
  }
}

interface Authority extends TimestampAuthorityOptions {
  readonly certificate: Uint8Array
  readonly signer: TokenParts["signer"]
}

type Answer = Parameters<typeof buildTimestampResponse>[0]

function refusal(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { ...headers, "content-type": "text/plain; charset=utf-8" } })
}

async function answer(authority: Authority, body: Uint8Array): Promise<Answer> {
  const request = readRequest(body)
  if (request === undefined) return { status: REJECTION, failure: FAILURE.badDataFormat }
  const failure = failureOf(authority, request)
  if (failure !== undefined) return { status: REJECTION, failure }
  return { status: 0, token: await stamp(authority, request) }
}

function readRequest(body: Uint8Array): TimestampRequest | undefined {
  try {
    return parseTimestampRequest(body)
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
}

function failureOf({ policy = TEST_POLICY }: Authority, request: TimestampRequest): number | undefined {
  const { hash } = request.imprint.algorithm
  if (request.version !== 1n) return FAILURE.badRequest
  if (hash === undefined) return FAILURE.badAlgorithm
  if (request.imprint.digest.length !== HASH_LENGTH[hash]) return FAILURE.badDataFormat
  if (request.nonce !== undefined && request.nonce < 0n) return FAILURE.badRequest
  if (request.policy !== undefined && request.policy !== policy) return FAILURE.unacceptedPolicy
  return request.extensions ? FAILURE.unacceptedExtension : undefined
}

async function stamp(authority: Authority, request: TimestampRequest): Promise<Uint8Array> {
  const { key, alter, certificate, signer, chain, scheme = defaultScheme(key.publicKey) } = authority
  const stated: TstInfoInit = {
    policy: authority.policy ?? TEST_POLICY,
    imprint: request.imprint.raw,
    serial: bytesToBigint(authority.randomness.bytes(16)) + 1n,
    genTime: authority.clock.now(),
    ...(authority.accuracy === undefined ? {} : { accuracy: authority.accuracy }),
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
  }
  const content = encodeTstInfo(alter?.info?.(stated, request) ?? stated)
  const parts: TokenParts = {
    content,
    certificates: request.certReq ? chain : [],
    signer,
    attributes: tokenAttributes(content, certificate, signer, scheme),
    scheme,
  }
  const token = await signToken(alter?.parts?.(parts) ?? parts, key)
  return alter?.token?.(token) ?? token
}
