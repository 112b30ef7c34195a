import { ToolError } from "../../core/errors.ts"
import type { Draft, SignatureFormat, SignedDocument } from "../../formats/format.ts"
import { schemeDigest, schemeForLogs } from "../sign-draft.ts"
import { candidateOf, checkFresh } from "./check-fresh.ts"
import type { SigstoreSigner } from "./signer.ts"
import type { SigstoreOutcome, SigstoreSigning } from "./signing.ts"

/** A document and what Sigstore's services gave for it. */
export interface WitnessedDocument {
  readonly document: SignedDocument
  readonly outcome: SigstoreOutcome
}

/**
 * Sign a draft, have it logged and stamped, and check what came of it where a trusted root is at hand.
 *
 * @throws {ToolError} what signing and the services throw; findings of the check as errors. Nothing is stored then.
 */
export async function signWithServices(
  signer: SigstoreSigner,
  format: SignatureFormat,
  draft: Draft,
  at: number,
): Promise<WitnessedDocument> {
  const { key } = signer
  if (draft.logged === undefined || draft.timestamped === undefined) throw noPlace(format)
  const stamped = draft.timestamped.bind(draft)
  const logged = draft.logged.bind(draft)
  const scheme = schemeForLogs(key, format.writer.hash, logged(new Uint8Array()).kind, signer.signing.logs)
  const signed = await signer.sign({
    scheme,
    digest: schemeDigest(scheme, draft.message),
    sign: () => key.sign(draft.message, scheme),
    stamped,
    logged,
  })
  const document = draft.finish(signed.signature, key.publicKey, signed.evidence)
  const { signing } = signer
  if (signing.trustedRoot !== undefined) {
    const fresh = { key: key.publicKey, signing, at }
    await checkFresh(candidateOf(format, document), signing.trustedRoot, fresh)
  }
  return { document, outcome: { ...signed.outcome, verified: signing.trustedRoot !== undefined } }
}

/**
 * That a format has room for what the services give.
 *
 * @throws {ToolError} `E_USAGE`.
 */
export function requireRoom(format: SignatureFormat, { logs, timestamps }: SigstoreSigning): void {
  const { witnesses } = format.writer
  if (witnesses === undefined) throw noPlace(format)
  const misfit = logs.find(({ majorApiVersion }) => !witnesses.logVersions.includes(majorApiVersion))
  if (misfit !== undefined) {
    throw new ToolError("E_USAGE", {
      what: `the format ${format.id} cannot hold entries of version ${misfit.majorApiVersion} logs`,
      why: `${misfit.url} is one, and gives no promise (SET)`,
      next: ["sign with `--format cosign-v3`", "or use a log of version 1"],
    })
  }
  const [what, count] = logs.length > timestamps.length ? ["logs", logs.length] : ["timestamps", timestamps.length]
  if (count <= witnesses.most) return
  throw new ToolError("E_USAGE", {
    what: `the format ${format.id} has no room for ${count} ${what}`,
    why: `it holds ${witnesses.most}`,
    next: ["sign with `--format cosign-v3`", `or choose fewer ${what}`],
  })
}

function noPlace({ id }: SignatureFormat): ToolError {
  return new ToolError("E_USAGE", {
    what: `the format ${id} holds neither short-lived certificates nor log entries`,
    next: ["sign with `--format cosign-v3`"],
  })
}
