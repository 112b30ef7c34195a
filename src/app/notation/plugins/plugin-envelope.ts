import { encodeBase64 } from "../../../codec/base64.ts"
import { goJson, type GoJsonValue, sortedKeys } from "../../../codec/go-json.ts"
import { goQuote } from "../../../codec/go-quote.ts"
import { parseJson } from "../../../codec/json.ts"
import { expectInteger, expectObject, expectString, member, stringRecord } from "../../../codec/json-shape.ts"
import { compareUtf8, encodeUtf8 } from "../../../codec/utf8.ts"
import type { Candidate } from "../../../core/candidate.ts"
import type { Descriptor } from "../../../core/descriptor.ts"
import { asToolError, ToolError } from "../../../core/errors.ts"
import type { JsonObject } from "../../../core/json-value.ts"
import { limits } from "../../../core/limits.ts"
import type { PluginHost } from "../../../core/notation-home.ts"
import type { RawSignature } from "../../../core/ports.ts"
import type { Finding } from "../../../core/report.ts"
import { sha256Digest } from "../../../crypto/hash.ts"
import { formats } from "../../../formats/index.ts"
import { judgeIntegrity } from "../../../trust/certified.ts"
import type { EnvelopeSigner } from "../signer.ts"
import { askPlugin, configMember, CONTRACT_VERSION, wrapped, wrongAnswer } from "./plugin-answer.ts"
import type { PluginKey } from "./plugin-signing-key.ts"

const PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json"
const ARTIFACT_TYPE = "application/vnd.cncf.notary.signature"
/** Annotations with this prefix belong to the specification. */
const RESERVED = "io.cncf.notary"
const FAILED = "generated signature failed verification: "
/** Members of a descriptor that may be in a payload. */
const KNOWN = ["mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType"]

/**
 * A key behind a plugin with the capability `SIGNATURE_GENERATOR.ENVELOPE`: the plugin makes the whole envelope.
 *
 * SECURITY: the envelope is read and verified as one from a registry would be, and must sign what was asked for:
 * the same descriptor, every annotation asked for, nothing that is unknown, an end if one was asked for.
 *
 * Spec: notaryproject/specifications `specs/plugin-extensibility.md`, "generate-envelope".
 */
export function pluginEnvelopeSigner(host: PluginHost, key: PluginKey, signal?: AbortSignal): EnvelopeSigner {
  return {
    kind: "envelope",
    signEnvelope: async (subject, options) => {
      try {
        return await generateEnvelope(host, key, subject, options, signal)
      } catch (thrown) {
        throw wrapped(`failed to sign with the plugin ${key.metadata.name}: `, thrown)
      }
    },
  }
}

type EnvelopeOptions = Parameters<EnvelopeSigner["signEnvelope"]>[1]

async function generateEnvelope(
  host: PluginHost,
  key: PluginKey,
  subject: Descriptor,
  { mediaType, expiresAfter = 0 }: EnvelopeOptions,
  signal: AbortSignal | undefined,
): Promise<Awaited<ReturnType<EnvelopeSigner["signEnvelope"]>>> {
  refuseReserved(subject)
  const request = {
    contractVersion: CONTRACT_VERSION,
    keyId: key.keyId,
    payloadType: PAYLOAD_TYPE,
    signatureEnvelopeType: mediaType,
    payload: encodeBase64(payloadOf(subject)),
    ...(expiresAfter === 0 ? {} : { expiryDurationInSeconds: expiresAfter }),
    ...configMember(key.pluginConfig),
  }
  const answer = await askPlugin(host, key.name, "generate-envelope", request, signal).catch((thrown: unknown) => {
    throw wrapped("plugin failed to sign with following error: ", thrown)
  })
  const type = answer.text("signatureEnvelopeType")
  if (type !== mediaType) {
    throw wrongAnswer(
      `signatureEnvelopeType in generateEnvelope response ${goQuote(type)} does not match request ${goQuote(mediaType)}`,
    )
  }
  const envelope = answer.bytes("signatureEnvelope", limits.attachmentBytes)
  await checkEnvelope(envelope, mediaType, subject, expiresAfter > 0)
  return { envelope, annotations: answer.record("annotations") }
}

/** @throws {ToolError} `E_USAGE`. */
function refuseReserved({ annotations = {} }: Descriptor): void {
  const reserved = Object.keys(annotations).find((name) => name.startsWith(RESERVED))
  if (reserved === undefined) return
  throw new ToolError("E_USAGE", {
    what: `error adding user metadata: metadata key ${reserved} has reserved prefix ${RESERVED}`,
    next: ["choose another name for the metadata"],
  })
}

/** The payload as Go's struct prints it, whatever the envelope: the plugin decides what it makes of it. */
function payloadOf({ mediaType, digest, size, annotations = {} }: Descriptor): Uint8Array {
  const more: Record<string, GoJsonValue> =
    Object.keys(annotations).length === 0 ? {} : { annotations: sortedKeys(annotations) }
  return encodeUtf8(goJson({ targetArtifact: { mediaType, digest, size, ...more } }))
}

