import { decodeHex } from "../../codec/hex.ts"
import { parseJson } from "../../codec/json.ts"
import { expectArray, expectInteger, expectObject, expectString, expectText, member } from "../../codec/json-shape.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { olpcJson } from "../../codec/olpc-json.ts"
import { parseRfc3339 } from "../../codec/rfc3339.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonObject } from "../../core/json-value.ts"
import { fingerprint } from "../../crypto/public-key.ts"
import { verifySignature } from "../../crypto/verify.ts"
import { tufBounds } from "./bounds.ts"
import type { TufKey } from "./tuf-key.ts"
import { tufError } from "./tuf-error.ts"

/** A metadata file read, its signatures not yet checked. */
export interface SignedFile {
  readonly bytes: Uint8Array
  /** Canonical form of `signed`: what the signatures are over. */
  readonly message: Uint8Array
  readonly signatures: ReadonlyMap<string, Uint8Array>
  readonly signed: JsonObject
  readonly version: number
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/** Whose signatures a role needs. */
export interface RoleRule {
  /** The keys that may sign, by the id that signatures name; keys that cannot be used are absent. */
  readonly keys: ReadonlyMap<string, TufKey>
  /** At least 1. */
  readonly threshold: number
}

const SPEC_VERSION = /^1\.[0-9]{1,6}(?:\.[0-9]{1,6})?$/

/**
 * Read what all metadata has in common.
 *
 * @param bytes - untrusted.
 * @param type - `_type` that it must have.
 * @param what - name of the file, for errors.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: TUF sections 4.2 and 4.3.
 */
export function parseSignedFile(
  bytes: Uint8Array,
  type: "root" | "timestamp" | "snapshot" | "targets",
  what: string,
): SignedFile {
  const file = expectObject(parseJson(bytes, { maxBytes: tufBounds[type], what }), what)
  const signed = expectObject(member(file, "signed"), "signed")
  const seen = member(signed, "_type")
  if (seen !== type) {
    throw malformed("signed._type", `saw ${typeof seen === "string" ? quoted(seen) : typeof seen}, expected "${type}"`)
  }
  const spec = expectString(member(signed, "spec_version"), "signed.spec_version")
  if (!SPEC_VERSION.test(spec))
    throw malformed("signed.spec_version", `saw ${quoted(spec)}, expected 1.0 or a later 1.x`)
  const expires = parseRfc3339(expectString(member(signed, "expires"), "signed.expires"))
  if (expires === undefined) throw malformed("signed.expires", "it is no time of RFC 3339")
  return {
    bytes,
    message: encodeUtf8(olpcJson(signed), what),
    signatures: parseSignatures(file),
    signed,
    version: expectInteger(member(signed, "version"), "signed.version", 1),
    expires: expires.at,
  }
}

/** @throws {ToolError} for two signatures with one key id: each would be counted. */
function parseSignatures(file: JsonObject): ReadonlyMap<string, Uint8Array> {
  const signatures = new Map<string, Uint8Array>()
  const list = expectArray(member(file, "signatures"), "signatures", tufBounds.signatures)
  for (const [index, item] of list.entries()) {
    const path = `signatures[${index}]`
    const entry = expectObject(item, path)
    const keyid = expectText(member(entry, "keyid"), `${path}.keyid`)
    if (signatures.has(keyid)) throw malformed(path, `a second signature with the key id ${quoted(keyid)}`)
    signatures.set(keyid, signatureBytes(expectString(member(entry, "sig"), `${path}.sig`)))
  }
  return signatures
}

/** Signers that have not signed yet leave an empty text; what is no hexadecimal is no signature either. */
function signatureBytes(text: string): Uint8Array {
  try {
    return decodeHex(text, { max: tufBounds.timestamp, what: "signature", upperCase: true })
  } catch (thrown) {
    if (thrown instanceof ToolError) return new Uint8Array()
    throw thrown
  }
}

/**
 * Demand the signatures of a role.
 *
 * SECURITY: keys are counted by what they are, not by the ids they are listed under.
 *
 * @throws {ToolError} `E_TRUST_MALFORMED` when fewer distinct keys than the threshold have signed.
 *
 * Spec: TUF section 5.3.4 and its like.
 */
export function requireSignatures(file: SignedFile, rule: RoleRule, what: string, by: string): void {
  const signers = new Set<string>()
  for (const [keyid, signature] of file.signatures) {
    const known = rule.keys.get(keyid)
    if (known === undefined || signers.has(fingerprint(known.key))) continue
    if (verifySignature(known.key, known.scheme, file.message, signature)) signers.add(fingerprint(known.key))
  }
  if (signers.size >= rule.threshold) return
  throw tufError(
    "E_TRUST_MALFORMED",
    `${what} is not signed by enough of the keys that are trusted for it`,
    `valid signatures by ${signers.size} distinct keys of ${by}, expected ${rule.threshold}`,
  )
}
