import { encodePem } from "../../codec/pem.ts"
import type { CertifiedKey } from "../../core/certified.ts"
import type { Clock } from "../../core/ports.ts"
import type { RevokedEntry } from "../../core/revocation.ts"
import type { KeyName } from "../../crypto/generate.ts"
import type { ExtensionSpec, NameParts } from "../../crypto/x509/build-certificate.ts"
import { extendedKeyUsageExtension, keyUsageExtension } from "../../crypto/x509/build-extensions.ts"
import { EKU } from "../../crypto/x509/extensions.ts"
import { buildOcspRefusal } from "../../crypto/x509/ocsp-builder.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { createRootAuthority, type RevocationUrls } from "../../servers/authority/certificate-authority.ts"
import { createCrlHandler } from "../../servers/authority/crl-handler.ts"
import { createOcspHandler } from "../../servers/authority/ocsp-handler.ts"
import { createTimestampHandler } from "../../servers/authority/timestamp-handler.ts"
import { faultyList, faultyOcsp, faultyStamp } from "./answer-faults.ts"
import { type AuthorityFaults, isTransportFault } from "./authority-faults.ts"
import { listenLoopback } from "./listen-loopback.ts"
import {
  makeTestKey,
  openHierarchy,
  randomness,
  type TestHierarchy,
  type TestIssuer,
  testName,
} from "./test-hierarchy.ts"
import { faultyAnswer } from "./transport-faults.ts"

/** How revocation of a certificate can be asked for. */
export type RevocationOffer = "ocsp" | "crl" | "both" | "none"

/** How the authority is made. */
export interface TestAuthorityOptions {
  /** Keys of the certificate authorities. Default `ecdsa-p256`. */
  readonly keyType?: KeyName
  /** Key of the timestamp authority. Default `rsa-2048`, which every client of RFC 3161 takes. */
  readonly timestampKeyType?: KeyName
  /** What certificates name, unless a signer asks for something else. Default `both`. */
  readonly revocation?: RevocationOffer
  /** Complete lists name a delta list. Default false. */
  readonly deltas?: boolean
  /** Default: the system's time. */
  readonly clock?: Clock
  /** Faults from the beginning; `reset` comes back to them. */
  readonly faults?: AuthorityFaults
}

/** A signer to issue. */
export interface SignerRequest {
  /** Default `ecdsa-p256`. */
  readonly keyType?: KeyName
  /** Certificates from the signer to the root: 1 is self-signed, up to 4. Default 2. */
  readonly chainLength?: 1 | 2 | 3 | 4
  /** Default `C=US, ST=WA, O=Countersign Test, CN=Test Signer`. */
  readonly subject?: NameParts
  /** Default: that of the authority. A chain of 1 names nothing. */
  readonly revocation?: RevocationOffer
  /** Named instead of this authority's own URLs. */
  readonly urls?: RevocationUrls
  /** Default: keyUsage digitalSignature (critical) and EKU codeSigning. */
  readonly extensions?: readonly ExtensionSpec[]
  /** Milliseconds since the epoch. Default: a day ago, a year from now. */
  readonly notBefore?: number
  readonly notAfter?: number
}

/** A key with certificates, in every form a program may want. */
export interface TestSigner extends CertifiedKey {
  /** PKCS#8 PEM. */
  readonly keyPem: string
  /** PEM of the chain, the signer first. */
  readonly chainPem: string
  /** PEM of the last certificate of the chain, for a trust store. */
  readonly rootPem: string
}

/** One request as it arrived. */
export interface AuthorityRequest {
  readonly service: "ocsp" | "crl" | "tsa" | "none"
  readonly method: string
  /** Path with query. */
  readonly path: string
}

/** A PKI with an OCSP responder, revocation lists and a timestamp authority on a free port of 127.0.0.1. */
export interface TestAuthority {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** Where timestamps are asked for. */
  readonly timestampUrl: string
  /** PEM of the root of signers, for a trust store of type `ca`. */
  readonly rootPem: string
  /** PEM of the root of the timestamp authority, for a trust store of type `tsa`. */
  readonly timestampRootPem: string
  /** DER of the timestamp authority's certificates, the signing one first. */
  readonly timestampChain: readonly Uint8Array[]
  issueSigner(request?: SignerRequest): Promise<TestSigner>
  /**
   * Revoke a certificate this authority issued.
   *
   * @param certificate - DER, or a signer, whose first certificate is meant.
   * @param entry - when (milliseconds since the epoch), why (CRLReason), since when its key is not to be trusted.
   */
  revoke(certificate: Uint8Array | CertifiedKey, entry?: Partial<Omit<RevokedEntry, "serial">>): void
  /** Take back a revocation with reason 6 (certificateHold). */
  restore(certificate: Uint8Array | CertifiedKey): void
  /** Complete lists hold what is revoked by now; what comes later is in deltas only. Without it, lists hold everything. */
  publish(): void
  /** Every request since the start or the last `reset`, in order of arrival. */
  readonly requests: readonly AuthorityRequest[]
  /** Replace all faults. */
  setFaults(faults: AuthorityFaults): void
  /** Faults as at the start, no requests recorded; certificates and revocations stay. */
  reset(): void
  close(): Promise<void>
}

