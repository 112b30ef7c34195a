/**
 * Rules for the certificate that signs.
 *
 * Spec: notaryproject/specifications `specs/signature-specification.md`, "Certificate Requirements".
 */
import { keySpecOf, keySpecs } from "../../crypto/key-spec.ts"
import type { Certificate, KeyUsage } from "../../crypto/x509/certificate.ts"
import { EKU, EXTENSION } from "../../crypto/x509/extensions.ts"
import {
  type ChainPlace,
  type ChainRole,
  type ChainRule,
  keyName,
  keyUsageText,
  quotedSubject,
  usageError,
} from "./chain-rule.ts"
import { hasKeyUsage, keyUsagePresence, keyUsageRemedy } from "./key-usage-rules.ts"

const roles: readonly ChainRole[] = ["alone", "leaf"]

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
const FORBIDDEN_STRICTLY: ReadonlyMap<string, string> = new Map([...FORBIDDEN_EXTENDED, [EKU.any, "Any"]])

/** Sizes in bits of curves by name that the Notary Project does not use. */
const OTHER_CURVES: ReadonlyMap<string, number> = new Map([["ec 1.3.132.0.33", 224]])

const basicConstraints: ChainRule = {
  id: "basic-constraints",
  roles,
  expected: () => "no basicConstraints, or CA:FALSE",
  observed: ({ certificate: { basicConstraints: found } }) =>
    found === undefined ? "no basicConstraints" : `CA:${found.ca ? "TRUE" : "FALSE"}`,
  remedy: ({ role }) =>
    role === "alone"
      ? "sign with a certificate that this authority issues, not with the authority's own"
      : "reissue it with basicConstraints CA:FALSE",
  fault: ({ certificate }) =>
    certificate.basicConstraints?.ca === true
      ? usageError(
          `certificate with subject ${quotedSubject(certificate)}: if the basic constraints extension is present, the ca field must be set to false`,
        )
      : undefined,
}

const invalidUsage = (certificate: Certificate): string =>
  `the certificate with subject ${quotedSubject(certificate)} is invalid. The key usage must`

const digitalSignature: ChainRule = {
  id: "key-usage-bits",
  roles,
  applies: hasKeyUsage,
  expected: () => "keyUsage has digitalSignature",
  observed: ({ certificate }) => keyUsageText(certificate),
  remedy: keyUsageRemedy,
  fault: ({ certificate }) =>
    certificate.keyUsage?.has("digitalSignature") === true
      ? undefined
      : usageError(`${invalidUsage(certificate)} have the bit positions for "Digital Signature" set`),
}

const nothingElse: ChainRule = {
  id: "key-usage-only",
  roles,
  applies: hasKeyUsage,
  expected: () => "keyUsage has nothing besides digitalSignature",
  observed: ({ certificate }) => keyUsageText(certificate),
  remedy: keyUsageRemedy,
  fault: ({ certificate }) => {
    const found = FORBIDDEN_USAGES.filter(([usage]) => certificate.keyUsage?.has(usage) === true)
    if (found.length === 0) return undefined
    const names = found.map(([, name]) => `"${name}"`).join(", ")
    return usageError(`${invalidUsage(certificate)} be "Digital Signature" only, but found ${names}`)
  },
}

const EKU_NAMES: ReadonlyMap<string, string> = new Map(Object.entries(EKU).map(([name, oid]) => [oid, name]))

function extendedText({ extendedKeyUsage, extensions }: Certificate): string {
  if (extendedKeyUsage === undefined) return "no extendedKeyUsage"
  const critical = extensions.get(EXTENSION.extendedKeyUsage)?.critical === true ? "critical" : "not critical"
  return `extendedKeyUsage ${extendedKeyUsage.map((oid) => EKU_NAMES.get(oid) ?? oid).join(", ")} (${critical})`
}

