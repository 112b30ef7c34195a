import { encodeHex } from "../../../codec/hex.ts"
import { malformed, tooLarge } from "../../../codec/malformed.ts"
import { encodePem, type PemBlock, parsePem } from "../../../codec/pem.ts"
import { decodeUtf8, encodeUtf8 } from "../../../codec/utf8.ts"
import type { PublicKey } from "../../../core/ports.ts"
import { digestOf } from "../../../crypto/hash.ts"
import { publicKeyFromSpki, publicKeyPem } from "../../../crypto/public-key.ts"
import type { Certificate } from "../../../crypto/x509/certificate.ts"
import { signatureFault } from "../../../crypto/x509/check-issued.ts"
import { parseCertificate } from "../../../crypto/x509/parse-certificate.ts"

/** Who signed, as entries name it. */
export interface EntryVerifier {
  readonly key: PublicKey
  /** PEM as logs write it, however it was sent. */
  readonly pem: Uint8Array
  /** Words the key or certificate is found by. */
  readonly keywords: readonly string[]
}

const WHAT = "public key"
/** Certificates in a chain. Spec: sigstore/rekor `pkg/pki/x509`. */
const MAX_CHAIN = 10

/**
 * Read the key or certificate of a proposed entry.
 *
 * @param bytes - PEM: one `PUBLIC KEY`, or certificates, each issued by the next one.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`.
 */
export function parseEntryVerifier(bytes: Uint8Array): EntryVerifier {
  const blocks = parsePem(decodeUtf8(bytes, WHAT), { maxBlocks: MAX_CHAIN, what: WHAT })
  const [first] = blocks
  if (first === undefined) throw malformed(WHAT, "invalid public key: failure decoding PEM")
  if (first.label === "PUBLIC KEY" && blocks.length === 1) {
    const key = publicKeyFromSpki(first.bytes)
    return verifierOf(key, publicKeyPem(key), [])
  }
  return chainVerifier(blocks)
}

function chainVerifier(blocks: readonly PemBlock[]): EntryVerifier {
  const other = blocks.find(({ label }) => label !== "CERTIFICATE")
  if (other !== undefined) throw malformed(WHAT, `invalid public key: cannot handle type ${other.label}`)
  const chain = blocks.map(({ bytes }) => parseCertificate(bytes))
  for (const [at, issuer] of chain.slice(1).entries()) {
    const child = chain[at]
    const fault = child === undefined ? undefined : signatureFault(child, issuer)
    if (fault !== undefined) throw malformed(WHAT, `certificate ${at + 1} of the chain: ${fault}`)
  }
  const pem = blocks.map(({ bytes }) => encodePem("CERTIFICATE", bytes)).join("")
  const [leaf] = chain
  if (leaf === undefined) throw tooLarge(WHAT, 0, MAX_CHAIN, "certificates")
  return verifierOf(keyOf(leaf), pem, subjectsOf(leaf))
}

/** The key in a certificate. @throws {ToolError} `E_FORMAT_MALFORMED` when it is of a kind that is not known. */
export function keyOf(certificate: Certificate): PublicKey {
  if (certificate.publicKey !== undefined) return certificate.publicKey
  throw malformed("certificate", `a key of kind ${certificate.keyDescription} cannot be used`)
}

function verifierOf(key: PublicKey, text: string, subjects: readonly string[]): EntryVerifier {
  const pem = encodeUtf8(text)
  const hash = encodeHex(digestOf("sha256", pem))
  return { key, pem, keywords: [hash, `sha256:${hash}`, ...subjects] }
}

/** Alternative names without their kinds. */
function subjectsOf({ alternativeNames }: Certificate): readonly string[] {
  return alternativeNames.map((name) => name.slice(name.indexOf(":") + 1))
}
