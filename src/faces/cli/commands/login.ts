import type { AppContext } from "../../../app/requests.ts"
import { ToolError } from "../../../core/errors.ts"
import type { Prompter } from "../../../core/ports.ts"
import type { CommandHandler, FlagValues } from "../../command.ts"
import { connectionOptions, readPassword } from "../connection.ts"
import { documentOf } from "../documents.ts"
import { printable } from "../../../core/printable.ts"
import { command, refuseFlags } from "../session.ts"

/** `login`. */
export const login: CommandHandler = command(async (session) => {
  const { flags, args, world, output } = session
  const server = args[0] ?? ""
  const others = ["registry-username", "registry-password-stdin"]
  refuseFlags(flags, others, "expected --username, and --password-stdin or a terminal")
  let opened: Promise<AppContext> | undefined
  const prompter = async (): Promise<Prompter> => (await (opened ??= session.open([]))).prompter
  const username = flags.string("username") || (await askName(flags, server, prompter))
  const password = flags.bool("password-stdin") ? await readPassword(world) : await askPassword(server, prompter)
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

/** @throws {ToolError} `E_USAGE` where nobody can be asked, or nothing was typed. */
async function askName(flags: FlagValues, server: string, prompter: () => Promise<Prompter>): Promise<string> {
  // What is piped in as the password is no answer to a question.
  const asked = !flags.bool("password-stdin") && (await prompter()).interactive
  const name = asked ? await (await prompter()).text(`user name for ${printable(server)}`) : ""
  if (name !== "") return name
  throw new ToolError("E_USAGE", {
    what: "no user name",
    why: asked ? "nothing was typed" : "expected --username, there is no terminal to ask on",
    next: [`run \`printf %s "$TOKEN" | countersign login --username NAME --password-stdin ${server}\``],
  })
}

async function askPassword(server: string, prompter: () => Promise<Prompter>): Promise<string> {
  const terminal = await prompter()
  if (!terminal.interactive) {
    throw new ToolError("E_KEY_NO_TERMINAL", {
      what: `a password for ${server} is needed and there is no terminal`,
      next: ["pipe it in with `--password-stdin`"],
    })
  }
  const bytes = await terminal.password(`password for ${printable(server)}`)
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
}
