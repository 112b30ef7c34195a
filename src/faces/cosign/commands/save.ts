import { saveArtifact } from "../../../app/save.ts"
import { asToolError } from "../../../core/errors.ts"
import { signatureRepository } from "../environment.ts"
import { prefixed } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { requiredFolder } from "../layout-folder.ts"
import { imageTarget, type RegistryTarget } from "../targets.ts"

/** `cosign save --dir DIR IMAGE` */
export const save: FaceHandler = async (invocation) => {
  const { flags, args, world, generation } = invocation
  const folder = requiredFolder(invocation)
  const target = namedImage(args[0] ?? "")
  const app = await invocation.open()
  const prefix = flags.string("attachment-tag-prefix")
  try {
    await saveArtifact(app, {
      target,
      folder,
      ...signatureRepository(world),
      ...(prefix === "" ? {} : { tagPrefix: prefix }),
    })
  } catch (thrown) {
    if (asToolError(thrown).code === "E_REF_TAG_NOT_FOUND") throw prefixed(generation.saveNotFound, thrown)
    throw thrown
  }
  return 0
}

/** @throws {ToolError} with what cosign's `save` and `load` put before the reason. */
export function namedImage(text: string): RegistryTarget {
  try {
    return imageTarget(text)
  } catch (thrown) {
    throw prefixed(`parsing image name ${text}: `, thrown)
  }
}
