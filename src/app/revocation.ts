import type { ErrorCode } from "../core/error-catalogue.ts"
import { encodeHex } from "../codec/hex.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import type { RevocationService } from "../core/service-ports.ts"
import type { Logger } from "../core/ports.ts"
import { loadPrehash } from "../crypto/prehash.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { EXTENSION } from "../crypto/x509/extensions.ts"
import { buildOcspRequest } from "../crypto/x509/ocsp-request.ts"
import { judgeList } from "../trust/revocation/judge-list.ts"
import { judgeOcsp } from "../trust/revocation/judge-ocsp.ts"
import { onceEach } from "./once-each.ts"
import { RevocationLog } from "./revocation-log.ts"
import type { RevocationJudgement, RevocationSubject } from "../trust/revocation/judgement.ts"

/** How an answer was found; `ocsp-fallback-crl` asked a responder first, which did not tell. */
export type RevocationMethod = "ocsp" | "crl" | "ocsp-fallback-crl" | "none"

/** What was found about one certificate. */
export interface CertificateRevocation {
  /** As Go prints names. */
  readonly subject: string
  readonly status: "good" | "revoked" | "unknown" | "not-revocable"
  readonly method: RevocationMethod
  /** For people. */
  readonly why: string
  /** Kind of failure where something could not be had. */
  readonly code?: ErrorCode
}

/** What was found about a chain. */
export interface RevocationAnswer {
  /** One for each certificate, in the order of the chain. */
  readonly certificates: readonly CertificateRevocation[]
  /** Absent when nothing speaks against the chain. */
  readonly decisive?: { readonly status: "revoked" | "unknown"; readonly subject: string; readonly why: string }
}

/**
 * A service that asks the same question once, so that several signatures by one certificate cost no more than one. Not to
 * be kept beyond one command: answers grow old.
 */
export function oncePerCertificate(service: RevocationService): RevocationService {
  const responses = onceEach<Uint8Array>()
  let lists = onceEach<Awaited<ReturnType<RevocationService["list"]>>>()
  return {
    ocsp: (url, request, signal) => responses(`${url} ${encodeHex(request)}`, () => service.ocsp(url, request, signal)),
    list: (url, serials, signal) => lists(`${url} ${serials.join(" ")}`, () => service.list(url, serials, signal)),
    distrust(url) {
      const again = service.distrust(url)
      if (again) lists = onceEach()
      return again
    },
  }
}

export interface RevocationOptions {
  /** Milliseconds since the epoch: when answers must be fresh. */
  readonly at: number
  /** When the signature was made, as a signing authority vouches for; absent under `notary.x509`. */
  readonly authenticSigningTime?: number
  readonly signal?: AbortSignal
  /** Told, in notation's words, which places had no good news. */
  readonly logger?: Logger
}

/**
 * Find out whether certificates of a chain are revoked: OCSP where a certificate names responders, its revocation lists
 * where it names none or no responder tells. All certificates are asked about side by side; the root never is.
 *
 * @param chain - leaf first, root last; checked by the rules of chains and found to end in a trusted root before, because
 *   addresses out of certificates are asked.
 * @returns `revoked` beats `unknown`; of several, the certificate nearest the leaf decides. What the network does is an
 *   answer, never a throw.
 * @throws {ToolError} `E_CERT_CHAIN` for an empty chain, `E_LIMIT_EXCEEDED` for more than 10 certificates; the reason of
 *   `signal` when that ends it.
 *
 * Spec: notation-core-go `revocation/revocation.go`; RFC 6960, RFC 5280 section 6.3.
 */
export async function checkRevocation(
  service: RevocationService,
  chain: readonly Certificate[],
  options: RevocationOptions,
): Promise<RevocationAnswer> {
  if (chain.length === 0) {
    throw new ToolError("E_CERT_CHAIN", {
      what: "invalid chain: expected chain to be correct and complete: chain does not contain any certificates",
    })
  }
  if (chain.length > limits.chainCertificates) {
    throw new ToolError("E_LIMIT_EXCEEDED", {
      what: "a certificate chain is too long",
      why: `${chain.length} certificates, at most ${limits.chainCertificates} are accepted`,
    })
  }
  // Lists are hashed while they are read, and the hash is what is verified then.
  await loadPrehash()
  const serials = chain.map(({ serial }) => serial)
  const certificates = await Promise.all(
    chain.map((certificate, index) => {
      const issuer = chain[index + 1]
      return issuer === undefined
        ? Promise.resolve(notRevocable(certificate, "the root of a chain is trusted by itself"))
        : certificateRevocation(
            { service, serials, options, log: new RevocationLog(options.logger, index, certificate) },
            { certificate, issuer, ...timesOf(options) },
          )
    }),
  )
  options.signal?.throwIfAborted()
  const found = certificates.find(({ status }) => status === "revoked") ?? certificates.find(isUnknown)
  if (found === undefined) {
    const message = "No verification impacting errors encountered while checking revocation, status is OK"
    options.logger?.debug("revocation.good", { message })
    return { certificates }
  }
  const { subject, why } = found
  return { certificates, decisive: { status: found.status === "revoked" ? "revoked" : "unknown", subject, why } }
}

