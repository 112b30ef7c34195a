import type { Candidate } from "../../core/candidate.ts"
import type { SignedAttributes } from "../../core/certified.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { RawSignature } from "../../core/ports.ts"
import { rawEcdsaSignature } from "../../crypto/ecdsa-raw.ts"
import { keySpecs } from "../../crypto/key-spec.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import { parseCertificate } from "../../crypto/x509/parse-certificate.ts"
import { formats, notationBlobs, wantedTypes } from "../../formats/index.ts"
import { readTimestamp, timeRange } from "../../trust/timestamp.ts"
import { askInTurn } from "../collect.ts"
import type { AppContext, Target } from "../requests.ts"
import { openTarget } from "../subjects.ts"

/** What a Notary Project envelope says, decoded for people. Nothing of it is trusted. */
export interface EnvelopeDescription {
  /** Media type of the envelope. */
  readonly mediaType: string
  /** As the plugin protocol names it. */
  readonly algorithm: string
  readonly attributes: SignedAttributes
  readonly artifact: NonNullable<Candidate["describes"]>
  /** Leaf first. */
  readonly certificates: readonly CertificateDescription[]
  /** DER of {@link certificates}. */
  readonly chain: readonly Uint8Array[]
  readonly timestamp?: TimestampDescription
}

export interface CertificateDescription {
  /** Lower-case hexadecimal SHA-256. */
  readonly thumbprint: string
  readonly subject: string
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly notAfter: number
}

/** A timestamp beside a signature: the range the time lies in, or why it cannot be read. */
export type TimestampDescription =
  | {
      readonly earliest: number
      readonly latest: number
      /** In the token's order. */
      readonly certificates: readonly CertificateDescription[]
    }
  | { readonly error: string }

/** One signature of an artifact. */
export interface InspectedSignature {
  /** Digest of the manifest that carries it. */
  readonly digest: string
  readonly description?: EnvelopeDescription
  /** Why it cannot be shown. */
  readonly error?: ToolError
  /** It could not even be fetched. */
  readonly unfetched?: true
}

/** Everything of the family that is attached to an artifact. */
export interface InspectedArtifact {
  readonly subject: Descriptor
  readonly signatures: readonly InspectedSignature[]
  /** More than `max` are attached. */
  readonly exceeded: boolean
}

/**
 * Decode the Notary Project signatures of an artifact, without judging them.
 *
 * @param subject - resolved already.
 * @param max - signatures to look at.
 * @throws {ToolError} when a place of signatures cannot be read.
 */
export async function inspectNotation(
  app: AppContext,
  target: Target,
  subject: Descriptor,
  max: number,
): Promise<InspectedArtifact> {
  const open = openTarget(app, target)
  const stores = app.stores.signatures(open.signatures, {
    kind: "signature",
    formats: ["notation", "notation-cose"],
    attachmentBytes: limits.attachmentBytes,
    maxSignatures: max,
  })
  const signatures: InspectedSignature[] = []
  const seen = new Set<string>()
  let exceeded = false
  const add = (one: InspectedSignature): void => {
    if (seen.has(one.digest)) return
    seen.add(one.digest)
    if (signatures.length < max) signatures.push(one)
    else exceeded = true
  }
  const question = {
    subject,
    wanted: wantedTypes(["signature"], "notation"),
    attachmentBytes: limits.attachmentBytes,
    take: async (raw: RawSignature) => {
      add(await inspected(raw))
    },
  }
  for await (const answer of askInTurn(stores, question)) {
    for (const { location, error } of answer.others) {
      if (error === undefined) continue
      const failure = new ToolError(error.code, { what: error.message })
      add({ digest: location.reference, error: failure, unfetched: true })
    }
    const { outcome, error } = answer.report
    if (error?.code === "E_LIMIT_EXCEEDED" && signatures.length >= max) exceeded = true
    else if (outcome === "failed" && error !== undefined && answer.others.every((other) => other.error === undefined)) {
      throw new ToolError(error.code, { what: error.message, kind: "unknown" })
    }
  }
  return { subject, signatures, exceeded }
}

async function inspected(raw: RawSignature): Promise<InspectedSignature> {
  const digest = raw.location.reference
  try {
    const format = await formats.find((entry) => entry.accepts(raw))?.load()
    const [candidate] = format?.parse(raw) ?? []
    if (candidate === undefined) throw new ToolError("E_FORMAT_UNKNOWN", { what: `no format reads ${raw.mediaType}` })
    return { digest, description: describeEnvelope(candidate) }
  } catch (thrown) {
    return { digest, error: asToolError(thrown) }
  }
}

/** Decode a signature file. @throws {ToolError} `E_FORMAT_MALFORMED`, `E_LIMIT_EXCEEDED`. */
export async function inspectNotationBlob(bytes: Uint8Array, form: "jws" | "cose"): Promise<EnvelopeDescription> {
  return describeEnvelope((await notationBlobs.load()).parse(bytes, form))
}

/** @throws {ToolError} `E_FORMAT_MALFORMED`, `E_CERT_CHAIN`. */
function describeEnvelope(candidate: Candidate): EnvelopeDescription {
  const { attributes, describes, material, raw } = candidate
  if (attributes === undefined || describes === undefined || material.kind !== "certificate") {
    throw new ToolError("E_FORMAT_MALFORMED", {
      what: "the payload describes no artifact",
      why: `its content type is ${attributes?.contentType ?? "missing"}`,
    })
  }
  const timestamp = describeTimestamp(candidate)
  return {
    mediaType: raw.mediaType,
    algorithm: attributes.algorithm ?? "",
    attributes,
    artifact: describes,
    certificates: material.certificates.map((der) => describeCertificate(parseCertificate(der))),
    chain: material.certificates,
    ...(timestamp === undefined ? {} : { timestamp }),
  }
}

function describeCertificate({ thumbprint, subject, issuer, notAfter }: Certificate): CertificateDescription {
  return { thumbprint, subject: subject.text, issuer: issuer.text, notAfter }
}

function describeTimestamp({ attributes, signatures }: Candidate): TimestampDescription | undefined {
  const token = attributes?.timestampToken
  if (token === undefined) return undefined
  const width = keySpecs.find(({ algorithm }) => algorithm === attributes?.algorithm)?.rawBytes
  const bytes = signatures[0]?.bytes ?? new Uint8Array()
  const message = (width === undefined ? bytes : rawEcdsaSignature(bytes, width)) ?? bytes
  const read = readTimestamp({ token, message })
  if ("fault" in read) return { error: `failed to parse timestamp countersignature: ${read.fault.detail}` }
  try {
    const certificates = read.cms.certificates.map((der) => describeCertificate(parseCertificate(der)))
    return { ...timeRange(read.info), certificates }
  } catch (thrown) {
    return { error: `failed to parse timestamp countersignature: ${asToolError(thrown).message}` }
  }
}
