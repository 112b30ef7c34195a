import {
  carryOutTrust,
  planTrust,
  sourceOfFile,
  type TrustPlan,
  type TrustSource,
} from "../../../app/notation/trust-add.ts"
import { type SeenTrust, sourceOfArtifact } from "../../../app/notation/trust-from.ts"
import { storeNamed } from "../../../app/notation/trust-list.ts"
import { parseTarget } from "../../../app/parse-target.ts"
import type { AppContext } from "../../../app/requests.ts"
import type { TrustStoreName } from "../../../core/certified.ts"
import { ToolError } from "../../../core/errors.ts"
import { printable } from "../../../core/printable.ts"
import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { facts } from "../render/facts.ts"
import { counted } from "../render/words.ts"
import { command, refuseFlags, requiredFlag, type Session } from "../session.ts"
import { confirmChange } from "./trust-confirm.ts"
import { certificateLines, certificateMembers } from "./trust-render.ts"

/** `trust add`. */
export const trustAdd: CommandHandler = command(async (session) => {
  const { flags, output } = session
  const next = "name one, such as `--store ca:acme`"
  const store = storeNamed(requiredFlag(flags, "store", "no trust store named", next))
  const { app, sources, seen } = await sourcesOf(session, store)
  const plan = await planTrust(app.notation, store, sources)
  const about = [...(seen === undefined ? [] : seenLines(seen)), ...planLines(plan, output.width)]
  if (plan.files.length > 0) await confirmChange(session, app, about, `trust ${added(plan)} in ${nameOf(store)}?`)
  const paths = await carryOutTrust(app.notation, plan)
  const line = verifyLine(store, seen, flags.string("from"))
  const document = documentOf("TrustAdded", {
    store: nameOf(store),
    added: plan.files.map(({ certificates }, index) => ({
      path: paths[index] ?? "",
      certificates: certificates.map(certificateMembers),
    })),
    present: plan.present.map(({ file, certificate }) => ({ file, ...certificateMembers(certificate) })),
    seenIn: seen === undefined ? null : { artifact: seen.subject, verified: false, skipped: seen.skipped },
    next: line,
  })
  await output.answer(document, () => {
    const result =
      plan.files.length > 0 ? `trusted ${added(plan)} in ${nameOf(store)}` : `${nameOf(store)} is unchanged`
    // On a terminal the person has just read them.
    const shown = flags.bool("yes") || plan.files.length === 0 ? about : []
    const rows = [...paths.map((path) => ["file", printable(path)] as const), ["next", line] as const]
    return `${[...shown, result, ...facts(rows, 2, Infinity)].join("\n")}\n`
  })
  if (seen !== undefined) for (const text of seen.skipped) await output.note(`passed over a signature: ${text}`)
  return 0
})

interface Sources {
  readonly app: AppContext
  readonly sources: readonly TrustSource[]
  readonly seen?: SeenTrust
}

/** Certificates of the files, or of the artifact of `--from`. @throws {ToolError} `E_USAGE` for both and for none. */
async function sourcesOf(session: Session, store: TrustStoreName): Promise<Sources> {
  const { flags, args } = session
  if (!flags.given("from")) {
    refuseFlags(flags, ["certificate"], "it chooses among the certificates of a signature, and --from names none")
    if (args.length === 0) {
      throw new ToolError("E_USAGE", {
        what: "nothing to trust",
        why: "expected files with certificates, or --from",
        next: [`name a file: \`countersign trust add --store ${nameOf(store)} root.pem\``],
      })
    }
    const app = await session.open([])
    return { app, sources: await Promise.all(args.map((path) => sourceOfFile(app.files, store, path))) }
  }
  if (args.length > 0) {
    throw new ToolError("E_USAGE", {
      what: "files and an artifact at once",
      why: `got --from and the argument ${JSON.stringify(args[0])}, expected one of them`,
      next: ["run the command once for the files and once for the artifact"],
    })
  }
  if (store.type === "tsa") {
    throw new ToolError("E_USAGE", {
      what: "--from cannot be used for a store of type tsa",
      why: "it takes the certificates of a signer, not those of a timestamp authority",
      next: ["get the root certificate from the authority, and add the file"],
    })
  }
  const target = parseTarget(flags.string("from"))
  const app = await session.open([target])
  const seen = await sourceOfArtifact(
    app,
    store,
    target,
    flags.given("certificate") ? flags.string("certificate") : "root",
  )
  return { app, sources: [seen.source], seen }
}

function nameOf({ type, name }: TrustStoreName): string {
  return `${type}:${name}`
}

function added({ files }: TrustPlan): string {
  return counted(files.flatMap(({ certificates }) => certificates).length, "certificate")
}

function seenLines({ subject }: SeenTrust): readonly string[] {
  return [
    `seen in a signature of ${printable(subject)} that was not verified: anybody may have put it there.`,
    "Compare the SHA-256 with what the signer tells you by another way before you trust it.",
  ]
}

function planLines({ files, present }: TrustPlan, width: number): readonly string[] {
  return [
    ...files.flatMap(({ file, certificates }) =>
      certificates.flatMap((certificate) => [`new, as ${printable(file)}`, ...certificateLines(certificate, 2, width)]),
    ),
    ...present.flatMap(({ file, certificate }) => [
      `there already, in ${printable(file)}`,
      ...certificateLines(certificate, 2, width),
    ]),
  ]
}

/** The command that uses the store. */
function verifyLine(store: TrustStoreName, seen: SeenTrust | undefined, artifact: string): string {
  const stores =
    store.type === "tsa" ? `--trust-store ca:NAME --trust-store ${nameOf(store)}` : `--trust-store ${nameOf(store)}`
  const identity = seen === undefined ? '"x509.subject: C=…, ST=…, O=…"' : quoted(seen.identity)
  return `countersign verify ${stores} --identity ${identity} ${seen === undefined ? "ARTIFACT" : printable(plain(artifact))}`
}

/**
 * SECURITY: the name in a certificate is somebody else's text, and the line is made to be pasted into a shell. Single
 * quotes leave nothing for the shell to expand.
 */
function quoted(text: string): string {
  return /^[\w =,:.@/+-]*$/.test(text) ? `"${text}"` : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function plain(artifact: string): string {
  return /^[\w:.@/+-]+$/.test(artifact) ? artifact : quoted(artifact)
}
