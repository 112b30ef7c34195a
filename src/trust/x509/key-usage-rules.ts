import { EXTENSION } from "../../crypto/x509/extensions.ts"
import {
  type ChainPlace,
  type ChainRole,
  type ChainRule,
  keyUsageText,
  quotedSubject,
  usageError,
} from "./chain-rule.ts"

/** Rules about the bits need the extension; that it is missing is said once. */
export function hasKeyUsage({ certificate }: ChainPlace): boolean {
  return certificate.extensions.has(EXTENSION.keyUsage)
}

/** What to issue the certificate with. */
export function keyUsageRemedy({ role, purpose }: ChainPlace): string {
  const usage = role === "alone" || role === "leaf" ? "digitalSignature" : "keyCertSign"
  return `reissue it with keyUsage ${usage}${purpose === "code-signing" ? ", critical" : ""}`
}

/**
 * keyUsage is there, and critical where it must be.
 *
 * COMPAT(notation 1.3): chains of timestamp authorities need not mark it critical.
 */
export function keyUsagePresence(roles: readonly ChainRole[]): readonly ChainRule[] {
  const common = {
    roles,
    observed: ({ certificate }: ChainPlace) => keyUsageText(certificate),
    remedy: keyUsageRemedy,
  }
  return [
    {
      ...common,
      id: "key-usage",
      expected: () => "keyUsage is present",
      fault: (place) =>
        hasKeyUsage(place)
          ? undefined
          : usageError(
              `certificate with subject ${quotedSubject(place.certificate)}: key usage extension must be present`,
            ),
    },
    {
      ...common,
      id: "key-usage-critical",
      applies: (place) => place.purpose === "code-signing" && hasKeyUsage(place),
      expected: () => "keyUsage is marked critical",
      fault: ({ certificate }) =>
        certificate.extensions.get(EXTENSION.keyUsage)?.critical === true
          ? undefined
          : usageError(
              `certificate with subject ${quotedSubject(certificate)}: key usage extension must be marked critical`,
            ),
    },
  ]
}
