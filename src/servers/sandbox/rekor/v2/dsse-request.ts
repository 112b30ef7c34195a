import { encodeBase64 } from "../../../../codec/base64.ts"
import { encodeHex } from "../../../../codec/hex.ts"
import { malformed } from "../../../../codec/malformed.ts"
import { protoBytes, protoFields, protoRepeated, protoString, requiredBytes } from "../../../../codec/proto-json.ts"
import type { JsonValue } from "../../../../core/json-value.ts"
import { limits } from "../../../../core/limits.ts"
import { digestOf } from "../../../../crypto/hash.ts"
import type { UnverifiedEnvelope } from "../../../../envelopes/dsse/envelope.ts"
import { matchSignatures } from "../envelope-signatures.ts"
import { bodyV2, type EntryV2, HASH_NAME, SIGNATURE_BYTES } from "./hashedrekord-request.ts"
import { readVerifier } from "./verifier-message.ts"

const PATH = "dsseRequestV002"
const MAX_VERIFIERS = 10
const MAX_SIGNATURES = 10

/**
 * Read `dsseRequestV002`, which version 2 logs took until June 2026: an envelope and the keys of its signatures.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_KEY_TYPE`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: sigstore/rekor-tiles before 2.3, `pkg/types/dsse`.
 */
export function readDsseRequest(value: JsonValue | undefined): EntryV2 {
  const fields = protoFields(value, PATH, ["envelope", "verifiers"])
  const list = protoRepeated(fields.get("verifiers"), `${PATH}.verifiers`, MAX_VERIFIERS, "verifiers")
  if (list.length === 0) throw malformed(PATH, "missing verifiers")
  const verifiers = list.map((item, at) => readVerifier(item, `${PATH}.verifiers[${at}]`))
  if (new Set(verifiers.map(({ raw }) => encodeHex(raw))).size < verifiers.length) {
    throw malformed(`${PATH}.verifiers`, "duplicate verifier")
  }
  const envelope = readEnvelope(fields.get("envelope"))
  const matched = matchSignatures(envelope, verifiers).map(({ sig, by }) => ({ sig, verifier: by.json }))
  return {
    kind: "dsse",
    body: bodyV2("dsse", {
      dsseV002: {
        payloadHash: { algorithm: HASH_NAME.sha256, digest: encodeBase64(digestOf("sha256", envelope.payload)) },
        signatures: matched
          .sort((a, b) => (encodeHex(a.sig) < encodeHex(b.sig) ? -1 : 1))
          .map(({ sig, verifier }) => ({ content: encodeBase64(sig), verifier })),
      },
    }),
  }
}

function readEnvelope(value: JsonValue | undefined): UnverifiedEnvelope {
  const path = `${PATH}.envelope`
  const fields = protoFields(value, path, ["payload", "payloadType", "signatures"])
  const list = protoRepeated(fields.get("signatures"), `${path}.signatures`, MAX_SIGNATURES, "signatures")
  if (list.length === 0) throw malformed(path, "envelope missing signatures")
  return {
    payload: protoBytes(fields.get("payload"), `${path}.payload`, limits.attachmentBytes),
    payloadType: protoString(fields.get("payloadType"), `${path}.payloadType`),
    signatures: list.map((item, at) => {
      const where = `${path}.signatures[${at}]`
      const signature = protoFields(item, where, ["sig", "keyid"])
      return {
        keyid: protoString(signature.get("keyid"), `${where}.keyid`),
        sig: requiredBytes(signature.get("sig"), `${where}.sig`, SIGNATURE_BYTES),
      }
    }),
  }
}
