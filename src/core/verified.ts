import type { Digest } from "./digest.ts"
import type { JsonObject, JsonValue } from "./json-value.ts"
import type { SignatureReport } from "./report.ts"
import type { StatementSubject } from "./statement-subject.ts"

/**
 * What a verification authenticated, built from the very bytes that were checked. Later code uses this and never reads
 * the input again.
 */
export interface VerifiedSignature {
  readonly report: SignatureReport
  readonly content: VerifiedContent
}

/** The authenticated payload by kind. */
export type VerifiedContent = VerifiedSimpleSigning | VerifiedStatement | VerifiedMessage | VerifiedDescriptor

/** A signed descriptor of the artifact (Notary Project). */
export interface VerifiedDescriptor {
  readonly kind: "descriptor"
  /** Exact payload bytes. */
  readonly payload: Uint8Array
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  /** User metadata. */
  readonly annotations: Readonly<Record<string, string>>
}

/** A simple-signing claim. */
export interface VerifiedSimpleSigning {
  readonly kind: "simple-signing"
  /** Exact payload bytes. */
  readonly payload: Uint8Array
  readonly dockerReference: string
  readonly manifestDigest: string
  readonly type: string
  /** `null` when the signer gave none. */
  readonly optional: JsonObject | null
  /** Layer annotations that carry unevaluated material, by key: shown by faces, never trusted. */
  readonly annotations: Readonly<Record<string, string>>
}

/** An in-toto statement inside a DSSE envelope. */
export interface VerifiedStatement {
  readonly kind: "statement"
  /** Exact payload bytes: the statement's JSON. */
  readonly payload: Uint8Array
  readonly payloadType: string
  /** The envelope document as it was stored (legacy) or as it stands in the bundle. */
  readonly envelope: Uint8Array
  readonly statementType: string
  readonly predicateType: string
  readonly predicate: JsonValue
  /**
   * The entry that is about the verified artifact: only its name, digests and annotations are signed for it. Absent when
   * claims were not checked.
   */
  readonly subject?: StatementSubject
  /** All entries as signed, those about other artifacts included. */
  readonly subjects: readonly StatementSubject[]
  /** True when it came in a Sigstore bundle. */
  readonly bundle: boolean
}

/** A signature over a plain message (a blob). */
export interface VerifiedMessage {
  readonly kind: "message"
  readonly digestAlgorithm: string
  /** Lower-case hexadecimal. */
  readonly digest: string
}
