import { isDigest } from "../core/digest.ts"
import { ToolError } from "../core/errors.ts"
import { parseReference } from "../core/reference-grammar.ts"
import type { Target } from "./requests.ts"

const LAYOUT_PREFIX = "oci:"

/**
 * An artifact as a command line names it: a reference, or `oci:PATH[:TAG|@DIGEST]` for an OCI layout folder.
 *
 * A colon after the last slash of PATH starts the tag.
 *
 * @throws {ToolError} `E_REF_INVALID`.
 */
export function parseTarget(text: string): Target {
  if (!text.startsWith(LAYOUT_PREFIX)) {
    return { kind: "registry", reference: parseReference(text, { style: "docker" }), text }
  }
  const rest = text.slice(LAYOUT_PREFIX.length)
  const at = rest.lastIndexOf("@")
  const colon = rest.lastIndexOf(":")
  const split =
    at >= 0 && /^sha\d+:/.test(rest.slice(at + 1)) ? at : colon > rest.lastIndexOf("/") ? colon : rest.length
  const path = rest.slice(0, split)
  const reference = rest.slice(split + 1)
  if (path === "") throw invalidLayout(text, "the folder is missing")
  if (split === at && !isDigest(reference)) throw invalidLayout(text, `${JSON.stringify(reference)} is no digest`)
  if (split === rest.length) return { kind: "layout", path, text }
  if (reference === "") throw invalidLayout(text, "the tag is empty")
  return { kind: "layout", path, reference, text }
}

function invalidLayout(text: string, observed: string): ToolError {
  return new ToolError("E_REF_INVALID", {
    what: `not an OCI layout reference: ${JSON.stringify(text.slice(0, 200))}`,
    why: `${observed}; expected oci:PATH, oci:PATH:TAG or oci:PATH@sha256:… with 64 hexadecimal digits`,
    next: ["write the folder and the tag, such as `oci:./layout:1.0`"],
  })
}
