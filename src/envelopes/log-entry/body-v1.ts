import { decodeBase64 } from "../../codec/base64.ts"
import { decodeHex } from "../../codec/hex.ts"
import { expectArray, expectObject, expectOneOf, expectText, optionalString } from "../../codec/json-shape.ts"
import { malformed } from "../../codec/malformed.ts"
import { decodeUtf8 } from "../../codec/utf8.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { KIB, limits } from "../../core/limits.ts"
import { HASH_LENGTH } from "../../crypto/hash.ts"
import { readPemVerifier } from "./body-verifier.ts"
import type { BodySignature, DsseV1, HashedRekordV1, HashValue, IntotoV1, IntotoV2 } from "./entry-body.ts"

const SIGNATURE_BYTES = 64 * KIB

function bytesOf(value: JsonValue | undefined, path: string, max: number): Uint8Array {
  const bytes = decodeBase64(expectText(value, path), { max, what: path })
  if (bytes.length === 0) throw malformed(path, "saw nothing, expected base64 of at least one byte")
  return bytes
}

function hashOf(value: JsonValue | undefined, path: string): HashValue {
  const object = expectObject(value, path)
  const algorithm = expectOneOf(object["algorithm"], `${path}.algorithm`, ["sha256", "sha384", "sha512"])
  const digest = decodeHex(expectText(object["value"], `${path}.value`), {
    max: HASH_LENGTH[algorithm],
    what: `${path}.value`,
    upperCase: true,
  })
  if (digest.length !== HASH_LENGTH[algorithm]) {
    throw malformed(`${path}.value`, `saw ${digest.length} bytes, expected ${HASH_LENGTH[algorithm]} of ${algorithm}`)
  }
  return { algorithm, digest }
}

function listOf(value: JsonValue | undefined, path: string): readonly JsonValue[] {
  const list = expectArray(value, path, limits.dsseSignatures)
  if (list.length === 0) throw malformed(path, "saw none, expected at least one")
  return list
}

/** Members that are not read are passed over, as the log's own reader does. Spec: sigstore/rekor `pkg/types`. */
export function readHashedRekordV1(spec: JsonValue | undefined, path: string): HashedRekordV1 {
  const object = expectObject(spec, path)
  const data = expectObject(object["data"], `${path}.data`)
  const signature = expectObject(object["signature"], `${path}.signature`)
  const publicKey = expectObject(signature["publicKey"], `${path}.signature.publicKey`)
  return {
    kind: "hashedrekord",
    version: "0.0.1",
    data: hashOf(data["hash"], `${path}.data.hash`),
    signature: {
      signature: bytesOf(signature["content"], `${path}.signature.content`, SIGNATURE_BYTES),
      verifier: readPemVerifier(publicKey["content"], `${path}.signature.publicKey.content`),
    },
  }
}

function dsseSignature(value: JsonValue, path: string): BodySignature {
  const object = expectObject(value, path)
  return {
    signature: bytesOf(object["signature"], `${path}.signature`, SIGNATURE_BYTES),
    verifier: readPemVerifier(object["verifier"], `${path}.verifier`),
  }
}

export function readDsseV1(spec: JsonValue | undefined, path: string): DsseV1 {
  const object = expectObject(spec, path)
  return {
    kind: "dsse",
    version: "0.0.1",
    envelopeHash: hashOf(object["envelopeHash"], `${path}.envelopeHash`),
    payloadHash: hashOf(object["payloadHash"], `${path}.payloadHash`),
    signatures: listOf(object["signatures"], `${path}.signatures`).map((item, at) =>
      dsseSignature(item, `${path}.signatures[${at}]`),
    ),
  }
}

export function readIntotoV1(spec: JsonValue | undefined, path: string): IntotoV1 {
  const object = expectObject(spec, path)
  const content = expectObject(object["content"], `${path}.content`)
  const payloadHash = content["payloadHash"]
  return {
    kind: "intoto",
    version: "0.0.1",
    envelopeHash: hashOf(content["hash"], `${path}.content.hash`),
    ...(payloadHash === undefined ? {} : { payloadHash: hashOf(payloadHash, `${path}.content.payloadHash`) }),
    verifier: readPemVerifier(object["publicKey"], `${path}.publicKey`),
  }
}

/** The envelope's own members are base64 texts; the entry has base64 of these texts. */
function twice(value: JsonValue | undefined, path: string, max: number): Uint8Array {
  const text = decodeUtf8(bytesOf(value, path, Math.ceil(max / 3) * 4), path)
  return decodeBase64(text, { alphabet: "either", padding: "optional", max, what: path })
}

function intotoSignature(value: JsonValue, path: string): IntotoV2["signatures"][number] {
  const object = expectObject(value, path)
  const signature = twice(object["sig"], `${path}.sig`, SIGNATURE_BYTES)
  if (signature.length === 0) throw malformed(`${path}.sig`, "saw an empty signature")
  return {
    signature,
    keyid: optionalString(object["keyid"], `${path}.keyid`) ?? "",
    verifier: readPemVerifier(object["publicKey"], `${path}.publicKey`),
  }
}

export function readIntotoV2(spec: JsonValue | undefined, path: string): IntotoV2 {
  const content = expectObject(expectObject(spec, path)["content"], `${path}.content`)
  const at = `${path}.content.envelope`
  const envelope = expectObject(content["envelope"], at)
  const payload = envelope["payload"]
  return {
    kind: "intoto",
    version: "0.0.2",
    payloadType: expectText(envelope["payloadType"], `${at}.payloadType`),
    ...(payload === undefined ? {} : { payload: twice(payload, `${at}.payload`, limits.bundleBytes) }),
    envelopeHash: hashOf(content["hash"], `${path}.content.hash`),
    payloadHash: hashOf(content["payloadHash"], `${path}.content.payloadHash`),
    signatures: listOf(envelope["signatures"], `${at}.signatures`).map((item, index) =>
      intotoSignature(item, `${at}.signatures[${index}]`),
    ),
  }
}
