import type { Descriptor } from "../../core/descriptor.ts"
import { ToolError } from "../../core/errors.ts"
import { rawEcdsaSignature } from "../../crypto/ecdsa-raw.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import type { SignatureFormat, SignedDocument } from "../../formats/format.ts"
import { judgeIntegrity } from "../../trust/certified.ts"
import { validityFault } from "../../trust/x509/chain-rules.ts"
import type { AppContext, TimestampOptions } from "../requests.ts"
import { checkRevocation } from "../revocation.ts"
import { timestampSignature } from "../timestamp.ts"
import { asRaw } from "./document-raw.ts"
import type { EnvelopeSigner, NotationSigner } from "./signer.ts"

/** What a certificate-based signature says beside its subject. */
export interface CertifiedOptions {
  /** User metadata. */
  readonly annotations: Readonly<Record<string, string>>
  readonly agent?: string | undefined
  /** Milliseconds, whole seconds. */
  readonly expiresAfter?: number | undefined
  readonly timestamp?: TimestampOptions | undefined
}

/**
 * Sign a subject with certificates, get a timestamp where one is wanted, and verify what was made as anybody else would.
 *
 * @throws {ToolError} `E_CERT_CHAIN`, `E_CERT_USAGE`, `E_CERT_EXPIRED` for certificates that may not sign, `E_TSA_*`,
 *   `E_PLUGIN_FAILED`, `E_USAGE`. Nothing is stored here.
 */
export async function signCertified(
  app: Pick<AppContext, "clock" | "randomness" | "timestamps" | "revocation">,
  signer: NotationSigner | EnvelopeSigner,
  format: SignatureFormat,
  subject: Descriptor,
  options: CertifiedOptions,
): Promise<SignedDocument> {
  checkExpiry(options.expiresAfter)
  const document =
    signer.kind === "envelope"
      ? await envelopeOf(signer, format, subject, options)
      : await draftedBy(app, signer, format, subject, options)
  checkSigned(format, document, app.clock.now())
  return document
}

/** @throws {ToolError} `E_USAGE` with notation's texts. */
function checkExpiry(expiresAfter: number | undefined): void {
  if (expiresAfter === undefined) return
  const what =
    expiresAfter < 0
      ? "expiry duration cannot be a negative value"
      : expiresAfter % 1000 === 0
        ? undefined
        : "expiry duration supports minimum granularity of seconds"
  if (what !== undefined) throw new ToolError("E_USAGE", { what, next: ["name whole seconds, such as `24h`"] })
}

async function envelopeOf(
  signer: EnvelopeSigner,
  format: SignatureFormat,
  subject: Descriptor,
  { annotations, expiresAfter = 0, timestamp }: CertifiedOptions,
): Promise<SignedDocument> {
  if (timestamp !== undefined) {
    // DEVIATION: notation drops the timestamp silently.
    throw new ToolError("E_USAGE", {
      what: "a plugin that makes whole envelopes cannot be combined with a timestamp",
      why: "the envelope comes from the plugin finished, a timestamp cannot be put in",
      next: ["leave out the timestamp", "or use a plugin that generates raw signatures"],
    })
  }
  const { adopt } = format.writer
  const [mediaType] = format.wanted.signature
  if (adopt === undefined || mediaType === undefined) {
    throw new ToolError("E_INTERNAL", { what: `format ${format.id} takes no envelopes` })
  }
  const { envelope, annotations: more } = await signer.signEnvelope(
    { ...subject, annotations },
    { mediaType, ...(expiresAfter === 0 ? {} : { expiresAfter: expiresAfter / 1000 }) },
  )
  const document = adopt(envelope)
  return { ...document, annotations: { ...more, ...document.annotations } }
}

async function draftedBy(
  app: Pick<AppContext, "clock" | "randomness" | "timestamps" | "revocation">,
  signer: NotationSigner,
  format: SignatureFormat,
  subject: Descriptor,
  { annotations, agent = "", expiresAfter = 0, timestamp }: CertifiedOptions,
): Promise<SignedDocument> {
  const at = app.clock.now()
  const agents = [agent, signer.agent ?? ""].filter((text) => text !== "").join(" ")
  const [draft] = format.writer.draftSignature({
    subject,
    at,
    annotations,
    dockerReferences: [],
    keySpec: signer.keySpec.name,
    ...(agents === "" ? {} : { agent: agents }),
    ...(expiresAfter === 0 ? {} : { expiry: at + expiresAfter }),
  })
  if (draft === undefined) throw new ToolError("E_INTERNAL", { what: `format ${format.id} drafts nothing` })
  const { signature, publicKey, chain } = await signer.sign(draft.message)
  // Certificates that may not sign are found out before anybody is asked for a timestamp.
  checkSigned(format, draft.finish(signature, publicKey, { certificates: chain }), at)
  if (timestamp === undefined) return draft.finish(signature, publicKey, { certificates: chain })
  const { rawBytes, hash } = signer.keySpec
  const stamped = rawBytes === undefined ? signature : rawEcdsaSignature(signature, rawBytes)
  if (stamped === undefined) throw new ToolError("E_INTERNAL", { what: "the signature is no ECDSA signature" })
  const token = await timestampSignature(app, {
    url: timestamp.url,
    root: parseCertificate(timestamp.root),
    hash,
    signature: stamped,
    checkRevocation: (tsaChain) => checkRevocation(app.revocation, tsaChain, { at: app.clock.now() }),
  })
  return draft.finish(signature, publicKey, { certificates: chain, timestampToken: token })
}

/** What was made must verify, with certificates that are valid now. */
function checkSigned(format: SignatureFormat, document: SignedDocument, at: number): void {
  const [candidate] = format.parse(asRaw(document))
  if (candidate === undefined) throw new ToolError("E_INTERNAL", { what: `format ${format.id} reads nothing back` })
  const { findings, chain } = judgeIntegrity(candidate)
  const failed = findings.find(({ outcome }) => outcome !== "passed")
  const fault = failed ?? (chain === undefined ? undefined : validityFault(chain, at))
  if (fault === undefined) return
  const code = fault.code ?? "E_SIG_INVALID"
  const text = "message" in fault ? fault.message : (fault.observed ?? fault.check)
  throw new ToolError(code, {
    what: `generated signature failed verification: ${text}`,
    next: ["run `countersign cert doctor FILE` on the certificate chain"],
    kind: "usage",
  })
}
