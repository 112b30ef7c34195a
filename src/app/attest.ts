import type { Descriptor } from "../core/descriptor.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import { repositoryName } from "../core/reference.ts"
import type { Draft, SignatureFormat, SignedDocument } from "../formats/format.ts"
import { inEveryFormat } from "./in-every-format.ts"
import { mapBounded } from "./map-bounded.ts"
import { onceEach } from "./once-each.ts"
import { place, type Placed } from "./place.ts"
import { replaceReferrers } from "./replace-referrers.ts"
import type { AppContext, AttestRequest, SignedArtifact, SignedSignature, SignReport } from "./requests.ts"
import { formatsNamed } from "./sign.ts"
import { signDraft } from "./sign-draft.ts"
import type { SigstoreSigner } from "./sigstore/signer.ts"
import type { SigstoreOutcome } from "./sigstore/signing.ts"
import { subjectKey, type OpenTarget } from "./subjects.ts"
import { subjectsOnce, type TargetSubjects } from "./target-subjects.ts"

/** A request and, where Sigstore's services take part, what asks them. */
interface AttestWork extends AttestRequest {
  readonly signer?: SigstoreSigner
}

/**
 * Attest artifacts: sign a statement with the given predicate about each, in every format asked for. What is named
 * twice is attested once.
 *
 * @throws {ToolError} `E_USAGE` without targets or formats, and for predicates that do not fit their type.
 */
export async function attestArtifacts(app: AppContext, request: AttestRequest): Promise<SignReport> {
  if (request.targets.length === 0) throw new ToolError("E_USAGE", { what: "no artifact was named" })
  const formats = await formatsNamed(request.formats)
  if (request.key === undefined && request.sigstore?.keyless === undefined) {
    throw new ToolError("E_USAGE", { what: "no key to sign with" })
  }
  const found = subjectsOnce(app, request)
  const signer =
    request.sigstore === undefined
      ? undefined
      : await (await import("./sigstore/signer-for.ts")).signerFor(app, request, formats, found)
  const work: AttestWork = signer === undefined ? { ...request } : { ...request, key: signer.key, signer }
  const task = app.progress.start("attesting", request.targets.length)
  const once = onceEach<readonly SignedSignature[]>()
  const artifacts = await mapBounded(request.targets, limits.parallelTransfers, async (target) => {
    const attested = await attestTarget(app, work, formats, await found(target), once)
    task.advance(1)
    return attested
  })
  task.done()
  return { artifacts: artifacts.flat() }
}

async function attestTarget(
  app: AppContext,
  request: AttestWork,
  formats: readonly SignatureFormat[],
  { open, subjects }: TargetSubjects,
  once: ReturnType<typeof onceEach<readonly SignedSignature[]>>,
): Promise<readonly SignedArtifact[]> {
  if (subjects instanceof ToolError) return [{ artifact: open.target.text, signatures: [], error: subjects }]
  return mapBounded(subjects, limits.parallelTransfers, async ({ name, subject }): Promise<SignedArtifact> => {
    try {
      const signatures = await once(subjectKey(open, subject), () =>
        inEveryFormat(formats, async (format) => [await attestInFormat(app, request, open, subject, format)]),
      )
      return { artifact: name, subject, signatures }
    } catch (thrown) {
      const error = asToolError(thrown)
      // A predicate that does not fit its type is the caller's mistake, the same for every artifact.
      if (error.kind === "usage") throw error
      return { artifact: name, subject, signatures: [], error }
    }
  })
}

async function attestInFormat(
  app: AppContext,
  request: AttestWork,
  open: OpenTarget,
  subject: Descriptor,
  format: SignatureFormat,
): Promise<SignedSignature> {
  const draft = format.writer.draftAttestation({
    subject: subject.digest,
    subjectName: subjectName(request, open),
    predicate: request.predicate,
    generation: request.generation,
    at: app.clock.now(),
  })
  const { document, outcome: sigstore } = await documentOf(app, request, format, draft)
  const { payload, signature, bytes } = document
  const made = { payload, signature, document: bytes, ...(sigstore === undefined ? {} : { sigstore }) }
  if (request.upload) {
    await request.onPush?.({ repository: open.signatures.name, subject, format: format.id, signatures: [made] })
  }
  const placed: Placed = request.upload
    ? await place(app, open.signatures, subject, format, document, { ...request, draft })
    : { existed: false }
  if (request.upload && request.replace && format.writer.placement.place === "referrer") {
    await replaceReferrers(open.signatures, subject, document, placed.location?.reference)
  }
  return {
    format: format.id,
    kind: "attestation",
    ...(placed.location === undefined ? {} : { location: placed.location }),
    existed: placed.existed,
    ...made,
  }
}

async function documentOf(
  app: AppContext,
  { key, signer }: AttestWork,
  format: SignatureFormat,
  draft: Draft,
): Promise<{ readonly document: SignedDocument; readonly outcome?: SigstoreOutcome }> {
  if (signer !== undefined) {
    const { signWithServices } = await import("./sigstore/sign-with-services.ts")
    return signWithServices(signer, format, draft, app.clock.now())
  }
  if (key === undefined) throw new ToolError("E_INTERNAL", { what: "no key to sign with" })
  return { document: await signDraft(key, format, draft) }
}

function subjectName(request: AttestRequest, open: OpenTarget): string {
  if (open.target.kind === "layout") return open.content.name
  const { reference } = open.target
  return request.subjectName === undefined ? repositoryName(reference) : request.subjectName(reference)
}
