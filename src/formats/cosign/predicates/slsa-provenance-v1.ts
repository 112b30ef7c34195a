import { isObject } from "../../../codec/json-shape.ts"
import type { JsonObject, JsonValue } from "../../../core/json-value.ts"
import { any, anyMap, requireFields, text, textMap, throughGo, type GoField, type GoType } from "./go-struct.ts"
import { goMap, goObject, parsePredicateJson, type PredicateType } from "./predicate-type.ts"
import { throughProto, type ProtoMessage } from "./proto-message.ts"

const resources: GoType = {
  kind: "list",
  of: {
    kind: "struct",
    fields: [
      { name: "uri", type: text, omitempty: true },
      { name: "digest", type: textMap, omitempty: true },
      { name: "name", type: text, omitempty: true },
      { name: "downloadLocation", type: text, omitempty: true },
      { name: "mediaType", type: text, omitempty: true },
      { name: "content", type: { kind: "bytes" }, omitempty: true },
      { name: "annotations", type: anyMap, omitempty: true },
    ],
  },
}

const goFields: readonly GoField[] = [
  {
    name: "buildDefinition",
    type: {
      kind: "struct",
      fields: [
        { name: "buildType", type: text },
        { name: "externalParameters", type: any },
        { name: "internalParameters", type: any, omitempty: true },
        { name: "resolvedDependencies", type: resources, omitempty: true },
      ],
    },
  },
  {
    name: "runDetails",
    type: {
      kind: "struct",
      fields: [
        {
          name: "builder",
          type: {
            kind: "struct",
            fields: [
              { name: "id", type: text },
              { name: "version", type: textMap, omitempty: true },
              { name: "builderDependencies", type: resources, omitempty: true },
            ],
          },
        },
        {
          name: "metadata",
          omitempty: true,
          type: {
            kind: "struct",
            fields: [
              { name: "invocationID", type: text, omitempty: true },
              { name: "startedOn", type: { kind: "time-pointer" }, omitempty: true },
              { name: "finishedOn", type: { kind: "time-pointer" }, omitempty: true },
            ],
          },
        },
        { name: "byproducts", type: resources, omitempty: true },
      ],
    },
  },
]

const resource: ProtoMessage = {
  name: { kind: "string" },
  uri: { kind: "string" },
  digest: { kind: "string-map" },
  content: { kind: "bytes" },
  downloadLocation: { kind: "string" },
  mediaType: { kind: "string" },
  annotations: { kind: "object" },
}

const message: ProtoMessage = {
  buildDefinition: {
    kind: "message",
    message: {
      buildType: { kind: "string" },
      externalParameters: { kind: "object" },
      internalParameters: { kind: "object" },
      resolvedDependencies: { kind: "list", of: resource },
    },
  },
  runDetails: {
    kind: "message",
    message: {
      builder: {
        kind: "message",
        message: {
          id: { kind: "string" },
          version: { kind: "string-map" },
          builderDependencies: { kind: "list", of: resource },
        },
      },
      metadata: {
        kind: "message",
        message: { invocationId: { kind: "string" }, startedOn: { kind: "time" }, finishedOn: { kind: "time" } },
      },
      byproducts: { kind: "list", of: resource },
    },
  },
}

const PREFIX = "provenance predicate: "

/** SLSA provenance 1. cosign 2 wants buildDefinition and runDetails; cosign 3 wants nothing. */
export const slsaProvenanceV1: PredicateType = {
  uri: "https://slsa.dev/provenance/v1",
  encode(file, { generation }) {
    const value = parsePredicateJson(file, PREFIX)
    const object = generation === "cosign2" ? goMap(value, PREFIX) : goObject(value, PREFIX)
    if (generation === "cosign3") {
      return { json: throughProto(message, renameInvocation(object), "unmarshal Provenance predicate: ") }
    }
    requireFields(goFields, object, PREFIX)
    return { json: throughGo({ kind: "struct", fields: goFields }, object, "unmarshal Provenance predicate: ") }
  },
}

/** COMPAT(cosign 3): the old spelling `invocationID` is renamed, and wins over the new one. */
function renameInvocation(predicate: JsonObject): JsonObject {
  const details = predicate["runDetails"]
  const metadata = isObject(details) ? details["metadata"] : undefined
  if (!isObject(details) || !isObject(metadata) || !Object.hasOwn(metadata, "invocationID")) return predicate
  const renamed = copy(metadata, "invocationId", metadata["invocationID"] ?? null)
  return copy(predicate, "runDetails", copy(details, "metadata", renamed))
}

function copy(object: JsonObject, key: string, value: JsonValue): JsonObject {
  const out = Object.create(null) as Record<string, JsonValue>
  for (const [name, item] of Object.entries(object)) out[name] = item
  out[key] = value
  return out
}
