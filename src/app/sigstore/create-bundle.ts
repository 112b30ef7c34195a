import { ToolError } from "../../core/errors.ts"
import type { PublicKey } from "../../core/ports.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import type { LogProposal, LogVerifier } from "../../core/sigstore-ports.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { bundleFiles, type BundleFiles } from "../../formats/index.ts"
import { readBlob } from "../read-blob.ts"
import type { AppContext } from "../requests.ts"

/** What a bundle is made of, as files hold it. Exactly one of `signature`, `envelope` and `legacy` says what was signed. */
export interface CreateBundleRequest {
  /** Path of what was signed. */
  readonly artifact: string
  /** Raw signature of the artifact. */
  readonly signature?: Uint8Array
  /** DSSE envelope; goes before signatures. */
  readonly envelope?: Uint8Array
  /** cosign's own bundle file. */
  readonly legacy?: Uint8Array
  /** DER; goes before that of the legacy bundle. */
  readonly certificate?: Uint8Array
  readonly key?: PublicKey
  /** cosign's timestamp file. */
  readonly timestamp?: Uint8Array
  /** COMPAT(cosign 2.5): an entry that the legacy bundle holds may be left out. */
  readonly dropsEntry?: boolean
  /** A version 1 log that is asked for the entry; absent = the bundle gets none. */
  readonly logUrl?: string
}

/**
 * Put a Sigstore bundle together from what older releases left in files. Nothing is verified.
 *
 * @returns compact JSON, no line end.
 * @throws {ToolError} `E_USAGE` with cosign's sentence for what is missing or contradicts itself; `E_SIG_NONE` when the log
 *   has no entry or several; `E_FORMAT_MALFORMED`; what reading and the log throw.
 */
export async function createBundle(app: AppContext, request: CreateBundleRequest): Promise<Uint8Array> {
  const files = await bundleFiles.load()
  const legacy = request.legacy === undefined ? undefined : files.readLegacy(request.legacy)
  if (legacy?.promised === true && request.logUrl === undefined && request.dropsEntry !== true) {
    throw refused("cannot ignore transparency log when the provided bundle contains a Signed Entry Timestamp")
  }
  const timestamps = request.timestamp === undefined ? [] : [files.readTimestamp(request.timestamp)]
  const envelope = request.envelope === undefined ? legacy?.envelope : files.readEnvelope(request.envelope)
  const signature = request.signature ?? legacy?.signature
  const certificate = request.certificate ?? legacy?.certificate
  const verifier = verifierOf(certificate, request.key)
  const { digests } = await readBlob(app, request.artifact, new Set(["sha256"]), "none")
  const sha256 = digests.sha256 ?? new Uint8Array()
  const content = envelope ?? (signature === undefined ? undefined : ({ kind: "message", sha256, signature } as const))
  if (content === undefined || content.signature.length === 0) throw refused("there is no signature in the file named")
  if (verifier === undefined) throw refused("invalid bundle: validation error: missing verification material")
  const logEntries = request.logUrl === undefined ? [] : [await entryOf(app, request.logUrl, content, verifier)]
  return files.assemble({ signer: verifier, content, logEntries, timestamps })
}

type Content = Parameters<BundleFiles["assemble"]>[0]["content"]

function verifierOf(certificate: Uint8Array | undefined, key: PublicKey | undefined): LogVerifier | undefined {
  if (certificate === undefined) return key === undefined ? undefined : { key }
  const { publicKey } = parseCertificate(certificate)
  if (publicKey !== undefined) return { certificate, key: publicKey }
  throw refused("the key of the certificate cannot be used")
}

/** The one entry that the log has of this very signature. */
async function entryOf(app: AppContext, url: string, content: Content, verifier: LogVerifier): Promise<LogEntry> {
  const found = await Promise.all(
    proposalsOf(content, verifier).map((proposal) => app.sigstore.logs.find(url, proposal)),
  )
  const [entry, ...more] = found.flat()
  if (entry === undefined) throw refused("signature not found in transparency log", "E_SIG_NONE")
  if (more.length > 0) throw refused("too many tlog entries; should only have 1", "E_SIG_NONE")
  return entry
}

function proposalsOf(content: Content, verifier: LogVerifier): readonly LogProposal[] {
  const shared = { hash: "sha256", signature: content.signature, verifier } as const
  if (content.kind === "message") return [{ kind: "hashedrekord", digest: content.sha256, ...shared }]
  const { bytes: envelope, payloadType, payload } = content
  return (["dsse", "intoto"] as const).map((kind) => ({ kind, envelope, payloadType, payload, ...shared }))
}

function refused(sentence: string, code: "E_USAGE" | "E_SIG_NONE" = "E_USAGE"): ToolError {
  return new ToolError(code, { what: sentence, details: { cosign: sentence } })
}
