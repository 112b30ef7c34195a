import { decodeUtf8 } from "../../../codec/utf8.ts"
import { jsonObject, jsonString } from "../json-text.ts"
import { dialectOf } from "./generic.ts"
import { badPredicate, type PredicateType } from "./predicate-type.ts"

/**
 * DEVIATION: cosign 2 replaces bytes that are not UTF-8 and signs something else than the file; refused here as in
 * cosign 3.
 */
function textOf(file: Uint8Array): string {
  try {
    return decodeUtf8(file, "predicate")
  } catch (cause) {
    throw badPredicate("proto: invalid UTF-8 in string", cause)
  }
}

/** cosign's own default type: any text with the time of signing. */
export const custom: PredicateType = {
  uri: "https://cosign.sigstore.dev/attestation/v1",
  encode(file, { generation, at }) {
    const dialect = dialectOf(generation)
    const timestamp = new Date(at).toISOString().replace(/\.\d+Z$/, "Z")
    const json = jsonObject(
      [
        ["Data", jsonString(textOf(file), dialect)],
        ["Timestamp", jsonString(timestamp, dialect)],
      ],
      dialect,
    )
    return { json }
  },
}

/** SPDX in its tag-value form: the predicate is a string. */
export const spdxText: PredicateType = {
  uri: "https://spdx.dev/Document",
  encode(file) {
    return { json: jsonString(textOf(file), "go"), text: true }
  },
}