const codeSigningUsage: ChainRule = {
  id: "extended-key-usage",
  roles,
  applies: ({ purpose }) => purpose === "code-signing",
  expected: () =>
    `no extendedKeyUsage of ${[...FORBIDDEN_STRICTLY.keys()].map((oid) => EKU_NAMES.get(oid)).join(", ")}`,
  observed: ({ certificate }) => extendedText(certificate),
  remedy: () => "reissue it with extendedKeyUsage codeSigning alone",
  fault: ({ certificate, strict }) => {
    const forbidden = strict ? FORBIDDEN_STRICTLY : FORBIDDEN_EXTENDED
    const found = certificate.extendedKeyUsage?.find((oid) => forbidden.has(oid))
    if (found === undefined) return undefined
    const start = `certificate with subject ${quotedSubject(certificate)}: extended key usage must not contain`
    return usageError(`${start} ${forbidden.get(found) ?? found} eku`)
  },
  doubt: ({ certificate }) =>
    certificate.extendedKeyUsage?.includes(EKU.any) === true
      ? "the specification forbids anyExtendedKeyUsage; notation accepts it"
      : undefined,
}

const timestampLeaf = (certificate: Certificate): string =>
  `timestamp signing certificate with subject ${quotedSubject(certificate)} must have`

const isTimestamping = ({ extendedKeyUsage }: Certificate): boolean =>
  extendedKeyUsage?.length === 1 && extendedKeyUsage[0] === EKU.timeStamping

const timestampingUsage: readonly ChainRule[] = [
  {
    id: "extended-key-usage",
    roles,
    applies: ({ purpose }) => purpose === "timestamping",
    expected: () => "extendedKeyUsage timeStamping and nothing else",
    observed: ({ certificate }) => extendedText(certificate),
    remedy: () => "reissue it with extendedKeyUsage timeStamping alone, critical",
    fault: ({ certificate }) =>
      isTimestamping(certificate)
        ? undefined
        : usageError(`${timestampLeaf(certificate)} and only have Timestamping as extended key usage`),
  },
  {
    id: "extended-key-usage-critical",
    roles,
    applies: ({ purpose, certificate }) => purpose === "timestamping" && certificate.extendedKeyUsage !== undefined,
    expected: () => "extendedKeyUsage is marked critical",
    observed: ({ certificate }) => extendedText(certificate),
    remedy: () => "reissue it with extendedKeyUsage timeStamping alone, critical",
    fault: ({ certificate }) =>
      certificate.extensions.get(EXTENSION.extendedKeyUsage)?.critical === true
        ? undefined
        : usageError(`${timestampLeaf(certificate)} extended key usage extension marked as critical`),
  },
]

/** The leaf's key is of a kind and size that the Notary Project signs with. */
const key: ChainRule = {
  id: "key",
  roles,
  expected: () => `a key of ${keySpecs.map(({ name }) => name).join(", ")}`,
  observed: ({ certificate }) => keyName(certificate),
  remedy: () => "make a new key, such as EC-256 or RSA-3072, and have it certified",
  fault: ({ certificate }) => {
    const { publicKey, keyDescription } = certificate
    if (publicKey !== undefined && keySpecOf(publicKey) !== undefined) return undefined
    const rsa = /^rsa (\d+)$/.exec(keyDescription)?.[1]
    const curve = OTHER_CURVES.get(keyDescription)
    const seen =
      rsa !== undefined
        ? `rsa key size ${rsa} bits is not supported`
        : curve !== undefined
          ? `ecdsa key size ${curve} bits is not supported`
          : "unsupported public key type"
    return { code: "E_KEY_TYPE", message: `certificate with subject ${quotedSubject(certificate)}: ${seen}` }
  },
}

/** Upstream says of a certificate alone that it is the self-signed one. */
function sayingAlone(rule: ChainRule): ChainRule {
  return {
    ...rule,
    fault: (place) => {
      const fault = rule.fault(place)
      if (fault === undefined || place.role !== "alone") return fault
      return { code: fault.code, message: `invalid self-signed certificate. Error: ${fault.message}` }
    },
  }
}

/** In upstream's order. */
export const LEAF_RULES: readonly ChainRule[] = [
  basicConstraints,
  ...keyUsagePresence(roles),
  digitalSignature,
  nothingElse,
  codeSigningUsage,
  ...timestampingUsage,
  key,
].map(sayingAlone)

/** Whether the key alone keeps the certificate from being a leaf. */
export function keyFaultAlone(place: ChainPlace): ReturnType<ChainRule["fault"]> {
  for (const rule of LEAF_RULES) {
    const fault = rule.applies?.(place) === false ? undefined : rule.fault(place)
    if (fault !== undefined) return rule.id === "key" ? fault : undefined
  }
  return undefined
}
