import { DOCKER_CONFIG, matchesMediaType, OCI_CONFIG, OCI_EMPTY } from "../../core/media-types.ts"

/** Whether `type` is one of `wanted`, which are media types or prefixes ending in `*`. */
export function isWanted(type: string, wanted: readonly string[]): boolean {
  return wanted.some((one) => matchesMediaType(type, one))
}

/** Types a listing shows for referrers whose real type it does not know: the config's instead of the artifact's. */
const UNTOLD: readonly string[] = ["", OCI_EMPTY, OCI_CONFIG, DOCKER_CONFIG]

/** Whether a listed artifact type says nothing, so that only the manifest can tell. */
export function isUntold(artifactType: string | undefined): boolean {
  return UNTOLD.includes(artifactType ?? "")
}
