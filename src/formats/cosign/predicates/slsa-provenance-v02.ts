import { any, bool, requireFields, text, textMap, throughGo, type GoField } from "./go-struct.ts"
import { goMap, goObject, parsePredicateJson, type PredicateType } from "./predicate-type.ts"
import { throughProto, type ProtoMessage } from "./proto-message.ts"

const goFields: readonly GoField[] = [
  { name: "builder", type: { kind: "struct", fields: [{ name: "id", type: text }] } },
  { name: "buildType", type: text },
  {
    name: "invocation",
    omitempty: true,
    type: {
      kind: "struct",
      fields: [
        {
          name: "configSource",
          omitempty: true,
          type: {
            kind: "struct",
            fields: [
              { name: "uri", type: text, omitempty: true },
              { name: "digest", type: textMap, omitempty: true },
              { name: "entryPoint", type: text, omitempty: true },
            ],
          },
        },
        { name: "parameters", type: any, omitempty: true },
        { name: "environment", type: any, omitempty: true },
      ],
    },
  },
  { name: "buildConfig", type: any, omitempty: true },
  {
    name: "metadata",
    omitempty: true,
    type: {
      kind: "pointer",
      fields: [
        { name: "buildInvocationID", type: text, omitempty: true },
        { name: "buildStartedOn", type: { kind: "time-pointer" }, omitempty: true },
        { name: "buildFinishedOn", type: { kind: "time-pointer" }, omitempty: true },
        {
          name: "completeness",
          type: {
            kind: "struct",
            fields: [
              { name: "parameters", type: bool },
              { name: "environment", type: bool },
              { name: "materials", type: bool },
            ],
          },
        },
        { name: "reproducible", type: bool },
      ],
    },
  },
  {
    name: "materials",
    omitempty: true,
    type: {
      kind: "list",
      of: {
        kind: "struct",
        fields: [
          { name: "uri", type: text, omitempty: true },
          { name: "digest", type: textMap, omitempty: true },
        ],
      },
    },
  },
]

const message: ProtoMessage = {
  builder: { kind: "message", message: { id: { kind: "string" } } },
  buildType: { kind: "string" },
  invocation: {
    kind: "message",
    message: {
      configSource: {
        kind: "message",
        message: { uri: { kind: "string" }, digest: { kind: "string-map" }, entryPoint: { kind: "string" } },
      },
      parameters: { kind: "object" },
      environment: { kind: "object" },
    },
  },
  buildConfig: { kind: "object" },
  metadata: {
    kind: "message",
    message: {
      buildInvocationId: { kind: "string" },
      buildStartedOn: { kind: "time" },
      buildFinishedOn: { kind: "time" },
      completeness: {
        kind: "message",
        message: { parameters: { kind: "bool" }, environment: { kind: "bool" }, materials: { kind: "bool" } },
      },
      reproducible: { kind: "bool" },
    },
  },
  materials: { kind: "list", of: { uri: { kind: "string" }, digest: { kind: "string-map" } } },
}

const PREFIX = "provenance predicate: "

/** SLSA provenance 0.2. cosign 2 wants builder and buildType; cosign 3 wants nothing. */
export const slsaProvenanceV02: PredicateType = {
  uri: "https://slsa.dev/provenance/v0.2",
  encode(file, { generation }) {
    const value = parsePredicateJson(file, PREFIX)
    const object = generation === "cosign2" ? goMap(value, PREFIX) : goObject(value, PREFIX)
    if (generation === "cosign3") return { json: throughProto(message, object, "unmarshal Provenance predicate: ") }
    requireFields(goFields, object, PREFIX)
    return { json: throughGo({ kind: "struct", fields: goFields }, object, "unmarshal Provenance predicate: ") }
  },
}
