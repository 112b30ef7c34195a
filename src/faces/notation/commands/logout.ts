import { prefixed } from "../face-error.ts"
import { print, type FaceHandler } from "../face-invocation.ts"

/** `notation logout SERVER`: succeeds also when nothing was stored. */
export const logout: FaceHandler = async (invocation) => {
  const [server = ""] = invocation.args
  await invocation.world.credentials.logout(server, { manners: "notation" }).catch((thrown: unknown) => {
    throw prefixed(`failed to log out of ${server}: `, thrown)
  })
  await print(invocation, "Logout Succeeded")
  return 0
}
