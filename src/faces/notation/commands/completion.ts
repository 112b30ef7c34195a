import { completionScript } from "../../command-line/completion.ts"
import type { FaceHandler } from "../face-invocation.ts"

/** `notation completion SHELL`. DEVIATION: the script knows the commands itself and starts no program while completing. */
export const completion: FaceHandler = async ({ command, world, program }) => {
  await world.stdout.write(completionScript(program, command.path.at(-1) ?? ""))
  return 0
}
