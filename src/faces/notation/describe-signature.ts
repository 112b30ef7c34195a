import type { CertificateDescription, EnvelopeDescription, TimestampDescription } from "../../app/notation/inspect.ts"
import { goJson, type GoJsonValue, sortedKeys } from "../../codec/go-json.ts"
import { goAnsiC, goRfc3339, goRfc3339Nano } from "../../codec/go-time.ts"
import { compareUtf8 } from "../../codec/utf8.ts"
import type { AttributeTime, ExtendedAttribute } from "../../core/certified.ts"
import type { Generation } from "./generation.ts"
import { localZone } from "./local-zone.ts"
import { pair, type TreeNode } from "./tree-text.ts"

/** How one kind of output prints times. */
type TimePrinter = (time: AttributeTime) => string

const inWords: TimePrinter = ({ at, zone }) => goAnsiC(at, zone ?? localZone(at))
const inDigits: TimePrinter = ({ at, zone }) => goRfc3339(at, zone ?? localZone(at))
const inNanos: TimePrinter = ({ at, zone }) => goRfc3339Nano(at, zone ?? localZone(at))

/** A value of an extended attribute as Go's `%v` prints it. */
function goValue(value: ExtendedAttribute["value"]): string {
  if (value === null) return "<nil>"
  if (Array.isArray(value)) return `[${value.map(goValue).join(" ")}]`
  if (typeof value === "object") {
    const members = Object.entries(value).toSorted(([a], [b]) => compareUtf8(a, b))
    return `map[${members.map(([name, item]) => `${name}:${goValue(item)}`).join(" ")}]`
  }
  return String(value)
}

/** The lines below a signature in `inspect`. @param name - digest of its manifest, or its file. */
export function signatureTree(name: string, description: EnvelopeDescription, generation: Generation): TreeNode {
  const { mediaType, algorithm, attributes, artifact, certificates, timestamp } = description
  const second = generation.name === "notation2"
  const head = second
    ? [pair("signature algorithm", algorithm), pair("signature envelope type", mediaType)]
    : [pair("media type", mediaType), pair("signature algorithm", algorithm)]
  const unsigned: TreeNode[] = [
    ...(attributes.signingAgent === undefined
      ? []
      : [pair(second ? "signing agent" : "signingAgent", attributes.signingAgent)]),
    ...(timestamp === undefined ? [] : [{ text: "timestamp signature", children: timestampNodes(timestamp) }]),
  ]
  return {
    text: name,
    children: [
      ...head,
      { text: "signed attributes", children: second ? signedNodes(description) : signedNodesOfV1(description) },
      { text: "user defined attributes", children: metadataNodes(artifact.annotations) },
      { text: "unsigned attributes", children: unsigned },
      { text: "certificates", children: certificateNodes(certificates) },
      {
        text: "signed artifact",
        children: [
          pair("media type", artifact.mediaType),
          pair("digest", artifact.digest),
          pair("size", String(artifact.size)),
        ],
      },
    ],
  }
}

function signedNodes({ attributes }: EnvelopeDescription): readonly TreeNode[] {
  const { contentType, signingScheme, signingTime, expiry, extended } = attributes
  return [
    pair("content type", contentType),
    pair("signing scheme", signingScheme),
    pair("signing time", inWords(signingTime)),
    ...(expiry === undefined ? [] : [pair("expiry", inWords(expiry))]),
    ...extended.map(({ key, value }) => pair(String(key), goValue(value))),
  ]
}

/** COMPAT(notation 1.3): in no order of its own there, in that of notation 2 here. */
function signedNodesOfV1(description: EnvelopeDescription): readonly TreeNode[] {
  return [...signedPairsOfV1(description, inWords)].map(([key, value]) => pair(key, value))
}

function signedPairsOfV1({ attributes }: EnvelopeDescription, time: TimePrinter): ReadonlyMap<string, string> {
  const { signingScheme, signingTime, expiry, extended } = attributes
  const pairs: [string, string][] = [
    ["signingScheme", signingScheme],
    ["signingTime", time(signingTime)],
    ...(expiry === undefined ? [] : ([["expiry", time(expiry)]] as [string, string][])),
    ...extended.map(({ key, value }): [string, string] => [String(key), goValue(value)]),
  ]
  return new Map(pairs)
}

function metadataNodes(annotations: Readonly<Record<string, string>>): readonly TreeNode[] {
  const pairs = Object.entries(annotations).toSorted(([a], [b]) => compareUtf8(a, b))
  return pairs.length === 0 ? [{ text: "(empty)" }] : pairs.map(([key, value]) => pair(key, value))
}

