import { limits } from "../../../core/limits.ts"
import { asToolError } from "../../../core/errors.ts"
import { registryConnection, registryUser } from "../login-connection.ts"
import { faceError, prefixed } from "../face-error.ts"
import { print, type FaceHandler, type FaceInvocation } from "../face-invocation.ts"

const HOW_TO = "https://notaryproject.dev/docs/how-to/registry-authentication/"

/** `notation login SERVER`: checks the credentials, then gives them to a credential helper. */
export const login: FaceHandler = async (invocation) => {
  const { args, world } = invocation
  const [server = ""] = args
  const { username, password } = await credentials(invocation)
  const connection = await registryConnection(invocation, server)
  const { plaintext } = await world.credentials
    .login(server, username, password, connection)
    .catch((thrown: unknown) => {
      const unsaved = asToolError(thrown).code === "E_CONFIG_INVALID"
      const step = unsaved ? "" : `failed to validate the credentials for ${server}: `
      throw prefixed(`failed to log in to ${server}: ${step}`, thrown)
    })
  if (plaintext) {
    await world.stderr.write(
      "Warning: The credentials store is not set up. It is recommended to configure the credentials store to securely " +
        `store your credentials. See ${HOW_TO}.\n`,
    )
    await print(invocation, "Authenticated with existing credentials")
  }
  await print(invocation, "Login Succeeded")
  return 0
}

interface Credentials {
  readonly username: string
  readonly password: string
}

/** Flags and variables first; what is missing is asked for. An empty user name makes the password a token. */
async function credentials(invocation: FaceInvocation): Promise<Credentials> {
  const { flags } = invocation
  const named = registryUser(invocation)
  const input = standardInput(invocation)
  const password = flags.bool("password-stdin") ? await input.rest() : named.password
  if (password !== "") return { username: named.username, password }
  const username = named.username === "" ? await input.line("Username: ") : named.username
  const kind = username === "" ? "Token" : "Password"
  const asked = await input.secret(`${kind}: `)
  if (asked === "") throw faceError(`${kind.toLowerCase()} required`)
  return { username, password: asked }
}

interface Input {
  /** The next line, without spaces around it. @throws {ToolError} at the end of input. */
  line(prompt: string): Promise<string>
  /** What is left, as a password. */
  secret(prompt: string): Promise<string>
  /** What is left, without one line break at its end. */
  rest(): Promise<string>
}

function standardInput(invocation: FaceInvocation): Input {
  const { world } = invocation
  return world.stdin.isTTY ? terminal(invocation) : pipe(world)
}

function pipe(world: FaceInvocation["world"]): Input {
  let text: string | undefined
  const load = async (): Promise<string> =>
    (text ??= new TextDecoder().decode(await world.stdin.read(limits.passwordBytes)))
  const rest = async (): Promise<string> => (await load()).replace(/\n$/, "").replace(/\r$/, "")
  return {
    rest,
    line: async (prompt) => {
      await world.stdout.write(prompt)
      const all = await load()
      const end = all.indexOf("\n")
      if (end < 0) throw faceError("error reading username: EOF")
      text = all.slice(end + 1)
      return all.slice(0, end).trim()
    },
    secret: async (prompt) => {
      await world.stdout.write(prompt)
      const password = await rest()
      await world.stdout.write("\n")
      return password
    },
  }
}

function terminal(invocation: FaceInvocation): Input {
  const secret = async (prompt: string): Promise<string> => {
    const { prompter } = await invocation.open()
    return new TextDecoder().decode(await prompter.password(prompt))
  }
  return {
    line: async (prompt) => (await invocation.open()).prompter.text(prompt),
    secret,
    rest: () => pipe(invocation.world).rest(),
  }
}
