import { goQuote } from "../../codec/go-quote.ts"
import { keySpecOf } from "../../crypto/key-spec.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { EXTENSION } from "../../crypto/x509/extensions.ts"
import type { ChainFault, ChainPurpose } from "./chain-fault.ts"

/** Where a certificate stands. `alone` is leaf and root in one. */
export type ChainRole = "alone" | "leaf" | "intermediate" | "root"

/** One certificate of a chain, with what its rules look at. */
export interface ChainPlace {
  readonly certificate: Certificate
  /** The next of the chain; for the last one, itself. */
  readonly issuer: Certificate
  /** The leaf is 0. */
  readonly index: number
  readonly role: ChainRole
  readonly purpose: ChainPurpose
  /** Refuse what the specification forbids and upstream accepts. */
  readonly strict: boolean
}

/** Names of the rules. They stand in documents and do not change. */
export type ChainRuleId =
  | "not-self-signed"
  | "issuer-authority"
  | "signature-algorithm"
  | "signature"
  | "issuer-name"
  | "basic-constraints"
  | "path-length"
  | "key-usage"
  | "key-usage-critical"
  | "key-usage-bits"
  | "key-usage-only"
  | "extended-key-usage"
  | "extended-key-usage-critical"
  | "key"
  | "critical-extensions"

/** One rule for certificates of a chain. */
export interface ChainRule {
  readonly id: ChainRuleId
  readonly roles: readonly ChainRole[]
  /** Default: at every place of its roles. */
  readonly applies?: (place: ChainPlace) => boolean
  readonly fault: (place: ChainPlace) => ChainFault | undefined
  /** Why nothing can be said, where another rule names the reason. For showing alone: the fault counts all the same. */
  readonly unchecked?: (place: ChainPlace) => string | undefined
  /** What is accepted, and should not be so. */
  readonly doubt?: (place: ChainPlace) => string | undefined
  readonly expected: (place: ChainPlace) => string
  readonly observed: (place: ChainPlace) => string
  /** What whoever issues the certificate does about it. */
  readonly remedy: (place: ChainPlace) => string
}

/** The faults of chains that have no more exact code. */
export function chainError(message: string): ChainFault {
  return { code: "E_CERT_CHAIN", message }
}

/** The certificate is not for this use. */
export function usageError(message: string): ChainFault {
  return { code: "E_CERT_USAGE", message }
}

/** The subject as upstream's messages quote it. */
export function quotedSubject({ subject }: Certificate): string {
  return goQuote(subject.text)
}

/** `EC-256` as the plugin protocol names it, or a description of a key that does not sign here. */
export function keyName({ publicKey, keyDescription }: Pick<Certificate, "publicKey" | "keyDescription">): string {
  return (publicKey === undefined ? undefined : keySpecOf(publicKey)?.name) ?? keyDescription
}

/** `keyUsage digitalSignature, keyCertSign (critical)`; `no keyUsage`. */
export function keyUsageText({ keyUsage, extensions }: Certificate): string {
  if (keyUsage === undefined) return "no keyUsage"
  const critical = extensions.get(EXTENSION.keyUsage)?.critical === true ? "critical" : "not critical"
  return `keyUsage ${[...keyUsage].join(", ")} (${critical})`
}
