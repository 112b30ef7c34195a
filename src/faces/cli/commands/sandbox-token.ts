import { ToolError } from "../../../core/errors.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { refuseConnectionFlags } from "../refuse-connection.ts"
import { command, requiredFlag } from "../session.ts"

/** `sandbox token`. The token is what was asked for: it goes to standard output, and nowhere else. */
export const sandboxToken: CommandHandler = command(async ({ flags, world, output }) => {
  refuseConnectionFlags(flags)
  const data = requiredFlag(flags, "data", "no sandbox named", "name its folder with `--data FOLDER`")
  const [email, subject] = [flags.string("email"), flags.string("subject")]
  const claims = claimsOf(flags.strings("claim"))
  const token = await world.sandbox.token({
    data,
    audience: flags.string("audience"),
    lifetimeMs: flags.duration("lifetime"),
    claims,
    ...(email === "" ? {} : { email }),
    ...(subject === "" ? {} : { subject }),
  })
  // COMPAT(cosign 3.1): a file given as --identity-token is taken with its line end, which no request can carry.
  const end = world.stdout.isTTY ? "\n" : ""
  await output.answer(documentOf("IdentityToken", { token }), () => token + end, "requested")
  return 0
})

/** `NAME=VALUE`s. Values are texts, but for `true` and `false`. @throws {ToolError} `E_USAGE`. */
function claimsOf(given: readonly string[]): JsonObject {
  const claims = Object.create(null) as Record<string, JsonValue>
  for (const text of given) {
    const equals = text.indexOf("=")
    const name = text.slice(0, Math.max(0, equals))
    if (name === "" || Object.hasOwn(claims, name)) {
      throw new ToolError("E_USAGE", {
        what: `--claim ${JSON.stringify(text.slice(0, 200))} cannot be used`,
        why: name === "" ? "expected NAME=VALUE" : "the same claim is there twice",
        next: ["write for example `--claim repository=acme/app`"],
      })
    }
    const value = text.slice(equals + 1)
    claims[name] = value === "true" ? true : value === "false" ? false : value
  }
  return claims
}
