import { concatBytes } from "../../codec/concat-bytes.ts"
import { derOctetString, DER_TAG, encodeDer, parseDer } from "../../codec/der.ts"
import { malformed } from "../../codec/malformed.ts"
import { limits } from "../../core/limits.ts"
import type { HashAlgorithm, PublicKey, SignatureScheme } from "../../core/ports.ts"
import { digestOf, HASH_LENGTH } from "../hash.ts"
import { verifySignature } from "../verify.ts"
import { bigEndian, prefixed, TlsReader } from "./tls-bytes.ts"

/** A signed certificate timestamp as parsed. Not trusted. */
export interface Sct {
  /** 32 bytes: SHA-256 of the log's SubjectPublicKeyInfo. */
  readonly logId: Uint8Array
  /** Milliseconds since the epoch. */
  readonly timestamp: bigint
  readonly extensions: Uint8Array
  readonly signed: DigitallySigned
}

/** A signature and its algorithm as TLS 1.2 writes it. */
export interface DigitallySigned {
  readonly hashCode: number
  readonly signatureCode: number
  readonly signature: Uint8Array
}

/** What a log was given. */
export type SctEntry =
  | {
      readonly kind: "precert"
      /** SHA-256 of the SubjectPublicKeyInfo of the certificate's issuer. */
      readonly issuerKeyHash: Uint8Array
      /** See {@link file://./precertificate.ts}. */
      readonly tbs: Uint8Array
    }
  | {
      readonly kind: "x509"
      /** DER. */
      readonly certificate: Uint8Array
    }

const WHAT = "SCT"
const HASH_CODES: ReadonlyMap<number, HashAlgorithm> = new Map([
  [4, "sha256"],
  [5, "sha384"],
  [6, "sha512"],
])
const RSA = 1
const ECDSA = 3
/** RFC 8446 4.2.3 names Ed25519 by these two bytes. */
const ED25519 = { hashCode: 8, signatureCode: 7 } as const

/** Read one SCT. @throws {ToolError} `E_FORMAT_MALFORMED`. Spec: RFC 6962 3.2. */
export function parseSct(bytes: Uint8Array): Sct {
  const reader = new TlsReader(bytes, WHAT)
  const version = reader.number(1)
  if (version !== 0n) throw malformed(WHAT, `saw version ${version}, expected 0`)
  const logId = reader.bytes(HASH_LENGTH.sha256)
  const timestamp = reader.number(8)
  const extensions = reader.vector(2)
  const signed = readSigned(reader)
  reader.end()
  return { logId, timestamp, extensions, signed }
}

function readSigned(reader: TlsReader): DigitallySigned {
  const hashCode = Number(reader.number(1))
  const signatureCode = Number(reader.number(1))
  return { hashCode, signatureCode, signature: reader.vector(2) }
}

/** Read a signature with its algorithm. @throws {ToolError} `E_FORMAT_MALFORMED`. Spec: RFC 5246 4.7. */
export function parseDigitallySigned(bytes: Uint8Array): DigitallySigned {
  const reader = new TlsReader(bytes, WHAT)
  const signed = readSigned(reader)
  reader.end()
  return signed
}

/** Bytes of a signature with its algorithm. */
export function encodeDigitallySigned(signed: DigitallySigned): Uint8Array {
  return concatBytes([Uint8Array.of(signed.hashCode, signed.signatureCode), prefixed(signed.signature, 2)])
}

/** Bytes of one SCT. */
export function encodeSct(sct: Sct): Uint8Array {
  return concatBytes([
    Uint8Array.of(0),
    sct.logId,
    bigEndian(sct.timestamp, 8),
    prefixed(sct.extensions, 2),
    encodeDigitallySigned(sct.signed),
  ])
}

/**
 * Read the certificate extension that holds a list of SCTs.
 *
 * @param value - untrusted DER of the extension.
 * @returns at least one.
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 *
 * Spec: RFC 6962 3.3.
 */
export function parseSctExtension(value: Uint8Array): Sct[] {
  const outer = new TlsReader(derOctetString(parseDer(value, WHAT), WHAT), `list of ${WHAT}s`)
  const list = new TlsReader(outer.vector(2), `list of ${WHAT}s`)
  outer.end()
  const scts: Sct[] = []
  while (!list.done) {
    if (scts.length === limits.tlogEntries) throw malformed(`list of ${WHAT}s`, `more than ${scts.length} of them`)
    scts.push(parseSct(list.vector(2)))
  }
  if (scts.length === 0) throw malformed(`list of ${WHAT}s`, "it is empty")
  return scts
}

/** DER of the certificate extension that holds these SCTs. */
export function buildSctExtension(scts: readonly Sct[]): Uint8Array {
  const list = concatBytes(scts.map((sct) => prefixed(encodeSct(sct), 2)))
  return encodeDer(DER_TAG.octetString, prefixed(list, 2))
}

/** What a log signs. Spec: RFC 6962 3.2. */
export function sctMessage(sct: Pick<Sct, "timestamp" | "extensions">, entry: SctEntry): Uint8Array {
  const body =
    entry.kind === "x509"
      ? [bigEndian(0n, 2), prefixed(entry.certificate, 3)]
      : [bigEndian(1n, 2), entry.issuerKeyHash, prefixed(entry.tbs, 3)]
  return concatBytes([Uint8Array.of(0, 0), bigEndian(sct.timestamp, 8), ...body, prefixed(sct.extensions, 2)])
}

/** How TLS names a scheme; `undefined` for those it has no name for. */
export function sctAlgorithm(scheme: SignatureScheme): Omit<DigitallySigned, "signature"> | undefined {
  if (scheme.scheme === "ed25519") return ED25519
  const code = "hash" in scheme ? [...HASH_CODES].find(([, hash]) => hash === scheme.hash)?.[0] : undefined
  if (code === undefined || (scheme.scheme !== "ecdsa" && scheme.scheme !== "rsa-pkcs1")) return undefined
  return { hashCode: code, signatureCode: scheme.scheme === "ecdsa" ? ECDSA : RSA }
}

/** SECURITY: the kind is the key's; only the hash is taken from the SCT, out of those that hold. */
function schemeOf(key: PublicKey, signed: DigitallySigned): SignatureScheme | undefined {
  if (key.type === "ed25519") {
    const fits = signed.hashCode === ED25519.hashCode && signed.signatureCode === ED25519.signatureCode
    return fits ? { scheme: "ed25519" } : undefined
  }
  const hash = HASH_CODES.get(signed.hashCode)
  const rsa = key.type === "rsa"
  if (hash === undefined || signed.signatureCode !== (rsa ? RSA : ECDSA)) return undefined
  return { scheme: rsa ? "rsa-pkcs1" : "ecdsa", hash }
}

/**
 * Whether a log's key signed that it was given an entry. Which log it is and whether the time is within its window is
 * the caller's to look at.
 *
 * @returns false also for signature algorithms that are not the key's.
 */
export function verifySct(sct: Sct, entry: SctEntry, key: PublicKey): boolean {
  const scheme = schemeOf(key, sct.signed)
  return scheme !== undefined && verifySignature(key, scheme, sctMessage(sct, entry), sct.signed.signature)
}

/** The hash by which a precertificate names its issuer. @param spki - SubjectPublicKeyInfo DER of the issuer. */
export function issuerKeyHash(spki: Uint8Array): Uint8Array {
  return digestOf("sha256", spki)
}