async function checkEnvelope(
  envelope: Uint8Array,
  mediaType: string,
  subject: Descriptor,
  expires: boolean,
): Promise<void> {
  const { candidate, payload } = await readEnvelope(envelope, mediaType)
  for (const { outcome, observed, check } of judgeIntegrity(candidate).findings) {
    if (outcome !== "passed") throw wrongAnswer(`${FAILED}${observed ?? check}`)
  }
  const { digest, size } = subject
  const bound = candidate.bind({ digest, mediaType: subject.mediaType, size }, { kind: "signature", annotations: {} })
  const payloadType = bound.find((finding: Finding) => finding.check === "payload.type" && finding.outcome !== "passed")
  if (payloadType !== undefined) throw wrongAnswer(payloadType.observed ?? "payload content type not supported")
  checkPayload(payload, subject)
  if (expires && candidate.attributes?.expiry === undefined) {
    throw wrongAnswer("the envelope has no expiry", "one was asked for, and the plugin left it out")
  }
}

async function readEnvelope(
  bytes: Uint8Array,
  mediaType: string,
): Promise<{ readonly candidate: Candidate; readonly payload: Uint8Array }> {
  const raw: RawSignature = {
    location: { store: "file", where: "plugin", reference: "generate-envelope" },
    descriptor: { mediaType, digest: sha256Digest(bytes), size: bytes.length },
    bytes,
    mediaType,
    artifactType: ARTIFACT_TYPE,
    annotations: {},
  }
  const format = await formats.find((one) => one.accepts(raw))?.load()
  if (format?.writer.adopt === undefined) {
    throw new ToolError("E_INTERNAL", { what: `no format takes envelopes of type ${mediaType}` })
  }
  try {
    const [candidate] = format.parse(raw)
    if (candidate !== undefined) return { candidate, payload: format.writer.adopt(bytes).payload }
  } catch (thrown) {
    const { what, why } = asToolError(thrown)
    throw wrongAnswer(`${FAILED}${what}`, why)
  }
  throw wrongAnswer(`${FAILED}signature missing in the envelope`)
}

function checkPayload(payload: Uint8Array, subject: Descriptor): void {
  const { document, target, signed } = readPayload(payload)
  const kept = Object.entries(subject.annotations ?? {}).every(
    ([name, value]) => Object.hasOwn(signed.annotations, name) && signed.annotations[name] === value,
  )
  const same =
    signed.mediaType === subject.mediaType && signed.digest === subject.digest && signed.size === subject.size
  if (!same || !kept) {
    throw wrongAnswer(
      `during signing descriptor subject has changed from ${goDescriptor(subject)} to ${goDescriptor(signed)}`,
    )
  }
  const unknown = [
    ...Object.keys(target).filter((name) => !KNOWN.includes(name)),
    ...Object.keys(document).filter((name) => name !== "targetArtifact"),
  ]
  if (unknown.length === 0) return
  throw wrongAnswer(
    `during signing, following unknown attributes were added to subject descriptor: [${unknown.map(asciiQuote).join(" ")}]`,
  )
}

type SignedDescriptor = Readonly<Record<"mediaType" | "digest", string>> & {
  readonly size: number
  readonly annotations: Readonly<Record<string, string>>
}

function readPayload(payload: Uint8Array): {
  readonly document: JsonObject
  readonly target: JsonObject
  readonly signed: SignedDescriptor
} {
  try {
    const what = "payload"
    const document = expectObject(parseJson(payload, { maxBytes: limits.signaturePayloadBytes, what }), what)
    const target = expectObject(member(document, "targetArtifact"), "payload.targetArtifact")
    const annotations = member(target, "annotations")
    const signed = {
      mediaType: expectString(member(target, "mediaType"), "payload.targetArtifact.mediaType"),
      digest: expectString(member(target, "digest"), "payload.targetArtifact.digest"),
      size: expectInteger(member(target, "size"), "payload.targetArtifact.size"),
      annotations: stringRecord(annotations ?? undefined, "payload.targetArtifact.annotations"),
    }
    return { document, target, signed }
  } catch (thrown) {
    throw wrongAnswer(`signed envelope payload can't be unmarshalled: ${asToolError(thrown).message}`)
  }
}

/** `%+v` of Go's descriptor struct. */
function goDescriptor(descriptor: Pick<Descriptor, "mediaType" | "size" | "annotations"> & { digest: string }): string {
  const pairs = Object.entries(descriptor.annotations ?? {})
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .map(([name, value]) => `${name}:${value}`)
  return (
    `{MediaType:${descriptor.mediaType} Digest:${descriptor.digest} Size:${descriptor.size} URLs:[] ` +
    `Annotations:map[${pairs.join(" ")}] Data:[] Platform:<nil> ArtifactType:}`
  )
}

/** `%+q`: quoted, ASCII alone. */
function asciiQuote(text: string): string {
  return goQuote(text).replace(/[^\0-\x7f]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16)
    return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`
  })
}
