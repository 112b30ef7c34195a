import { unexpectedShape } from "../../codec/json-shape.ts"
import { malformed } from "../../codec/malformed.ts"
import { protoFields, protoRepeated, protoString, requiredBytes } from "../../codec/proto-json.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { KIB, limits } from "../../core/limits.ts"
import { HASH_LENGTH } from "../../crypto/hash.ts"
import { protoHashes } from "../../crypto/proto-hashes.ts"
import type { BodySignatureV2, BodyVerifier, DsseV2, HashedRekordV2, HashValue } from "./entry-body.ts"

const SIGNATURE_BYTES = 64 * KIB

/** Read `HashOutput`. @throws {ToolError} `E_FORMAT_MALFORMED`. */
function hashOf(value: JsonValue | undefined, path: string): HashValue {
  const fields = protoFields(value, path, ["algorithm", "digest"])
  const name = fields.get("algorithm")
  const row = protoHashes.find((hash) => hash.name === name || hash.number === name)
  if (row === undefined) {
    throw unexpectedShape(name, `${path}.algorithm`, `one of ${protoHashes.map((hash) => hash.name).join(", ")}`)
  }
  const digest = requiredBytes(fields.get("digest"), `${path}.digest`, HASH_LENGTH.sha512)
  if (digest.length !== HASH_LENGTH[row.hash]) {
    throw malformed(`${path}.digest`, `saw ${digest.length} bytes, expected ${HASH_LENGTH[row.hash]} of ${row.name}`)
  }
  return { algorithm: row.hash, digest }
}

function verifierOf(fields: ReadonlyMap<string, JsonValue>, path: string): BodyVerifier {
  const certificate = fields.get("x509Certificate")
  const name = certificate === undefined ? "publicKey" : "x509Certificate"
  if (certificate !== undefined && fields.has("publicKey")) throw malformed(path, "saw both a key and a certificate")
  const at = `${path}.${name}`
  const raw = protoFields(fields.get(name), at, ["rawBytes"]).get("rawBytes")
  return {
    kind: certificate === undefined ? "public-key" : "certificate",
    der: requiredBytes(raw, `${at}.rawBytes`, limits.certificateBytes),
  }
}

function signatureOf(value: JsonValue | undefined, path: string): BodySignatureV2 {
  const fields = protoFields(value, path, ["content", "verifier"])
  const at = `${path}.verifier`
  const verifier = protoFields(fields.get("verifier"), at, ["publicKey", "x509Certificate", "keyDetails"])
  const keyDetails = protoString(verifier.get("keyDetails"), `${at}.keyDetails`)
  if (keyDetails === "") throw malformed(`${at}.keyDetails`, "saw none, expected the name of an algorithm")
  return {
    signature: requiredBytes(fields.get("content"), `${path}.content`, SIGNATURE_BYTES),
    verifier: verifierOf(verifier, at),
    keyDetails,
  }
}

/** Spec: sigstore/rekor-tiles `api/proto/rekor/v2/entry.proto`. */
export function readHashedRekordV2(spec: JsonValue | undefined, path: string): HashedRekordV2 {
  const at = `${path}.hashedRekordV002`
  const fields = protoFields(protoFields(spec, path, ["hashedRekordV002"]).get("hashedRekordV002"), at, [
    "data",
    "signature",
  ])
  return {
    kind: "hashedrekord",
    version: "0.0.2",
    data: hashOf(fields.get("data"), `${at}.data`),
    signature: signatureOf(fields.get("signature"), `${at}.signature`),
  }
}

/** Spec: as {@link readHashedRekordV2}, before version 2.3. */
export function readDsseV2(spec: JsonValue | undefined, path: string): DsseV2 {
  const at = `${path}.dsseV002`
  const fields = protoFields(protoFields(spec, path, ["dsseV002"]).get("dsseV002"), at, ["payloadHash", "signatures"])
  const list = protoRepeated(fields.get("signatures"), `${at}.signatures`, limits.dsseSignatures, "signatures")
  if (list.length === 0) throw malformed(`${at}.signatures`, "saw none, expected at least one")
  return {
    kind: "dsse",
    version: "0.0.2",
    payloadHash: hashOf(fields.get("payloadHash"), `${at}.payloadHash`),
    signatures: list.map((item, index) => signatureOf(item, `${at}.signatures[${index}]`)),
  }
}
