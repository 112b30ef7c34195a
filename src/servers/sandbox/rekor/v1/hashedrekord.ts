import { encodeBase64 } from "../../../../codec/base64.ts"
import { decodeHex } from "../../../../codec/hex.ts"
import { expectOneOf, member } from "../../../../codec/json-shape.ts"
import { malformed } from "../../../../codec/malformed.ts"
import type { JsonObject } from "../../../../core/json-value.ts"
import { HASH_LENGTH } from "../../../../crypto/hash.ts"
import { loadPrehash } from "../../../../crypto/prehash.ts"
import { verifyDigest } from "../../../../crypto/verify.ts"
import { digestScheme } from "../entry-algorithms.ts"
import { parseEntryVerifier } from "../log-verifier.ts"
import type { NewEntry } from "../storage/append-only-log.ts"
import { bytesAt, entryBody, objectAt, textAt } from "./fields.ts"

/**
 * Read the spec of a hashedrekord 0.0.1: a digest and the signature over it. Ed25519 signs as Ed25519ph.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`.
 */
export async function readHashedrekord(spec: JsonObject): Promise<NewEntry> {
  const hash = objectAt(objectAt(spec, "spec", "data"), "spec.data", "hash")
  const algorithm = expectOneOf(member(hash, "algorithm"), "spec.data.hash.algorithm", ["sha256", "sha384", "sha512"])
  const value = textAt(hash, "spec.data.hash", "value")
  const digest = decodeHex(value, { max: HASH_LENGTH.sha512, what: "spec.data.hash.value" })
  if (digest.length !== HASH_LENGTH[algorithm]) throw malformed("spec.data.hash.value", "invalid value for hash")
  const signature = objectAt(spec, "spec", "signature")
  const content = bytesAt(signature, "spec.signature", "content")
  const publicKey = objectAt(signature, "spec.signature", "publicKey")
  const verifier = parseEntryVerifier(bytesAt(publicKey, "spec.signature.publicKey", "content"))
  await loadPrehash()
  if (!verifyDigest(verifier.key, digestScheme(verifier.key, algorithm), digest, content)) {
    throw malformed("signature", "verifying signature: invalid signature when validating ASN.1 encoded signature")
  }
  return {
    body: entryBody("hashedrekord", "0.0.1", {
      data: { hash: { algorithm, value } },
      signature: { content: encodeBase64(content), publicKey: { content: encodeBase64(verifier.pem) } },
    }),
    keywords: [...verifier.keywords, `${algorithm}:${value}`],
  }
}
