/** Trust policy documents: read, and checked rule by rule in notation's order and words. */
import { goQuote } from "../../codec/go-quote.ts"
import type { TrustStoreName, TrustStoreType, VerifyTimestamp } from "../../core/certified.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { BlobPolicy, BlobStatement, OciPolicy, OciStatement, PolicyStatement, PolicyWording } from "./document.ts"
import { verificationLevel, type VerificationLevel } from "./levels.ts"
import { readPolicyDocument, type WrittenDocument, type WrittenStatement } from "./read-document.ts"
import { scopeFault, WILDCARD } from "./scopes.ts"
import { parseTrustedIdentities } from "./trusted-identity.ts"

/** Versions of documents that are understood. */
const VERSIONS = ["1.0"]

const STORE_TYPES: readonly TrustStoreType[] = ["ca", "signingAuthority", "tsa"]

const STORE_NAME = /^[a-zA-Z0-9_.-]+$/

/**
 * Read and check a trust policy for artifacts.
 *
 * @param bytes - the file; untrusted.
 * @param wording - whose messages.
 * @throws {ToolError} `E_POLICY_INVALID`; `details.stage` is `parse` for what is no such document and `validate` for a
 *   rule that is broken, then `what` is notation's sentence.
 *
 * Spec: notaryproject/specifications trust-store-trust-policy.md; notation-go verifier/trustpolicy.
 */
export function parseOciPolicy(bytes: Uint8Array, wording: PolicyWording): OciPolicy {
  const written = readPolicyDocument(bytes, "oci")
  return validating(() => validateOci(written, wording))
}

/** Read and check a trust policy for blobs; notation 2.x alone has them. See {@link parseOciPolicy}. */
export function parseBlobPolicy(bytes: Uint8Array): BlobPolicy {
  const written = readPolicyDocument(bytes, "blob")
  return validating(() => validateBlob(written))
}

function validating<Value>(work: () => Value): Value {
  try {
    return work()
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code !== "E_POLICY_INVALID") throw error
    throw new ToolError("E_POLICY_INVALID", { what: error.what, details: { stage: "validate" } })
  }
}

function validateOci(written: WrittenDocument, wording: PolicyWording): OciPolicy {
  const words = wording === "v1" ? "trust policy" : "oci trust policy"
  checkDocument(written, words)
  const names = new Set<string>()
  const statements = written.statements.map((statement): OciStatement => {
    refuseSameName(statement, names, words)
    return { ...checkStatement(statement, words), scopes: statement.registryScopes }
  })
  checkScopes(statements, words)
  return { statements }
}

function validateBlob(written: WrittenDocument): BlobPolicy {
  const words = "blob trust policy"
  checkDocument(written, words)
  const names = new Set<string>()
  let global = false
  const statements = written.statements.map((statement): BlobStatement => {
    refuseSameName(statement, names, words)
    const checked = { ...checkStatement(statement, words), global: statement.globalPolicy }
    if (!checked.global) return checked
    if (global) {
      throw bad(
        "multiple blob trust policy statements have globalPolicy set to true. " +
          "Only one trust policy statement can be marked as global policy",
      )
    }
    // DEVIATION: the specification forbids it and notation means to, but compares the wrong types.
    if (checked.levelName === "skip") {
      throw bad("global blob trust policy statement cannot have verification level set to skip")
    }
    global = true
    return checked
  })
  return { statements }
}

function checkDocument(written: WrittenDocument, words: string): void {
  if (written.version === "") throw bad(`${words} document has empty version, version must be specified`)
  if (!VERSIONS.includes(written.version)) {
    throw bad(`${words} document uses unsupported version ${goQuote(written.version)}`)
  }
  if (written.statements.length === 0) throw bad(`${words} document can not have zero trust policy statements`)
}

function refuseSameName({ name }: WrittenStatement, names: Set<string>, words: string): void {
  if (names.has(name)) {
    throw bad(`multiple ${words} statements use the same name ${goQuote(name)}, statement names must be unique`)
  }
  names.add(name)
}

function checkStatement(written: WrittenStatement, words: string): PolicyStatement {
  try {
    return statementOf(written)
  } catch (thrown) {
    throw bad(`${words}: ${asToolError(thrown).what}`)
  }
}

