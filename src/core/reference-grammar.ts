import { isDigest, type Digest } from "./digest.ts"
import { ToolError } from "./errors.ts"
import type { Reference } from "./reference.ts"

/**
 * Which tools' reading of references is followed.
 *
 * `docker`: distribution/reference, as docker, podman and skopeo read them; the own command line.
 * `cosign`: go-containerregistry, as cosign and crane read them.
 */
export type ReferenceStyle = "docker" | "cosign"

export interface ReferenceOptions {
  readonly style: ReferenceStyle
  /** Fill in `latest` when neither tag nor digest is given. Default true. */
  readonly defaultTag?: boolean
}

const HUB = "docker.io"
const HUB_LEGACY = "index.docker.io"
const MAX_TEXT = 2048
const MAX_REPOSITORY = 255

const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`)
const LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::([0-9]{1,5}))?$`)
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/

/**
 * Parse `[registry/]repository[:tag][@digest]`.
 *
 * With `docker`, a tag beside a digest is dropped; with `cosign` both are kept. Names no registry could serve
 * (`a//b`, `a/../b`) are refused in both styles.
 *
 * @param text - as the user typed it, untrusted.
 * @throws {ToolError} `E_REF_INVALID` saying which part was wrong and what was expected.
 *
 * Spec: distribution/reference `reference.go`, `normalize.go`; go-containerregistry `pkg/name`; OCI distribution-spec
 * "Pulling manifests".
 */
export function parseReference(text: string, options: ReferenceOptions): Reference {
  checkText(text)
  const at = text.indexOf("@")
  const digest = at < 0 ? undefined : parseDigestPart(text, text.slice(at + 1), options.style)
  const { name, tag } = splitTag(text, at < 0 ? text : text.slice(0, at))
  const place = parseName(text, name, options.style)
  const useLatest = tag === undefined && digest === undefined && options.defaultTag !== false
  const keptTag = digest !== undefined && options.style === "docker" ? undefined : useLatest ? "latest" : tag
  return {
    ...place,
    ...(keptTag === undefined ? {} : { tag: keptTag }),
    ...(digest === undefined ? {} : { digest }),
  }
}

/**
 * Parse `[registry/]repository` where tag and digest have no meaning (`--signature-repository`, COSIGN_REPOSITORY).
 *
 * @throws {ToolError} `E_REF_INVALID`, also when a tag or digest is there.
 */
export function parseRepositoryName(text: string, style: ReferenceStyle): Pick<Reference, "registry" | "repository"> {
  const parsed = parseReference(text, { style, defaultTag: false })
  if (parsed.tag !== undefined || text.includes("@")) {
    throw invalid(text, "a tag or digest was given, expected only `registry/repository`")
  }
  return { registry: parsed.registry, repository: parsed.repository }
}

/**
 * What to ask the registry for: the digest, else the tag, else `latest`.
 */
export function manifestReference(reference: Reference): string {
  return reference.digest ?? reference.tag ?? "latest"
}

/** `registry/repository` the way cosign prints and signs it: Docker Hub is `index.docker.io`. */
export function cosignRepositoryName(reference: Pick<Reference, "registry" | "repository">): string {
  return `${reference.registry === HUB ? HUB_LEGACY : reference.registry}/${reference.repository}`
}

/** Host and port to connect to. Only Docker Hub has another network name than its own. */
export function dialHost(reference: Pick<Reference, "registry">, style: ReferenceStyle = "docker"): string {
  if (reference.registry !== HUB) return reference.registry
  return style === "cosign" ? HUB_LEGACY : "registry-1.docker.io"
}

/** Whether `text` can be a tag. */
export function isTag(text: string): boolean {
  return TAG.test(text)
}

