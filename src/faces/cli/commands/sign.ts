import { needsCertificate } from "../../../app/format-facts.ts"
import { signArtifacts } from "../../../app/sign.ts"
import type { CommandHandler } from "../../command.ts"
import { answerSigned } from "../answer-signed.ts"
import { sigstoreSigning, unlessPreviewed } from "../keyless-signing.ts"
import { command, refuseFlags, type Session } from "../session.ts"
import { certifiedOptions } from "../certificate-options.ts"
import { checkCertificateFlags, refuseIfMissing, withCertificates } from "../own-certificates.ts"
import { openSigners, signerName } from "../signing-key.ts"
import { readTargets } from "../targets.ts"
import { parseAnnotations, parseFormats } from "../values.ts"
import { signFile } from "./sign-file.ts"

/** `sign`. */
export const sign: CommandHandler = command((session) =>
  unlessPreviewed(() => (session.flags.string("blob") === "" ? signNamed(session) : signFile(session))),
)

async function signNamed(session: Session): Promise<number> {
  const { flags, args, world } = session
  refuseFlags(
    flags,
    ["bundle", "signature", "media-type", "overwrite"],
    "they belong to `--blob FILE`; signatures of artifacts go to the registry",
  )
  signerName(session)
  const formats = parseFormats(flags.strings("format"))
  const annotations = parseAnnotations(flags.strings("annotation"))
  const targets = await readTargets(args, flags.string("from-file"), await session.files(), world.stdin)
  const app = await session.open(targets)
  const repository = flags.string("signature-repository")
  const certified = formats.some(needsCertificate)
  if (!certified) {
    checkCertificateFlags(flags)
    refuseIfMissing(flags)
  }
  const sigstore = await sigstoreSigning(session, app, certified)
  const signing = { ...sigstore, ...(await openSigners(session, app, formats, "artifact")) }
  const report = await signArtifacts(app, {
    targets,
    // Whoever reads notation and cosign's formats of one run knows the key of the latter.
    ...(certified ? signing : await withCertificates(session, app, signing)),
    ...(await certifiedOptions(session, app, certified)),
    formats,
    annotations,
    recursive: flags.bool("recursive"),
    ifMissing: flags.bool("if-missing"),
    upload: true,
    ...(repository === "" ? {} : { signatureRepository: repository }),
  })
  return answerSigned(session, report, "signed")
}
