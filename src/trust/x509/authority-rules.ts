/**
 * Rules for certificates that certify others.
 *
 * Spec: notaryproject/specifications `specs/signature-specification.md`, "Certificate Requirements".
 */
import { EXTENSION } from "../../crypto/x509/extensions.ts"
import {
  type ChainPlace,
  type ChainRole,
  type ChainRule,
  chainError,
  keyUsageText,
  quotedSubject,
  usageError,
} from "./chain-rule.ts"
import { hasKeyUsage, keyUsagePresence, keyUsageRemedy } from "./key-usage-rules.ts"

const roles: readonly ChainRole[] = ["intermediate", "root"]

/** Certificates between this one and the leaf. */
const below = ({ index }: ChainPlace): number => index - 1

const basicConstraints: ChainRule = {
  id: "basic-constraints",
  roles,
  expected: () => "basicConstraints CA:TRUE, critical",
  observed: ({ certificate: { basicConstraints: found, extensions } }) => {
    if (found === undefined) return "no basicConstraints"
    const critical = extensions.get(EXTENSION.basicConstraints)?.critical === true
    return `CA:${found.ca ? "TRUE" : "FALSE"} (${critical ? "critical" : "not critical"})`
  },
  remedy: () => "reissue it with basicConstraints CA:TRUE, critical",
  fault: ({ certificate }) =>
    certificate.basicConstraints?.ca === true
      ? undefined
      : chainError(
          `certificate with subject ${quotedSubject(certificate)}: ca field in basic constraints must be present, critical, and set to true`,
        ),
  doubt: ({ certificate }) =>
    certificate.extensions.get(EXTENSION.basicConstraints)?.critical === true
      ? undefined
      : "the specification wants basicConstraints marked critical; notation does not look",
}

const pathLength: ChainRule = {
  id: "path-length",
  roles,
  applies: ({ certificate }) => certificate.basicConstraints?.ca === true,
  expected: (place) => `no path length, or at least ${below(place)}`,
  observed: ({ certificate: { basicConstraints: found } }) =>
    found?.pathLength === undefined ? "no path length" : `path length ${found.pathLength}`,
  remedy: (place) => `reissue it with a path length of ${below(place)} or more, or issue the leaf from it directly`,
  fault: (place) => {
    const { certificate } = place
    const found = certificate.basicConstraints?.pathLength
    if (found === undefined || found >= below(place)) return undefined
    return chainError(
      `certificate with subject ${quotedSubject(certificate)}: expected path length of ${below(place)} but certificate has path length ${found} instead`,
    )
  },
}

const certSign: ChainRule = {
  id: "key-usage-bits",
  roles,
  applies: hasKeyUsage,
  expected: () => "keyUsage has keyCertSign",
  observed: ({ certificate }) => keyUsageText(certificate),
  remedy: keyUsageRemedy,
  fault: ({ certificate }) =>
    certificate.keyUsage?.has("keyCertSign") === true
      ? undefined
      : usageError(
          `certificate with subject ${quotedSubject(certificate)}: key usage must have the bit positions for key cert sign set`,
        ),
}

/** In upstream's order. */
export const AUTHORITY_RULES: readonly ChainRule[] = [
  basicConstraints,
  pathLength,
  ...keyUsagePresence(roles),
  certSign,
]
