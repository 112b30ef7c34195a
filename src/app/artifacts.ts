import type { Descriptor } from "../core/descriptor.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import { EMPTY_JSON_DIGEST, OCI_EMPTY, OCI_LAYER_TAR, OCI_MANIFEST } from "../core/media-types.ts"
import type { ContentStore, UploadSource } from "../core/ports.ts"
import type { Digest } from "../core/digest.ts"
import { parseManifest } from "../codec/oci/manifest.ts"
import { encodeUtf8 } from "../codec/utf8.ts"
import { Hasher } from "../crypto/hash.ts"
import { mapBounded } from "./map-bounded.ts"
import type { PulledArtifact, PullRequest, PushedArtifact, PushRequest, TagRequest } from "./copy-requests.ts"
import type { AppContext } from "./requests.ts"
import { openTarget } from "./subjects.ts"

const TITLE = "org.opencontainers.image.title"
const DEFAULT_TYPE = "application/vnd.unknown.artifact.v1"
const EMPTY_JSON = new Uint8Array([0x7b, 0x7d])
const emptyDescriptor: Descriptor = { mediaType: OCI_EMPTY, digest: EMPTY_JSON_DIGEST, size: EMPTY_JSON.byteLength }

/**
 * Push files as one artifact: an image manifest with an artifact type, each file a layer with its name as title.
 *
 * @throws {ToolError} `E_USAGE` for two files of one name.
 *
 * Spec: OCI image-spec 1.1, manifest.md "Guidelines for Artifact Usage".
 */
export async function pushArtifact(app: AppContext, request: PushRequest): Promise<PushedArtifact> {
  const { content, reference } = openTarget(app, request.target)
  const names = request.files.map((file) => baseName(file.path))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new ToolError("E_USAGE", { what: `two files have the name ${JSON.stringify(twice)}` })
  const layers = await mapBounded(request.files, limits.parallelTransfers, async (file, index) => {
    const layer = await describeFile(app, file, names[index] ?? file.path)
    await pushFile(app, content, file.path, layer)
    return layer
  })
  await content.pushBlob(emptyDescriptor, { bytes: EMPTY_JSON })
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: request.artifactType ?? DEFAULT_TYPE,
    config: emptyDescriptor,
    layers: layers.length === 0 ? [emptyDescriptor] : layers,
    ...(Object.keys(request.annotations).length === 0 ? {} : { annotations: request.annotations }),
  }
  const bytes = encodeUtf8(JSON.stringify(manifest))
  const tag = reference === "" || reference.includes(":") ? undefined : reference
  const descriptor = await content.pushManifest(bytes, OCI_MANIFEST, tag)
  return { descriptor, reference: `${content.name}@${descriptor.digest}` }
}

async function describeFile(app: AppContext, file: PushRequest["files"][number], name: string): Promise<Descriptor> {
  const hasher = new Hasher("sha256")
  let size = 0
  for await (const chunk of app.files.stream(file.path)) {
    hasher.update(chunk)
    size += chunk.byteLength
  }
  const digest: Digest = `sha256:${hasher.hex()}`
  return { mediaType: file.mediaType ?? OCI_LAYER_TAR, digest, size, annotations: { [TITLE]: name } }
}

async function pushFile(app: AppContext, content: ContentStore, path: string, layer: Descriptor): Promise<void> {
  const source: UploadSource = { size: layer.size, open: () => app.files.stream(path) }
  const task = app.progress.start(`pushing ${baseName(path)}`, layer.size)
  await content.pushBlob(layer, source)
  task.done()
}

/**
 * Write an artifact's titled layers into a folder.
 *
 * SECURITY: a title names one file inside the folder; anything with a separator, a drive or a parent is refused, and
 * nothing existing is replaced unless asked.
 *
 * Files are written whole or not at all; when one fails, the error names those that were written. The folder is made.
 *
 * @throws {ToolError} `E_FORMAT_MALFORMED` for a hostile title, `E_FILE_EXISTS`, `E_USAGE` when nothing has a title.
 */
export async function pullArtifact(app: AppContext, request: PullRequest): Promise<PulledArtifact> {
  const { content, reference } = openTarget(app, request.target)
  const { descriptor, bytes } = await content.fetchManifest(reference)
  const manifest = parseManifest(bytes, descriptor.mediaType)
  if (manifest.kind !== "image") {
    throw new ToolError("E_USAGE", {
      what: `${request.target.text} is an index`,
      next: ["pull one of its entries by digest"],
    })
  }
  const layers = manifest.layers.flatMap((layer) => {
    const title = layer.annotations?.[TITLE]
    return title === undefined ? [] : [{ layer, path: `${request.output}/${safeTitle(title)}` }]
  })
  if (layers.length === 0) throw new ToolError("E_USAGE", { what: `${request.target.text} holds no named files` })
  refuseRepeats(layers.map(({ path }) => path))
  const options = { exclusive: !request.overwrite, noFollow: true, makeFolders: true }
  const written: string[] = []
  const files = await mapBounded(layers, limits.parallelTransfers, async ({ layer, path }) => {
    await app.files.writeStream(path, content.readBlob(layer), options)
    written.push(path)
    return path
  }).catch((thrown: unknown) => {
    throw pullFailure(asToolError(thrown), written)
  })
  return { descriptor, files }
}

/** The failure of one file, and which others lie complete in the folder. */
function pullFailure(error: ToolError, written: readonly string[]): ToolError {
  const taken = error.code === "E_FILE_EXISTS"
  const rest = written.length === 0 ? "no file was written" : `written before that: ${written.join(", ")}`
  return new ToolError(error.code, {
    what: error.what,
    why: `${error.why ?? error.what}; ${rest}`,
    next: taken ? ["replace files with `--overwrite`, or name another folder with `--to FOLDER`"] : error.next,
    details: { ...error.details, written: [...written] },
    kind: error.kind,
    cause: error,
  })
}

function safeTitle(title: string): string {
  const hostile =
    title === "" || title === "." || title === ".." || title.length > 255 || /[/\\:\0-\x1f\x7f]/.test(title)
  if (!hostile) return title
  throw new ToolError("E_FORMAT_MALFORMED", {
    what: "the artifact names a file that would be written elsewhere",
    why: `saw the title ${JSON.stringify(title.slice(0, 200))}, expected a plain file name`,
  })
}

/** Two files of one name would leave whichever is written last. */
function refuseRepeats(paths: readonly string[]): void {
  const twice = paths.find((path, index) => paths.indexOf(path) !== index)
  if (twice === undefined) return
  throw new ToolError("E_FORMAT_MALFORMED", {
    what: "the artifact names one file twice",
    why: `saw the title ${JSON.stringify(baseName(twice))} on two layers, expected each once`,
  })
}

function baseName(path: string): string {
  return path.split("/").findLast((part) => part !== "") ?? path
}

/** Put further tags on an artifact that is there. Its bytes are pushed as they were received. */
export async function tagArtifact(app: AppContext, request: TagRequest): Promise<Descriptor> {
  if (request.tags.length === 0) throw new ToolError("E_USAGE", { what: "no tag was named" })
  const { content, reference } = openTarget(app, request.target)
  const { descriptor, bytes } = await content.fetchManifest(reference)
  for (const tag of request.tags) await content.pushManifest(bytes, descriptor.mediaType, tag)
  return descriptor
}
