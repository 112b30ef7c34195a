import { ToolError } from "../../../core/errors.ts"
import type { CommandHandler } from "../../command.ts"
import { connectionOptions, readPassword } from "../connection.ts"
import { documentOf } from "../documents.ts"
import { printable } from "../../../core/printable.ts"
import { command, refuseFlags, requiredFlag, type Session } from "../session.ts"

/** `login`. */
export const login: CommandHandler = command(async (session) => {
  const { flags, args, world, output } = session
  const server = args[0] ?? ""
  const others = ["registry-username", "registry-password-stdin"]
  refuseFlags(flags, others, "expected --username, and --password-stdin or a terminal")
  const username = requiredFlag(flags, "username", "no user name", "add `--username NAME`")
  const password = flags.bool("password-stdin") ? await readPassword(world) : await askPassword(session, server)
  const options = await connectionOptions(flags, world, [server], "")
  const stored = await world.credentials.login(server, username, password, options)
  const document = documentOf("Login", { server, username, storedIn: stored.storedIn, plaintext: stored.plaintext })
  await output.answer(document, () => {
    return `${output.style.good("logged in")}  ${printable(server)}\n  stored in  ${printable(stored.storedIn)}\n`
  })
  if (stored.plaintext) {
    await output.note(
      `warning: the password is stored unencrypted in ${stored.storedIn}; configure a credential helper`,
    )
  }
  return 0
})

/** `logout`. */
export const logout: CommandHandler = command(async ({ flags, args, world, output }) => {
  const server = args[0] ?? ""
  refuseFlags(flags, ["registry-username", "registry-password-stdin"], "all credentials of the registry are forgotten")
  const removed = await world.credentials.logout(server, await connectionOptions(flags, world, [], ""))
  await output.answer(documentOf("Logout", { server, removed }), () => {
    return removed ? `logged out  ${printable(server)}\n` : `no credentials were stored for ${printable(server)}\n`
  })
  return 0
})

async function askPassword(session: Session, server: string): Promise<string> {
  const app = await session.open([])
  if (!app.prompter.interactive) {
    throw new ToolError("E_KEY_NO_TERMINAL", {
      what: `a password for ${server} is needed and there is no terminal`,
      next: ["pipe it in with `--password-stdin`"],
    })
  }
  const bytes = await app.prompter.password(`password for ${server}`)
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
}
