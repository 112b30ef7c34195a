import type { SigningKey } from "../../core/ports.ts"
import {
  type CertificateListSpec,
  deltaIndicatorExtension,
  issuingPointExtension,
} from "../../crypto/x509/crl-builder.ts"
import type { Certificate } from "../../crypto/x509/certificate.ts"
import type { OcspResponseSpec, SingleResponseSpec } from "../../crypto/x509/ocsp-builder.ts"
import { defaultScheme } from "../../crypto/schemes.ts"
import type { TimestampAlterations } from "../../servers/authority/timestamp-handler.ts"
import type { CrlFault, OcspFault, TsaFault } from "./authority-faults.ts"

const DAY_MS = 86_400_000

/** An extension that nobody knows, critical. DER NULL is its value. */
const UNKNOWN_CRITICAL = { oid: "2.999.1", critical: true, value: Uint8Array.of(5, 0) }

/** Others who sign in the authority's place. */
export interface Impostors {
  /** Of the same name as nobody: an authority of its own. */
  readonly stranger: { readonly key: SigningKey; readonly certificate: Certificate }
  /** Certified by the authority, for something else than OCSP. */
  readonly sibling: { readonly key: SigningKey; readonly certificate: Certificate }
}

function signedBy<T extends OcspResponseSpec | CertificateListSpec>(spec: T, key: SigningKey): T {
  return { ...spec, signWith: key, scheme: defaultScheme(key.publicKey) }
}

/** An OCSP response with a fault. */
export function faultyOcsp(
  fault: Exclude<OcspFault, "try-later" | "unauthorized">,
  spec: OcspResponseSpec,
  { stranger, sibling }: Impostors,
): OcspResponseSpec {
  const each = (change: (single: SingleResponseSpec) => SingleResponseSpec): OcspResponseSpec => ({
    ...spec,
    responses: spec.responses.map(change),
  })
  switch (fault) {
    case "wrong-signer":
      return signedBy(spec, stranger.key)
    case "delegate-without-eku": {
      const { certificate, key } = sibling
      return signedBy({ ...spec, responder: { name: certificate.subject.raw }, certificates: [certificate.raw] }, key)
    }
    case "other-serial":
      return each((single) => ({ ...single, id: { ...single.id, serial: single.id.serial + 1n } }))
    case "stale":
      return each((single) => ({ ...single, ...shifted(single, -2 * DAY_MS) }))
    case "future":
      return each((single) => ({ ...single, ...shifted(single, DAY_MS) }))
    case "unknown":
      return each(({ id, thisUpdate, nextUpdate }) => ({
        id,
        status: "unknown",
        thisUpdate,
        ...(nextUpdate === undefined ? {} : { nextUpdate }),
      }))
    case "missing-next-update":
      return each(({ nextUpdate: _, ...single }) => single)
    case "critical-extension":
      return each((single) => ({ ...single, extensions: [UNKNOWN_CRITICAL] }))
  }
}

function shifted(
  times: { readonly thisUpdate: number; readonly nextUpdate?: number },
  by: number,
): { thisUpdate: number; nextUpdate: number } {
  return { thisUpdate: times.thisUpdate + by, nextUpdate: (times.nextUpdate ?? times.thisUpdate) + by }
}

function endless({ nextUpdate: _, ...rest }: CertificateListSpec): CertificateListSpec {
  return rest
}

/** A revocation list with a fault. */
export function faultyList(fault: CrlFault, spec: CertificateListSpec, { stranger }: Impostors): CertificateListSpec {
  const extended = (...more: CertificateListSpec["extensions"]): CertificateListSpec => ({
    ...spec,
    extensions: [...spec.extensions, ...more],
  })
  switch (fault) {
    case "expired":
      return { ...spec, ...shifted(spec, -2 * DAY_MS) }
    case "future":
      return { ...spec, ...shifted(spec, DAY_MS) }
    case "unsigned":
      return signedBy(spec, stranger.key)
    case "wrong-issuer":
      return signedBy({ ...spec, issuer: stranger.certificate.subject.raw }, stranger.key)
    case "unknown-critical":
      return extended(UNKNOWN_CRITICAL)
    case "missing-next-update":
      return endless(spec)
    case "indirect":
      return extended(issuingPointExtension({ indirect: true }))
    case "some-reasons":
      return extended(issuingPointExtension({ onlySomeReasons: Uint8Array.of(6, 0x40) }))
    case "other-point":
      return extended(issuingPointExtension({ urls: ["http://crl.test/other.crl"] }))
    case "delta-as-base":
      return extended(deltaIndicatorExtension(1n))
  }
}

/** What a timestamp authority changes to be wrong. */
export function faultyStamp(fault: TsaFault, strangers: readonly Uint8Array[]): TimestampAlterations {
  switch (fault) {
    case "rejection":
      return { answer: () => ({ status: 2, failure: 2 }) }
    case "wrong-nonce":
      return { info: (info) => ({ ...info, nonce: (info.nonce ?? 0n) + 1n }) }
    case "wrong-imprint":
      return { info: (info) => ({ ...info, imprint: lastFlipped(info.imprint) }) }
    case "wrong-policy":
      return { info: (info) => ({ ...info, policy: "2.999.3161.2" }) }
    case "wrong-certificate":
      return { parts: (parts) => ({ ...parts, certificates: strangers }) }
    case "wrong-signature":
      return { token: lastFlipped }
  }
}

function lastFlipped(bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes)
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  return changed
}
