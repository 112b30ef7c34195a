import type { Descriptor } from "../core/descriptor.ts"
import { asToolError, ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import { repositoryName } from "../core/reference.ts"
import type { SigningKey } from "../core/ports.ts"
import { formats } from "../formats/index.ts"
import type { Draft, SignatureFormat, SignedDocument } from "../formats/format.ts"
import { inEveryFormat } from "./in-every-format.ts"
import { mapBounded } from "./map-bounded.ts"
import { onceEach } from "./once-each.ts"
import { place, type Placed } from "./place.ts"
import type {
  AppContext,
  FormatName,
  MadeSignature,
  SignedArtifact,
  SignedSignature,
  SignReport,
  SignRequest,
} from "./requests.ts"
import { signDraft } from "./sign-draft.ts"
import type { SigstoreSigner } from "./sigstore/signer.ts"
import type { SigstoreOutcome } from "./sigstore/signing.ts"
import { atDigest, subjectKey, type OpenTarget } from "./subjects.ts"
import { subjectsOnce, type TargetSubjects } from "./target-subjects.ts"
import { verifyArtifacts } from "./verify.ts"

/** Key name used when asking whether this key has signed already. */
const THIS_KEY = "this key"

/**
 * Sign artifacts, each in every format asked for.
 *
 * A tag is resolved once, and what is named twice is signed once. Formats of one subject are written side by side, artifacts too; one artifact's failure does not
 * stop the others and is reported in its place.
 *
 * @throws {ToolError} `E_USAGE` without targets or formats, or when an option does not go with a format.
 */
export async function signArtifacts(app: AppContext, request: SignRequest): Promise<SignReport> {
  const formats = await checkedFormats(request)
  const found = subjectsOnce(app, request)
  const signer =
    request.sigstore === undefined
      ? undefined
      : await (await import("./sigstore/signer-for.ts")).signerFor(app, request, formats, found)
  const work: SignWork = signer === undefined ? { ...request } : { ...request, key: signer.key, signer }
  const task = app.progress.start("signing", request.targets.length)
  const once = onceEach<readonly SignedSignature[] | ToolError>()
  const artifacts = await mapBounded(request.targets, limits.parallelTransfers, async (target) => {
    const signed = await signTarget(app, work, formats, await found(target), once)
    task.advance(1)
    return signed
  })
  task.done()
  return { artifacts: artifacts.flat() }
}

/** A request and, where Sigstore's services take part, what asks them. */
interface SignWork extends SignRequest {
  readonly signer?: SigstoreSigner
}

/** The formats of a request from the table, loaded. @throws {ToolError} `E_USAGE` for none or unknown. */
export async function formatsNamed(names: readonly FormatName[]): Promise<readonly SignatureFormat[]> {
  if (names.length === 0) throw new ToolError("E_USAGE", { what: "no signature format was named" })
  return Promise.all(
    [...new Set(names)].map((name) => {
      const format = formats.find((candidate) => candidate.id === name)
      if (format !== undefined) return format.load()
      throw new ToolError("E_USAGE", {
        what: `unknown signature format ${JSON.stringify(name)}`,
        why: `expected one of ${formats.map((f) => f.id).join(", ")}`,
      })
    }),
  )
}

/** Every option that was given is used by some format, and what each format needs is there. */
async function checkedFormats(request: SignRequest): Promise<readonly SignatureFormat[]> {
  if (request.targets.length === 0) throw new ToolError("E_USAGE", { what: "no artifact was named" })
  const named = await formatsNamed(request.formats)
  const tagged = named.every((format) => format.writer.placement.place === "tag")
  for (const { id, writer } of named) {
    const signer = writer.signer === "key" ? (request.key ?? request.sigstore?.keyless) : request.certified
    if (signer !== undefined) continue
    throw new ToolError("E_USAGE", {
      what: `format ${id} needs ${writer.signer === "key" ? "a key" : "a key with a certificate chain"} to sign with`,
    })
  }
  const certified = named.some(({ writer }) => writer.signer === "certificate")
  if (!certified && (request.expiresAfter !== undefined || request.timestamp !== undefined)) {
    throw new ToolError("E_USAGE", {
      what: "an expiry or a timestamp can only be put into signatures of the notation formats",
      why: `formats asked for: ${request.formats.join(", ")}`,
      next: ["add `--format notation`"],
    })
  }
  if (request.ifMissing === true && request.sigstore?.keyless !== undefined) {
    throw new ToolError("E_USAGE", {
      what: "whether an identity has signed already cannot be asked while signing",
      why: "every run makes a new key",
      next: ["leave out `--if-missing`", "or ask with `countersign verify --identity … --issuer …` first"],
    })
  }
  // An option that was given is used or refused, never dropped.
  if (!tagged && (request.payload !== undefined || request.identities !== undefined)) {
    throw new ToolError("E_USAGE", {
      what: "a given payload or container identity can only be signed as cosign-v2",
      why: `formats asked for: ${request.formats.join(", ")}`,
      next: ["use `--format cosign-v2`"],
    })
  }
  return named
}

/** The artifact and, when recursive, everything below it, each as one result. */
async function signTarget(
  app: AppContext,
  request: SignWork,
  formats: readonly SignatureFormat[],
  { open, subjects }: TargetSubjects,
  once: ReturnType<typeof onceEach<readonly SignedSignature[] | ToolError>>,
): Promise<readonly SignedArtifact[]> {
  if (subjects instanceof ToolError) return [failure(open.target.text, subjects)]
  return mapBounded(subjects, limits.parallelTransfers, async ({ name, subject }): Promise<SignedArtifact> => {
    const work = (): ReturnType<typeof signSubject> => signSubject(app, request, formats, open, subject)
    const signatures = await once(subjectKey(open, subject), () => attempt(work))
    if (signatures instanceof ToolError) return { ...failure(name, signatures), subject }
    return { artifact: name, subject, signatures }
  })
}

async function signSubject(
  app: AppContext,
  request: SignWork,
  formats: readonly SignatureFormat[],
  open: OpenTarget,
  subject: Descriptor,
): Promise<readonly SignedSignature[]> {
  return inEveryFormat(formats, async (format) => {
    if (request.ifMissing === true) {
      const present = await alreadySigned(app, request, open, subject, format)
      if (present !== undefined) return [present]
    }
    return signInFormat(app, request, open, subject, format)
  })
}

/** Drafts of one format are stored one after another: they share a tag. */
async function signInFormat(
  app: AppContext,
  request: SignWork,
  open: OpenTarget,
  subject: Descriptor,
  format: SignatureFormat,
): Promise<readonly SignedSignature[]> {
  const made =
    format.writer.signer === "certificate"
      ? await signWithCertificate(app, request, subject, format)
      : await signWithKey(app, request, open, subject, format)
  const facts = made.map(factsOf)
  if (request.upload) {
    await request.onPush?.({ repository: open.signatures.name, subject, format: format.id, signatures: facts })
  }
  const signed: SignedSignature[] = []
  for (const one of made) {
    const { draft, document } = one
    const placed: Placed = request.upload
      ? await place(
          app,
          open.signatures,
          subject,
          format,
          document,
          draft === undefined ? request : { ...request, draft },
        )
      : { existed: false }
    signed.push({
      format: format.id,
      kind: "signature",
      ...(placed.location === undefined ? {} : { location: placed.location }),
      existed: placed.existed,
      ...factsOf(one),
    })
  }
  return signed
}

/** A document and the draft it was made from; whole envelopes of plugins have none. */
interface Made {
  readonly draft?: Draft
  readonly document: SignedDocument
  readonly sigstore?: SigstoreOutcome
}

function factsOf({ document, sigstore }: Made): MadeSignature {
  const { payload, signature, bytes } = document
  return { payload, signature, document: bytes, ...(sigstore === undefined ? {} : { sigstore }) }
}

async function signWithKey(
  app: AppContext,
  request: SignWork,
  open: OpenTarget,
  subject: Descriptor,
  format: SignatureFormat,
): Promise<readonly Made[]> {
  const key = keyOf(request)
  const drafts = format.writer.draftSignature({
    subject,
    at: app.clock.now(),
    dockerReferences: dockerReferences(request, open),
    annotations: request.annotations,
    ...(request.payload === undefined ? {} : { payload: request.payload }),
  })
  const { signer } = request
  if (signer === undefined) {
    return Promise.all(drafts.map(async (draft) => ({ draft, document: await signDraft(key, format, draft) })))
  }
  const { signWithServices } = await import("./sigstore/sign-with-services.ts")
  return Promise.all(
    drafts.map(async (draft) => {
      const { document, outcome } = await signWithServices(signer, format, draft, app.clock.now())
      return { draft, document, sigstore: outcome }
    }),
  )
}

async function signWithCertificate(
  app: AppContext,
  request: SignRequest,
  subject: Descriptor,
  format: SignatureFormat,
): Promise<readonly Made[]> {
  if (request.certified === undefined) throw new ToolError("E_INTERNAL", { what: "no certificates to sign with" })
  const { signCertified } = await import("./notation/sign-certified.ts")
  const { annotations, agent, expiresAfter, timestamp } = request
  const options = { annotations, agent, expiresAfter, timestamp }
  return [{ document: await signCertified(app, request.certified, format, subject, options) }]
}

/** {@link checkedFormats} has seen to it. */
function keyOf({ key }: SignRequest): SigningKey {
  if (key === undefined) throw new ToolError("E_INTERNAL", { what: "no key to sign with" })
  return key
}

function dockerReferences(request: SignRequest, open: OpenTarget): readonly string[] {
  if (request.identities !== undefined && request.identities.length > 0) return request.identities
  if (open.target.kind === "layout") return [open.content.name]
  const { reference } = open.target
  return [request.dockerReference === undefined ? repositoryName(reference) : request.dockerReference(reference)]
}

async function alreadySigned(
  app: AppContext,
  request: SignRequest,
  open: OpenTarget,
  subject: Descriptor,
  { id: format, writer }: SignatureFormat,
): Promise<SignedSignature | undefined> {
  const { report, verified } = await verifyArtifacts(app, {
    targets: [atDigest(open.target, subject)],
    kind: "signature",
    ...(writer.signer === "key"
      ? { keys: [{ name: THIS_KEY, key: keyOf(request).publicKey }] }
      : (await import("./notation/own-signature.ts")).ownSignature(request.certified)),
    formats: [format],
    annotations: request.annotations,
    checkClaims: true,
    recursive: false,
    everything: false,
    at: app.clock.now(),
    ...(request.signatureRepository === undefined ? {} : { signatureRepository: request.signatureRepository }),
    ...(request.tagPrefix === undefined ? {} : { tagPrefix: request.tagPrefix }),
  })
  const [artifact] = report.artifacts
  // Failing to find out must not add a second signature, nor pretend that there is one.
  if (artifact?.state === "unknown" || (artifact !== undefined && artifact.subject === undefined)) {
    throw new ToolError(artifact.decision.code ?? "E_INTERNAL", {
      what: `could not find out whether ${artifact.artifact} is signed already`,
      why: artifact.decision.reasons.join("; "),
      kind: "unknown",
    })
  }
  const found = verified[0]?.find((signature) => signature.report.format === format)
  if (found === undefined) return undefined
  const payload = found.content.kind === "message" ? new Uint8Array() : found.content.payload
  const { location } = found.report
  return {
    format,
    kind: "signature",
    location,
    existed: true,
    payload,
    signature: new Uint8Array(),
    document: new Uint8Array(),
  }
}

async function attempt<Value>(work: () => Promise<Value>): Promise<Value | ToolError> {
  try {
    return await work()
  } catch (thrown) {
    return asToolError(thrown)
  }
}

function failure(artifact: string, error: ToolError): SignedArtifact {
  return { artifact, signatures: [], error }
}
