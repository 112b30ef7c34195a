import { attestBlob, signBlob } from "../../app/sign-blob.ts"
import { signingOf } from "../../app/sigstore/signing-choice.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { CommandHandler } from "../command.ts"
import { connectionOf } from "./staging.ts"

/** `conformance sign-bundle`. */
export const signBundle: CommandHandler = async ({ flags, args, world }) => {
  const [path = ""] = args
  for (const name of ["identity-token", "bundle"]) {
    if (flags.string(name) === "") throw new ToolError("E_USAGE", { what: `--${name} is missing` })
  }
  const app = await world.open(connectionOf(flags))
  const [signingConfig, trustedRoot] = [flags.string("signing-config"), flags.string("trusted-root")]
  const sigstore = await signingOf(app, {
    keyless: true,
    log: true,
    ...(signingConfig === "" ? {} : { signingConfig }),
    ...(trustedRoot === "" ? {} : { trustedRoot }),
    timestampUrls: [],
    token: { given: flags.string("identity-token") },
    offline: false,
  })
  if (sigstore === undefined) throw new ToolError("E_INTERNAL", { what: "no services were chosen" })
  const blob = { path }
  const { bundle } = flags.bool("in-toto")
    ? await attestBlob(app, {
        blob,
        subjectName: path,
        predicate: { statement: await app.files.read(path, limits.attachmentBytes) },
        sigstore,
        generation: "cosign3",
      })
    : await signBlob(app, { blob, sigstore })
  await app.files.write(flags.string("bundle"), bundle)
  return 0
}
