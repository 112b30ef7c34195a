import type { Candidate } from "../../core/candidate.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import { ToolError } from "../../core/errors.ts"
import { rawEcdsaSignature } from "../../crypto/ecdsa-raw.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import type { Draft, SignatureFormat, SignatureInput, SignedDocument } from "../../formats/format.ts"
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

/** The world as certificate-based signing needs it. */
export type SigningWorld = Pick<AppContext, "clock" | "randomness" | "timestamps" | "revocation">

/** How one kind of document is drafted and read back. */
export interface CertifiedForm {
  draft(facts: Pick<SignatureInput, "at" | "expiry" | "agent" | "annotations"> & { readonly keySpec: string }): Draft
  read(document: SignedDocument): Candidate | undefined
}

/**
 * Sign a subject with certificates, get a timestamp where one is wanted, and verify what was made as anybody else would.
 *
 * @throws {ToolError} `E_CERT_CHAIN`, `E_CERT_USAGE`, `E_CERT_EXPIRED` for certificates that may not sign, `E_TSA_*`,
 *   `E_PLUGIN_FAILED`, `E_USAGE`. Nothing is stored here.
 */
export async function signCertified(
  world: SigningWorld,
  signer: NotationSigner | EnvelopeSigner,
  format: SignatureFormat,
  subject: Descriptor,
  options: CertifiedOptions,
): Promise<SignedDocument> {
  const form: CertifiedForm = {
    draft: (facts) => only(format.writer.draftSignature({ subject, dockerReferences: [], ...facts })),
    read: (document) => format.parse(asRaw(document))[0],
  }
  if (signer.kind === "key") return signWithForm(world, signer, form, options)
  checkExpiry(options.expiresAfter)
  const document = await envelopeOf(signer, format, subject, options)
  checkSigned(form, document, world.clock.now())
  return document
}

/** Sign what a form drafts; see {@link signCertified}. */
export async function signWithForm(
  world: SigningWorld,
  signer: NotationSigner,
  form: CertifiedForm,
  { annotations, agent = "", expiresAfter, timestamp }: CertifiedOptions,
): Promise<SignedDocument> {
  checkExpiry(expiresAfter)
  const at = world.clock.now()
  const agents = [agent, signer.agent ?? ""].filter((text) => text !== "").join(" ")
  const draft = form.draft({
    at,
    annotations,
    keySpec: signer.keySpec.name,
    ...(agents === "" ? {} : { agent: agents }),
    ...(expiresAfter === undefined || expiresAfter === 0 ? {} : { expiry: at + expiresAfter }),
  })
  const { signature, publicKey, chain } = await signer.sign(draft.message)
  const document = draft.finish(signature, publicKey, { certificates: chain })
  // Certificates that may not sign are found out before anybody is asked for a timestamp.
  checkSigned(form, document, at)
  if (timestamp === undefined) return document
  const token = await timestampOf(world, signer, signature, timestamp)
  const stamped = draft.finish(signature, publicKey, { certificates: chain, timestampToken: token })
  checkSigned(form, stamped, at)
  return stamped
}

function only(drafts: readonly Draft[]): Draft {
  const [draft] = drafts
  if (draft !== undefined) return draft
  throw new ToolError("E_INTERNAL", { what: "nothing was drafted" })
}

function timestampOf(
  world: SigningWorld,
  { keySpec: { rawBytes, hash } }: NotationSigner,
  signature: Uint8Array,
  timestamp: TimestampOptions,
): Promise<Uint8Array> {
  const stamped = rawBytes === undefined ? signature : rawEcdsaSignature(signature, rawBytes)
  if (stamped === undefined) throw new ToolError("E_INTERNAL", { what: "the signature is no ECDSA signature" })
  return timestampSignature(world, {
    url: timestamp.url,
    root: parseCertificate(timestamp.root),
    hash,
    signature: stamped,
    checkRevocation: (chain) => checkRevocation(world.revocation, chain, { at: world.clock.now() }),
  })
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
  const { writer } = format
  const [mediaType] = format.wanted.signature
  if (writer.adopt === undefined || mediaType === undefined) {
    throw new ToolError("E_INTERNAL", { what: `format ${format.id} takes no envelopes` })
  }
  const { envelope, annotations: more } = await signer.signEnvelope(
    { ...subject, annotations },
    { mediaType, ...(expiresAfter === 0 ? {} : { expiresAfter: expiresAfter / 1000 }) },
  )
  const document = writer.adopt(envelope)
  return { ...document, annotations: { ...more, ...document.annotations } }
}

/** What was made must verify, with certificates that are valid now. */
function checkSigned(form: CertifiedForm, document: SignedDocument, at: number): void {
  const candidate = form.read(document)
  if (candidate === undefined) throw new ToolError("E_INTERNAL", { what: "what was signed cannot be read back" })
  const { findings, chain } = judgeIntegrity(candidate)
  const failed = findings.find(({ outcome }) => outcome !== "passed")
  if (failed !== undefined) throw unusable(failed.code ?? "E_SIG_INVALID", failed.observed ?? failed.check)
  const fault = chain === undefined ? undefined : validityFault(chain, at)
  if (fault !== undefined) throw unusable(fault.code, fault.message)
}

function unusable(code: ErrorCode, text: string): ToolError {
  return new ToolError(code, {
    what: `generated signature failed verification: ${text}`,
    next: ["run `countersign cert doctor FILE` on the certificate chain"],
    kind: "usage",
  })
}
