import { parseSubject, selfSign } from "../../../app/notation/self-signed.ts"
import { ToolError } from "../../../core/errors.ts"
import { printable } from "../../../core/printable.ts"
import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { facts } from "../render/facts.ts"
import { command, requiredFlag } from "../session.ts"
import { signingKeyName } from "../signing-key.ts"
import { writeOutput } from "../write-output.ts"
import { timeOf } from "./trust-render.ts"

const MAX_MS = 10 * 366 * 24 * 60 * 60 * 1000

/** `cert self-sign`. */
export const certSelfSign: CommandHandler = command(async (session) => {
  const { flags, output } = session
  const name = signingKeyName(session)
  const subjectText = requiredFlag(
    flags,
    "subject",
    "no subject for the certificate",
    'name it: `--subject "C=US, ST=WA, O=acme, CN=release"`',
  )
  const path = requiredFlag(flags, "cert", "no file for the certificate", "name it: `--cert release.pem`")
  const subject = parseSubject(subjectText)
  const lifetime = flags.duration("lifetime")
  if (lifetime < 1000 || lifetime > MAX_MS) {
    throw new ToolError("E_USAGE", {
      what: "a lifetime that no certificate has",
      why: "--lifetime must be between a second and ten years",
      next: ["leave it out for a year"],
    })
  }
  const app = await session.open([])
  const { certificatePem, notAfter } = await selfSign(app, { key: await app.keys.signingKey(name), subject, lifetime })
  await writeOutput(session, app, path, new TextEncoder().encode(certificatePem))
  if (path === "-") return 0
  await output.answer(documentOf("Certificate", { path, subject: subjectText, notAfter }), () => {
    const rows = [
      ["subject", printable(subjectText)],
      ["valid until", timeOf(notAfter)],
    ] as const
    return `${[`${output.style.good("certificate")}  ${printable(path)}`, ...facts(rows, 2, output.width)].join("\n")}\n`
  })
  return 0
})
