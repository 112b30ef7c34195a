import { DER_TAG, encodeDer, encodeDerOid } from "../../codec/der.ts"
import { contextTag } from "../../codec/der-values.ts"
import type { SignatureScheme, SigningKey } from "../../core/ports.ts"
import { encodeExtension, type ExtensionSpec } from "./build-certificate.ts"
import { generalizedTime } from "./crl-builder.ts"
import { type CertId, encodeCertId } from "./ocsp-request.ts"
import type { BasicOcspResponse, OcspResponseStatus, SingleResponse } from "./ocsp-response.ts"
import { encodeSignatureAlgorithm } from "./signature-algorithm.ts"

/** What a response says about one certificate. */
export interface SingleResponseSpec extends Omit<SingleResponse, "extensions" | "id"> {
  readonly id: CertId
  readonly extensions?: readonly ExtensionSpec[]
}

/** What {@link buildOcspResponse} puts together. Times are milliseconds since the epoch, cut to whole seconds. */
export interface OcspResponseSpec {
  readonly responder: BasicOcspResponse["responder"]
  readonly producedAt: number
  readonly responses: readonly SingleResponseSpec[]
  /** Such as the nonce of the request. */
  readonly extensions?: readonly ExtensionSpec[]
  /** DER of certificates that go along. */
  readonly certificates: readonly Uint8Array[]
  readonly signWith: SigningKey
  readonly scheme: SignatureScheme
}

const ENUMERATED = 0x0a
const CODES: Readonly<Record<OcspResponseStatus, number>> = {
  successful: 0,
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  sigRequired: 5,
  unauthorized: 6,
}

/** An OCSPResponse that is an error. */
export function buildOcspRefusal(status: Exclude<OcspResponseStatus, "successful">): Uint8Array {
  return encodeDer(DER_TAG.sequence, encodeDer(ENUMERATED, Uint8Array.of(CODES[status])))
}

function encodeStatus({ status, revokedAt, reason }: SingleResponseSpec): Uint8Array {
  if (status === "good") return encodeDer(contextTag(0, false))
  if (status === "unknown") return encodeDer(contextTag(2, false))
  const why = reason === undefined ? [] : [encodeDer(contextTag(0, true), encodeDer(ENUMERATED, Uint8Array.of(reason)))]
  return encodeDer(contextTag(1, true), generalizedTime(revokedAt ?? 0), ...why)
}

function encodeExtensions(extensions: readonly ExtensionSpec[] = []): Uint8Array[] {
  if (extensions.length === 0) return []
  return [encodeDer(contextTag(1, true), encodeDer(DER_TAG.sequence, ...extensions.map(encodeExtension)))]
}

function encodeSingle(single: SingleResponseSpec): Uint8Array {
  const { nextUpdate } = single
  return encodeDer(
    DER_TAG.sequence,
    encodeCertId(single.id),
    encodeStatus(single),
    generalizedTime(single.thisUpdate),
    ...(nextUpdate === undefined ? [] : [encodeDer(contextTag(0, true), generalizedTime(nextUpdate))]),
    ...encodeExtensions(single.extensions),
  )
}

/**
 * Make a signed OCSPResponse.
 *
 * @returns DER.
 * @throws {ToolError} `E_KEY_TYPE` when the key cannot do the scheme.
 *
 * Spec: RFC 6960 section 4.2.1.
 */
export async function buildOcspResponse(spec: OcspResponseSpec): Promise<Uint8Array> {
  const { responder } = spec
  const tbs = encodeDer(
    DER_TAG.sequence,
    "name" in responder
      ? encodeDer(contextTag(1, true), responder.name)
      : encodeDer(contextTag(2, true), encodeDer(DER_TAG.octetString, responder.keyHash)),
    generalizedTime(spec.producedAt),
    encodeDer(DER_TAG.sequence, ...spec.responses.map(encodeSingle)),
    ...encodeExtensions(spec.extensions),
  )
  const signature = await spec.signWith.sign(tbs, spec.scheme)
  const basic = encodeDer(
    DER_TAG.sequence,
    tbs,
    encodeSignatureAlgorithm(spec.scheme),
    encodeDer(DER_TAG.bitString, Uint8Array.of(0), signature),
    ...(spec.certificates.length === 0
      ? []
      : [encodeDer(contextTag(0, true), encodeDer(DER_TAG.sequence, ...spec.certificates))]),
  )
  const type = encodeDerOid("1.3.6.1.5.5.7.48.1.1")
  const body = encodeDer(DER_TAG.sequence, type, encodeDer(DER_TAG.octetString, basic))
  return encodeDer(DER_TAG.sequence, encodeDer(ENUMERATED, Uint8Array.of(0)), encodeDer(contextTag(0, true), body))
}
