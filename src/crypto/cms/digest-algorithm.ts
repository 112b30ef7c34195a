import type { DerElement } from "../../codec/der.ts"
import { DER_TAG, encodeDer, encodeDerOid } from "../../codec/der.ts"
import { algorithmIdentifier } from "../x509/signature-algorithm.ts"

/** Hashes that messages may be stamped and signed with. SECURITY: SHA-1 and MD5 are not among them. */
export type MessageHash = "sha256" | "sha384" | "sha512"

const OIDS: Readonly<Record<MessageHash, string>> = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
}

/** AlgorithmIdentifier of a hash. */
export interface DigestAlgorithm {
  readonly oid: string
  /** Absent for hashes that are not accepted, and for parameters other than absent or NULL. */
  readonly hash?: MessageHash
  /** DER as received. */
  readonly raw: Uint8Array
}

/** Read the AlgorithmIdentifier of a hash. @throws {ToolError} `E_FORMAT_MALFORMED` when it is none. */
export function digestAlgorithm(element: DerElement | undefined, what: string): DigestAlgorithm {
  const [oid, parameters] = algorithmIdentifier(element, what)
  const usual = parameters === undefined || (parameters.tag === DER_TAG.null && parameters.contents.length === 0)
  const hash = (Object.keys(OIDS) as MessageHash[]).find((name) => OIDS[name] === oid)
  return { oid, ...(hash !== undefined && usual ? { hash } : {}), raw: element?.raw ?? new Uint8Array(0) }
}

/** AlgorithmIdentifier of a hash with NULL parameters, DER. */
export function encodeDigestAlgorithm(hash: MessageHash): Uint8Array {
  return encodeDer(DER_TAG.sequence, encodeDerOid(OIDS[hash]), encodeDer(DER_TAG.null))
}
