import type { InspectedBundle } from "../../app/inspect-bundle.ts"
import type { SignReport, ListResult, VerifyResult, AttachedItem, SignedArtifact } from "../../app/requests.ts"
import type { Descriptor } from "../../core/descriptor.ts"
import type { ToolError } from "../../core/errors.ts"
import type { ArtifactReport } from "../../core/report.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { encodeBase64 } from "../../codec/base64.ts"
import { errorObject } from "./render/error.ts"
import { witnessMembers } from "./render/witnesses.ts"

/** Version of every document this program prints. Members are added, never changed or removed, within it. */
const API_VERSION = "countersign.dev/v1"

/** A document of `--output json` and `--output yaml`. */
export function documentOf(kind: string, members: JsonObject): JsonObject {
  return { apiVersion: API_VERSION, kind, ...members }
}

/** What stands on stdout when a command failed before it had an answer. */
export function errorDocument(error: ToolError): JsonObject {
  return documentOf("Error", { error: errorObject(error) })
}

/** Answer of `verify` and `explain`: the report, with the error of each artifact that is not verified. */
export function reportDocument(result: VerifyResult): JsonObject {
  const artifacts = result.report.artifacts.map((artifact, index): JsonObject => {
    const error = result.errors[index]
    return { ...artifactMembers(artifact), error: error === undefined ? null : errorObject(error) }
  })
  return { apiVersion: result.report.apiVersion, kind: result.report.kind, artifacts }
}

/** One artifact: the same members whatever the answer. What is not known of the subject is null. */
function artifactMembers(report: ArtifactReport): JsonObject {
  const { artifact, subject, children, ...rest } = report
  const members = { artifact, subject: subject === undefined ? null : subjectMembers(subject) }
  return { ...members, ...plain(rest), children: children.map(artifactMembers) }
}

function subjectMembers({ mediaType, digest, size }: Descriptor): JsonObject {
  return { mediaType: mediaType === "" ? null : mediaType, digest, size: size < 0 ? null : size }
}

/** Answer of `sign` and `attest`. Signatures and documents are in padded base64. */
export function signDocument(report: SignReport): JsonObject {
  return documentOf("SigningReport", { artifacts: report.artifacts.map(signedArtifact) })
}

function signedArtifact(signed: SignedArtifact): JsonObject {
  return {
    artifact: signed.artifact,
    subject: signed.subject === undefined ? null : plain(signed.subject),
    signatures: signed.signatures.map((signature) => ({
      format: signature.format,
      kind: signature.kind,
      existed: signature.existed,
      location: signature.location === undefined ? null : plain(signature.location),
      signature: encodeBase64(signature.signature),
      sigstore: witnessMembers(signature.sigstore),
    })),
    error: signed.error === undefined ? null : errorObject(signed.error),
  }
}

/** Answer of `list`, `tree` and `inspect`; says by itself that nothing in it was verified. */
export function attachedDocument(result: ListResult): JsonObject {
  return documentOf("AttachedList", {
    artifact: result.artifact,
    subject: plain(result.subject),
    verified: false,
    items: result.items.map(attachedItem),
    stores: result.stores.map(plain),
  })
}

/** Answer of `inspect --bundle`. */
export function bundleDocument({ path, item, file }: InspectedBundle): JsonObject {
  const compared = file === undefined ? null : { ...file, named: file.named ?? null }
  return documentOf("InspectedBundle", { path, verified: false, item: attachedItem(item), file: compared })
}

function attachedItem(item: AttachedItem): JsonObject {
  const { error, ...rest } = item
  return { ...plain(rest), error: error === undefined ? null : errorObject(error) }
}

/** Answer of `push`, `tag` and the like. */
export function artifactDocument(reference: string, descriptor: Descriptor, members: JsonObject = {}): JsonObject {
  return documentOf("Artifact", { reference, descriptor: plain(descriptor), ...members })
}

/** A value of the report model as JSON: its interfaces hold JSON values alone, which their types do not say. */
function plain(value: object): JsonObject {
  return value as unknown as Record<string, JsonValue>
}
