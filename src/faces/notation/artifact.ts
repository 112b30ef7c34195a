import { goQuote } from "../../codec/go-quote.ts"
import type { AppContext, Target } from "../../app/requests.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { isDigest, type Digest } from "../../core/digest.ts"
import { asToolError } from "../../core/errors.ts"
import { parseReference } from "../../core/reference-grammar.ts"
import { faceError } from "./face-error.ts"
import { warn, type FaceInvocation } from "./face-invocation.ts"

/** An artifact as notation names it. */
export interface FaceArtifact {
  readonly target: Target
  /** `registry/repository`, or the folder of a layout. */
  readonly place: string
  readonly tag?: string
  readonly digest?: Digest
  /** `host[:port]`, for registries. */
  readonly registry?: string
}

/**
 * Read the reference of a command: `registry/repository` with a tag or digest, or a layout's folder with one.
 *
 * @throws {ToolError} `E_REF_INVALID` in notation's words.
 */
export function faceArtifact(text: string, layout: boolean): FaceArtifact {
  return layout ? layoutArtifact(text) : registryArtifact(text)
}

const EXPECTING = "Expecting <registry>/<repository>:<tag> or <registry>/<repository>@<digest>"

function registryArtifact(text: string): FaceArtifact {
  const bad = (inner: string): Error =>
    faceError(`${goQuote(text)}: invalid reference: ${inner}. ${EXPECTING}`, "E_REF_INVALID")
  const slash = text.indexOf("/")
  if (slash <= 0 || slash === text.length - 1) throw bad("missing registry or repository")
  const registry = text.slice(0, slash)
  const rest = text.slice(slash + 1)
  const at = rest.indexOf("@")
  const colon = rest.indexOf(":")
  // A tag beside a digest is not looked at.
  const end = Math.min(...[at, colon].filter((index) => index >= 0), rest.length)
  const repository = rest.slice(0, end)
  const digest = at >= 0 ? rest.slice(at + 1) : undefined
  const tag = digest === undefined && colon >= 0 ? rest.slice(colon + 1) : undefined
  if (digest !== undefined && !isDigest(digest)) throw bad(`invalid digest ${goQuote(digest)}`)
  if (digest === undefined && (tag === undefined || tag === "")) throw bad("no tag or digest")
  const named = tag === undefined ? `@${digest ?? ""}` : `:${tag}`
  // Docker's short names are not notation's: the registry is what stands before the first slash.
  const host = registry.includes(".") || registry.includes(":") || registry === "localhost" ? registry : undefined
  if (host === undefined) throw bad(`invalid registry ${goQuote(registry)}`)
  try {
    const reference = parseReference(`${registry}/${repository}${named}`, { style: "docker" })
    return {
      target: { kind: "registry", reference, text },
      place: `${registry}/${repository}`,
      registry,
      ...(tag === undefined ? {} : { tag }),
      ...(digest !== undefined && isDigest(digest) ? { digest } : {}),
    }
  } catch (thrown) {
    throw bad(asToolError(thrown).message)
  }
}

const LAYOUT_EXPECTING = "Expecting <file_path>:<tag> or <file_path>@<digest>"

function layoutArtifact(text: string): FaceArtifact {
  const bad = (why: string): Error =>
    faceError(
      `failed to resolve user input reference: ${goQuote(text)}: invalid reference: ${why}. ${LAYOUT_EXPECTING}`,
      "E_REF_INVALID",
    )
  const at = text.lastIndexOf("@")
  const split = at >= 0 ? at : text.lastIndexOf(":")
  const drive = split === 1 && /^[A-Za-z]:\\/.test(text)
  if (split < 0 || drive || split === text.length - 1) throw bad("missing tag or digest")
  if (split === 0) throw bad("missing oci-layout file path")
  const path = text.slice(0, split)
  const reference = text.slice(split + 1)
  return {
    target: { kind: "layout", path, reference, text },
    place: path,
    ...(isDigest(reference) ? { digest: reference } : { tag: reference }),
  }
}

/** A resolved artifact and its name with the digest, as messages print it. */
export interface ResolvedArtifact extends FaceArtifact {
  readonly subject: Descriptor
  readonly name: string
}

/**
 * Find the artifact, and warn of tags.
 *
 * @param verb - of the warning: `sign`, `verify`, `list`, `inspect`.
 * @throws {ToolError} in notation's words.
 */
export async function resolveArtifact(
  invocation: FaceInvocation,
  app: AppContext,
  artifact: FaceArtifact,
  verb: "sign" | "verify" | "list" | "inspect",
): Promise<ResolvedArtifact> {
  const reference = artifact.digest ?? artifact.tag ?? ""
  await invocation.log("debug", `Resolve reference ${reference}`)
  let subject: Descriptor
  try {
    subject = await app.stores.content(artifact.target).resolve(reference)
  } catch (thrown) {
    throw unresolved(artifact, reference, thrown)
  }
  await invocation.log("info", `Reference ${reference} resolved to manifest descriptor: ${subject.digest}`)
  await warnOfTag(invocation, artifact, verb)
  return { ...artifact, subject, name: `${artifact.place}@${subject.digest}` }
}

function unresolved({ place }: FaceArtifact, reference: string, thrown: unknown): Error {
  const error = asToolError(thrown)
  const separator = reference.includes(":") ? "@" : ":"
  const inner = error.code === "E_REF_TAG_NOT_FOUND" ? `${place}${separator}${reference}: not found` : error.message
  return faceError(`failed to get manifest descriptor: ${inner}`, error.code, error)
}

/** Tags may move; what was named by one may be something else. @returns whether a warning was printed. */
async function warnOfTag(
  invocation: FaceInvocation,
  { tag }: FaceArtifact,
  verb: "sign" | "verify" | "list" | "inspect",
): Promise<boolean> {
  if (tag === undefined) return false
  const why =
    verb === "sign"
      ? "tags are mutable and a tag reference can point to a different artifact than the one signed"
      : "resolved digest may not point to the same signed artifact, as tags are mutable"
  await warn(
    invocation,
    `Always ${verb} the artifact using digest(@sha256:...) rather than a tag(:${tag}) because ${why}.`,
  )
  return true
}
