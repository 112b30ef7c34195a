import { parseSubjectName } from "../../codec/distinguished-name.ts"
import { goQuote } from "../../codec/go-quote.ts"
import { compareUtf8 } from "../../codec/utf8.ts"
import type { TrustedIdentity } from "../../core/certified.ts"
import type { Certificate, Name } from "../../crypto/x509/certificate.ts"
import { attributeLabel } from "../../crypto/x509/name.ts"
import type { ChainFault } from "./chain-fault.ts"

/** As Go compares them: a pair with an empty value asks that the other has none. */
function isSubset(wanted: ReadonlyMap<string, string>, given: ReadonlyMap<string, string>): boolean {
  return wanted.size > 0 && [...wanted].every(([type, value]) => (given.get(type) ?? "") === value)
}

/** Every pair is in the name, and its type comes once: which of several would be meant is not for us to say. */
function nameHas(name: Name, wanted: ReadonlyMap<string, string>): boolean {
  const attributes = name.rdns.flat()
  return (
    wanted.size > 0 &&
    [...wanted].every(([label, value]) => {
      const [first, ...more] = attributes.filter(({ type }) => attributeLabel(type) === label)
      return first?.value === value && more.length === 0
    })
  )
}

/** Identities that need nothing but the certificate's own fields. */
function matchesFields(identity: TrustedIdentity, leaf: Certificate): boolean {
  switch (identity.kind) {
    case "any":
      return true
    case "thumbprint":
      return identity.sha256 === leaf.thumbprint
    case "san":
      // SECURITY: the common name is no fallback; nobody checks that it is one of the holder's names.
      return leaf.alternativeNames.includes(identity.name)
    case "issuer":
      return nameHas(leaf.issuer, identity.attributes)
    case "serial":
      return identity.serial === leaf.serial.toString(16)
    case "subject":
    case "opaque":
      return false
  }
}

/** `%q` of a Go map. */
function goMap(attributes: ReadonlyMap<string, string>): string {
  const pairs = [...attributes].sort(([a], [b]) => compareUtf8(a, b))
  return `map[${pairs.map(([type, value]) => `${goQuote(type)}:${goQuote(value)}`).join(" ")}]`
}

function listed(identities: readonly TrustedIdentity[]): string {
  const texts = identities.map((one) => (one.kind === "subject" ? goMap(one.attributes) : goQuote(one.text)))
  return `[${texts.join(" ")}]`
}

/**
 * Check that the holder of a signing certificate is somebody a policy names.
 *
 * Subjects are compared as upstream does: the certificate's subject is printed and read again as a policy's text is, so
 * a subject with several values of a type, or types without a short name, matches none. Identities only a plugin
 * understands match nothing.
 *
 * @param identities - one match is enough; none at all is a fault.
 * @param leaf - the certificate that signed, its chain already checked.
 * @param policyName - for messages.
 * @returns `E_CERT_IDENTITY` with upstream's text; `undefined` when the holder is named.
 *
 * Spec: notaryproject/specifications `specs/trust-store-trust-policy.md`, "Trusted Identities Constraints".
 */
export function identityFault(
  identities: readonly TrustedIdentity[],
  leaf: Certificate,
  policyName: string,
): ChainFault | undefined {
  const policy = goQuote(policyName)
  const fault = (message: string): ChainFault => ({ code: "E_CERT_IDENTITY", message })
  if (identities.some((identity) => matchesFields(identity, leaf))) return undefined
  const known = identities.filter(({ kind }) => kind !== "opaque")
  if (known.length === 0) return fault(`no x509 trusted identities are configured in the trust policy ${policy}`)
  const subjects = known.filter((identity) => identity.kind === "subject")
  if (subjects.length > 0) {
    const subject = parseSubjectName(leaf.subject.text)
    if ("fault" in subject) {
      return fault(
        `error while parsing the certificate subject from the digital signature. error : ${goQuote(subject.fault)}`,
      )
    }
    if (subjects.some(({ attributes }) => isSubset(attributes, subject.attributes))) return undefined
  }
  return fault(
    `signing certificate from the digital signature does not match the X.509 trusted identities ${listed(known)} defined in the trust policy ${policy}`,
  )
}
