import { ToolError } from "../../core/errors.ts"
import type { NotationAuthority } from "../../policy/model.ts"
import { verificationLevel } from "../../policy/notation/levels.ts"
import { namedIdentities } from "./named-identities.ts"
import { namedStore } from "./named-stores.ts"

/** Whose certificates count, as a command line says it. */
export interface CertificateQuestion {
  /** `TYPE:NAME` of notation's configuration, or `TYPE:FILE` with a slash in the file's path. */
  readonly stores: readonly string[]
  /** `x509.subject: …`, `x509.thumbprint:…`, `x509.san:…`, `x509.issuer: …`, `x509.serial:…`, or `*`. */
  readonly identities: readonly string[]
  readonly level: string
  /** `VALIDATION=ACTION`. */
  readonly overrides: readonly string[]
  readonly verifyTimestamp: string
}

const NAME = "certificates"

/**
 * What a command line says about certificates, as an authority of the policy.
 *
 * @throws {ToolError} `E_TRUST_MISSING` without stores or identities, `E_USAGE` for what is malformed.
 */
export function certificateAuthority(question: CertificateQuestion): NotationAuthority {
  const { stores, identities, verifyTimestamp } = question
  if (stores.length === 0) {
    throw new ToolError("E_TRUST_MISSING", {
      what: "identities without a trust store",
      why: "--identity says who may sign, nothing says whose certificates prove it",
      next: ["name a store: `--trust-store ca:NAME` or `--trust-store ca:./root.pem`"],
    })
  }
  if (identities.length === 0) {
    throw new ToolError("E_TRUST_MISSING", {
      what: "a trust store without an identity",
      why: "a certificate authority certifies many; nothing says whose signature is wanted",
      next: [
        'name the signer: `--identity "x509.subject: C=US, ST=WA, O=acme"`',
        "or accept everybody whom the store's authorities certify: `--identity '*'`",
      ],
    })
  }
  return {
    name: NAME,
    family: "notation",
    formats: [],
    kind: "signature",
    annotations: {},
    stores: signingStores(stores),
    identities: namedIdentities(identities),
    ...levelOf(question),
    verifyTimestamp: timestampOption(verifyTimestamp),
  }
}

function signingStores(texts: readonly string[]): NotationAuthority["stores"] {
  const stores = texts.map(namedStore)
  if (stores.some(({ type }) => type !== "tsa")) return stores
  throw new ToolError("E_TRUST_MISSING", {
    what: "no trust store for the signer's certificate",
    why: "stores of type tsa vouch for timestamps alone; expected one of type ca or signingAuthority too",
    next: ["name one more: `--trust-store ca:NAME` or `--trust-store ca:./root.pem`"],
  })
}

function levelOf({ level, overrides }: CertificateQuestion): Pick<NotationAuthority, "levelName" | "actions"> {
  if (level === "skip") {
    throw new ToolError("E_USAGE", {
      what: "the level skip verifies nothing",
      why: "it would accept every artifact, signed or not",
      next: ["name strict, permissive or audit"],
    })
  }
  if (!LEVELS.includes(level)) {
    throw new ToolError("E_USAGE", {
      what: `bad value ${JSON.stringify(level.slice(0, 200))} for --level`,
      why: `expected ${LEVELS.join(", ")}`,
      next: ["leave it out for strict"],
    })
  }
  return verificationLevel(level, overrides.map(override))
}

const LEVELS = ["strict", "permissive", "audit"]
const OVERRIDABLE = ["authenticity", "authenticTimestamp", "expiry", "revocation"]
const ACTIONS = ["enforce", "log", "skip"]

function override(text: string): readonly [string, string] {
  const equals = text.indexOf("=")
  const [validation, action] = equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)]
  const shown = (part: string): string => JSON.stringify(part.slice(0, 200))
  const refused = (why: string, better: string): ToolError =>
    new ToolError("E_USAGE", {
      what: `not an override: ${shown(text)}`,
      why,
      next: [`write it as \`--override ${better}\``],
    })
  if (validation === "integrity") {
    throw new ToolError("E_USAGE", {
      what: "integrity cannot be overridden",
      why: "a signature that does not hold says nothing about anything",
      next: ["leave it out"],
    })
  }
  if (!OVERRIDABLE.includes(validation)) {
    const why = equals < 0 ? "expected VALIDATION=ACTION" : `the validation is ${shown(validation)}`
    throw refused(`${why}, expected one of ${OVERRIDABLE.join(", ")}`, "revocation=log")
  }
  if (!ACTIONS.includes(action)) {
    throw refused(`the action is ${shown(action)}, expected one of ${ACTIONS.join(", ")}`, `${validation}=log`)
  }
  if (action === "skip" && validation !== "revocation") {
    throw refused("revocation alone can be skipped, expected enforce or log", `${validation}=log`)
  }
  return [validation, action]
}

function timestampOption(text: string): NotationAuthority["verifyTimestamp"] {
  if (text === "always" || text === "afterCertExpiry") return text
  throw new ToolError("E_USAGE", {
    what: `bad value ${JSON.stringify(text.slice(0, 200))} for --verify-timestamp`,
    why: "expected always or afterCertExpiry",
    next: ["leave it out for always"],
  })
}
