import type { Clock } from "../../core/ports.ts"
import { defaultScheme } from "../../crypto/schemes.ts"
import {
  buildCertificateList,
  type CertificateListSpec,
  crlNumberExtension,
  deltaIndicatorExtension,
  freshestCrlExtension,
} from "../../crypto/x509/crl-builder.ts"
import type { CertificateAuthority } from "./certificate-authority.ts"

/** Milliseconds a list is good for. */
const VALID_MS = 3_600_000

/** Which list is served. */
export interface ListServerOptions {
  readonly authority: Pick<CertificateAuthority, "certificate" | "key" | "base" | "delta">
  readonly clock: Clock
  readonly list: "base" | "delta"
  /** Where the delta is; base lists name it. */
  readonly freshest?: readonly string[]
  /** Milliseconds a list is good for. Default: an hour. */
  readonly validMs?: number
  /** Gets what would be signed and gives what is signed instead, so that others can be tested against what is wrong. */
  readonly alter?: (list: CertificateListSpec) => CertificateListSpec
}

/**
 * A server of revocation lists, complete ones or deltas, made fresh for every request.
 *
 * @returns a handler of requests to any path.
 *
 * Spec: RFC 5280 section 5; RFC 2585 section 4 for the content type.
 */
export function createCrlHandler(options: ListServerOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("method not allowed\n", { status: 405, headers: { allow: "GET, HEAD" } })
    }
    const list = await buildCertificateList(listSpec(options))
    const headers = { "content-type": "application/pkix-crl", "content-length": String(list.length) }
    return new Response(request.method === "HEAD" ? null : new Uint8Array(list), { headers })
  }
}

function listSpec(options: ListServerOptions): CertificateListSpec {
  const { authority, clock, freshest = [] } = options
  const now = clock.now()
  const base = authority.base()
  const state = options.list === "base" ? base : authority.delta()
  const extensions = [crlNumberExtension(state.number)]
  if (options.list === "delta") extensions.push(deltaIndicatorExtension(base.number))
  else if (freshest.length > 0) extensions.push(freshestCrlExtension(freshest))
  const spec: CertificateListSpec = {
    issuer: authority.certificate.subject.raw,
    thisUpdate: now,
    nextUpdate: now + (options.validMs ?? VALID_MS),
    entries: state.entries,
    extensions,
    signWith: authority.key,
    scheme: defaultScheme(authority.key.publicKey),
  }
  return options.alter?.(spec) ?? spec
}