function statementOf(written: WrittenStatement): PolicyStatement {
  const { name, trustStores, trustedIdentities } = written
  if (name === "") throw bad("a trust policy statement is missing a name, every statement requires a name")
  const owner = `trust policy statement ${goQuote(name)}`
  const level = levelOf(written, owner)
  const verifyTimestamp = timestampOf(written, owner)
  const common = { name, ...level, ...(verifyTimestamp === undefined ? {} : { verifyTimestamp }) }
  if (level.levelName === "skip") {
    if (trustStores.length > 0 || trustedIdentities.length > 0) {
      throw bad(
        `${owner} is set to skip signature verification but configured with trust stores and/or trusted identities, ` +
          "remove them if signature verification needs to be skipped",
      )
    }
    return { ...common, stores: [], identities: [] }
  }
  if (trustStores.length === 0 || trustedIdentities.length === 0) {
    throw bad(`${owner} is either missing trust stores or trusted identities, both must be specified`)
  }
  return {
    ...common,
    stores: trustStores.map((text) => parseTrustStore(text, owner)),
    identities: parseTrustedIdentities(trustedIdentities, { owner, ownKinds: false }),
  }
}

function levelOf(written: WrittenStatement, owner: string): VerificationLevel {
  try {
    return verificationLevel(written.level, written.override)
  } catch (thrown) {
    throw bad(`${owner} has invalid signatureVerification: ${asToolError(thrown).what}`)
  }
}

function timestampOf({ verifyTimestamp }: WrittenStatement, owner: string): VerifyTimestamp | undefined {
  if (verifyTimestamp === "") return undefined
  if (verifyTimestamp === "always" || verifyTimestamp === "afterCertExpiry") return verifyTimestamp
  throw bad(
    `${owner} has invalid signatureVerification: verifyTimestamp must be "always" or "afterCertExpiry", ` +
      `but got ${goQuote(verifyTimestamp)}`,
  )
}

/**
 * A trust store written as `type:name`.
 *
 * @param owner - begins the message, such as `trust policy statement "release"`.
 * @throws {ToolError} `E_POLICY_INVALID` in notation's words.
 */
export function parseTrustStore(text: string, owner: string): TrustStoreName {
  const colon = text.indexOf(":")
  if (colon < 0) {
    throw bad(
      `${owner} has malformed trust store value ${goQuote(text)}. ` +
        "The required format is <TrustStoreType>:<TrustStoreName>",
    )
  }
  const written = text.slice(0, colon)
  const name = text.slice(colon + 1)
  const type = STORE_TYPES.find((known) => known === written)
  if (type === undefined) {
    throw bad(`${owner} uses an unsupported trust store type ${goQuote(written)} in trust store value ${goQuote(text)}`)
  }
  if (STORE_NAME.test(name)) return { type, name }
  throw bad(
    `${owner} uses an unsupported trust store name ${goQuote(name)} in trust store value ${goQuote(text)}. ` +
      "Named store name needs to follow [a-zA-Z0-9_.-]+ format",
  )
}

function checkScopes(statements: readonly OciStatement[], words: string): void {
  const seen = new Set<string>()
  let twice: string | undefined
  for (const { name, scopes } of statements) {
    const owner = `${words} statement ${goQuote(name)}`
    if (scopes.length === 0) {
      throw bad(`${owner} has zero registry scopes, it must specify registry scopes with at least one value`)
    }
    if (scopes.length > 1 && scopes.includes(WILDCARD)) {
      throw bad(
        `${owner} uses wildcard registry scope '*', ` +
          "a wildcard scope cannot be used in conjunction with other scope values",
      )
    }
    for (const scope of scopes) {
      const fault = scope === WILDCARD ? undefined : scopeFault(scope)
      if (fault !== undefined) throw bad(fault)
      if (seen.has(scope)) twice ??= scope
      seen.add(scope)
    }
  }
  if (twice === undefined) return
  throw bad(
    `registry scope ${goQuote(twice)} is present in multiple ${words} statements, ` +
      "one registry scope value can only be associated with one statement",
  )
}

function bad(what: string): ToolError {
  return new ToolError("E_POLICY_INVALID", { what })
}
