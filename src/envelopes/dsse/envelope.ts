import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import { goJson } from "../../codec/go-json.ts"
import { parseJson } from "../../codec/json.ts"
import { expectArray, expectObject, expectString, expectText, member, optionalString } from "../../codec/json-shape.ts"
import { malformed } from "../../codec/malformed.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"

/** One signature of an envelope. */
export interface EnvelopeSignature {
  /** A hint of the signer, empty when absent. Never decides which key is trusted. */
  readonly keyid: string
  /** Raw signature bytes. */
  readonly sig: Uint8Array
}

/** What an envelope holds. Nothing in it is believed: signatures are still to be checked over `pae(…)`. */
export interface UnverifiedEnvelope {
  readonly payloadType: string
  /** Exact bytes that `pae` covers. */
  readonly payload: Uint8Array
  /** At least one. */
  readonly signatures: readonly EnvelopeSignature[]
}

/** Bounds of {@link parseEnvelope}. */
export interface EnvelopeOptions {
  /** Most bytes of the document. Default `limits.attachmentBytes`. */
  readonly maxBytes?: number
  /** Most signatures. Default `limits.dsseSignatures`. */
  readonly maxSignatures?: number
  /** Name for errors and their paths. Default `DSSE envelope`. */
  readonly what?: string
}

/** Bytes of the largest signature of any key accepted here (RSA 8192). */
const MAX_SIGNATURE_BYTES = 1024

/** Members that DSSE does not define are ignored, as every reader of the field does. */
function envelopeFromJson(value: JsonValue, options: EnvelopeOptions): UnverifiedEnvelope {
  const what = options.what ?? "DSSE envelope"
  const bytesOf = (text: JsonValue | undefined, path: string, max: number): Uint8Array =>
    decodeBase64(expectString(text, path), {
      // The DSSE specification allows both alphabets; one text never mixes them.
      alphabet: "either",
      max,
      what: path,
    })
  const envelope = expectObject(value, what)
  const payloadType = expectText(member(envelope, "payloadType"), `${what}.payloadType`)
  const payload = bytesOf(member(envelope, "payload"), `${what}.payload`, options.maxBytes ?? limits.attachmentBytes)
  const max = options.maxSignatures ?? limits.dsseSignatures
  const list = expectArray(member(envelope, "signatures"), `${what}.signatures`, max)
  if (list.length === 0) throw malformed(`${what}.signatures`, "saw no signature, expected at least one")
  const signatures = list.map((item, i): EnvelopeSignature => {
    const path = `${what}.signatures[${i}]`
    const signature = expectObject(item, path)
    const sig = bytesOf(member(signature, "sig"), `${path}.sig`, MAX_SIGNATURE_BYTES)
    if (sig.length === 0) throw malformed(`${path}.sig`, "saw an empty signature")
    return { keyid: optionalString(member(signature, "keyid"), `${path}.keyid`) ?? "", sig }
  })
  return { payloadType, payload, signatures }
}

/**
 * Read a DSSE envelope document that stands alone; bundles have a reader of their own.
 *
 * @param input - untrusted; one JSON object, whitespace around it allowed.
 * @throws {ToolError} `E_FORMAT_MALFORMED` for duplicate keys, junk in base64, no signatures or wrong types;
 * `E_LIMIT_EXCEEDED`.
 *
 * Spec: secure-systems-lab/dsse envelope.md.
 */
export function parseEnvelope(input: Uint8Array | string, options: EnvelopeOptions = {}): UnverifiedEnvelope {
  const what = options.what ?? "DSSE envelope"
  return envelopeFromJson(parseJson(input, { maxBytes: options.maxBytes ?? limits.attachmentBytes, what }), options)
}

/**
 * Write an envelope with the members in the order a cosign generation writes them. Never used on an envelope that was
 * received: its own bytes are what logs and timestamps cover.
 *
 * Shape: cosign2 `{"payloadType","payload","signatures":[{"keyid","sig"}]}`; cosign3
 * `{"payload","payloadType","signatures":[{"sig","keyid"}]}` without an empty `keyid`.
 *
 * @returns JSON on one line without a final newline.
 */
export function encodeEnvelope(generation: "cosign2" | "cosign3", envelope: UnverifiedEnvelope): Uint8Array {
  const { payloadType } = envelope
  const payload = encodeBase64(envelope.payload)
  const text =
    generation === "cosign2"
      ? goJson({
          payloadType,
          payload,
          signatures: envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig: encodeBase64(sig) })),
        })
      : goJson({
          payload,
          payloadType,
          signatures: envelope.signatures.map(({ keyid, sig }) => ({
            sig: encodeBase64(sig),
            keyid: keyid === "" ? undefined : keyid,
          })),
        })
  return encodeUtf8(text, "DSSE envelope")
}
