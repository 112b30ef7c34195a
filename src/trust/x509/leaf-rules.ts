import { goQuote } from "../../codec/go-quote.ts"
import { keySpecOf } from "../../crypto/key-spec.ts"
import type { Certificate, KeyUsage } from "../../crypto/x509/certificate.ts"
import { EKU, EXTENSION } from "../../crypto/x509/extensions.ts"
import type { ChainFault, ChainPurpose } from "./chain-fault.ts"

/** Usages a leaf must not have, by upstream's names and in its order. `contentCommitment` is tolerated. */
const FORBIDDEN_USAGES: readonly (readonly [KeyUsage, string])[] = [
  ["keyEncipherment", "KeyEncipherment"],
  ["dataEncipherment", "DataEncipherment"],
  ["keyAgreement", "KeyAgreement"],
  ["keyCertSign", "CertSign"],
  ["cRLSign", "CRLSign"],
  ["encipherOnly", "EncipherOnly"],
  ["decipherOnly", "DecipherOnly"],
]

const FORBIDDEN_EXTENDED: ReadonlyMap<string, string> = new Map([
  [EKU.serverAuth, "ServerAuth"],
  [EKU.clientAuth, "ClientAuth"],
  [EKU.emailProtection, "EmailProtection"],
  [EKU.timeStamping, "Timestamping"],
  [EKU.ocspSigning, "OCSPSigning"],
])

/** Sizes in bits of curves by name that the Notary Project does not use. */
const OTHER_CURVES: ReadonlyMap<string, number> = new Map([["ec 1.3.132.0.33", 224]])

function usageFault(message: string): ChainFault {
  return { code: "E_CERT_USAGE", message }
}

/**
 * keyUsage is there, and critical where it must be.
 *
 * COMPAT(notation 1.3): chains of timestamp authorities need not mark it critical.
 */
export function keyUsagePresence(certificate: Certificate, purpose: ChainPurpose): ChainFault | undefined {
  const extension = certificate.extensions.get(EXTENSION.keyUsage)
  const subject = `certificate with subject ${goQuote(certificate.subject.text)}`
  if (extension === undefined) return usageFault(`${subject}: key usage extension must be present`)
  if (purpose === "code-signing" && !extension.critical) {
    return usageFault(`${subject}: key usage extension must be marked critical`)
  }
  return undefined
}

function leafKeyUsage({ keyUsage, subject }: Certificate): ChainFault | undefined {
  const invalid = `the certificate with subject ${goQuote(subject.text)} is invalid. The key usage must`
  if (keyUsage?.has("digitalSignature") !== true) {
    return usageFault(`${invalid} have the bit positions for "Digital Signature" set`)
  }
  const found = FORBIDDEN_USAGES.filter(([usage]) => keyUsage.has(usage)).map(([, name]) => `"${name}"`)
  if (found.length === 0) return undefined
  return usageFault(`${invalid} be "Digital Signature" only, but found ${found.join(", ")}`)
}

function codeSigningUsage({ extendedKeyUsage, subject }: Certificate, strict: boolean): ChainFault | undefined {
  const forbidden = strict ? new Map([...FORBIDDEN_EXTENDED, [EKU.any, "Any"] as const]) : FORBIDDEN_EXTENDED
  const found = extendedKeyUsage?.find((oid) => forbidden.has(oid))
  if (found === undefined) return undefined
  return usageFault(
    `certificate with subject ${goQuote(subject.text)}: extended key usage must not contain ${forbidden.get(found) ?? found} eku`,
  )
}

function timestampingUsage({ extendedKeyUsage, extensions, subject }: Certificate): ChainFault | undefined {
  const leaf = `timestamp signing certificate with subject ${goQuote(subject.text)} must have`
  if (extendedKeyUsage?.length !== 1 || extendedKeyUsage[0] !== EKU.timeStamping) {
    return usageFault(`${leaf} and only have Timestamping as extended key usage`)
  }
  if (extensions.get(EXTENSION.extendedKeyUsage)?.critical !== true) {
    return usageFault(`${leaf} extended key usage extension marked as critical`)
  }
  return undefined
}

/** The leaf's key is of a kind and size that the Notary Project signs with. */
function leafKey({ publicKey, keyDescription, subject }: Certificate): ChainFault | undefined {
  if (publicKey !== undefined && keySpecOf(publicKey) !== undefined) return undefined
  const rsa = /^rsa (\d+)$/.exec(keyDescription)?.[1]
  const curve = OTHER_CURVES.get(keyDescription)
  const seen =
    rsa !== undefined
      ? `rsa key size ${rsa} bits is not supported`
      : curve !== undefined
        ? `ecdsa key size ${curve} bits is not supported`
        : "unsupported public key type"
  return { code: "E_KEY_TYPE", message: `certificate with subject ${goQuote(subject.text)}: ${seen}` }
}

/**
 * Rules for the certificate that signs.
 *
 * @param strict - refuse anyExtendedKeyUsage when signing code, as the specification says; upstream accepts it.
 *
 * Spec: notaryproject/specifications `specs/signature-specification.md`, "Certificate Requirements".
 */
export function leafFault(leaf: Certificate, purpose: ChainPurpose, strict: boolean): ChainFault | undefined {
  if (leaf.basicConstraints?.ca === true) {
    return usageFault(
      `certificate with subject ${goQuote(leaf.subject.text)}: if the basic constraints extension is present, the ca field must be set to false`,
    )
  }
  return (
    keyUsagePresence(leaf, purpose) ??
    leafKeyUsage(leaf) ??
    (purpose === "code-signing" ? codeSigningUsage(leaf, strict) : timestampingUsage(leaf)) ??
    leafKey(leaf)
  )
}
