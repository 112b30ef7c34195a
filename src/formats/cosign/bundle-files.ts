import { malformed } from "../../codec/malformed.ts"
import { limits } from "../../core/limits.ts"
import type { PublicKey } from "../../core/ports.ts"
import type { LogEntry } from "../../core/sigstore.ts"
import { keyHint } from "../../crypto/public-key.ts"
import { buildBundle, type BundleInput } from "../../envelopes/bundle/build-bundle.ts"
import type { BundleVersion, UnverifiedBundle } from "../../envelopes/bundle/bundle.ts"
import { parseLegacyBundle } from "../../envelopes/bundle/legacy-bundle.ts"
import { parseBundle } from "../../envelopes/bundle/parse-bundle.ts"
import { parseTimestampAnnotation } from "../../envelopes/bundle/rekor-bundle.ts"
import { parseEnvelope } from "../../envelopes/dsse/envelope.ts"

/** What was signed, and its signature. Nothing is verified. */
export type SignedContent =
  { readonly kind: "message"; readonly sha256: Uint8Array; readonly signature: Uint8Array } | EnvelopeContent

/** A DSSE envelope with one signature. */
export interface EnvelopeContent {
  readonly kind: "envelope"
  /** The document as it was read, without blanks around it. */
  readonly bytes: Uint8Array
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/** What a bundle is put together from. */
export interface BundleParts {
  readonly signer: { readonly certificate: Uint8Array } | { readonly key: PublicKey }
  readonly content: SignedContent
  readonly logEntries: readonly LogEntry[]
  /** DER `TimeStampResp`s. */
  readonly timestamps: readonly Uint8Array[]
}

/** What cosign's own bundle file holds. */
export interface LegacyParts {
  /** Raw signature; absent where there is an envelope. */
  readonly signature?: Uint8Array
  readonly envelope?: EnvelopeContent
  /** DER. A public key in its place is left out. */
  readonly certificate?: Uint8Array
  readonly promised: boolean
}

/** A bundle that may be older than version 0.3. */
export interface OldBundle {
  readonly version: BundleVersion
  /** DER, leaf first; empty for a bare key. */
  readonly certificates: readonly Uint8Array[]
  readonly logEntries: readonly LogEntry[]
  /** The same bundle as version 0.3, with these entries instead of its own and the leaf alone. */
  upgraded(logEntries: readonly LogEntry[]): Uint8Array
}

/** Bundles as files. All readers throw `E_FORMAT_MALFORMED`, `E_FORMAT_UNSUPPORTED_VERSION`, `E_LIMIT_EXCEEDED`. */
export interface BundleFiles {
  readLegacy(bytes: Uint8Array): LegacyParts
  readEnvelope(bytes: Uint8Array): EnvelopeContent
  /** @returns DER of the `TimeStampResp` in cosign's timestamp file. */
  readTimestamp(bytes: Uint8Array): Uint8Array
  readBundle(bytes: Uint8Array): OldBundle
  /** A bundle as `cosign bundle create` writes it: compact, no line end. */
  assemble(parts: BundleParts): Uint8Array
}

/** COMPAT(cosign 2.5, 3.1): `bundle create` writes the older name of version 0.3. */
const OLDER_NAME = "application/vnd.dev.sigstore.bundle+json;version=0.3"

const BRACE = 0x7b

/** Documents of cosign and Sigstore. */
export const cosignBundleFiles: BundleFiles = {
  readLegacy: (bytes) => {
    const { signature, material, rekorBundle } = parseLegacyBundle(bytes)
    return {
      ...(trimmed(signature)[0] === BRACE ? { envelope: envelopeContent(signature) } : { signature }),
      ...(material?.kind === "certificate" ? { certificate: material.der } : {}),
      promised: (rekorBundle?.signedEntryTimestamp.length ?? 0) > 0,
    }
  },
  readEnvelope: envelopeContent,
  readTimestamp: (bytes) => parseTimestampAnnotation(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
  readBundle: (bytes) => {
    const bundle = parseBundle(bytes)
    return {
      version: bundle.version,
      certificates: bundle.material.kind === "certificate" ? bundle.material.certificates : [],
      logEntries: bundle.logEntries,
      upgraded: (logEntries) => {
        const { timestamps, content } = bundle
        return buildBundle({ ...signerOf(bundle), timestamps, content, logEntries })
      },
    }
  },
  assemble: ({ signer, content, logEntries, timestamps }) =>
    buildBundle({
      mediaType: OLDER_NAME,
      signer: "certificate" in signer ? signer : { publicKeyHint: keyHint(signer.key) },
      logEntries,
      timestamps,
      content: contentOf(content),
    }),
}

function contentOf(content: SignedContent): BundleInput["content"] {
  if (content.kind === "message") {
    const { sha256, signature } = content
    return { kind: "message", digest: { algorithm: "sha256", value: sha256 }, signature }
  }
  const { payloadType, payload, signature } = content
  return { kind: "dsse", payloadType, payload, signature: { sig: signature, keyid: "" } }
}

function signerOf({ material }: UnverifiedBundle): Pick<BundleInput, "signer"> {
  if (material.kind === "public-key") return { signer: { publicKeyHint: material.hint } }
  const [certificate] = material.certificates
  if (certificate === undefined) throw malformed("bundle", "saw no certificate")
  return { signer: { certificate } }
}

function envelopeContent(document: Uint8Array): EnvelopeContent {
  const bytes = trimmed(document)
  const { payloadType, payload, signatures } = parseEnvelope(bytes, { maxBytes: limits.bundleBytes })
  const [first] = signatures
  // DEVIATION: cosign takes the first of several signatures, and the others are lost.
  if (first === undefined || signatures.length > 1) {
    throw malformed("DSSE envelope", `saw ${signatures.length} signatures, expected the one that a bundle holds`)
  }
  return { kind: "envelope", bytes, payloadType, payload, signature: first.sig }
}

/** Without the blanks that JSON may have around it: logs hash the document alone. */
function trimmed(bytes: Uint8Array): Uint8Array {
  const blank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
  let [start, end] = [0, bytes.length]
  while (start < end && blank(bytes[start])) start++
  while (end > start && blank(bytes[end - 1])) end--
  return bytes.subarray(start, end)
}
