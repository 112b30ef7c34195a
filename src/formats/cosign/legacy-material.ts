import { parsePem } from "../../codec/pem.ts"
import type { Material } from "../../core/candidate.ts"
import { ToolError } from "../../core/errors.ts"
import { CERTIFICATE_ANNOTATION, CHAIN_ANNOTATION, LOG_ANNOTATION, TIMESTAMP_ANNOTATION } from "./media-types.ts"

type Annotations = Readonly<Record<string, string>>

/** An annotation that is there and not empty. */
export function annotation(annotations: Annotations, key: string): string | undefined {
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
