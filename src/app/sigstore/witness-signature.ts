import { asToolError, ToolError } from "../../core/errors.ts"
import type { PublicKey, SignatureScheme } from "../../core/ports.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import type { LogProposal, LogService, LogVerifier } from "../../core/sigstore-ports.ts"
import { hashOf } from "../../crypto/schemes.ts"
import type { LoggedContent } from "../../formats/format.ts"
import type { AppContext } from "../requests.ts"
import { type Stamp, stampSignature } from "./stamp-signature.ts"
import type { SigstoreSigning } from "./signing.ts"

/** A signature that is to be witnessed. */
export interface UnwitnessedSignature {
  readonly signature: Uint8Array
  readonly scheme: SignatureScheme
  readonly key: PublicKey
  /** DER of the certificate that is logged instead of the bare key. */
  readonly certificate?: Uint8Array
  /** Bytes that timestamps cover. */
  readonly stamped: Uint8Array
  readonly content: LoggedContent
  /** Raw digest of the signed message under the scheme's hash; `undefined` for pure Ed25519. */
  readonly digest: Uint8Array | undefined
}

/** Entries and timestamps, in the order of the services. */
export interface Witnessed {
  readonly entries: readonly { readonly log: LogService; readonly entry: LogEntry }[]
  readonly stamps: readonly Stamp[]
}

/**
 * Have a signature logged and stamped by every service chosen, side by side.
 *
 * All are waited for, also when one fails, so that nothing goes on behind an error.
 *
 * @throws {ToolError} what the first service that failed threw; `E_KEY_TYPE` for signatures that no entry can hold.
 */
export async function witnessSignature(
  app: Pick<AppContext, "sigstore" | "timestamps">,
  signing: Pick<SigstoreSigning, "logs" | "timestamps" | "entryKind" | "notify">,
  signed: UnwitnessedSignature,
): Promise<Witnessed> {
  // What cannot be logged is refused before anybody is asked.
  const proposals = signing.logs.map((log) => ({ log, proposal: proposalFor(log, signing.entryKind, signed) }))
  const entries = proposals.map(async ({ log, proposal }) => {
    const entry = await app.sigstore.logs.add(log, proposal)
    signing.notify?.({ kind: "log-entry", log, entry })
    return { log, entry }
  })
  const stamps = signing.timestamps.map(async (url) => {
    const stamp = await stampSignature(app, url, signed.stamped)
    signing.notify?.({ kind: "timestamp", url })
    return stamp
  })
  const [logged] = await Promise.all([Promise.allSettled(entries), Promise.allSettled(stamps)])
  const made = logged.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []))
  try {
    return { entries: await Promise.all(entries), stamps: await Promise.all(stamps) }
  } catch (thrown) {
    throw made.length === 0 ? thrown : withPublic(asToolError(thrown), made)
  }
}

/** Nobody can take an entry back: who signs must know of it, although there is no signature to show for it. */
function withPublic(error: ToolError, made: Witnessed["entries"]): ToolError {
  const { code, what, why, next, details, kind } = error
  const names = made.map(({ log, entry }) => `${entry.logIndex} in ${log.url}`).join(", ")
  return new ToolError(code, {
    what,
    why: `${why === undefined ? "" : `${why}; `}public all the same: log entry ${names}`,
    next,
    details,
    kind,
    cause: error,
  })
}

/** @throws {ToolError} `E_KEY_TYPE`. */
function proposalFor(
  log: LogService,
  entryKind: SigstoreSigning["entryKind"],
  { signature, scheme, key, certificate, content, digest }: UnwitnessedSignature,
): LogProposal {
  const verifier: LogVerifier = certificate === undefined ? { key } : { certificate, key }
  const hash = hashOf(scheme)
  if (content.kind === "envelope" && log.majorApiVersion === 1) {
    const { envelope, payloadType, payload } = content
    return { kind: entryKind ?? "dsse", envelope, payloadType, payload, hash: hash ?? "sha256", signature, verifier }
  }
  if (hash === undefined || digest === undefined) throw pureEd25519(log)
  if (content.kind === "message") return { kind: "hashedrekord", hash, digest, signature, verifier }
  const { envelope, payloadType, payload } = content
  return { kind: "dsse", envelope, payloadType, payload, hash, signature, verifier }
}

/** Entries of digests need a scheme that signs one. */
export function pureEd25519({ url }: LogService): ToolError {
  return new ToolError("E_KEY_TYPE", {
    what: "this signature of an Ed25519 key cannot be logged",
    why: `${url} keeps digests, and pure Ed25519 signs whole messages`,
    next: ["sign with an ECDSA key", "or use a log of version 1"],
  })
}
