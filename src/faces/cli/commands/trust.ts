import { type ListedTrust, listTrust, showTrust, storeNamed } from "../../../app/notation/trust-list.ts"
import type { AppContext } from "../../../app/requests.ts"
import type { TrustStoreType } from "../../../core/certified.ts"
import { EXIT } from "../../../core/error-catalogue.ts"
import { ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { printable } from "../../../core/printable.ts"
import type { CommandHandler } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { errorObject } from "../render/error.ts"
import { table } from "../render/table.ts"
import { command, type Session } from "../session.ts"
import { certificateMembers, timeOf, wholeCertificateLines } from "./trust-render.ts"

/** `trust list`. */
export const trustList: CommandHandler = command(async (session) => {
  const app = await session.open([])
  const listed = await listedOf(app, session.args[0])
  await session.output.answer(
    documentOf("TrustList", { files: listed.map(fileMembers) }),
    () => renderList(listed, session.args[0]),
    "requested",
  )
  return answerBroken(session, listed)
})

/** `trust show`. */
export const trustShow: CommandHandler = command(async (session) => {
  const { args, output } = session
  const store = storeNamed(args[0] ?? "")
  const app = await session.open([])
  const listed = await showTrust(app.notation, store, args[1])
  const members = { type: store.type, name: store.name, files: listed.map(fileMembers) }
  await output.answer(documentOf("TrustStore", members), () => renderFiles(listed, output.width), "requested")
  return answerBroken(session, listed)
})

const TYPES: readonly TrustStoreType[] = ["ca", "signingAuthority", "tsa"]

/** @throws {ToolError} `E_USAGE` for what is neither a type nor a store. */
async function listedOf({ notation }: AppContext, text: string | undefined): Promise<readonly ListedTrust[]> {
  if (text === undefined) return listTrust(notation)
  const type = TYPES.find((known) => known === text)
  if (type !== undefined) return listTrust(notation, type)
  if (text.includes(":")) return showTrust(notation, storeNamed(text))
  throw new ToolError("E_USAGE", {
    what: `not a trust store: ${JSON.stringify(text.slice(0, 200))}`,
    why: `expected ${TYPES.join(", ")} or TYPE:NAME`,
    next: ["see every store with `countersign trust list`"],
  })
}

function fileMembers({ type, name, file, path, certificates, error }: ListedTrust): JsonObject {
  return {
    type,
    name,
    file,
    path,
    certificates: certificates.map(certificateMembers),
    error: error === undefined ? null : errorObject(error),
  }
}

/** A store with a file that cannot be used is refused as a whole, so it is said aloud. */
async function answerBroken({ output }: Session, listed: readonly ListedTrust[]): Promise<number> {
  const errors = listed.flatMap(({ error }) => (error === undefined ? [] : [error]))
  for (const error of new Map(errors.map((each) => [each.message, each])).values()) await output.error(error)
  return errors[0] === undefined ? 0 : EXIT[errors[0].kind]
}

function renderList(listed: readonly ListedTrust[], asked: string | undefined): string {
  if (listed.length === 0) {
    const where = asked === undefined ? "" : ` in ${asked.includes(":") ? asked : `stores of type ${asked}`}`
    return `no certificates are trusted${where}; add some with \`countersign trust add\`\n`
  }
  const rows = listed.flatMap(({ type, name, file, certificates, error }) => {
    const place = [`${type}:${name}`, printable(file)]
    if (error !== undefined) return [[...place, "cannot be used", "", ""]]
    return certificates.map(({ subject, notAfter, thumbprint }) => [
      ...place,
      printable(subject),
      timeOf(notAfter).slice(0, 10),
      thumbprint,
    ])
  })
  return table([["STORE", "FILE", "SUBJECT", "UNTIL", "SHA-256"], ...rows])
}

function renderFiles(listed: readonly ListedTrust[], width: number): string {
  const blocks = listed.map(({ path, certificates, error }) =>
    error === undefined
      ? [
          printable(path),
          ...certificates.flatMap((one, index) => [
            ...(index === 0 ? [] : [""]),
            ...wholeCertificateLines(one, 2, width),
          ]),
        ]
      : [printable(path), "  cannot be used"],
  )
  return `${blocks.map((block) => block.join("\n")).join("\n\n")}\n`
}
