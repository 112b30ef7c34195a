import { type Diagnosis, type DoctorCheck, diagnoseChain } from "../../../app/notation/certificate-doctor.ts"
import { readChain } from "../../../app/notation/chain-file.ts"
import type { AppContext } from "../../../app/requests.ts"
import { parseRfc3339 } from "../../../codec/rfc3339.ts"
import { EXIT } from "../../../core/error-catalogue.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import type { PublicKey } from "../../../core/ports.ts"
import { printable } from "../../../core/printable.ts"
import type { CommandHandler, FlagValues } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { facts, type Fact } from "../render/facts.ts"
import type { Style } from "../render/style.ts"
import { counted } from "../render/words.ts"
import { NOTATION_KEY, notationPublicKey } from "../notation-key.ts"
import { command } from "../session.ts"
import { certificateMembers, timeOf } from "./trust-render.ts"

/** `cert doctor`: exit code 0 when the chain is accepted, 1 when not, 2 for what cannot be read. */
export const certDoctor: CommandHandler = command(async (session) => {
  const { flags, args, output } = session
  const purpose = purposeOf(flags.string("purpose"))
  const app = await session.open([])
  const at = timeAsked(flags, app)
  const chain = (await Promise.all(args.map((path) => readFileChain(app, path)))).flat()
  const key = flags.string("key")
  const diagnosis = diagnoseChain(chain, {
    purpose,
    at,
    strict: flags.bool("strict"),
    ...(key === "" ? {} : { key: await keyNamed(app, key) }),
  })
  const title = `${args.map(printable).join(", ")} for ${purpose} at ${timeOf(at)}`
  await output.answer(documentOf("CertificateDiagnosis", members(diagnosis, args, purpose, at)), () =>
    renderDiagnosis(diagnosis, title, output.style, output.width),
  )
  return diagnosis.accepted ? 0 : EXIT.negative
})

function keyNamed(app: AppContext, name: string): Promise<PublicKey> {
  return name.startsWith(NOTATION_KEY) ? notationPublicKey(app, name) : app.keys.publicKey(name, { privateToo: true })
}

function purposeOf(text: string): "code-signing" | "timestamping" {
  if (text === "code-signing" || text === "timestamping") return text
  throw new ToolError("E_USAGE", {
    what: `bad value ${JSON.stringify(text)} for --purpose`,
    why: "expected code-signing or timestamping",
  })
}

function timeAsked(flags: FlagValues, app: AppContext): number {
  if (!flags.given("at")) return app.clock.now()
  const text = flags.string("at")
  const time = parseRfc3339(text)
  if (time !== undefined) return time.at
  throw new ToolError("E_USAGE", {
    what: `bad value ${JSON.stringify(text)} for --at`,
    why: "expected a time as RFC 3339 writes it",
    next: ["write it as `--at 2026-11-20T12:00:00Z`"],
  })
}

/** A file that cannot be read leaves the question unasked, whatever the reason. */
async function readFileChain(app: AppContext, path: string): ReturnType<typeof readChain> {
  try {
    return await readChain(app.files, path)
  } catch (thrown) {
    const { code, what, why, next, details, kind } = asToolError(thrown)
    if (kind === "usage" || kind === "bug") throw thrown
    const said = { what, next, details, kind: "usage", cause: thrown } as const
    throw new ToolError(code, why === undefined ? said : { ...said, why })
  }
}

function members(diagnosis: Diagnosis, files: readonly string[], purpose: string, at: number): JsonObject {
  const { accepted, message, checks, certificates } = diagnosis
  return {
    files,
    purpose,
    at,
    accepted,
    message: message ?? null,
    checks: checks.map(checkMembers),
    certificates: certificates.map(({ role, details, checks: own }) => ({
      role,
      ...certificateMembers(details),
      checks: own.map(checkMembers),
    })),
  }
}

function checkMembers({ rule, outcome, expected, observed, remedy, code }: DoctorCheck): JsonObject {
  return { rule, outcome, expected, observed, remedy: remedy ?? null, code: code ?? null }
}

/** What was found, certificate by certificate, and at the end the answer. */
function renderDiagnosis(diagnosis: Diagnosis, title: string, style: Style, width: number): string {
  const { accepted, message, checks, certificates } = diagnosis
  const blocks = certificates.map(({ role, details, checks: own }, index) => [
    "",
    `${style.strong(`certificate ${index + 1}`)} (${role === "alone" ? "leaf and root" : role})  ${printable(details.subject)}`,
    ...facts([["SHA-256", details.thumbprint]], 2, width),
    ...checkLines(own, style, width),
  ])
  const every = [...checks, ...certificates.flatMap((one) => one.checks)]
  const failed = every.filter(({ outcome }) => outcome === "failed").length
  const doubts = every.filter(({ outcome }) => outcome === "warning").length
  const counts = `${failed} failed, ${counted(doubts, "warning")}, ${counted(every.length, "check")}`
  const answer = accepted ? `${style.good("accepted")}  ${counts}` : `${style.bad("refused")}  ${counts}`
  const says: readonly Fact[] = message === undefined ? [] : [["message", printable(message)]]
  const lines = [title, ...checkLines(checks, style, width), ...blocks.flat(), "", answer, ...facts(says, 2, width)]
  return `${lines.join("\n")}\n`
}

const WORDS = { passed: "ok", failed: "failed", warning: "warning", unchecked: "-" } as const

function checkLines(checks: readonly DoctorCheck[], style: Style, width: number): readonly string[] {
  const paint = { passed: style.good, failed: style.bad, warning: style.doubt, unchecked: style.faint }
  const widest = Math.max(0, ...checks.map(({ rule }) => rule.length))
  const rows = checks.map(({ rule, outcome, expected, observed, remedy }): Fact => {
    const label = `${paint[outcome](WORDS[outcome])}${" ".repeat(9 - WORDS[outcome].length)}${rule.padEnd(widest)}`
    if (outcome === "passed" || outcome === "unchecked") return [label, printable(observed)]
    return [
      label,
      [
        printable(observed),
        printable(`expected: ${expected}`),
        ...(remedy === undefined ? [] : [printable(`do: ${remedy}`)]),
      ],
    ]
  })
  return facts(rows, 2, width)
}
