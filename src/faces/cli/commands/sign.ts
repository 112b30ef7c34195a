import { needsCertificate } from "../../../app/format-facts.ts"
import { signArtifacts } from "../../../app/sign.ts"
import type { CommandHandler } from "../../command.ts"
import { answerSigned } from "../answer-signed.ts"
import { command, refuseFlags } from "../session.ts"
import { certifiedOptions } from "../certificate-options.ts"
import { openSigners, signingKeyName } from "../signing-key.ts"
import { readTargets } from "../targets.ts"
import { parseAnnotations, parseFormats } from "../values.ts"
import { signFile } from "./sign-file.ts"

/** `sign`. */
export const sign: CommandHandler = command(async (session) => {
  if (session.flags.string("blob") !== "") return signFile(session)
  const { flags, args, world } = session
  refuseFlags(
    flags,
    ["bundle", "signature", "media-type", "overwrite"],
    "they belong to `--blob FILE`; signatures of artifacts go to the registry",
  )
  signingKeyName(session)
  const formats = parseFormats(flags.strings("format"))
  const annotations = parseAnnotations(flags.strings("annotation"))
  const targets = await readTargets(args, flags.string("from-file"), await session.files(), world.stdin)
  const app = await session.open(targets)
  const repository = flags.string("signature-repository")
  const report = await signArtifacts(app, {
    targets,
    ...(await openSigners(session, app, formats, "artifact")),
    ...(await certifiedOptions(session, app, formats.some(needsCertificate))),
    formats,
    annotations,
    recursive: flags.bool("recursive"),
    ifMissing: flags.bool("if-missing"),
    upload: true,
    ...(repository === "" ? {} : { signatureRepository: repository }),
  })
  return answerSigned(session, report, "signed")
})
