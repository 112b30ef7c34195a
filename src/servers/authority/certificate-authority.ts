import { ToolError } from "../../core/errors.ts"
import { bytesToBigint } from "../../codec/der.ts"
import type { Clock, Randomness, SigningKey } from "../../core/ports.ts"
import type { RevokedEntry } from "../../core/revocation.ts"
import { defaultScheme } from "../../crypto/schemes.ts"
import { buildCertificate, type ExtensionSpec, type NameParts } from "../../crypto/x509/build-certificate.ts"
import {
  basicConstraintsExtension,
  crlExtension,
  keyUsageExtension,
  ocspExtension,
  subjectKeyExtension,
} from "../../crypto/x509/build-extensions.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"

const DAY_MS = 86_400_000
/** Days a certificate is valid before and after it is made. */
const BEFORE_DAYS = 1
const AFTER_DAYS = 365
const REMOVE_FROM_CRL = 8

/** Where revocation of a certificate can be asked for. */
export interface RevocationUrls {
  readonly ocsp?: readonly string[]
  readonly crl?: readonly string[]
}

/** A certificate to issue. */
export interface IssueRequest {
  readonly subject: NameParts
  /** SubjectPublicKeyInfo DER. */
  readonly publicKey: Uint8Array
  /** In order; URLs of revocation data come behind them. */
  readonly extensions: readonly ExtensionSpec[]
  readonly urls?: RevocationUrls
  /** Milliseconds since the epoch. Default: a day ago, and a year from now. */
  readonly notBefore?: number
  readonly notAfter?: number
}

/** Changes of revocation since a list was published. */
export interface RevocationState {
  /** Number of the list. */
  readonly number: bigint
  readonly entries: readonly RevokedEntry[]
}

/** Issues certificates and knows which of them are revoked. Kept in memory. */
export interface CertificateAuthority {
  readonly certificate: Certificate
  readonly key: SigningKey
  /** DER: this authority's certificate first, the root last. */
  readonly chain: readonly Uint8Array[]
  issue(request: IssueRequest): Promise<Certificate>
  /** Another authority, certified by this one. */
  subordinate(subject: NameParts, key: SigningKey, urls?: RevocationUrls): Promise<CertificateAuthority>
  /** @throws {ToolError} `E_USAGE` for a serial number that was not issued here. */
  revoke(serial: bigint, entry?: Partial<Omit<RevokedEntry, "serial">>): void
  /** Take back a hold. @throws {ToolError} `E_USAGE` when it was not revoked. */
  restore(serial: bigint): void
  /** How it stands with a serial number. */
  status(serial: bigint): { readonly status: "good" | "unknown" } | ({ readonly status: "revoked" } & RevokedEntry)
  /** Make what is known now the base that deltas refer to. */
  publish(): void
  /** Everything that was revoked when the base was published; everything at all if none ever was. */
  base(): RevocationState
  /** What changed since the base was published. */
  delta(): RevocationState
}

/** How an authority is made. */
export interface AuthorityParts {
  readonly clock: Clock
  readonly randomness: Randomness
}

/**
 * A self-signed root.
 *
 * @param changes - extensions instead of those of an authority, and validity in milliseconds since the epoch.
 */
export async function createRootAuthority(
  subject: NameParts,
  key: SigningKey,
  parts: AuthorityParts,
  changes: Partial<Pick<IssueRequest, "extensions" | "notBefore" | "notAfter">> = {},
): Promise<CertificateAuthority> {
  const now = parts.clock.now()
  const der = await buildCertificate({
    subject,
    issuer: subject,
    serial: randomSerial(parts.randomness),
    notBefore: changes.notBefore ?? now - BEFORE_DAYS * DAY_MS,
    notAfter: changes.notAfter ?? now + AFTER_DAYS * DAY_MS,
    publicKey: key.publicKey.spki,
    extensions: changes.extensions ?? authorityExtensions(key),
    signWith: key,
    scheme: defaultScheme(key.publicKey),
  })
  return authorityOf(parseCertificate(der), key, [der], parts)
}

function authorityExtensions(key: SigningKey): ExtensionSpec[] {
  return [
    basicConstraintsExtension(true),
    keyUsageExtension(["keyCertSign", "cRLSign"]),
    subjectKeyExtension(key.publicKey.spki),
  ]
}

