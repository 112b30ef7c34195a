/** Media types of OCI and Docker content. Those of a signature family stand in that family's folder. */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json"
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
export const OCI_EMPTY = "application/vnd.oci.empty.v1+json"
export const OCI_LAYER_TAR = "application/vnd.oci.image.layer.v1.tar"
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
/** Withdrawn 1.1 release-candidate artifact manifest; read only. */
export const OCI_ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json"

/** `{}`, the content of the empty descriptor. */
export const EMPTY_JSON_DIGEST = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

/** What a client accepts when it asks for a manifest: both families, OCI and Docker. */
export const MANIFEST_ACCEPT: readonly string[] = [
  OCI_MANIFEST,
  OCI_INDEX,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_ARTIFACT_MANIFEST,
]

/** Whether `mediaType` names an index (or Docker manifest list). */
export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_MANIFEST_LIST
}

/** Whether a media type is `wanted`: an exact media type, or a prefix ending in `*`. */
export function matchesMediaType(mediaType: string, wanted: string): boolean {
  return wanted.endsWith("*") ? mediaType.startsWith(wanted.slice(0, -1)) : mediaType === wanted
}