function timestampNodes(timestamp: TimestampDescription): readonly TreeNode[] {
  if ("error" in timestamp) return [pair("error", timestamp.error)]
  const range = `[${goAnsiC(timestamp.earliest)}, ${goAnsiC(timestamp.latest)}]`
  return [pair("timestamp", range), { text: "certificates", children: certificateNodes(timestamp.certificates) }]
}

function certificateNodes(certificates: readonly CertificateDescription[]): readonly TreeNode[] {
  return certificates.map(({ thumbprint, subject, issuer, notAfter }) =>
    pair("SHA256 fingerprint", thumbprint, [
      pair("issued to", subject),
      pair("issued by", issuer),
      pair("expiry", goAnsiC(notAfter)),
    ]),
  )
}

/**
 * The signature as `--output json` shows it.
 *
 * @param digest - of its manifest; absent for files.
 */
export function signatureObject(
  description: EnvelopeDescription,
  generation: Generation,
  digest?: string,
): GoJsonValue {
  return generation.name === "notation2" ? objectOfV2(description, digest) : objectOfV1(description, digest ?? "")
}

function objectOfV2(description: EnvelopeDescription, digest: string | undefined): GoJsonValue {
  const { mediaType, algorithm, attributes, artifact, certificates, timestamp } = description
  const { contentType, signingScheme, signingTime, expiry, extended, signingAgent } = attributes
  return {
    ...(digest === undefined ? {} : { digest }),
    signatureAlgorithm: algorithm,
    signatureEnvelopeType: mediaType,
    signedAttributes: sortedKeys({
      contentType,
      signingScheme,
      signingTime: inNanos(signingTime),
      ...(expiry === undefined ? {} : { expiry: inNanos(expiry) }),
      ...Object.fromEntries(extended.map(({ key, value }) => [String(key), goValue(value)])),
    }),
    userDefinedAttributes: metadataObject(artifact.annotations),
    unsignedAttributes: sortedKeys({
      ...(signingAgent === undefined ? {} : { signingAgent }),
      ...(timestamp === undefined ? {} : { timestampSignature: timestampObject(timestamp, inNanos) }),
    }),
    certificates: certificateObjects(certificates, inNanos),
    signedArtifact: { mediaType: artifact.mediaType, digest: artifact.digest, size: artifact.size },
  }
}

function objectOfV1(description: EnvelopeDescription, digest: string): GoJsonValue {
  const { mediaType, algorithm, attributes, artifact, certificates, timestamp } = description
  const { signingAgent } = attributes
  return {
    mediaType,
    digest,
    signatureAlgorithm: algorithm,
    signedAttributes: sortedKeys(Object.fromEntries(signedPairsOfV1(description, inDigits))),
    userDefinedAttributes: metadataObject(artifact.annotations),
    unsignedAttributes: sortedKeys({
      ...(signingAgent === undefined ? {} : { signingAgent }),
      ...(timestamp === undefined ? {} : { timestampSignature: timestampObject(timestamp, inDigits) }),
    }),
    certificates: certificateObjects(certificates, inDigits),
    signedArtifact: { mediaType: artifact.mediaType, digest: artifact.digest, size: artifact.size },
  }
}

/** No metadata at all prints as Go's nil map. */
function metadataObject(annotations: Readonly<Record<string, string>>): GoJsonValue {
  return Object.keys(annotations).length === 0 ? null : sortedKeys(annotations)
}

function timestampObject(timestamp: TimestampDescription, time: TimePrinter): GoJsonValue {
  if ("error" in timestamp) return { error: timestamp.error }
  const inUtc = (at: number): string => time({ at, zone: "Z" })
  return {
    timestamp: `[${inUtc(timestamp.earliest)}, ${inUtc(timestamp.latest)}]`,
    certificates: certificateObjects(timestamp.certificates, time),
  }
}

function certificateObjects(certificates: readonly CertificateDescription[], time: TimePrinter): GoJsonValue {
  return certificates.map(({ thumbprint, subject, issuer, notAfter }) => ({
    SHA256Fingerprint: thumbprint,
    issuedTo: subject,
    issuedBy: issuer,
    expiry: time({ at: notAfter, zone: "Z" }),
  }))
}

/** A JSON document as the generation prints it, ended by a newline. */
export function jsonText(value: GoJsonValue, generation: Generation): string {
  return `${goJson(value, { indent: generation.name === "notation2" ? "  " : "    " })}\n`
}
