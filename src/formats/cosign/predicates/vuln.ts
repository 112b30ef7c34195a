import { any, anyMap, text, throughGo, type GoField } from "./go-struct.ts"
import { sortGoText } from "./generic.ts"
import { badPredicate, goKind, parsePredicateJson, type PredicateType } from "./predicate-type.ts"

const fields: readonly GoField[] = [
  {
    name: "invocation",
    type: {
      kind: "struct",
      fields: [
        { name: "parameters", type: any },
        { name: "uri", type: text },
        { name: "event_id", type: text },
        { name: "builder.id", type: text },
      ],
    },
  },
  {
    name: "scanner",
    type: {
      kind: "struct",
      fields: [
        { name: "uri", type: text },
        { name: "version", type: text },
        {
          name: "db",
          type: {
            kind: "struct",
            fields: [
              { name: "uri", type: text },
              { name: "version", type: text },
            ],
          },
        },
        { name: "result", type: anyMap },
      ],
    },
  },
  {
    name: "metadata",
    type: {
      kind: "struct",
      fields: [
        { name: "scanStartedOn", type: { kind: "time" } },
        { name: "scanFinishedOn", type: { kind: "time" } },
      ],
    },
  },
]

/** cosign's vulnerability scan record. Nothing is required; what is missing becomes empty. */
export const vuln: PredicateType = {
  uri: "https://cosign.sigstore.dev/attestation/vuln/v1",
  encode(file, { generation }) {
    const value = parsePredicateJson(file, "")
    const kind = goKind(value)
    if (kind !== "object" && kind !== "null") {
      throw badPredicate(`json: cannot unmarshal ${kind} into Go value of type attestation.CosignVulnPredicate`)
    }
    const json = throughGo({ kind: "struct", fields }, value, "")
    return { json: generation === "cosign2" ? json : sortGoText(json) }
  },
}