/** 127 bits; the first is set, so that all have the same length. */
function randomSerial(randomness: Randomness): bigint {
  const bytes = randomness.bytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytesToBigint(bytes)
}

function urlExtensions({ ocsp = [], crl = [] }: RevocationUrls): ExtensionSpec[] {
  return [...(ocsp.length === 0 ? [] : [ocspExtension(ocsp)]), ...(crl.length === 0 ? [] : [crlExtension(crl)])]
}

function authorityOf(
  certificate: Certificate,
  key: SigningKey,
  chain: readonly Uint8Array[],
  parts: AuthorityParts,
): CertificateAuthority {
  const issue = async (request: IssueRequest): Promise<Certificate> => {
    const now = parts.clock.now()
    const der = await buildCertificate({
      subject: request.subject,
      issuer: certificate.subject.raw,
      serial: randomSerial(parts.randomness),
      notBefore: request.notBefore ?? now - BEFORE_DAYS * DAY_MS,
      notAfter: request.notAfter ?? Math.min(now + AFTER_DAYS * DAY_MS, certificate.notAfter),
      publicKey: request.publicKey,
      extensions: [...request.extensions, ...urlExtensions(request.urls ?? {})],
      signWith: key,
      scheme: defaultScheme(key.publicKey),
    })
    const issued = parseCertificate(der)
    ledger.add(issued.serial)
    return issued
  }
  const ledger = createLedger(parts.clock)
  return {
    certificate,
    key,
    chain,
    issue,
    async subordinate(subject, own, urls = {}) {
      const issued = await issue({ subject, publicKey: own.publicKey.spki, extensions: authorityExtensions(own), urls })
      return authorityOf(issued, own, [issued.raw, ...chain], parts)
    },
    revoke: ledger.revoke,
    restore: ledger.restore,
    status: ledger.status,
    publish: ledger.publish,
    base: ledger.base,
    delta: ledger.delta,
  }
}

type Ledger = Pick<CertificateAuthority, "revoke" | "restore" | "status" | "publish" | "base" | "delta"> & {
  add(serial: bigint): void
}

/** Who was revoked, and since when it is known. */
function createLedger(clock: Clock): Ledger {
  const issued = new Set<bigint>()
  const changes: RevokedEntry[] = []
  let number = 1n
  let published: { readonly number: bigint; readonly changes: number } | undefined
  const latest = (serial: bigint, upTo = changes.length): RevokedEntry | undefined =>
    changes.slice(0, upTo).findLast((entry) => entry.serial === serial)
  const change = (entry: RevokedEntry): void => {
    changes.push(entry)
    number++
  }
  const standing = (from: number, upTo: number): RevokedEntry[] => {
    const serials = new Set(changes.slice(from, upTo).map(({ serial }) => serial))
    return [...serials].flatMap((serial) => latest(serial, upTo) ?? [])
  }
  return {
    add: (serial) => issued.add(serial),
    revoke(serial, entry = {}) {
      if (!issued.has(serial)) throw notIssued(serial)
      change({ revokedAt: clock.now(), ...entry, serial })
    },
    restore(serial) {
      if (latest(serial) === undefined) throw notIssued(serial)
      change({ serial, revokedAt: clock.now(), reason: REMOVE_FROM_CRL })
    },
    status(serial) {
      const entry = latest(serial)
      if (entry === undefined || entry.reason === REMOVE_FROM_CRL)
        return { status: issued.has(serial) ? "good" : "unknown" }
      return { ...entry, status: "revoked" }
    },
    publish() {
      published = { number, changes: changes.length }
      number++
    },
    base() {
      const { number: at, changes: upTo } = published ?? { number, changes: changes.length }
      return { number: at, entries: standing(0, upTo).filter(({ reason }) => reason !== REMOVE_FROM_CRL) }
    },
    delta() {
      const entries = published === undefined ? [] : standing(published.changes, changes.length)
      return { number: published === undefined ? number + 1n : number, entries }
    },
  }
}

function notIssued(serial: bigint): ToolError {
  return new ToolError("E_USAGE", {
    what: "a certificate cannot be revoked",
    why: `this authority knows no serial number ${serial.toString(16)} in that state`,
  })
}
