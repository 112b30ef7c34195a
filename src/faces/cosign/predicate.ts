import type { AppContext, PredicateInput } from "../../app/requests.ts"
import { resolvePredicateType } from "../../app/predicate-types.ts"
import { asToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { faceError, prefixed } from "./face-error.ts"
import { say, type FaceInvocation } from "./face-invocation.ts"
import { readFile } from "./files.ts"

/** Refuse a command line without a predicate, as cobra does before the command runs. */
export function requirePredicate({ flags, generation }: FaceInvocation): void {
  const hasStatement = generation.signingConfig && flags.given("statement")
  if (flags.given("predicate") && hasStatement) {
    // DEVIATION: cosign 3.1 takes the predicate and says nothing of the statement.
    throw faceError("--predicate and --statement exclude each other", { hints: ["give one of the two"] })
  }
  if (flags.given("predicate") || hasStatement) return
  throw faceError(
    generation.signingConfig
      ? "at least one of the flags in the group [predicate statement] is required"
      : 'required flag(s) "predicate" not set',
  )
}

/** Refuse a `--type` that is neither a known word nor a URI. @throws {ToolError} with cosign's sentence. */
export function checkPredicateType({ flags }: FaceInvocation): void {
  try {
    resolvePredicateType(flags.string("type"))
  } catch (thrown) {
    const error = asToolError(thrown)
    throw faceError(error.what, { code: error.code, hints: error.why === undefined ? [] : [error.why] })
  }
}

/** Refuse a `--rekor-entry-type` that is none. */
export function checkEntryType({ flags }: FaceInvocation): void {
  if (["dsse", "intoto"].includes(flags.string("rekor-entry-type"))) return
  throw faceError("unknown value for rekor-entry-type", { hints: ["give dsse or intoto"] })
}

/** Read `--predicate` or `--statement` and say where it comes from. */
export async function readPredicate(invocation: FaceInvocation, app: AppContext): Promise<PredicateInput> {
  const { flags, generation } = invocation
  const statement = generation.signingConfig ? flags.string("statement") : ""
  if (statement !== "") {
    await say(invocation, `Using statement from: ${statement}`)
    return { statement: await read(app, statement, "getting statement reader: ") }
  }
  const predicate = flags.string("predicate")
  await say(invocation, `Using payload from: ${predicate}`)
  return { type: flags.string("type"), bytes: await read(app, predicate, "getting predicate reader: ") }
}

async function read(app: AppContext, path: string, prefix: string): Promise<Uint8Array> {
  try {
    return await readFile(app, path, limits.attachmentBytes)
  } catch (thrown) {
    throw prefixed(prefix, thrown)
  }
}