interface Asking {
  readonly service: RevocationService
  readonly serials: readonly bigint[]
  readonly options: RevocationOptions
  readonly log: RevocationLog
}

function timesOf({
  at,
  authenticSigningTime,
}: RevocationOptions): Pick<RevocationSubject, "at" | "authenticSigningTime"> {
  return { at, ...(authenticSigningTime === undefined ? {} : { authenticSigningTime }) }
}

function isUnknown({ status }: CertificateRevocation): boolean {
  return status === "unknown"
}

function notRevocable(certificate: Certificate, why: string): CertificateRevocation {
  return { subject: certificate.subject.text, status: "not-revocable", method: "none", why }
}

async function certificateRevocation(asking: Asking, subject: RevocationSubject): Promise<CertificateRevocation> {
  const { certificate } = subject
  const name = certificate.subject.text
  const lists = certificate.extensions.has(EXTENSION.crlDistributionPoints)
  if (certificate.ocspUrls.length === 0) {
    if (lists) return { subject: name, method: "crl", ...(await askLists(asking, subject)) }
    return notRevocable(certificate, "the certificate names no OCSP responder and no revocation list")
  }
  const byOcsp = await askResponders(asking, subject)
  if (byOcsp.status !== "unknown" || !lists) return { subject: name, method: "ocsp", ...byOcsp }
  asking.log.fallback()
  const byList = await askLists(asking, subject)
  const why = byList.status === "unknown" ? `${byOcsp.why}; ${byList.why}` : byList.why
  return { subject: name, method: "ocsp-fallback-crl", ...byList, why }
}

type Found = Pick<CertificateRevocation, "why" | "code"> & { readonly status: RevocationJudgement["status"] }

/** Responders in order: the first definite answer decides, otherwise the last one. */
async function askResponders({ service, options, log }: Asking, subject: RevocationSubject): Promise<Found> {
  const { ocspUrls } = subject.certificate
  const request = buildOcspRequest(subject.certificate, subject.issuer)
  let last: Found = { status: "unknown", why: "no OCSP responder was asked" }
  // Each may take its whole time; a certificate may not make us wait for any number of them.
  for (const url of ocspUrls.slice(0, limits.revocationUrls)) {
    try {
      const { definite, ...judged } = judgeOcsp(await service.ocsp(url, request, options.signal), subject)
      last = fromPlace(judged, url)
      log.answer("OCSP", url, judged)
      if (judged.status !== "unknown" || definite === true) return last
    } catch (thrown) {
      last = failed(thrown, options.signal, "")
      log.answer("OCSP", url, last)
    }
  }
  return last
}

/** Lists in order: each may cover a part, so all must be had; the first that has the certificate decides. */
async function askLists({ service, serials, options, log }: Asking, subject: RevocationSubject): Promise<Found> {
  const { crlUrls } = subject.certificate
  if (crlUrls.length === 0) return { status: "unknown", why: "the certificate names revocation lists without a URL" }
  let last: Found | undefined
  let missing: Found | undefined
  for (const url of new Set(crlUrls.slice(0, limits.revocationUrls))) {
    try {
      const judged = await askList({ service, serials, options }, url, subject)
      log.answer("CRL", url, judged)
      if (judged.status === "revoked") return fromPlace(judged, url)
      if (judged.status === "good") last = judged
      else missing ??= judged
    } catch (thrown) {
      const found = failed(thrown, options.signal, `failed to download CRL from ${shortened(url)}: `)
      log.answer("CRL", url, found)
      missing ??= found
    }
  }
  if (crlUrls.length > limits.revocationUrls) {
    const why = `the certificate names ${crlUrls.length} revocation lists, at most ${limits.revocationUrls} are read`
    missing ??= { status: "unknown", why, code: "E_LIMIT_EXCEEDED" }
  }
  return missing ?? last ?? { status: "unknown", why: "no revocation list was read" }
}

/** What one list says; a cached one that cannot be used is fetched anew once. */
async function askList(
  { service, serials, options }: Omit<Asking, "log">,
  url: string,
  subject: RevocationSubject,
): Promise<RevocationJudgement> {
  const ask = async (): Promise<RevocationJudgement> =>
    judgeList({ url, ...(await service.list(url, serials, options.signal)) }, subject)
  const judged = await ask()
  return judged.status === "unknown" && service.distrust(url) ? ask() : judged
}

/** Who says that a certificate is revoked is somebody to ask why. */
function fromPlace<Judged extends Found>(judged: Judged, url: string): Judged {
  return judged.status === "revoked" ? { ...judged, why: `${judged.why}, as ${shortened(url)} says` } : judged
}

/** A failure as an answer. Bugs, and the caller's own wish to stop, stay failures. */
function failed(thrown: unknown, signal: AbortSignal | undefined, prefix: string): Found {
  signal?.throwIfAborted()
  const error = asToolError(thrown)
  if (error.kind === "bug") throw error
  return { status: "unknown", why: `${prefix}${error.message} (${error.code})`, code: error.code }
}

/** A URL out of a certificate may have any length. */
function shortened(url: string): string {
  return url.length > 200 ? `${url.slice(0, 200)}…` : url
}
