import { DER_TAG, derOid, derSequence, encodeDer, expectDer, parseDer } from "../../codec/der.ts"
import { contextTag, derExplicit } from "../../codec/der-values.ts"
import { malformed } from "../../codec/malformed.ts"

/** Object identifiers of certificate transparency's extensions. Spec: RFC 6962 3.1 and 3.3. */
export const CT_EXTENSION = {
  sctList: "1.3.6.1.4.1.11129.2.4.2",
  poison: "1.3.6.1.4.1.11129.2.4.3",
} as const

const WHAT = "certificate"
const EXTENSIONS = contextTag(3, true)

function withoutCtExtensions(explicit: Uint8Array): Uint8Array[] {
  const extensions = derSequence(derExplicit(parseDer(explicit, WHAT), WHAT), WHAT)
  const oids = extensions.map((extension) => derOid(derSequence(extension, WHAT)[0], WHAT))
  for (const oid of Object.values(CT_EXTENSION)) {
    if (oids.filter((other) => other === oid).length > 1) throw malformed(WHAT, `extension ${oid} comes twice`)
  }
  const kept = extensions.filter((_, at) => oids[at] !== CT_EXTENSION.sctList && oids[at] !== CT_EXTENSION.poison)
  if (kept.length === 0) return []
  return [encodeDer(EXTENSIONS, encodeDer(DER_TAG.sequence, ...kept.map(({ raw }) => raw)))]
}

/**
 * The TBSCertificate that a certificate transparency log signs for a certificate or its precertificate: the one received
 * without SCTs and poison. Everything else stays byte for byte, only lengths above change.
 *
 * @param certificate - untrusted DER of the whole certificate.
 * @throws {ToolError} `E_FORMAT_MALFORMED`.
 *
 * Spec: RFC 6962 3.2.
 */
export function precertificateTbs(certificate: Uint8Array): Uint8Array {
  const [tbs] = derSequence(parseDer(certificate, WHAT), WHAT)
  const members = derSequence(expectDer(tbs, DER_TAG.sequence, WHAT), WHAT)
  const last = members.at(-1)
  if (last?.tag !== EXTENSIONS) return expectDer(tbs, DER_TAG.sequence, WHAT).raw
  const before = members.slice(0, -1).map(({ raw }) => raw)
  return encodeDer(DER_TAG.sequence, ...before, ...withoutCtExtensions(last.raw))
}
