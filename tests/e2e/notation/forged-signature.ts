/** Notary Project signatures that nobody's program would make, built from bytes alone. */
import { createHash, createPrivateKey, sign } from "node:crypto"
import type { Pushed, Rig } from "./rig.ts"

const NOTARY = "io.cncf.notary"
const MANIFEST = "application/vnd.oci.image.manifest.v1+json"

/** A key on P-256 with its chain. */
interface Holder {
  readonly keyPem: string
  readonly chain: readonly Uint8Array[]
}

/** What differs from a good envelope. */
export interface Forgery {
  /** Members of the protected header; `undefined` removes one. */
  readonly header?: Readonly<Record<string, unknown>>
  /** Listed as critical beside the scheme, or the whole list. */
  readonly critical?: readonly string[]
  readonly onlyCritical?: readonly string[]
  /** Members of `targetArtifact`. */
  readonly target?: Readonly<Record<string, unknown>>
  /** Instead of the whole payload document. */
  readonly payload?: unknown
  /** Members of the unprotected header. */
  readonly unprotected?: Readonly<Record<string, unknown>>
  /** Certificates beside the signature, DER. Default: the holder's. */
  readonly chain?: readonly Uint8Array[]
  /** The signature holds for something else. */
  readonly broken?: boolean
  /** Of signing, milliseconds since the epoch. */
  readonly at?: number
}

/** A JWS envelope by a holder of a P-256 key. */
export function forgeJws(holder: Holder, subject: object, forgery: Forgery = {}): string {
  const text = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  const time = new Date(forgery.at ?? Date.now()).toISOString().replace(/\.\d+Z$/, "Z")
  const header = {
    alg: "ES256",
    crit: forgery.onlyCritical ?? [`${NOTARY}.signingScheme`, ...(forgery.critical ?? [])],
    cty: "application/vnd.cncf.notary.payload.v1+json",
    [`${NOTARY}.signingScheme`]: "notary.x509",
    [`${NOTARY}.signingTime`]: time,
    ...forgery.header,
  }
  const payload = text(forgery.payload ?? { targetArtifact: { ...subject, ...forgery.target } })
  const signed = `${text(header)}.${payload}${forgery.broken === true ? "!" : ""}`
  const key = { key: createPrivateKey(holder.keyPem), dsaEncoding: "ieee-p1363" as const }
  return JSON.stringify({
    payload,
    protected: text(header),
    header: {
      x5c: (forgery.chain ?? holder.chain).map((der) => Buffer.from(der).toString("base64")),
      ...forgery.unprotected,
    },
    signature: sign("sha256", Buffer.from(signed), key).toString("base64url"),
  })
}

/** Store an envelope beside an artifact, as notation 2 does. @returns digest of the signature's manifest. */
export async function attach(
  rig: Rig,
  artifact: Pushed,
  envelope: string | Uint8Array,
  mediaType = "application/jose+json",
): Promise<string> {
  const repository = rig.repository(artifact)
  const config = await repository.blob("application/vnd.oci.empty.v1+json", "{}")
  const layer = await repository.blob(mediaType, envelope)
  const { digest } = await repository.manifest({
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: "application/vnd.cncf.notary.signature",
    config,
    layers: [layer],
    subject: artifact.subject,
    annotations: {
      "io.cncf.notary.x509chain.thumbprint#S256": `["${createHash("sha256").update(envelope).digest("hex")}"]`,
      "org.opencontainers.image.created": new Date().toISOString(),
    },
  })
  return digest
}