/** Authorities there may be, as {@link TestIssuer} names them. */
const NAMES = ["0", "1", "2", "tsa"] as const
const SIGNER_EXTENSIONS: readonly ExtensionSpec[] = [
  keyUsageExtension(["digitalSignature"]),
  extendedKeyUsageExtension([EKU.codeSigning]),
]
const STAMPER_EXTENSIONS: readonly ExtensionSpec[] = [
  keyUsageExtension(["digitalSignature"]),
  extendedKeyUsageExtension([EKU.timeStamping], true),
]

/**
 * Start a certificate authority for tests, with faults that can be switched. Close it in the end.
 *
 * Clients that refuse local addresses in certificates have to be told that 127.0.0.1 is fine.
 */
export async function startTestAuthority(options: TestAuthorityOptions = {}): Promise<TestAuthority> {
  const clock = options.clock ?? { now: () => Date.now() }
  const initial = options.faults ?? {}
  let faults = initial
  const requests: AuthorityRequest[] = []
  let handle = (_request: Request): Promise<Response> => Promise.resolve(new Response(null, { status: 503 }))
  const server = await listenLoopback((request) => handle(request))
  const elsewhere = await listenLoopback(() => Promise.resolve(new Response("elsewhere")))
  const urlsOf = (name: string, offer = options.revocation ?? "both"): RevocationUrls => ({
    ...(offer === "ocsp" || offer === "both" ? { ocsp: [`${server.url}/ocsp/${name}`] } : {}),
    ...(offer === "crl" || offer === "both" ? { crl: [`${server.url}/crl/${name}/base.crl`] } : {}),
  })
  const hierarchy = openHierarchy(clock, options.keyType ?? "ecdsa-p256", (name) => urlsOf(name))
  const root = await hierarchy.issuer(0)
  const stamper = await makeStamper(hierarchy, options.timestampKeyType ?? "rsa-2048", urlsOf("tsa"))
  const services = { hierarchy, stamper, clock, baseUrl: server.url, deltas: options.deltas === true }
  const serving = { services, requests, elsewhere: elsewhere.url, faults: () => faults }
  handle = (request) => serve(serving, request)
  const issuerOf = (certificate: Uint8Array | CertifiedKey): Issued => findIssuer(hierarchy, certificate)
  return {
    url: server.url,
    timestampUrl: `${server.url}/tsa`,
    rootPem: encodePem("CERTIFICATE", root.authority.certificate.raw),
    timestampRootPem: encodePem("CERTIFICATE", stamper.chain.at(-1) ?? new Uint8Array(0)),
    timestampChain: stamper.chain,
    issueSigner: (request = {}) => issueSigner(hierarchy, clock, request, urlsOf),
    revoke(certificate, entry) {
      const { issuer, serial } = issuerOf(certificate)
      issuer.authority.revoke(serial, entry)
    },
    restore(certificate) {
      const { issuer, serial } = issuerOf(certificate)
      issuer.authority.restore(serial)
    },
    publish() {
      for (const name of NAMES) hierarchy.find(name)?.authority.publish()
    },
    requests,
    setFaults(next) {
      faults = next
    },
    reset() {
      faults = initial
      requests.length = 0
    },
    close: async () => {
      await Promise.all([server.close(), elsewhere.close()])
    },
  }
}

interface Issued {
  readonly issuer: TestIssuer
  readonly serial: bigint
}

function findIssuer(hierarchy: TestHierarchy, certificate: Uint8Array | CertifiedKey): Issued {
  const der = certificate instanceof Uint8Array ? certificate : (certificate.chain[0] ?? new Uint8Array(0))
  const parsed = parseCertificate(der)
  const issuer = NAMES.map((name) => hierarchy.find(name)).find(
    (one) => one?.authority.certificate.subject.text === parsed.issuer.text,
  )
  if (issuer === undefined) throw new Error(`this authority has not issued ${parsed.subject.text}`)
  return { issuer, serial: parsed.serial }
}

interface Serving {
  readonly services: Services
  readonly requests: AuthorityRequest[]
  readonly elsewhere: string
  readonly faults: () => AuthorityFaults
}

