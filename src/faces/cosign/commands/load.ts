import { loadArtifact } from "../../../app/load.ts"
import { signatureRepository } from "../environment.ts"
import type { FaceHandler } from "../face-invocation.ts"
import { requiredFolder, requireLayout } from "../layout-folder.ts"
import { namedImage } from "./save.ts"

/** `cosign load --dir DIR IMAGE` */
export const load: FaceHandler = async (invocation) => {
  const { flags, args, world } = invocation
  const folder = requiredFolder(invocation)
  const target = namedImage(args[0] ?? "")
  const app = await invocation.open()
  await requireLayout(app, folder, "signed image index: ")
  const prefix = flags.string("attachment-tag-prefix")
  await loadArtifact(app, {
    folder,
    target,
    ...signatureRepository(world),
    ...(prefix === "" ? {} : { tagPrefix: prefix }),
  })
  return 0
}
