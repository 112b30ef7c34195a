import { decodeBase64 } from "../../codec/base64.ts"
import { verifyBlob, verifyBlobAttestation } from "../../app/verify-blob.ts"
import type { AppContext, NamedKey, VerifyResult } from "../../app/requests.ts"
import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { FlagValues } from "../command.ts"
import { attestationType, keyNames, readKeys } from "./question.ts"
import { blobAndArtifacts, refuseFlags, type Session } from "./session.ts"

type Answer = Awaited<ReturnType<typeof verifyBlob>>

/**
 * Answer about a file, for `verify` and `explain` with `--blob FILE`.
 *
 * @throws {ToolError} `E_USAGE`, `E_TRUST_MISSING`, `E_FILE_NOT_FOUND`, `E_IO`, `E_KEY_NOT_FOUND`, `E_KEY_TYPE`.
 */
export async function verifyFile(session: Session): Promise<VerifyResult> {
  const { flags, args } = session
  const artifactFlags = ["format", "annotation", "recursive", "from-file", "signature-repository"]
  refuseFlags(flags, artifactFlags, "`--blob` checks a file, not an artifact in a registry")
  if (args.length > 0) throw blobAndArtifacts(args)
  const names = keyNames(flags)
  const attestation = attestationType(flags)
  const evidence = evidenceFlag(flags, attestation === undefined ? ["bundle", "signature"] : ["bundle", "envelope"])
  const app = await session.open([])
  const keys = await readKeys(app, names)
  const answer = await ask(app, flags, keys, evidence, attestation)
  const error = answer.error === undefined ? undefined : withFileHint(answer.error, flags.string("blob"))
  return { report: answer.report, verified: [answer.verified], errors: [error] }
}

/** Advice for artifacts names them as an argument; files go behind `--blob`. */
function withFileHint(error: ToolError, path: string): ToolError {
  const { what, why, details, kind, cause } = error
  const next = error.next.map((hint) =>
    hint.replace(`countersign explain ${path}`, `countersign explain --blob ${path}`),
  )
  return new ToolError(error.code, { what, next, details, kind, cause, ...(why === undefined ? {} : { why }) })
}

async function ask(
  app: AppContext,
  flags: FlagValues,
  keys: readonly NamedKey[],
  evidence: { readonly name: string; readonly path: string },
  predicateType: string | undefined,
): Promise<Answer> {
  const bytes = await app.files.read(evidence.path, limits.bundleBytes)
  const blob = { path: flags.string("blob") }
  const at = app.clock.now()
  if (predicateType !== undefined) {
    const given = evidence.name === "bundle" ? { bundle: bytes } : { envelope: bytes }
    return verifyBlobAttestation(app, { blob, keys, evidence: given, predicateType, checkClaims: true, at })
  }
  const given = evidence.name === "bundle" ? { bundle: bytes } : { signature: rawSignature(bytes) }
  return verifyBlob(app, { blob, keys, evidence: given, at })
}

/** The one flag that names what vouches for the file. */
function evidenceFlag(flags: FlagValues, names: readonly string[]): { readonly name: string; readonly path: string } {
  const others = ["bundle", "signature", "envelope"].filter((name) => !names.includes(name))
  refuseFlags(flags, others, `expected ${names.map((name) => `--${name}`).join(" or ")} for this question`)
  const given = names.map((name) => ({ name, path: flags.string(name) })).filter(({ path }) => path !== "")
  const [one, ...more] = given
  if (one !== undefined && more.length === 0) return one
  throw new ToolError("E_USAGE", {
    what: one === undefined ? "no signature named" : "two signatures named",
    why: `expected exactly one of ${names.map((name) => `--${name}`).join(" and ")}`,
    next: [`pass \`--${names[0] ?? ""} FILE\``],
  })
}

/** A detached signature file holds base64, as cosign writes it, or the raw bytes. */
function rawSignature(bytes: Uint8Array): Uint8Array {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim()
    return decodeBase64(text, { alphabet: "standard", padding: "required", max: limits.bundleBytes, what: "signature" })
  } catch {
    // Raw signatures are no base64 text; whether they are signatures at all is for the verification to say.
    return bytes
  }
}