async function serve({ services, requests, elsewhere, faults }: Serving, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url)
  const service = /^\/(ocsp|crl|tsa)(?:\/|$)/.exec(pathname)?.[1] as "ocsp" | "crl" | "tsa" | undefined
  requests.push({ service: service ?? "none", method: request.method, path: pathname + search })
  if (service === undefined) return new Response("not found\n", { status: 404 })
  const set = faults()
  const now = set.where?.({ method: request.method, path: pathname }) === false ? {} : set
  const fault = now[service]
  if (!isTransportFault(fault)) return answer(services, service, request, now)
  return faultyAnswer(fault, request, () => answer(services, service, request, {}), elsewhere)
}

interface Services {
  readonly hierarchy: TestHierarchy
  readonly stamper: CertifiedKey
  readonly clock: Clock
  readonly baseUrl: string
  readonly deltas: boolean
}

async function makeStamper(hierarchy: TestHierarchy, keyType: KeyName, urls: RevocationUrls): Promise<CertifiedKey> {
  const { authority } = await hierarchy.timestampIssuer()
  const { key } = await makeTestKey(keyType)
  const subject = testName("Test Timestamp Authority")
  const request = { subject, publicKey: key.publicKey.spki, extensions: STAMPER_EXTENSIONS, urls }
  const certificate = await authority.issue(request)
  return { key, chain: [certificate.raw, ...authority.chain] }
}

async function answer(
  { hierarchy, stamper, clock, baseUrl, deltas }: Services,
  service: "ocsp" | "crl" | "tsa",
  request: Request,
  faults: AuthorityFaults,
): Promise<Response> {
  if (service === "tsa") {
    const tsaFault = isTransportFault(faults.tsa) ? undefined : faults.tsa
    const { impostors } = await hierarchy.timestampIssuer()
    const alter = tsaFault === undefined ? {} : { alter: faultyStamp(tsaFault, [impostors.stranger.certificate.raw]) }
    return createTimestampHandler({ ...stamper, clock, randomness, ...alter })(request)
  }
  const [, , name = "", list] = new URL(request.url).pathname.split("/")
  const issuer = hierarchy.find(name)
  if (issuer === undefined) return new Response("not found\n", { status: 404 })
  const { authority, impostors } = issuer
  if (service === "ocsp") return answerOcsp(issuer, clock, request, faults.ocsp)
  const crlFault = isTransportFault(faults.crl) ? undefined : faults.crl
  const freshest = deltas ? { freshest: [`${baseUrl}/crl/${name}/delta.crl`] } : {}
  return createCrlHandler({
    authority,
    clock,
    list: list === "delta.crl" ? "delta" : "base",
    ...freshest,
    ...(crlFault === undefined ? {} : { alter: (spec) => faultyList(crlFault, spec, impostors) }),
  })(request)
}

async function answerOcsp(
  { authority, impostors, responder }: TestIssuer,
  clock: Clock,
  request: Request,
  fault: AuthorityFaults["ocsp"],
): Promise<Response> {
  if (fault === "try-later" || fault === "unauthorized") {
    return new Response(new Uint8Array(buildOcspRefusal(fault === "try-later" ? "tryLater" : fault)))
  }
  const altered = fault === undefined || isTransportFault(fault) ? undefined : fault
  const alter =
    altered === undefined
      ? {}
      : { alter: (spec: Parameters<typeof faultyOcsp>[1]) => faultyOcsp(altered, spec, impostors) }
  return createOcspHandler({ authority, responder, clock, ...alter })(request)
}

async function issueSigner(
  hierarchy: TestHierarchy,
  clock: Clock,
  request: SignerRequest,
  urlsOf: (name: string, offer?: RevocationOffer) => RevocationUrls,
): Promise<TestSigner> {
  const { chainLength = 2, subject = testName("Test Signer"), extensions = SIGNER_EXTENSIONS } = request
  const { key, keyPem } = await makeTestKey(request.keyType ?? "ecdsa-p256")
  const validity = {
    ...(request.notBefore === undefined ? {} : { notBefore: request.notBefore }),
    ...(request.notAfter === undefined ? {} : { notAfter: request.notAfter }),
  }
  const common = { subject, extensions, ...validity }
  const chain =
    chainLength === 1
      ? (await createRootAuthority(subject, key, { clock, randomness }, { extensions, ...validity })).chain
      : await hierarchy.issuer(chainLength - 2).then(async ({ name, authority }) => {
          const urls = request.urls ?? urlsOf(name, request.revocation)
          const issued = await authority.issue({ ...common, publicKey: key.publicKey.spki, urls })
          return [issued.raw, ...authority.chain]
        })
  const pems = chain.map((der) => encodePem("CERTIFICATE", der))
  return { key, chain, keyPem, chainPem: pems.join(""), rootPem: pems.at(-1) ?? "" }
}
