import { decodeBase64, encodeBase64 } from "../../codec/base64.ts"
import { expectText } from "../../codec/json-shape.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { encodePem, firstPem } from "../../codec/pem.ts"
import { decodeUtf8, encodeUtf8 } from "../../codec/utf8.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import type { LogVerifier } from "../../core/sigstore-ports.ts"
import type { BodyVerifier } from "./entry-body.ts"

const LABEL = { certificate: "CERTIFICATE", "public-key": "PUBLIC KEY" } as const

/** Read base64 of PEM. The first block counts, whatever white space is around it. @throws {ToolError} `E_FORMAT_MALFORMED`. */
export function readPemVerifier(value: JsonValue | undefined, path: string): BodyVerifier {
  const bytes = decodeBase64(expectText(value, path), { max: limits.pemBytes, what: path })
  const block = firstPem(decodeUtf8(bytes, path), { what: path })
  if (block?.label === LABEL.certificate) return { kind: "certificate", der: block.bytes }
  if (block?.label === LABEL["public-key"]) return { kind: "public-key", der: block.bytes }
  const seen = block === undefined ? "no PEM" : quoted(block.label)
  throw malformed(path, `saw ${seen}, expected a certificate or public key`)
}

/** PEM as logs write it, in base64. */
export function pemVerifierText({ kind, der }: BodyVerifier): string {
  return encodeBase64(encodeUtf8(encodePem(LABEL[kind], der)))
}

/** How a body names who signed. */
export function bodyVerifierOf(verifier: LogVerifier): BodyVerifier {
  return "certificate" in verifier
    ? { kind: "certificate", der: verifier.certificate }
    : { kind: "public-key", der: verifier.key.spki }
}
