import { parsePem } from "../../codec/pem.ts"
import type { Material } from "../../core/candidate.ts"
import { ToolError } from "../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import {
  parseRekorAnnotation,
  parseTimestampAnnotation,
  type RekorBundle,
} from "../../envelopes/bundle/rekor-bundle.ts"
import { CERTIFICATE_ANNOTATION, CHAIN_ANNOTATION, LOG_ANNOTATION, TIMESTAMP_ANNOTATION } from "./media-types.ts"

type Annotations = Readonly<Record<string, string>>

/** An annotation that is there and not empty. */
function annotation(annotations: Annotations, key: string): string | undefined {
  const value = Object.hasOwn(annotations, key) ? annotations[key] : undefined
  return value === "" ? undefined : value
}

/**
 * What a legacy layer's annotations offer to find the key by. A certificate is an addition there: a key may be tried
 * all the same, so one that cannot be read is left out instead of hiding the signature.
 */
export function legacyMaterial(annotations: Annotations): Material {
  const leaf = annotation(annotations, CERTIFICATE_ANNOTATION)
  if (leaf === undefined) return { kind: "key" }
  const chain = annotation(annotations, CHAIN_ANNOTATION)
  return {
    kind: "certificate",
    certificates: [...certificatesOf(leaf), ...(chain === undefined ? [] : certificatesOf(chain))],
    keyAllowed: true,
  }
}

function certificatesOf(pem: string): readonly Uint8Array[] {
  try {
    return parsePem(pem, { what: "certificate annotation" })
      .filter(({ label }) => label === "CERTIFICATE")
      .map(({ bytes }) => bytes)
  } catch (error) {
    if (error instanceof ToolError) return []
    throw error
  }
}

/** Parts of a legacy layer that a keyed verification does not look at. */
export function legacyNotEvaluated(annotations: Annotations): readonly string[] {
  const parts: string[] = []
  if (annotation(annotations, CERTIFICATE_ANNOTATION) !== undefined) parts.push("certificate")
  if (annotation(annotations, LOG_ANNOTATION) !== undefined) parts.push("transparency log entry")
  if (annotation(annotations, TIMESTAMP_ANNOTATION) !== undefined) parts.push("timestamp")
  return parts
}

/** What the annotations say of log and timestamp, for display; `null` for what cannot be read. */
export function legacyClaims(annotations: Annotations): JsonObject {
  const log = annotation(annotations, LOG_ANNOTATION)
  const stamp = annotation(annotations, TIMESTAMP_ANNOTATION)
  return {
    ...(log === undefined ? {} : { logEntry: readable(() => logEntryClaims(parseRekorAnnotation(log))) }),
    ...(stamp === undefined ? {} : { timestampBytes: readable(() => parseTimestampAnnotation(stamp).length) }),
  }
}

/** A log entry's own statements. */
export function logEntryClaims({ integratedTime, logIndex, logId }: RekorBundle): JsonObject {
  return { integratedTime, logIndex, logId }
}

function readable(read: () => JsonValue): JsonValue {
  try {
    return read()
  } catch (error) {
    if (error instanceof ToolError) return null
    throw error
  }
}
