import { limits } from "../../../core/limits.ts"
import { faceError } from "../face-error.ts"
import { say, type FaceHandler } from "../face-invocation.ts"

/** `cosign login SERVER`: stores credentials without asking the registry. */
export const login: FaceHandler = async (invocation) => {
  const { flags, args, world } = invocation
  const server = args[0] ?? ""
  const username = flags.string("username")
  let password = flags.string("password")
  if (flags.bool("password-stdin")) {
    const text = new TextDecoder().decode(await world.stdin.read(limits.passwordBytes))
    password = text.replace(/\r?\n$/, "")
  }
  // DEVIATION: cosign stores one of the two alone, in a form that no tool can read again.
  if (username === "" || password === "") throw faceError("username and password required")
  const { storedIn, plaintext } = await world.credentials.store(server, username, password)
  if (plaintext) {
    await world.stderr.write(
      `\nWARNING! Your credentials are stored unencrypted in '${storedIn}'.\n` +
        "Configure a credential helper to remove this warning. See\n" +
        "https://docs.docker.com/go/credential-store/\n\n",
    )
  }
  await say(invocation, `logged in via ${storedIn}`)
  return 0
}
