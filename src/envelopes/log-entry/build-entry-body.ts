import { encodeBase64 } from "../../codec/base64.ts"
import { canonicalJson } from "../../codec/canonical-json.ts"
import { encodeHex } from "../../codec/hex.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { JsonObject } from "../../core/json-value.ts"
import type { HashAlgorithm } from "../../core/ports.ts"
import { protoHashes } from "../../crypto/proto-hashes.ts"
import { ToolError } from "../../core/errors.ts"
import { pemVerifierText } from "./body-verifier.ts"
import type { BodySignatureV2, EntryBody, HashValue, IntotoV2 } from "./entry-body.ts"

/** A hash value of version 1 logs as JSON. */
export function hashJson({ algorithm, digest }: HashValue): JsonObject {
  return { algorithm, value: encodeHex(digest) }
}

/** Name of a hash algorithm in protobuf JSON. @throws {ToolError} `E_USAGE` for one that has none. */
function protoHashName(algorithm: HashAlgorithm): string {
  const row = protoHashes.find(({ hash }) => hash === algorithm)
  if (row !== undefined) return row.name
  throw new ToolError("E_USAGE", {
    what: "this digest cannot be logged",
    why: `saw ${algorithm}, expected one of ${protoHashes.map(({ hash }) => hash).join(", ")}`,
  })
}

function protoHashJson({ algorithm, digest }: HashValue): JsonObject {
  return { algorithm: protoHashName(algorithm), digest: encodeBase64(digest) }
}

/** `Signature` of version 2 logs as JSON. */
export function signatureV2Json({ signature, verifier, keyDetails }: BodySignatureV2): JsonObject {
  const raw = { rawBytes: encodeBase64(verifier.der) }
  const who = verifier.kind === "certificate" ? { x509Certificate: raw } : { publicKey: raw }
  return { content: encodeBase64(signature), verifier: { keyDetails, ...who } }
}

/** Base64 of base64, as intoto entries have what is base64 in the envelope. */
function base64Twice(bytes: Uint8Array): string {
  return encodeBase64(encodeUtf8(encodeBase64(bytes)))
}

/** `content` of an intoto 0.0.2 entry as JSON. */
export function intotoContentJson(body: IntotoV2): JsonObject {
  return {
    content: {
      envelope: {
        ...(body.payload === undefined ? {} : { payload: base64Twice(body.payload) }),
        payloadType: body.payloadType,
        signatures: body.signatures.map(({ signature, verifier, keyid }) => ({
          ...(keyid === "" ? {} : { keyid }),
          publicKey: pemVerifierText(verifier),
          sig: base64Twice(signature),
        })),
      },
      hash: hashJson(body.envelopeHash),
      payloadHash: hashJson(body.payloadHash),
    },
  }
}

function specJson(body: EntryBody): JsonObject {
  switch (body.kind) {
    case "hashedrekord": {
      if (body.version === "0.0.2") {
        const { data, signature } = body
        return { hashedRekordV002: { data: protoHashJson(data), signature: signatureV2Json(signature) } }
      }
      const { signature, verifier } = body.signature
      return {
        data: { hash: hashJson(body.data) },
        signature: { content: encodeBase64(signature), publicKey: { content: pemVerifierText(verifier) } },
      }
    }
    case "dsse": {
      if (body.version === "0.0.2") {
        const signatures = body.signatures.map(signatureV2Json)
        return { dsseV002: { payloadHash: protoHashJson(body.payloadHash), signatures } }
      }
      return {
        envelopeHash: hashJson(body.envelopeHash),
        payloadHash: hashJson(body.payloadHash),
        signatures: body.signatures
          .map(({ signature, verifier }) => ({
            signature: encodeBase64(signature),
            verifier: pemVerifierText(verifier),
          }))
          // Base64 is ASCII: the order of its characters is that of its bytes.
          .toSorted((a, b) => (a.signature < b.signature ? -1 : a.signature > b.signature ? 1 : 0)),
      }
    }
    case "intoto":
      if (body.version === "0.0.2") return intotoContentJson(body)
      return {
        content: {
          hash: hashJson(body.envelopeHash),
          ...(body.payloadHash === undefined ? {} : { payloadHash: hashJson(body.payloadHash) }),
        },
        publicKey: pemVerifierText(body.verifier),
      }
  }
}

/**
 * The bytes of an entry as a log hashes them.
 *
 * @returns canonical JSON (RFC 8785).
 * @throws {ToolError} `E_USAGE` for a hash that version 2 logs have no name for.
 */
export function buildEntryBody(body: EntryBody): Uint8Array {
  return encodeUtf8(canonicalJson({ apiVersion: body.version, kind: body.kind, spec: specJson(body) }))
}
