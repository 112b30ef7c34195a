import type { SignatureFormat } from "../format.ts"
import { COSE_MEDIA_TYPE, JWS_MEDIA_TYPE, SIGNATURE_ARTIFACT } from "./names.ts"

/** Formats of the family, one per envelope. */
export type NotationFormat = "notation" | "notation-cose"

/** What chooses a format of the family. */
export interface NotationRow extends Pick<SignatureFormat, "family" | "kinds" | "wanted" | "accepts"> {
  readonly id: NotationFormat
}

export const jwsRow: NotationRow = row("notation", JWS_MEDIA_TYPE)
export const coseRow: NotationRow = row("notation-cose", COSE_MEDIA_TYPE)

function row(id: NotationFormat, mediaType: string): NotationRow {
  return {
    id,
    family: "notation",
    kinds: ["signature"],
    wanted: { signature: [mediaType, SIGNATURE_ARTIFACT], attestation: [] },
    accepts: (raw) => raw.mediaType === mediaType,
  }
}
