import { decodeBase64 } from "../../codec/base64.ts"
import { goJson, type GoJsonValue, sortedKeys } from "../../codec/go-json.ts"
import { expectObject, member } from "../../codec/json-shape.ts"
import { outlineJson, parseJson } from "../../codec/json.ts"
import { malformed, quoted } from "../../codec/malformed.ts"
import { parseDescriptor, refuseLookalikes } from "../../codec/oci/descriptor.ts"
import { decodeUtf8, encodeUtf8 } from "../../codec/utf8.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import type { Digest } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { RESERVED_PREFIX } from "./names.ts"

const BOUNDS = { maxBytes: limits.signaturePayloadBytes, what: "payload" }

/** What a payload says is signed. */
export interface TargetArtifact {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  /** User metadata. */
  readonly annotations: Readonly<Record<string, string>>
}

/**
 * Read a payload: any JSON with a `targetArtifact`; members that are unknown are ignored. A size with a fraction or an
 * exponent is refused even when it is whole, and `data` that is no base64, as Go's programs do.
 *
 * @param bytes - untrusted, at most 4 MiB.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: notaryproject/specifications `specs/signature-specification.md`, "Payload".
 */
export function parsePayload(bytes: Uint8Array): TargetArtifact {
  const text = decodeUtf8(bytes, "payload")
  const root = expectObject(parseJson(text, BOUNDS), "payload")
  refuseLookalikes(root, "payload", ["targetArtifact"])
  const { mediaType, digest, size, annotations, data } = parseDescriptor(
    member(root, "targetArtifact"),
    "payload.targetArtifact",
  )
  checkDigits(decodeUtf8(bytes, "payload"))
  if (data !== undefined) {
    decodeBase64(data, { max: limits.signaturePayloadBytes, what: "payload.targetArtifact.data" })
  }
  return { mediaType, digest, size, annotations: annotations ?? (Object.create(null) as Record<string, string>) }
}

/** SECURITY: `5.00000000000000000001` is 5 to us and no size to others; two readers must not see two payloads. */
function checkDigits(text: string): void {
  // Most payloads have no number of this kind anywhere; to find the one member takes two more readings.
  if (!/:\s*-?[0-9]+[.eE]/.test(text)) return
  const target = partOf(text, "targetArtifact")
  const size = partOf(target, "size")
  if (/^-?[0-9]+$/.test(size)) return
  throw malformed("payload.targetArtifact.size", `saw ${quoted(size, 100)}, expected digits alone`)
}

/** The text of an object's member. */
function partOf(text: string, name: string): string {
  const span = outlineJson(text, BOUNDS, (key) => key === name).spans.get(name)
  return span === undefined ? "" : text.slice(span.start, span.end)
}

/**
 * The payload as notation writes it.
 *
 * @param target - media type, digest and size of what is signed; anything else of it is not.
 * @param annotations - user metadata.
 * @param order - JWS envelopes have all keys sorted, COSE ones have them as the specification lists them.
 * @throws {ToolError} `E_USAGE` for metadata with the prefix that belongs to the specification.
 */
export function buildPayload(
  target: Pick<Descriptor, "mediaType" | "digest" | "size">,
  annotations: Readonly<Record<string, string>>,
  order: "jws" | "cose",
): Uint8Array {
  refuseReserved(annotations)
  const { mediaType, digest, size } = target
  const metadata = Object.keys(annotations).length === 0 ? undefined : sortedKeys(annotations)
  const members: Readonly<Record<string, GoJsonValue | undefined>> = { mediaType, digest, size, annotations: metadata }
  const targetArtifact = order === "jws" ? sortedKeys(members) : members
  return encodeUtf8(goJson({ targetArtifact }), "payload")
}

function refuseReserved(annotations: Readonly<Record<string, string>>): void {
  const reserved = Object.keys(annotations).find((key) => key.startsWith(RESERVED_PREFIX))
  if (reserved === undefined) return
  throw new ToolError("E_USAGE", {
    what: `error adding user metadata: metadata key ${reserved} has reserved prefix ${RESERVED_PREFIX}`,
    why: "names with this prefix belong to the Notary Project",
    next: ["choose another name for the metadata"],
  })
}
