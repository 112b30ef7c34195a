import { goJson, type GoJsonValue, sortedKeys } from "../../codec/go-json.ts"
import { expectObject, member } from "../../codec/json-shape.ts"
import { parseJson } from "../../codec/json.ts"
import { parseDescriptor, refuseLookalikes } from "../../codec/oci/descriptor.ts"
import { encodeUtf8 } from "../../codec/utf8.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import type { Digest } from "../../core/digest.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { RESERVED_PREFIX } from "./names.ts"

/** What a payload says is signed. */
export interface TargetArtifact {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  /** User metadata. */
  readonly annotations: Readonly<Record<string, string>>
}

/**
 * Read a payload: any JSON with a `targetArtifact`; members that are unknown are ignored.
 *
 * @param bytes - untrusted, at most 4 MiB.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`.
 *
 * Spec: notaryproject/specifications `specs/signature-specification.md`, "Payload".
 */
export function parsePayload(bytes: Uint8Array): TargetArtifact {
  const root = expectObject(parseJson(bytes, { maxBytes: limits.signaturePayloadBytes, what: "payload" }), "payload")
  refuseLookalikes(root, "payload", ["targetArtifact"])
  const { mediaType, digest, size, annotations } = parseDescriptor(
    member(root, "targetArtifact"),
    "payload.targetArtifact",
  )
  return { mediaType, digest, size, annotations: annotations ?? (Object.create(null) as Record<string, string>) }
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
