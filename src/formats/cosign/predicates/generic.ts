import { parseJson } from "../../../codec/json.ts"
import { limits } from "../../../core/limits.ts"
import { sortedJson, type Dialect } from "../json-text.ts"
import { goObject, parsePredicateJson, type Generation, type PredicateType } from "./predicate-type.ts"

/** The encoder of each generation. */
export function dialectOf(generation: Generation): Dialect {
  return generation === "cosign2" ? "go" : "proto"
}

/** Text made by Go's encoder, as cosign 3 prints it after passing it through a generic protobuf struct. */
export function sortGoText(json: string): string {
  const bounds = { maxBytes: 2 * limits.attachmentBytes, maxValues: limits.predicateValues, what: "predicate" }
  return sortedJson(parseJson(json, bounds), "proto")
}

/** A type whose file is the predicate, such as an SBOM. cosign 2 takes any JSON value, cosign 3 only objects. */
export function jsonDocument(uri: string): PredicateType {
  return {
    uri,
    encode(file, { generation }) {
      const value = parsePredicateJson(file, "")
      const predicate = generation === "cosign2" ? value : goObject(value, "")
      return { json: sortedJson(predicate, dialectOf(generation)) }
    },
  }
}

/** A type named by URI alone: the file must be a JSON object. */
export function namedByUri(uri: string): PredicateType {
  const prefix = `invalid JSON payload for predicate type ${uri}: `
  return {
    uri,
    encode(file, { generation }) {
      return { json: sortedJson(goObject(parsePredicateJson(file, prefix), prefix), dialectOf(generation)) }
    },
  }
}
