import { matchesMediaType } from "../../core/media-types.ts"

/** What an attached artifact is, told by its artifact type or layer media type. */
export interface ReferrerKind {
  /** Short name for a report, such as `notation`. */
  readonly name: string
  readonly kind: "signature" | "attestation" | "sbom" | "other"
}

interface Row extends ReferrerKind {
  /** Exact media type, or a prefix when it ends in `*`. */
  readonly type: string
}

const rows: readonly Row[] = [
  { type: "application/vnd.dev.sigstore.bundle*", name: "sigstore bundle", kind: "signature" },
  { type: "application/vnd.dev.cosign.simplesigning.v1+json", name: "cosign", kind: "signature" },
  { type: "application/vnd.dev.cosign.artifact.sig.v1+json", name: "cosign", kind: "signature" },
  { type: "application/vnd.dev.cosign.artifact.sbom.v1+json", name: "cosign sbom", kind: "sbom" },
  { type: "application/vnd.dsse.envelope.v1+json", name: "dsse", kind: "attestation" },
  { type: "application/vnd.in-toto+json", name: "in-toto", kind: "attestation" },
  { type: "application/vnd.in-toto.*", name: "in-toto", kind: "attestation" },
  { type: "application/vnd.cncf.notary.signature", name: "notation", kind: "signature" },
  { type: "application/jose+json", name: "notation jws", kind: "signature" },
  { type: "application/cose", name: "notation cose", kind: "signature" },
  { type: "application/pgp-signature", name: "gpg", kind: "signature" },
  { type: "application/vnd.containers.simplesigning*", name: "gpg", kind: "signature" },
  { type: "application/vnd.ocm.software.*", name: "ocm", kind: "other" },
  { type: "application/vnd.gardener.cloud.cnudie.*", name: "ocm", kind: "other" },
  { type: "application/spdx+json", name: "spdx", kind: "sbom" },
  { type: "text/spdx+json", name: "spdx", kind: "sbom" },
  { type: "text/spdx", name: "spdx", kind: "sbom" },
  { type: "text/spdx+xml", name: "spdx", kind: "sbom" },
  { type: "application/vnd.spdx*", name: "spdx", kind: "sbom" },
  { type: "application/vnd.cyclonedx*", name: "cyclonedx", kind: "sbom" },
  { type: "application/vnd.syft+json", name: "syft", kind: "sbom" },
  { type: "application/vnd.openvex*", name: "openvex", kind: "attestation" },
  { type: "application/sarif+json", name: "sarif", kind: "other" },
]

/** The row for a media type, `undefined` when the type is not known. Compared exactly, without parameters. */
export function referrerKind(mediaType: string): ReferrerKind | undefined {
  const bare = mediaType.split(";", 1)[0] ?? ""
  const row = rows.find(({ type }) => matchesMediaType(bare, type))
  return row === undefined ? undefined : { name: row.name, kind: row.kind }
}
