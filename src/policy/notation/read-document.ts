import { isObject, member, unexpectedShape } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { refuseLookalikes } from "../../codec/oci/descriptor.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"

/** A statement as written: the right types, nothing checked. Missing members are empty. */
export interface WrittenStatement {
  readonly name: string
  readonly level: string
  readonly override: readonly (readonly [string, string])[]
  readonly verifyTimestamp: string
  readonly trustStores: readonly string[]
  readonly trustedIdentities: readonly string[]
  /** Of a document for artifacts. */
  readonly registryScopes: readonly string[]
  /** Of a document for blobs. */
  readonly globalPolicy: boolean
}

/** A document as written. */
export interface WrittenDocument {
  readonly version: string
  readonly statements: readonly WrittenStatement[]
}

/** Statements of one document; more than anybody writes. */
const MAX_STATEMENTS = 10_000

const DOCUMENT_MEMBERS = ["version", "trustPolicies"]

const VERIFICATION_MEMBERS = ["level", "override", "verifyTimestamp"]

const STATEMENT_MEMBERS = ["name", "signatureVerification", "trustStores", "trustedIdentities"]

/**
 * Read the JSON of a trust policy.
 *
 * DEVIATION: a name in another case and twice the same name are refused, where notation takes any case and the last one:
 * two readers of a policy must not see two policies. Other members are passed over, as everywhere. `null` is an empty
 * value, as Go's programs write it.
 *
 * @param bytes - at most `limits.configFileBytes`.
 * @param kind - decides which members a statement has.
 * @throws {ToolError} `E_POLICY_INVALID` with `details.stage` = `parse`; `why` names the place.
 */
export function readPolicyDocument(bytes: Uint8Array, kind: "oci" | "blob"): WrittenDocument {
  try {
    const root = parseJson(bytes, { maxBytes: limits.configFileBytes, maxDepth: 16, what: "trust policy" })
    if (!isObject(root)) throw unexpectedShape(root, "trust policy", "an object")
    return readDocument(root, kind)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code === "E_INTERNAL") throw error
    throw new ToolError("E_POLICY_INVALID", {
      what: error.what,
      ...(error.why === undefined ? {} : { why: error.why }),
      details: { stage: "parse" },
      cause: error,
    })
  }
}

function readDocument(root: JsonObject, kind: "oci" | "blob"): WrittenDocument {
  refuseLookalikes(root, "trust policy", DOCUMENT_MEMBERS)
  const statements = listOf(root, "trustPolicies", "").map((item, index) =>
    readStatement(item, `trustPolicies[${index}]`, kind),
  )
  return { version: textOf(root, "version", ""), statements }
}

function readStatement(item: JsonValue, path: string, kind: "oci" | "blob"): WrittenStatement {
  const object = objectAt(item, path)
  refuseLookalikes(object, path, [...STATEMENT_MEMBERS, kind === "oci" ? "registryScopes" : "globalPolicy"])
  const verificationPath = `${path}.signatureVerification`
  const verification = objectAt(member(object, "signatureVerification"), verificationPath)
  refuseLookalikes(verification, verificationPath, VERIFICATION_MEMBERS)
  const override = objectAt(member(verification, "override"), `${verificationPath}.override`)
  return {
    name: textOf(object, "name", path),
    level: textOf(verification, "level", verificationPath),
    override: Object.keys(override).map((key) => [key, textOf(override, key, `${verificationPath}.override`)] as const),
    verifyTimestamp: textOf(verification, "verifyTimestamp", verificationPath),
    trustStores: textsOf(object, "trustStores", path),
    trustedIdentities: textsOf(object, "trustedIdentities", path),
    registryScopes: kind === "oci" ? textsOf(object, "registryScopes", path) : [],
    globalPolicy: kind === "blob" && flagOf(object, "globalPolicy", path),
  }
}

function objectAt(value: JsonValue | undefined, path: string): JsonObject {
  if (value === undefined || value === null) return Object.create(null) as JsonObject
  if (!isObject(value)) throw unexpectedShape(value, path, "an object")
  return value
}

function textOf(object: JsonObject, key: string, path: string): string {
  const value = member(object, key)
  if (value === undefined || value === null) return ""
  if (typeof value !== "string") throw unexpectedShape(value, joined(path, key), "a string")
  return value
}

function flagOf(object: JsonObject, key: string, path: string): boolean {
  const value = member(object, key)
  if (value === undefined || value === null) return false
  if (typeof value !== "boolean") throw unexpectedShape(value, joined(path, key), "true or false")
  return value
}

function listOf(object: JsonObject, key: string, path: string): readonly JsonValue[] {
  const value = member(object, key)
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || value.length > MAX_STATEMENTS) {
    throw unexpectedShape(value, joined(path, key), `an array of at most ${MAX_STATEMENTS}`)
  }
  return value as readonly JsonValue[]
}

function textsOf(object: JsonObject, key: string, path: string): readonly string[] {
  return listOf(object, key, path).map((item, index) => {
    if (typeof item !== "string") throw unexpectedShape(item, `${joined(path, key)}[${index}]`, "a string")
    return item
  })
}

function joined(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`
}
