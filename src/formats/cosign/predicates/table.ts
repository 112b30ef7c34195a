import { ToolError } from "../../../core/errors.ts"
import { jsonDocument, namedByUri } from "./generic.ts"
import { link } from "./link.ts"
import type { PredicateType } from "./predicate-type.ts"
import { isRequestUri } from "./request-uri.ts"
import { slsaProvenanceV02 } from "./slsa-provenance-v02.ts"
import { slsaProvenanceV1 } from "./slsa-provenance-v1.ts"
import { custom, spdxText } from "./text-file.ts"
import { vuln } from "./vuln.ts"

/** The words cosign knows for `--type`. */
const words: ReadonlyMap<string, PredicateType> = new Map([
  ["custom", custom],
  ["slsaprovenance", slsaProvenanceV02],
  ["slsaprovenance02", slsaProvenanceV02],
  ["slsaprovenance1", slsaProvenanceV1],
  ["link", link],
  ["spdx", spdxText],
  ["spdxjson", jsonDocument("https://spdx.dev/Document")],
  ["cyclonedx", jsonDocument("https://cyclonedx.org/bom")],
  ["vuln", vuln],
  ["openvex", jsonDocument("https://openvex.dev/ns")],
])

/** Words accepted besides URIs, in the order cosign lists them. */
export const predicateWords: readonly string[] = [...words.keys()]

/**
 * The predicate type a word or URI names.
 *
 * @throws {ToolError} `E_USAGE` with cosign's words for anything else.
 */
export function predicateType(type: string): PredicateType {
  const known = words.get(type)
  if (known !== undefined) return known
  if (!isRequestUri(type)) {
    throw new ToolError("E_USAGE", {
      what: `invalid predicate type: ${type.slice(0, 200)}`,
      why: `expected one of ${predicateWords.join(", ")}, or a URI`,
      next: ["name a known type or give the URI of your own"],
    })
  }
  return namedByUri(type)
}

/** Like {@link predicateType}; the URI alone. */
export function resolvePredicateType(type: string): string {
  return predicateType(type).uri
}

/** COMPAT(cosign): for blobs any word is taken as a type of its own. Empty is refused. */
export function blobPredicateType(type: string): PredicateType {
  return words.get(type) ?? (type === "" ? predicateType(type) : namedByUri(type))
}
