import type { PublicKey, SignatureScheme } from "../../core/ports.ts"
import { verifySignature } from "../verify.ts"
import type { Certificate } from "./certificate.ts"
import { sameName } from "./name.ts"

/** Checked signatures by certificate and issuer; both are frozen in meaning, and entries go when either does. */
const checked = new WeakMap<Certificate, WeakMap<Certificate, boolean>>()

const KEY_OF: Readonly<Record<SignatureScheme["scheme"], "RSA" | "ECDSA" | "Ed25519">> = {
  "rsa-pkcs1": "RSA",
  "rsa-pss": "RSA",
  ecdsa: "ECDSA",
  ed25519: "Ed25519",
  ed25519ph: "Ed25519",
}

function kindOf({ type }: PublicKey): "RSA" | "ECDSA" | "Ed25519" {
  return type === "rsa" ? "RSA" : type === "ed25519" ? "Ed25519" : "ECDSA"
}

const GO_KEY = { RSA: "*rsa.PublicKey", ECDSA: "*ecdsa.PublicKey", Ed25519: "ed25519.PublicKey" } as const
const BROKEN = {
  RSA: "crypto/rsa: verification error",
  ECDSA: "x509: ECDSA verification failure",
  Ed25519: "x509: Ed25519 verification failure",
} as const

function holds(child: Certificate, issuer: Certificate, key: PublicKey, scheme: SignatureScheme): boolean {
  const known = checked.get(child)?.get(issuer)
  if (known !== undefined) return known
  const answer = verifySignature(key, scheme, child.tbs, child.signature)
  const answers = checked.get(child) ?? new WeakMap<Certificate, boolean>()
  answers.set(issuer, answer)
  checked.set(child, answers)
  return answer
}

/** Why the algorithm a certificate is signed with is not accepted, in Go's words; `undefined` when it is. */
export function algorithmFault({ signatureScheme, signatureName }: Certificate): string | undefined {
  if (/^MD5-|SHA1(-|$)/.test(signatureName)) return `x509: cannot verify signature: insecure algorithm ${signatureName}`
  return signatureScheme === undefined ? "x509: cannot verify signature: algorithm unimplemented" : undefined
}

/** Why a certificate may not sign certificates, in Go's words; `undefined` when it may. */
export function issuerFault({ basicConstraints, keyUsage, version }: Certificate): string | undefined {
  const noAuthority = basicConstraints === undefined ? version === 3 : !basicConstraints.ca
  if (!noAuthority && (keyUsage === undefined || keyUsage.has("keyCertSign"))) return undefined
  return "x509: invalid signature: parent certificate cannot sign this kind of certificate"
}

/**
 * Why the signature of a certificate does not hold with the key of another.
 *
 * SECURITY: MD5, SHA-1, DSA and keys that are too small never hold. DEVIATION: Go accepts SHA-1 for a certificate alone
 * in its chain, and RSA keys from 1024 bits; the Notary Project's specification does not.
 *
 * @param issuer - whose key is used; nothing else of it is looked at.
 * @returns Go's error text; `undefined` when it holds.
 */
export function signatureFault(child: Certificate, issuer: Certificate): string | undefined {
  const { signatureScheme: scheme } = child
  const algorithm = algorithmFault(child)
  if (algorithm !== undefined || scheme === undefined) return algorithm
  const key = issuer.publicKey
  if (key === undefined) {
    return `x509: cannot verify signature: algorithm unimplemented: the key of the issuer is ${issuer.keyDescription}`
  }
  const kind = kindOf(key)
  if (kind !== KEY_OF[scheme.scheme]) {
    return `x509: signature algorithm specifies an ${KEY_OF[scheme.scheme]} public key, but have public key of type ${GO_KEY[kind]}`
  }
  return holds(child, issuer, key, scheme) ? undefined : BROKEN[kind]
}

/** Whether the signature of a certificate holds with the key of another. See {@link signatureFault}. */
export function signatureHolds(child: Certificate, issuer: Certificate): boolean {
  return signatureFault(child, issuer) === undefined
}

/**
 * Why a certificate may not have been signed by another: the issuer must be allowed to sign certificates, and the
 * signature must hold with its key. Names are not compared.
 *
 * @returns the error text of Go's `CheckSignatureFrom`; `undefined` when it was.
 *
 * Spec: RFC 5280 4.2.1.9 and 4.2.1.3.
 */
export function issueFault(child: Certificate, issuer: Certificate): string | undefined {
  return issuerFault(issuer) ?? signatureFault(child, issuer)
}

/** Whether a certificate was issued by another: {@link issueFault} finds nothing, and the names fit byte for byte. */
export function isIssuedBy(child: Certificate, issuer: Certificate): boolean {
  return sameName(child.issuer, issuer.subject) && issueFault(child, issuer) === undefined
}
