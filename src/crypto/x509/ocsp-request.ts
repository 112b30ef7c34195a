import { createHash } from "node:crypto"
import {
  DER_TAG,
  derBitString,
  derInteger,
  derOctetString,
  derSequence,
  encodeDer,
  encodeDerOid,
  parseDer,
} from "../../codec/der.ts"
import { contextTag } from "../../codec/der-values.ts"
import { equalBytes } from "../../codec/equal-bytes.ts"
import { malformed } from "../../codec/malformed.ts"
import type { Certificate } from "./certificate.ts"
import { encodeSignedInteger } from "./ocsp-integer.ts"
import { algorithmIdentifier } from "./signature-algorithm.ts"

const WHAT = "OCSP request"

/** Hashes a CertID may be made with. They name a certificate and protect nothing, so SHA-1 is among them. */
const CERT_ID_HASHES: ReadonlyMap<string, string> = new Map([
  ["1.3.14.3.2.26", "sha1"],
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
])

/** How OCSP names a certificate: RFC 6960 section 4.1.1. */
export interface CertId {
  /** Dotted object identifier. */
  readonly hashOid: string
  readonly issuerNameHash: Uint8Array
  readonly issuerKeyHash: Uint8Array
  readonly serial: bigint
}

/** The name of a certificate made by some hash; `undefined` for hashes that are not known. */
export function certIdOf(
  certificate: Pick<Certificate, "serial">,
  issuer: Pick<Certificate, "subject" | "spki">,
  hashOid = "1.3.14.3.2.26",
): CertId | undefined {
  const hash = CERT_ID_HASHES.get(hashOid)
  if (hash === undefined) return undefined
  const digest = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash(hash).update(bytes).digest())
  return {
    hashOid,
    issuerNameHash: digest(issuer.subject.raw),
    issuerKeyHash: digest(subjectKey(issuer.spki)),
    serial: certificate.serial,
  }
}

/** SHA-1 of a public key as responders name themselves by it: RFC 6960 section 4.2.1, KeyHash. */
export function responderKeyHash(spki: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha1").update(subjectKey(spki)).digest())
}

/** Content of the subjectPublicKey BIT STRING. */
function subjectKey(spki: Uint8Array): Uint8Array {
  return derBitString(derSequence(parseDer(spki, "public key"), "public key")[1], "public key")
}

/** DER of a CertID; the hash's parameters are NULL. */
export function encodeCertId(id: CertId): Uint8Array {
  return encodeDer(
    DER_TAG.sequence,
    encodeDer(DER_TAG.sequence, encodeDerOid(id.hashOid), encodeDer(DER_TAG.null)),
    encodeDer(DER_TAG.octetString, id.issuerNameHash),
    encodeDer(DER_TAG.octetString, id.issuerKeyHash),
    encodeSignedInteger(id.serial),
  )
}

/**
 * Build the OCSPRequest about one certificate.
 *
 * @returns DER: one CertID with SHA-1, which every responder knows; no nonce, no extensions, no signature.
 *
 * Spec: RFC 6960 section 4.1; RFC 5019 section 2.1 for what is left out.
 */
export function buildOcspRequest(
  certificate: Pick<Certificate, "serial">,
  issuer: Pick<Certificate, "subject" | "spki">,
): Uint8Array {
  const id = certIdOf(certificate, issuer)
  if (id === undefined) throw malformed(WHAT, "no hash")
  const request = encodeDer(DER_TAG.sequence, encodeCertId(id))
  return encodeDer(DER_TAG.sequence, encodeDer(DER_TAG.sequence, encodeDer(DER_TAG.sequence, request)))
}

/** Read a CertID. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function parseCertId(element: Parameters<typeof derSequence>[0], what: string): CertId {
  const parts = derSequence(element, what)
  if (parts.length !== 4) throw malformed(what, `CertID of ${parts.length} members, expected 4`)
  const [hashOid] = algorithmIdentifier(parts[0], what)
  return {
    hashOid,
    issuerNameHash: derOctetString(parts[1], what),
    issuerKeyHash: derOctetString(parts[2], what),
    serial: derInteger(parts[3], what),
  }
}

/**
 * Read an OCSPRequest: the certificates asked about. A signature, a requestor's name and extensions are not looked at.
 *
 * @param bytes - untrusted DER.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, also for more than 64 certificates.
 */
export function parseOcspRequest(bytes: Uint8Array): readonly CertId[] {
  const [signed] = derSequence(parseDer(bytes, WHAT), WHAT)
  const skipped = [contextTag(0, true), contextTag(1, true)]
  const [list] = derSequence(signed, WHAT).filter(({ tag }) => !skipped.includes(tag))
  const requests = derSequence(list, WHAT)
  if (requests.length === 0 || requests.length > 64) throw malformed(WHAT, `${requests.length} certificates`)
  return requests.map((request) => parseCertId(derSequence(request, WHAT)[0], WHAT))
}

/** Whether two names are made by the same hash and are of the same certificate. */
export function sameCertId(a: CertId, b: CertId): boolean {
  return (
    a.hashOid === b.hashOid &&
    a.serial === b.serial &&
    equalBytes(a.issuerNameHash, b.issuerNameHash) &&
    equalBytes(a.issuerKeyHash, b.issuerKeyHash)
  )
}
