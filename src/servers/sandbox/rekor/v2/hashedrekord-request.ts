import { encodeBase64 } from "../../../../codec/base64.ts"
import { canonicalJson } from "../../../../codec/canonical-json.ts"
import { malformed } from "../../../../codec/malformed.ts"
import { protoFields, requiredBytes } from "../../../../codec/proto-json.ts"
import { encodeUtf8 } from "../../../../codec/utf8.ts"
import type { JsonObject, JsonValue } from "../../../../core/json-value.ts"
import { KIB } from "../../../../core/limits.ts"
import type { HashAlgorithm } from "../../../../core/ports.ts"
import { HASH_LENGTH } from "../../../../crypto/hash.ts"
import { loadPrehash } from "../../../../crypto/prehash.ts"
import { verifyDigest } from "../../../../crypto/verify.ts"
import { readVerifier } from "./verifier-message.ts"

/** An entry of a version 2 log. */
export interface EntryV2 {
  readonly kind: "hashedrekord" | "dsse"
  /** The very bytes that are hashed into the tree. */
  readonly body: Uint8Array
}

/** Version of both kinds. */
export const ENTRY_VERSION = "0.0.2"

/** Names in `HashAlgorithm` of sigstore_common.proto. */
export const HASH_NAME: Readonly<Record<HashAlgorithm, string>> = {
  sha224: "SHA2_224",
  sha256: "SHA2_256",
  sha384: "SHA2_384",
  sha512: "SHA2_512",
}

/** Bytes of a signature: those of RSA 8192. */
export const SIGNATURE_BYTES: number = KIB
const PATH = "hashedRekordRequestV002"

/** The bytes of an entry. Spec: RFC 8785 of protobuf's JSON. */
export function bodyV2(kind: EntryV2["kind"], spec: JsonObject): Uint8Array {
  return encodeUtf8(canonicalJson({ apiVersion: ENTRY_VERSION, kind, spec }))
}

/**
 * Read `hashedRekordRequestV002`: a digest and the signature over it.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: sigstore/rekor-tiles `pkg/types/hashedrekord`.
 */
export async function readHashedrekordRequest(value: JsonValue): Promise<EntryV2> {
  const fields = protoFields(value, PATH, ["digest", "signature"])
  const signature = protoFields(fields.get("signature"), `${PATH}.signature`, ["content", "verifier"])
  const content = requiredBytes(signature.get("content"), `${PATH}.signature.content`, SIGNATURE_BYTES)
  const verifier = readVerifier(signature.get("verifier"), `${PATH}.signature.verifier`)
  const digest = requiredBytes(fields.get("digest"), `${PATH}.digest`, HASH_LENGTH.sha512)
  const size = HASH_LENGTH[verifier.hash]
  if (digest.length !== size) {
    throw malformed(
      `${PATH}.digest`,
      `digest length (${digest.length}) does not match expected size (${size}) for algorithm ${verifier.hash}`,
    )
  }
  await loadPrehash()
  if (!verifyDigest(verifier.key, verifier.scheme, digest, content))
    throw malformed(PATH, "verifying signature: invalid")
  return {
    kind: "hashedrekord",
    body: bodyV2("hashedrekord", {
      hashedRekordV002: {
        data: { algorithm: HASH_NAME[verifier.hash], digest: encodeBase64(digest) },
        signature: { content: encodeBase64(content), verifier: verifier.json },
      },
    }),
  }
}
