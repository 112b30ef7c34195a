/**
 * Rules for what holds a chain together: who issued whom.
 *
 * DEVIATION: SHA-1 is refused for a certificate alone in its chain too.
 */
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { algorithmFault, isIssuedBy, issuerFault, signatureFault } from "../../crypto/x509/check-issued.ts"
import { sameName } from "../../crypto/x509/name.ts"
import type { ChainFault } from "./chain-fault.ts"
import { type ChainPlace, type ChainRule, chainError, keyName, quotedSubject } from "./chain-rule.ts"
import { keyFaultAlone } from "./leaf-rules.ts"

const ENDS_IN_ROOT = "Certificate chain must end with a valid self-signed root certificate"

/** Go's text about a signature, in upstream's sentence. */
function signedWrongly({ role, certificate, issuer }: ChainPlace, text: string | undefined): ChainFault | undefined {
  if (text === undefined) return undefined
  const subject = quotedSubject(certificate)
  switch (role) {
    case "alone":
      return chainError(`invalid self-signed certificate. subject: ${subject}. Error: ${text}`)
    case "root":
      return chainError(
        `root certificate with subject ${subject} is invalid or not self-signed. ${ENDS_IN_ROOT}. Error: ${text}`,
      )
    case "leaf":
    case "intermediate":
      return chainError(
        `invalid certificates or certificate with subject ${subject} is not issued by ${quotedSubject(issuer)}. Error: ${text}`,
      )
  }
}

const isLast = ({ role }: ChainPlace): boolean => role === "alone" || role === "root"

const notSelfSigned: ChainRule = {
  id: "not-self-signed",
  roles: ["leaf", "intermediate"],
  expected: () => "issued by another certificate",
  observed: ({ certificate }) => (isIssuedBy(certificate, certificate) ? "self-signed" : "not self-signed"),
  remedy: () => "put it last if it is the root, or leave it out",
  fault: ({ certificate, role }) =>
    isIssuedBy(certificate, certificate)
      ? chainError(
          `${role} certificate with subject ${quotedSubject(certificate)} is self-signed. Certificate chain must not contain self-signed ${role} certificate`,
        )
      : undefined,
}

const issuerAuthority: ChainRule = {
  id: "issuer-authority",
  roles: ["leaf", "intermediate", "root"],
  expected: () => "the issuer may sign certificates",
  observed: ({ issuer }) =>
    issuerFault(issuer) === undefined
      ? `issuer ${issuer.subject.text}`
      : `${issuer.subject.text} is no authority: it needs basicConstraints CA:TRUE, and keyCertSign if it has keyUsage`,
  remedy: () => "reissue the issuer with basicConstraints CA:TRUE and keyUsage keyCertSign, both critical",
  fault: (place) => signedWrongly(place, issuerFault(place.issuer)),
}

const algorithm: ChainRule = {
  id: "signature-algorithm",
  roles: ["alone", "leaf", "intermediate", "root"],
  expected: () => "signed with SHA-256, SHA-384 or SHA-512 and RSA or ECDSA, or with Ed25519",
  observed: ({ certificate: { signatureName, signatureOid } }) => `${signatureName} (${signatureOid})`,
  remedy: () => "have it issued again, signed with SHA-256 or better",
  fault: (place) => signedWrongly(place, algorithmFault(place.certificate)),
}

const signature: ChainRule = {
  id: "signature",
  roles: ["alone", "leaf", "intermediate", "root"],
  expected: (place) => (isLast(place) ? "self-signed" : "signed by the next certificate of the chain"),
  observed: ({ certificate, issuer }) =>
    signatureFault(certificate, issuer) ?? `holds with the ${keyName(issuer)} key of ${issuer.subject.text}`,
  remedy: (place) =>
    place.issuer.publicKey === undefined
      ? "make a new key for the issuer, RSA of 2048 bits or more or on P-256, P-384 or P-521"
      : isLast(place)
        ? "end the chain with the root, which is self-signed"
        : "put the certificate next that issued this one, or reissue this one",
  fault: (place) => {
    const { certificate, issuer, role } = place
    const fault = signedWrongly(place, signatureFault(certificate, issuer))
    // The algorithm is one that is accepted, so what stands in the way is the key.
    const byKey = role === "alone" && certificate.publicKey === undefined && algorithmFault(certificate) === undefined
    return (byKey ? keyFaultAlone(place) : undefined) ?? fault
  },
  unchecked: ({ certificate }) =>
    algorithmFault(certificate) === undefined ? undefined : "the algorithm is not accepted",
}

const nameSentence = ({ certificate, issuer, role, purpose }: ChainPlace): string => {
  const subject = quotedSubject(certificate)
  if (role === "root") return `root certificate with subject ${subject} is not self-signed. ${ENDS_IN_ROOT}`
  if (role !== "alone") return `certificate with subject ${subject} is not issued by ${quotedSubject(issuer)}`
  const space = purpose === "code-signing" ? "" : " "
  const names = `issuer${space}(${certificate.issuer.text}) and subject${space}(${certificate.subject.text})`
  return `invalid self-signed certificate. subject: ${subject}. Error: ${names} are not the same`
}

const issuerName: ChainRule = {
  id: "issuer-name",
  roles: ["alone", "leaf", "intermediate", "root"],
  expected: ({ issuer }) => `issuer name ${issuer.subject.text}`,
  observed: ({ certificate, issuer }) => namesText(certificate, issuer),
  remedy: (place) =>
    isLast(place)
      ? "end the chain with the root, whose issuer and subject are the same"
      : "put the certificate next whose subject is this one's issuer, byte for byte",
  fault: (place) =>
    sameName(place.certificate.issuer, place.issuer.subject) ? undefined : chainError(nameSentence(place)),
}

function namesText({ issuer: name }: Certificate, issuer: Certificate): string {
  const coded = !sameName(name, issuer.subject) && name.text === issuer.subject.text ? ", encoded otherwise" : ""
  return `issuer name ${name.text}${coded}`
}

/** In upstream's order. */
export const LINK_RULES: readonly ChainRule[] = [notSelfSigned, issuerAuthority, algorithm, signature, issuerName]
