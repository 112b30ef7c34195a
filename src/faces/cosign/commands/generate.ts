import { goJson, sortedKeys } from "../../../codec/go-json.ts"
import { cosignRepositoryName } from "../../../core/reference-grammar.ts"
import { parseAnnotations } from "../annotations.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { resolveImage } from "../resolve-image.ts"

/** `cosign generate IMAGE`: the simple-signing payload, without a final newline. Spec: cosign.md 6.1. */
export const generate: FaceHandler = async (invocation) => {
  const { flags, args, world } = invocation
  const annotations = parseAnnotations(flags.strings("annotations"))
  const { target, digest } = await resolveImage(invocation, args[0] ?? "")
  const payload = {
    critical: {
      identity: { "docker-reference": cosignRepositoryName(target.reference) },
      image: { "docker-manifest-digest": digest },
      type: "cosign container image signature",
    },
    optional: Object.keys(annotations).length === 0 ? null : sortedKeys(annotations),
  }
  await world.stdout.write(goJson(payload))
  return 0
}
