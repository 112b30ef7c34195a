/**
 * Whether a certificate-based signature holds and whose it is: the steps of the Notary Project's verification that need
 * nothing but loaded data. Each step gives findings; who calls them decides which failures end a verification.
 *
 * Spec: notaryproject/specifications `specs/trust-store-trust-policy.md`, "Signature Verification details".
 */
import { equalBytes } from "../codec/equal-bytes.ts"
import { goRfc1123z } from "../codec/go-time.ts"
import type { Candidate } from "../core/candidate.ts"
import type { SignedAttributes, TrustedIdentity, TrustStore, TrustStoreType } from "../core/certified.ts"
import type { ErrorCode } from "../core/error-catalogue.ts"
import { asToolError } from "../core/errors.ts"
import type { SignatureScheme } from "../core/ports.ts"
import type { CertificateIdentity, Finding } from "../core/report.ts"
import { keySpecOf } from "../crypto/key-spec.ts"
import { fingerprint } from "../crypto/public-key.ts"
import { schemeName } from "../crypto/schemes.ts"
import { verifySignature } from "../crypto/verify.ts"
import type { Certificate } from "../crypto/x509/certificate.ts"
import { parseCertificate } from "../crypto/x509/parse-certificate.ts"
import { chainFault } from "./x509/chain-rules.ts"
import { identityFault } from "./x509/identities.ts"

/** What of a candidate is looked at. */
export type CertifiedCandidate = Pick<Candidate, "material" | "signed" | "signatures" | "attributes">

/** Outcome of {@link judgeIntegrity}: `chain` is set exactly when every finding passed. */
export interface Integrity {
  readonly findings: readonly Finding[]
  /** Leaf first. */
  readonly chain?: readonly Certificate[]
}

/**
 * The envelope's signature holds with the key of its own leaf certificate, by the algorithm that belongs to this key,
 * and its chain is well-formed. Says nothing about trust.
 */
export function judgeIntegrity(candidate: CertifiedCandidate): Integrity {
  const chain = readChain(candidate)
  if ("check" in chain) return { findings: [chain] }
  const [leaf] = chain
  const spec = leaf?.publicKey === undefined ? undefined : keySpecOf(leaf.publicKey)
  const fault = chainFault(chain, "code-signing")
  if (fault !== undefined) {
    const observed = `certificate-chain is invalid, ${fault.message}`
    return { findings: [{ check: "certificate.chain", outcome: "failed", code: fault.code, observed }] }
  }
  if (leaf?.publicKey === undefined || spec === undefined) {
    return { findings: [failedChain("E_KEY_TYPE", `the leaf's key is ${leaf?.keyDescription ?? "missing"}`)] }
  }
  const passedChain: Finding = {
    check: "certificate.chain",
    outcome: "passed",
    observed: `${chain.length} certificate${chain.length === 1 ? "" : "s"}, leaf ${leaf.subject.text}`,
  }
  const algorithm = algorithmFinding(candidate.attributes, spec.algorithm)
  // SECURITY: chosen by the leaf's key; what the envelope says must agree and is never tried instead.
  const { signed, signatures } = candidate
  const { publicKey } = leaf
  const scheme = schemeFor(spec.scheme, candidate.attributes)
  const holds =
    signed.kind === "message" &&
    signatures.some(({ bytes }) => verifySignature(publicKey, scheme, signed.message, bytes))
  const signature: Finding = holds
    ? {
        check: "signature.cryptographic",
        outcome: "passed",
        observed: `${schemeName(spec.scheme)} by ${fingerprint(publicKey)}`,
      }
    : {
        check: "signature.cryptographic",
        outcome: "failed",
        code: "E_SIG_INVALID",
        expected: `a signature by the leaf certificate ${leaf.subject.text}`,
        observed: "signature is invalid. Error: verification error",
      }
  const findings = [passedChain, algorithm, signature]
  return findings.every(({ outcome }) => outcome === "passed") ? { findings, chain } : { findings }
}

/** COMPAT(notation 1.3): RSA-PSS in JWS envelopes holds with a salt of any length. */
function schemeFor(scheme: SignatureScheme, attributes: SignedAttributes | undefined): SignatureScheme {
  return scheme.scheme === "rsa-pss" && attributes?.pssSalt === "any" ? { ...scheme, salt: "any" } : scheme
}

