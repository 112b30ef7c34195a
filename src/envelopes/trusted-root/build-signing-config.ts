import { encodeUtf8 } from "../../codec/utf8.ts"
import type { ServiceSelection, SigningConfig, SigningService } from "../../core/sigstore.ts"
import { SIGNING_CONFIG_MEDIA_TYPE } from "./signing-config.ts"
import { listText, objectText, stringText, windowText } from "./trust-fields.ts"

/**
 * A `signing_config.json` as cosign 3's `signing-config create` prints it: compact, services in the order given, no line
 * end.
 *
 * @returns UTF-8.
 */
export function buildSigningConfig(config: SigningConfig): Uint8Array {
  const text = objectText([
    ["mediaType", JSON.stringify(SIGNING_CONFIG_MEDIA_TYPE)],
    ["caUrls", listText(config.certificateAuthorities.map(serviceText))],
    ["oidcUrls", listText(config.oidcProviders.map(serviceText))],
    ["rekorTlogUrls", listText(config.logs.map(serviceText))],
    ["rekorTlogConfig", selectionText(config.logSelection)],
    ["tsaUrls", listText(config.timestampAuthorities.map(serviceText))],
    ["tsaConfig", selectionText(config.timestampSelection)],
  ])
  return encodeUtf8(text, "signing config")
}

function serviceText({ url, majorApiVersion, validFor, operator }: SigningService): string {
  return objectText([
    ["url", stringText(url)],
    ["majorApiVersion", numberText(majorApiVersion)],
    ["validFor", windowText(validFor)],
    ["operator", stringText(operator)],
  ])
}

function selectionText(selection: ServiceSelection | undefined): string {
  return objectText([
    ["selector", stringText(selection?.selector)],
    ["count", numberText(selection?.count ?? 0)],
  ])
}

function numberText(value: number): string | undefined {
  return value === 0 ? undefined : value.toString()
}
