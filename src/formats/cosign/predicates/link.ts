import { anyMap, requireFields, text, textMap, throughGo, type GoField, type GoType } from "./go-struct.ts"
import { sortGoText } from "./generic.ts"
import { goMap, parsePredicateJson, type Generation, type PredicateType } from "./predicate-type.ts"

function fieldsOf(generation: Generation): readonly GoField[] {
  // COMPAT(cosign 2.5): materials and products may be anything there.
  const artifacts: GoType = generation === "cosign2" ? anyMap : { kind: "map", of: textMap }
  return [
    { name: "_type", type: text },
    { name: "name", type: text },
    { name: "materials", type: artifacts },
    { name: "products", type: artifacts },
    { name: "byproducts", type: anyMap },
    { name: "command", type: { kind: "list", of: text } },
    { name: "environment", type: anyMap },
  ]
}

/** in-toto link metadata; every member is required. */
export const link: PredicateType = {
  uri: "https://in-toto.io/Link/v1",
  encode(file, { generation }) {
    const object = goMap(parsePredicateJson(file, "link statement: "), "link statement: ")
    const fields = fieldsOf(generation)
    requireFields(fields, object, "link statement: ")
    const json = throughGo({ kind: "struct", fields }, object, "unmarshal Link statement: ")
    return { json: generation === "cosign2" ? json : sortGoText(json) }
  },
}
