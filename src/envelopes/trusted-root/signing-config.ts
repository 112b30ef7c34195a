import { unexpectedShape } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { protoFields, protoInt64, protoRepeated, protoString } from "../../codec/proto-json.ts"
import type { JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import type { ServiceSelection, SigningConfig, SigningService } from "../../core/sigstore.ts"
import { asTrustData, MAX_ROWS, readWindow } from "./trust-fields.ts"

/** Media type of the document `signing_config.json`; the only one that is read. */
export const SIGNING_CONFIG_MEDIA_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json"

const WHAT = "signing config"
const UINT32_MAX = 2n ** 32n - 1n

/** Numbers of the enumeration `ServiceSelector`. */
const SELECTORS = ["SERVICE_SELECTOR_UNDEFINED", "ALL", "ANY", "EXACT"] as const

/**
 * Decode a `signing_config.json`.
 *
 * @param bytes - protobuf JSON, at most 1 MiB; unknown members, duplicate ones and other media types are refused.
 * @throws {ToolError} `E_TRUST_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: sigstore/protobuf-specs, sigstore_trustroot.proto.
 */
export function parseSigningConfig(bytes: Uint8Array): SigningConfig {
  return asTrustData(WHAT, () => {
    const document = parseJson(bytes, { maxBytes: limits.trustDocumentBytes, what: WHAT })
    const fields = protoFields(document, WHAT, [
      "mediaType",
      "caUrls",
      "oidcUrls",
      "rekorTlogUrls",
      "rekorTlogConfig",
      "tsaUrls",
      "tsaConfig",
    ])
    const mediaType = protoString(fields.get("mediaType"), `${WHAT}.mediaType`)
    if (mediaType !== SIGNING_CONFIG_MEDIA_TYPE) {
      throw malformed(
        `${WHAT}.mediaType`,
        `unsupported SigningConfig media type: ${quoted(mediaType, 100)}, expected ${SIGNING_CONFIG_MEDIA_TYPE}`,
      )
    }
    const services = (name: string): readonly SigningService[] =>
      protoRepeated(fields.get(name), `${WHAT}.${name}`, MAX_ROWS, "services").map((item, index) =>
        readService(item, `${WHAT}.${name}[${index}]`),
      )
    const logSelection = readSelection(fields.get("rekorTlogConfig"), `${WHAT}.rekorTlogConfig`)
    const timestampSelection = readSelection(fields.get("tsaConfig"), `${WHAT}.tsaConfig`)
    return {
      certificateAuthorities: services("caUrls"),
      oidcProviders: services("oidcUrls"),
      logs: services("rekorTlogUrls"),
      ...(logSelection === undefined ? {} : { logSelection }),
      timestampAuthorities: services("tsaUrls"),
      ...(timestampSelection === undefined ? {} : { timestampSelection }),
    }
  })
}

function readService(value: JsonValue, path: string): SigningService {
  const fields = protoFields(value, path, ["url", "majorApiVersion", "validFor", "operator"])
  const url = protoString(fields.get("url"), `${path}.url`)
  if (!/^https?:\/\/[^\s]+$/.test(url))
    throw malformed(`${path}.url`, `saw ${quoted(url, 100)}, expected an http(s) URL`)
  return {
    url,
    majorApiVersion: readUint32(fields.get("majorApiVersion"), `${path}.majorApiVersion`),
    validFor: readWindow(fields.get("validFor"), `${path}.validFor`, "optional"),
    operator: protoString(fields.get("operator"), `${path}.operator`),
  }
}

function readUint32(value: JsonValue | undefined, path: string): number {
  const number = protoInt64(value, path)
  if (number > UINT32_MAX) throw unexpectedShape(value, path, `an integer from 0 to ${UINT32_MAX}`)
  return Number(number)
}

/** Selection of services; `undefined` where the document leaves it open. */
function readSelection(value: JsonValue | undefined, path: string): ServiceSelection | undefined {
  if (value === undefined) return undefined
  const fields = protoFields(value, path, ["selector", "count"])
  const stated = fields.get("selector") ?? "SERVICE_SELECTOR_UNDEFINED"
  const selector = SELECTORS.find((name, number) => name === stated || number === stated)
  if (selector === undefined) throw unexpectedShape(stated, `${path}.selector`, "one of ALL, ANY, EXACT")
  const count = readUint32(fields.get("count"), `${path}.count`)
  if (selector === "SERVICE_SELECTOR_UNDEFINED") return undefined
  return { selector, ...(count === 0 ? {} : { count }) }
}
