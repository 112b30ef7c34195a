import { expectArray, expectObject, expectText, isObject, optionalString } from "../../codec/json-shape.ts"
import { outlineJson, parseJson, previewJson } from "../../codec/json.ts"
import { malformed, quoted, tooLarge } from "../../codec/malformed.ts"
import { refuseLookalikes } from "../../codec/oci/descriptor.ts"
import type { PreviewRoom } from "../../codec/preview.ts"
import { decodeUtf8, encodeUtf8 } from "../../codec/utf8.ts"
import { digestAlgorithm, digestHex, type Digest } from "../../core/digest.ts"
import type { JsonObject, JsonValue } from "../../core/json-value.ts"
import { limits } from "../../core/limits.ts"
import type { StatementSubject } from "../../core/statement-subject.ts"
import { jsonObject, jsonString, sortedJson } from "./json-text.ts"
import { SIGN_PREDICATE, STATEMENT_V01, STATEMENT_V1 } from "./media-types.ts"
import { readOnce } from "./read-once.ts"

const MEMBERS = ["_type", "subject", "predicateType", "predicate"]

/** An in-toto statement as parsed; nothing in it is trusted. */
export interface Statement {
  /** The very bytes that were parsed. */
  readonly payload: Uint8Array
  readonly type: string
  readonly subjects: readonly StatementSubject[]
  readonly predicateType: string
  /** `null` when absent. Decoded at each access, since it may be of any size. */
  readonly predicate: JsonValue
  /** The first part of the predicate, for display. */
  previewPredicate(room: PreviewRoom): JsonValue
}

/**
 * The statement cosign 3 signs for an image: in-toto v1, empty predicate, annotations on the subject.
 *
 * @returns compact protobuf JSON in cosign's member order; its encoder adds blanks at random, ours never does.
 */
export function buildSignStatement(subject: Digest, annotations: Readonly<Record<string, string>>): Uint8Array {
  const none = Object.keys(annotations).length === 0
  const entry = jsonObject(
    [
      ["digest", digestText(subject)],
      ["annotations", none ? undefined : sortedJson(annotations, "proto")],
    ],
    "proto",
  )
  return encodeUtf8(
    jsonObject(
      [
        ["_type", jsonString(STATEMENT_V1, "proto")],
        ["subject", `[${entry}]`],
        ["predicateType", jsonString(SIGN_PREDICATE, "proto")],
        ["predicate", "{}"],
      ],
      "proto",
    ),
    "statement",
  )
}

function digestText(subject: Digest): string {
  return jsonObject([[digestAlgorithm(subject), jsonString(digestHex(subject), "proto")]], "proto")
}

/**
 * An attestation's statement (in-toto v0.1).
 *
 * @param predicate - JSON text as the generation writes it.
 * @param order - members as cosign 2 or 3 order them; `spdx-text` is how cosign 3 writes a predicate that is a string.
 */
export function buildAttestationStatement(input: {
  readonly subject: Digest
  readonly subjectName: string
  readonly predicateType: string
  readonly predicate: string
  readonly order: "cosign2" | "cosign3" | "spdx-text"
}): Uint8Array {
  const dialect = input.order === "cosign3" ? "proto" : "go"
  const subject = jsonObject(
    [
      ["name", jsonString(input.subjectName, dialect)],
      ["digest", digestText(input.subject)],
    ],
    dialect,
  )
  const type: [string, string] = ["_type", jsonString(STATEMENT_V01, dialect)]
  const subjects: [string, string] = ["subject", `[${subject}]`]
  const predicateType: [string, string] = ["predicateType", jsonString(input.predicateType, dialect)]
  const predicate: [string, string] = ["predicate", input.predicate]
  const members = {
    cosign2: [type, predicateType, subjects, predicate],
    cosign3: [type, subjects, predicateType, predicate],
    // COMPAT(cosign 3.1): a string predicate goes through a generic map, whose keys are sorted.
    "spdx-text": [type, predicate, predicateType, subjects],
  }[input.order]
  return encodeUtf8(jsonObject(members, dialect), "statement")
}

/**
 * Decode an in-toto statement of version 0.1 or 1. Its predicate is checked like the rest and not held.
 *
 * @param payload - untrusted; at most 128 MiB.
 * @throws {ToolError} `E_FORMAT_MALFORMED`, also for subjects that are null, missing or have no digest;
 *   `E_LIMIT_EXCEEDED` for more than 1024 subjects or 32 digests of one.
 *
 * Spec: in-toto/attestation, spec/v1/statement.md and spec/v0.1.0.
 */
export const parseStatement: (payload: Uint8Array) => Statement = readOnce(read)

function read(payload: Uint8Array): Statement {
  const what = "statement"
  const maxBytes = limits.attachmentBytes
  const bounds = { maxBytes, maxPassed: limits.predicateValues, what }
  const { value, spans } = outlineJson(payload, bounds, (key) => key === "predicate")
  const document = expectObject(value, what)
  refuseLookalikes(document, what, MEMBERS)
  const type = expectText(document["_type"], `${what}._type`)
  if (type !== STATEMENT_V01 && type !== STATEMENT_V1) {
    throw malformed(`${what}._type`, `saw ${quoted(type, 100)}, expected ${STATEMENT_V01} or ${STATEMENT_V1}`)
  }
  const subjects = expectArray(document["subject"], `${what}.subject`)
  if (subjects.length === 0) throw malformed(`${what}.subject`, "saw no subjects, expected at least one")
  if (subjects.length > limits.statementSubjects) {
    throw tooLarge(`${what}.subject`, subjects.length, limits.statementSubjects, "subjects")
  }
  const span = spans.get("predicate")
  const predicateText = (): string =>
    span === undefined ? "null" : decodeUtf8(payload, what).slice(span.start, span.end)
  return {
    payload,
    type,
    subjects: subjects.map((subject, index) => readSubject(subject, `${what}.subject[${index}]`)),
    predicateType: expectText(document["predicateType"], `${what}.predicateType`),
    get predicate() {
      return parseJson(predicateText(), { maxBytes, maxValues: limits.predicateValues, what: "predicate" })
    },
    previewPredicate: (room) => previewJson(predicateText(), { maxBytes, what: "predicate" }, room),
  }
}

function readSubject(value: JsonValue, path: string): StatementSubject {
  const subject = expectObject(value, path)
  const digests = Object.entries(expectObject(subject["digest"], `${path}.digest`))
  if (digests.length === 0) throw malformed(`${path}.digest`, "saw no digests, expected at least one")
  if (digests.length > limits.subjectDigests) {
    throw tooLarge(`${path}.digest`, digests.length, limits.subjectDigests, "digests")
  }
  const digest = Object.create(null) as Record<string, string>
  for (const [algorithm, text] of digests) digest[algorithm] = expectText(text, `${path}.digest[${quoted(algorithm)}]`)
  const name = optionalString(subject["name"], `${path}.name`)
  return { ...(name === undefined ? {} : { name }), digest, annotations: strings(subject["annotations"], path) }
}

/** Annotations that are strings; others can never equal what a caller wants. */
function strings(value: JsonValue | undefined, path: string): Readonly<Record<string, string>> {
  const found = Object.create(null) as Record<string, string>
  if (value === undefined || value === null) return found
  const annotations: JsonObject = isObject(value) ? value : expectObject(value, `${path}.annotations`)
  for (const [key, item] of Object.entries(annotations)) if (typeof item === "string") found[key] = item
  return found
}
