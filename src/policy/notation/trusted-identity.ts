import { parseSubjectName } from "../../codec/distinguished-name.ts"
import { goQuote } from "../../codec/go-quote.ts"
import type { TrustedIdentity } from "../../core/certified.ts"
import { asToolError, ToolError } from "../../core/errors.ts"

/** Who speaks in messages and what may be written. */
export interface IdentityOptions {
  /** Begins every message, such as `trust policy statement "release"`. */
  readonly owner: string
  /**
   * Our own kinds: `x509.thumbprint:`, `x509.san:`, `x509.issuer:`, `x509.serial:`. Policy documents that notation shares
   * do not have them: notation would take them for something that only a plugin knows.
   */
  readonly ownKinds: boolean
}

const ANY = "*"

/** Kinds of subject alternative names. */
const SAN = /^(?:DNS|email|URI|IP):./

/**
 * Read a list of trusted identities.
 *
 * @param texts - at least one; untrusted.
 * @returns them in the same order; what is of no known kind is `opaque`, for verification plugins.
 * @throws {ToolError} `E_POLICY_INVALID` in notation's words: a wildcard beside others, empty or malformed values, and
 *   subjects of which one is part of another. `E_USAGE` for kinds that nobody knows, with our own kinds alone.
 *
 * Spec: notation-go verifier/trustpolicy `validateTrustedIdentities`.
 */
export function parseTrustedIdentities(texts: readonly string[], options: IdentityOptions): readonly TrustedIdentity[] {
  if (texts.length > 1 && texts.includes(ANY)) {
    throw bad(
      `${options.owner} uses a wildcard trusted identity '*', ` +
        "a wildcard identity cannot be used in conjunction with other values",
    )
  }
  const identities = texts.map((text) => parseTrustedIdentity(text, options))
  refuseOverlaps(identities, options.owner)
  return identities
}

/** Read one trusted identity; see {@link parseTrustedIdentities}. */
export function parseTrustedIdentity(text: string, options: IdentityOptions): TrustedIdentity {
  const { owner } = options
  if (text === "") throw bad(`${owner} has an empty trusted identity`)
  if (text === ANY) return { kind: "any", text }
  const colon = text.indexOf(":")
  if (colon < 0) throw bad(`${owner} has trusted identity ${goQuote(text)} missing separator`)
  const prefix = text.slice(0, colon)
  const value = text.slice(colon + 1)
  if (prefix !== "x509.subject" && !isOwnKind(prefix)) {
    if (options.ownKinds && !PLUGIN_KINDS.includes(prefix)) throw unknownKind(text, prefix)
    return { kind: "opaque", text }
  }
  if (value === "") throw bad(`${owner} has trusted identity ${goQuote(text)} without an identity value`)
  try {
    return prefix === "x509.subject"
      ? { kind: "subject", attributes: subjectAttributes(value), text }
      : ownIdentity(prefix, value.trim(), text, options)
  } catch (thrown) {
    const { what } = asToolError(thrown)
    throw bad(`${owner} has trusted identity ${goQuote(text)} with invalid identity value: ${what}`)
  }
}

const OWN_KINDS = ["x509.thumbprint", "x509.san", "x509.issuer", "x509.serial"]

/** Kinds that verification plugins understand. */
const PLUGIN_KINDS = ["arn"]

function isOwnKind(prefix: string): boolean {
  return OWN_KINDS.includes(prefix)
}

/** A mistyped kind would match nobody, and the answer would be about the artifact. */
function unknownKind(text: string, prefix: string): ToolError {
  const kinds = ["x509.subject", ...OWN_KINDS].map((kind) => `${kind}:`)
  return new ToolError("E_USAGE", {
    what: `not an identity: ${JSON.stringify(text.slice(0, 200))}`,
    why: `its kind is ${JSON.stringify(prefix.slice(0, 200))}, expected ${kinds.join(", ")}, or arn: for plugins`,
    next: ['write it as `--identity "x509.subject: C=US, ST=WA, O=acme"`'],
  })
}

function ownIdentity(prefix: string, value: string, text: string, { ownKinds }: IdentityOptions): TrustedIdentity {
  // DEVIATION: notation takes these texts for a plugin's and then trusts nobody by them, without a word.
  if (!ownKinds) throw bad(`${prefix} is no identity of trust policy documents; expected x509.subject`)
  const hexadecimal = value.replaceAll(":", "").toLowerCase()
  switch (prefix) {
    case "x509.thumbprint":
      if (!/^[0-9a-f]{64}$/.test(hexadecimal)) throw bad("expected the SHA-256 of a certificate, 64 hexadecimal digits")
      return { kind: "thumbprint", sha256: hexadecimal, text }
    case "x509.serial": {
      const digits = hexadecimal.replace(/^0x/, "")
      if (!/^[0-9a-f]{1,64}$/.test(digits)) throw bad("expected a serial number, at most 64 hexadecimal digits")
      return { kind: "serial", serial: digits.replace(/^0+(?=.)/, ""), text }
    }
    case "x509.san":
      if (!SAN.test(value)) throw bad("expected DNS:NAME, email:ADDRESS, URI:ADDRESS or IP:ADDRESS")
      return { kind: "san", name: value, text }
    default:
      return { kind: "issuer", attributes: subjectAttributes(value), text }
  }
}

function subjectAttributes(value: string): ReadonlyMap<string, string> {
  const read = parseSubjectName(value)
  if ("fault" in read) throw bad(read.fault)
  return read.attributes
}

/** One subject that is part of another would make the other pointless, or was meant to be narrower. */
function refuseOverlaps(identities: readonly TrustedIdentity[], owner: string): void {
  const subjects = identities.filter((identity) => identity.kind === "subject")
  for (const one of subjects) {
    const wider = subjects.find((other) => other !== one && isPartOf(one.attributes, other.attributes))
    if (wider === undefined) continue
    throw bad(
      `${owner} has overlapping x509 trustedIdentities, ${goQuote(one.text)} overlaps with ${goQuote(wider.text)}`,
    )
  }
}

function isPartOf(part: ReadonlyMap<string, string>, whole: ReadonlyMap<string, string>): boolean {
  // COMPAT(notation 1.3): an attribute that is missing and one that is empty are the same.
  return [...part].every(([type, value]) => (whole.get(type) ?? "") === value)
}

function bad(what: string): ToolError {
  return new ToolError("E_POLICY_INVALID", { what })
}