function readChain({ material }: CertifiedCandidate): readonly Certificate[] | Finding {
  if (material.kind !== "certificate" || material.certificates.length === 0) {
    return failedChain("E_CERT_CHAIN", "certificate chain is not present")
  }
  try {
    return material.certificates.map((der) => parseCertificate(der))
  } catch (thrown) {
    const error = asToolError(thrown)
    return failedChain(error.code === "E_FORMAT_MALFORMED" ? "E_CERT_CHAIN" : error.code, error.message)
  }
}

function failedChain(code: ErrorCode, observed: string): Finding {
  return { check: "certificate.chain", outcome: "failed", code, observed }
}

function algorithmFinding(attributes: SignedAttributes | undefined, expected: string): Finding {
  const observed = attributes?.algorithm
  if (observed === undefined || observed === expected) {
    return { check: "signature.algorithm", outcome: "passed", observed: observed ?? expected }
  }
  return {
    check: "signature.algorithm",
    outcome: "failed",
    code: "E_SIG_INVALID",
    expected,
    observed: `mismatch between signature algorithm derived from signing certificate (${expected}) and signing algorithm specified (${observed})`,
  }
}

/** Type of the trust stores that vouch for signers under a signing scheme. */
export function storeTypeOf(scheme: SignedAttributes["signingScheme"]): TrustStoreType {
  return scheme === "notary.x509" ? "ca" : "signingAuthority"
}

/**
 * Some certificate of the chain, at any place, is byte for byte in a store.
 *
 * @param stores - loaded, of the type the scheme asks for.
 */
export function judgeTrust(
  chain: readonly Certificate[],
  stores: readonly TrustStore[],
): { readonly finding: Finding; readonly store?: string } {
  if (stores.every(({ certificates }) => certificates.length === 0)) {
    return untrusted("E_TRUST_MISSING", "no trusted certificates are found to verify authenticity", stores)
  }
  for (const { type, name, certificates } of stores) {
    const anchor = chain.find(({ raw }) => certificates.some((trusted) => equalBytes(trusted, raw)))
    if (anchor === undefined) continue
    const store = `${type}:${name}`
    return {
      store,
      finding: { check: "certificate.trusted", outcome: "passed", observed: `${anchor.subject.text} in ${store}` },
    }
  }
  return untrusted(
    "E_CERT_UNTRUSTED",
    "the signature's certificate chain does not contain any trusted certificate",
    stores,
  )
}

function untrusted(
  code: "E_TRUST_MISSING" | "E_CERT_UNTRUSTED",
  observed: string,
  stores: readonly TrustStore[],
): { readonly finding: Finding } {
  const names = stores.map(({ type, name }) => `${type}:${name}`).join(", ")
  const expected = `a certificate of ${names === "" ? "a trust store" : names}`
  return { finding: { check: "certificate.trusted", outcome: "failed", code, expected, observed } }
}

/** The leaf is one of the identities that a policy trusts. */
export function judgeIdentity(leaf: Certificate, identities: readonly TrustedIdentity[], policyName: string): Finding {
  const expected = identities.map(({ text }) => text).join(" or ")
  const fault = identityFault(identities, leaf, policyName)
  if (fault === undefined) {
    return { check: "signer.identity", outcome: "passed", expected, observed: leaf.subject.text }
  }
  const detail = `the certificate is made out to ${leaf.subject.text}, thumbprint ${leaf.thumbprint}`
  return { check: "signer.identity", outcome: "failed", code: fault.code, expected, observed: fault.message, detail }
}

/** Holder of a leaf as reports name it. */
export function identityOf(leaf: Certificate, trustStore: string): CertificateIdentity {
  return {
    kind: "certificate",
    fingerprint: leaf.publicKey === undefined ? "" : fingerprint(leaf.publicKey),
    name: leaf.subject.text,
    issuer: leaf.issuer.text,
    serial: leaf.serial.toString(16),
    thumbprint: leaf.thumbprint,
    alternativeNames: leaf.alternativeNames,
    trustStore,
  }
}

/**
 * The signature has not expired.
 *
 * @param at - milliseconds since the epoch.
 */
export function judgeExpiry({ expiry }: Pick<SignedAttributes, "expiry">, at: number): Finding {
  if (expiry === undefined) return { check: "signature.expiry", outcome: "passed", observed: "no expiry" }
  const expected = `an expiry after ${new Date(at).toISOString()}`
  if (at < expiry.at) {
    return { check: "signature.expiry", outcome: "passed", expected, observed: new Date(expiry.at).toISOString() }
  }
  return {
    check: "signature.expiry",
    outcome: "failed",
    code: "E_SIG_EXPIRED",
    expected,
    observed: `digital signature has expired on "${goRfc1123z(expiry.at, expiry.zone)}"`,
  }
}
