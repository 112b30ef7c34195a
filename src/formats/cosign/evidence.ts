import { decodeHex } from "../../codec/hex.ts"
import type { Candidate } from "../../core/candidate.ts"
import { ToolError } from "../../core/errors.ts"
import type { CheckId, Finding } from "../../core/report.ts"
import type { LogEntry, SigstoreEvidence } from "../../core/sigstore.ts"
import type { UnverifiedBundle } from "../../envelopes/bundle/bundle.ts"
import {
  parseRekorAnnotation,
  parseTimestampAnnotation,
  type RekorBundle,
} from "../../envelopes/bundle/rekor-bundle.ts"
import { LOG_ANNOTATION, TIMESTAMP_ANNOTATION } from "./media-types.ts"

/** What vouches for a signature, as candidates carry it. */
export type EvidenceParts = Pick<Candidate, "evidence" | "evidenceFault">

/** A DSSE envelope's part in evidence. */
type Envelope = NonNullable<SigstoreEvidence["envelope"]>

/** Entries and timestamps of a Sigstore bundle; its timestamps cover the signature. */
export function bundleEvidence({ content, logEntries, timestamps }: UnverifiedBundle): SigstoreEvidence {
  const shared = { form: "bundle", entries: logEntries, timestamps } as const
  if (content.kind === "message") return { ...shared, stamped: content.signature }
  const { payloadType, payload } = content
  return { ...shared, stamped: content.signature.sig, envelope: { payloadType, payload } }
}

/**
 * Entry and timestamp in the annotations of a legacy layer. What cannot be read is no evidence and is said as a fault:
 * it hinders nobody who trusts a key alone.
 *
 * @param stamped - bytes that a timestamp covers: the signature of a claim, the whole envelope of an attestation.
 */
export function layerEvidence(
  annotations: Readonly<Record<string, string>>,
  stamped: Uint8Array,
  envelope?: Envelope,
): EvidenceParts {
  const log = reading("log.entry", annotations, LOG_ANNOTATION, (text) => logEntryOf(parseRekorAnnotation(text)))
  const stamp = reading("timestamp", annotations, TIMESTAMP_ANNOTATION, parseTimestampAnnotation)
  const fault = log.fault ?? stamp.fault
  return {
    evidence: {
      form: "legacy",
      entries: log.value === undefined ? [] : [log.value],
      timestamps: stamp.value === undefined ? [] : [stamp.value],
      stamped,
      ...(envelope === undefined ? {} : { envelope }),
    },
    ...(fault === undefined ? {} : { evidenceFault: fault }),
  }
}

/** Entry of cosign's own bundle file. */
export function legacyEvidence(
  rekorBundle: RekorBundle | undefined,
  stamped: Uint8Array,
  envelope?: Envelope,
): EvidenceParts {
  const log = rekorBundle === undefined ? {} : attempt("log.entry", () => logEntryOf(rekorBundle))
  const entries = log.value === undefined ? [] : [log.value]
  return {
    evidence: {
      form: "legacy",
      entries,
      timestamps: [],
      stamped,
      ...(envelope === undefined ? {} : { envelope }),
    },
    ...(log.fault === undefined ? {} : { evidenceFault: log.fault }),
  }
}

/** The legacy form names neither kind nor version: the body does. */
function logEntryOf({ body, integratedTime, logId, logIndex, signedEntryTimestamp }: RekorBundle): LogEntry {
  return {
    logIndex,
    logId: decodeHex(logId, { max: 64, what: "log id" }),
    kind: "",
    version: "",
    integratedTime,
    signedEntryTimestamp,
    canonicalizedBody: body,
  }
}

function reading<Value>(
  check: CheckId,
  annotations: Readonly<Record<string, string>>,
  key: string,
  read: (text: string) => Value,
): Reading<Value> {
  const text = Object.hasOwn(annotations, key) ? annotations[key] : undefined
  return text === undefined || text === "" ? {} : attempt(check, () => read(text))
}

interface Reading<Value> {
  readonly value?: Value
  readonly fault?: Finding
}

function attempt<Value>(check: CheckId, read: () => Value): Reading<Value> {
  try {
    return { value: read() }
  } catch (error) {
    if (!(error instanceof ToolError)) throw error
    return { fault: { check, outcome: "failed", code: error.code, observed: error.message } }
  }
}
