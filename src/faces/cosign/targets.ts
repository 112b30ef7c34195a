import type { Target } from "../../app/requests.ts"
import { asToolError } from "../../core/errors.ts"
import { cosignRepositoryName, parseReference } from "../../core/reference-grammar.ts"
import type { Reference } from "../../core/reference.ts"
import { faceError } from "./face-error.ts"

/** A target in a registry. */
export type RegistryTarget = Extract<Target, { readonly kind: "registry" }>

/**
 * Read an image argument.
 *
 * @throws {ToolError} `E_REF_INVALID` with cosign's sentence.
 */
export function imageTarget(text: string): RegistryTarget {
  try {
    return { kind: "registry", reference: parseReference(text, { style: "cosign" }), text }
  } catch (thrown) {
    const error = asToolError(thrown)
    throw faceError(`could not parse reference: ${text}`, {
      code: "E_REF_INVALID",
      hints: error.why === undefined ? [] : [error.why],
      cause: error,
    })
  }
}

/** The reference with registry, as go-containerregistry prints it: a digest hides the tag. */
export function fullName(reference: Reference): string {
  const name = cosignRepositoryName(reference)
  return reference.digest === undefined ? `${name}:${reference.tag ?? "latest"}` : `${name}@${reference.digest}`
}

const TAG_WARNING = `    This can lead you to sign a different image than the intended one. Please use a
    digest (example.com/ubuntu@sha256:abc123...) rather than tag
    (example.com/ubuntu:latest) for the input to cosign. The ability to refer to
    images by tag will be removed in a future release.

`

/** cosign's warning about signing by tag; empty for a digest. */
export function tagWarning(target: RegistryTarget): string {
  if (target.reference.digest !== undefined) return ""
  return `WARNING: Image reference ${target.text} uses a tag, not a digest, to identify the image to sign.\n${TAG_WARNING}`
}
