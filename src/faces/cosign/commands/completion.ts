import { completionScript, completionShells } from "../../command-line/completion.ts"
import { faceError } from "../face-error.ts"
import type { FaceHandler } from "../face-invocation.ts"

/** `cosign completion SHELL` */
export const completion: FaceHandler = async ({ args, world, program }) => {
  const shell = args[0] ?? ""
  if (!completionShells.some((known) => known === shell)) {
    throw faceError(`invalid argument ${JSON.stringify(shell)} for "cosign completion"`)
  }
  await world.stdout.write(completionScript(program, shell))
  return 0
}
