import { decodeBase64 } from "../../codec/base64.ts"
import { ToolError } from "../../core/errors.ts"
import type { Clock, SigningKey } from "../../core/ports.ts"
import { defaultScheme } from "../../crypto/schemes.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import {
  buildOcspRefusal,
  buildOcspResponse,
  type OcspResponseSpec,
  type SingleResponseSpec,
} from "../../crypto/x509/ocsp-builder.ts"
import { type CertId, certIdOf, parseOcspRequest, sameCertId } from "../../crypto/x509/ocsp-request.ts"
import type { CertificateAuthority } from "./certificate-authority.ts"
import { readBody } from "./read-body.ts"

/** Milliseconds a response is good for. */
const VALID_MS = 3_600_000
const REQUEST_BYTES = 16 * 1024

/** How a responder answers. */
export interface OcspResponderOptions {
  readonly authority: Pick<CertificateAuthority, "certificate" | "key" | "status">
  /** Signs instead of the authority; its certificate goes along. */
  readonly responder?: { readonly key: SigningKey; readonly certificate: Certificate }
  readonly clock: Clock
  /** Milliseconds a response is good for. Default: an hour. */
  readonly validMs?: number
  /** Gets what would be signed and gives what is signed instead, so that others can be tested against what is wrong. */
  readonly alter?: (response: OcspResponseSpec) => OcspResponseSpec
}

/**
 * An OCSP responder over HTTP, by GET and POST.
 *
 * @returns a handler of requests to any path; the last segment of a GET is the request.
 *
 * Spec: RFC 6960 sections 2.2 and 4.2, appendix A.1.
 */
export function createOcspHandler(options: OcspResponderOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "POST") {
      return new Response("method not allowed\n", { status: 405, headers: { allow: "GET, POST" } })
    }
    const asked = await requestBytes(request)
    const answer = await answerTo(options, asked)
    return new Response(new Uint8Array(answer), { headers: { "content-type": "application/ocsp-response" } })
  }
}

async function requestBytes(request: Request): Promise<Uint8Array | undefined> {
  if (request.method === "POST") return readBody(request, REQUEST_BYTES)
  try {
    const text = decodeURIComponent(new URL(request.url).pathname.split("/").at(-1) ?? "")
    return decodeBase64(text, { max: REQUEST_BYTES, what: "OCSP request" })
  } catch {
    // Whatever is wrong with it, it is no request; the answer says so.
    return undefined
  }
}

async function answerTo(options: OcspResponderOptions, asked: Uint8Array | undefined): Promise<Uint8Array> {
  if (asked === undefined) return buildOcspRefusal("malformedRequest")
  let ids: readonly CertId[]
  try {
    ids = parseOcspRequest(asked)
  } catch (thrown) {
    if (!(thrown instanceof ToolError)) throw thrown
    return buildOcspRefusal("malformedRequest")
  }
  const { authority, responder, clock } = options
  const { certificate } = authority
  const own = (id: CertId): boolean => {
    const expected = certIdOf(id, certificate, id.hashOid)
    return expected !== undefined && sameCertId(expected, id)
  }
  if (!ids.every(own)) return buildOcspRefusal("unauthorized")
  const signer = responder ?? authority
  const now = clock.now()
  const response: OcspResponseSpec = {
    responder: { name: signer.certificate.subject.raw },
    producedAt: now,
    responses: ids.map((id) => single(authority, id, now, options.validMs ?? VALID_MS)),
    certificates: responder === undefined ? [] : [responder.certificate.raw],
    signWith: signer.key,
    scheme: defaultScheme(signer.key.publicKey),
  }
  return buildOcspResponse(options.alter?.(response) ?? response)
}

function single(
  authority: Pick<CertificateAuthority, "status">,
  id: CertId,
  now: number,
  validMs: number,
): SingleResponseSpec {
  const state = authority.status(id.serial)
  const times = { thisUpdate: now, nextUpdate: now + validMs }
  if (state.status !== "revoked") return { id, status: state.status, ...times }
  const { revokedAt, reason } = state
  return { id, status: "revoked", revokedAt, ...(reason === undefined ? {} : { reason }), ...times }
}