function checkText(text: string): void {
  if (text === "") throw invalid(text, "it is empty, expected `registry/repository[:tag][@digest]`")
  if (text.length > MAX_TEXT) throw invalid(text, `it has ${text.length} characters, expected at most ${MAX_TEXT}`)
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(text)?.[0]
  if (scheme !== undefined) throw invalid(text, `it starts with ${scheme}, expected no URL scheme`)
  // Only printable ASCII can be in any part; saying so here spares every later message from quoting controls.
  if (!/^[!-~]+$/.test(text)) throw invalid(text, "it has spaces or other characters that no reference can have")
}

function parseDigestPart(text: string, digest: string, style: ReferenceStyle): Digest {
  if (!isDigest(digest)) {
    throw invalid(text, "the part after @ is no digest, expected sha256: and 64 lower-case hexadecimal digits")
  }
  if (style === "cosign" && !digest.startsWith("sha256:")) {
    throw invalid(text, "the digest is not sha256, expected sha256: and 64 lower-case hexadecimal digits")
  }
  return digest
}

function splitTag(text: string, name: string): { readonly name: string; readonly tag?: string } {
  const colon = name.lastIndexOf(":")
  // A colon before a slash belongs to the registry's port.
  if (colon < 0 || name.indexOf("/", colon) >= 0) return { name }
  const tag = name.slice(colon + 1)
  if (!TAG.test(tag)) {
    throw invalid(
      text,
      `the tag ${quote(tag)} is wrong, expected 1 to 128 of A-Z a-z 0-9 _ . - not starting with . or -`,
    )
  }
  return { name: name.slice(0, colon), tag }
}

function parseName(text: string, name: string, style: ReferenceStyle): Pick<Reference, "registry" | "repository"> {
  if (/^[0-9a-f]{64}$/.test(name)) throw invalid(text, "64 hexadecimal digits alone are no name")
  const slash = name.indexOf("/")
  const first = slash < 0 ? "" : name.slice(0, slash)
  const named = slash >= 0 && isRegistrySegment(first, style)
  const registry = !named || first === HUB_LEGACY ? HUB : first
  const path = named ? name.slice(slash + 1) : name
  checkRegistry(text, registry)
  checkRepository(text, path, style)
  return { registry, repository: registry === HUB && !path.includes("/") ? `library/${path}` : path }
}

function isRegistrySegment(segment: string, style: ReferenceStyle): boolean {
  if (segment.includes(".") || segment.includes(":")) return true
  // COMPAT(cosign 2.5, 3.1): a bare `localhost/x` and an upper-case first segment are not registries there.
  return style === "docker" && (segment === "localhost" || segment !== segment.toLowerCase())
}

function checkRegistry(text: string, registry: string): void {
  const match = HOST.exec(registry)
  if (match === null) {
    throw invalid(text, `the registry ${quote(registry)} is wrong, expected a host name or address and maybe a port`)
  }
  if (match[1] !== undefined && Number(match[1]) > 65535) {
    throw invalid(text, `the port ${match[1]} is wrong, expected at most 65535`)
  }
}

function checkRepository(text: string, path: string, style: ReferenceStyle): void {
  if (path !== path.toLowerCase()) throw invalid(text, "the repository has upper-case letters, it must be lowercase")
  // DEVIATION: go-containerregistry lets `a//b` and `a/../b` pass; no registry serves them and URLs change them.
  if (!REPOSITORY.test(path)) {
    throw invalid(
      text,
      `the repository ${quote(path)} is wrong, expected parts of a-z 0-9 joined by . _ __ or -, separated by /`,
    )
  }
  // COMPAT(cosign 2.5, 3.1): shorter names are refused there.
  if (style === "cosign" && path.length < 2) throw invalid(text, "the repository is too short, expected 2 characters")
  if (path.length > MAX_REPOSITORY) {
    throw invalid(text, `the repository has ${path.length} characters, expected at most ${MAX_REPOSITORY}`)
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}

function invalid(text: string, why: string): ToolError {
  return new ToolError("E_REF_INVALID", { what: `not a reference: ${quote(text)}`, why })
}
