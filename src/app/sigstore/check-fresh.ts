import type { ArtifactContent, Candidate } from "../../core/candidate.ts"
import { ToolError } from "../../core/errors.ts"
import type { PublicKey, RawSignature } from "../../core/ports.ts"
import type { Finding } from "../../core/report.ts"
import type { IdentityRule, TrustedRoot } from "../../core/sigstore.ts"
import { loadPrehashFor } from "../../crypto/prehash.ts"
import type { SignatureFormat, SignedDocument } from "../../formats/format.ts"

import { ownAuthority } from "./check-key-certificates.ts"
import type { SigstoreSigning } from "./signing.ts"

/** Whoever it is: the certificate was issued to the one who asked for it. */
const ANYBODY: IdentityRule = {
  subject: { kind: "pattern", pattern: ".*", anchored: false },
  extensions: {},
  text: "whoever the certificate was just issued to",
}

/** What was signed and how. */
export interface FreshSignature {
  readonly key: PublicKey
  readonly signing: SigstoreSigning
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Blobs: what was signed. */
  readonly artifact?: ArtifactContent
}

/**
 * Verify what was just signed and is not stored yet: every service that was used must have vouched for it.
 *
 * @param candidate - parsed from the finished document.
 * @throws {ToolError} with the code of the first finding that failed.
 *
 * Spec: cosign.md section 17, step 8.
 */
export async function checkFresh(candidate: Candidate, root: TrustedRoot, fresh: FreshSignature): Promise<void> {
  const { key, signing, at, artifact } = fresh
  const { keyless, certificates, logs, timestamps } = signing
  const [{ evaluateSigstore }] = await Promise.all([import("../../trust/sigstore/evaluate.ts"), loadPrehashFor([key])])
  const judged = evaluateSigstore({
    candidate,
    root: withOwnAuthority(root, certificates),
    signer:
      keyless === undefined && certificates === undefined
        ? { kind: "keys", keys: [{ name: "the signing key", key }] }
        : {
            kind: "identities",
            identities: [ANYBODY],
            // A certificate of the user's own authority is in no public log. An SCT must lie in the certificate: no format
            // has a place for it beside.
            sct: keyless === undefined ? "ignore" : "require",
          },
    witnesses: { logs: logs.length, timestamps: timestamps.length },
    at,
    ...(artifact === undefined ? {} : { artifact }),
  })
  const failed = [...(candidate.evidenceFault === undefined ? [] : [candidate.evidenceFault]), ...judged.findings].find(
    ({ outcome }) => outcome === "failed" || outcome === "unknown",
  )
  if (failed !== undefined) throw notVouched(failed)
}

/** The authority of a user's certificate is in nobody's trusted root; what is checked here is what the services answered. */
function withOwnAuthority(root: TrustedRoot, certificates: readonly Uint8Array[] = []): TrustedRoot {
  const issuers = certificates.slice(1)
  if (issuers.length === 0) return root
  return { ...root, certificateAuthorities: [...root.certificateAuthorities, ownAuthority(issuers)] }
}

function notVouched({ code, observed, expected, detail, check }: Finding): ToolError {
  const seen = observed ?? `the check ${check} failed`
  return new ToolError(code ?? "E_SERVICE_PROTOCOL", {
    what: `what the signing services answered does not verify: ${seen}`,
    why: [detail, expected === undefined ? undefined : `expected ${expected}`, "nothing was stored"]
      .filter((part) => part !== undefined)
      .join("; "),
    next: ["check that the trusted root is of the instance that signs", "report it to the services' operator"],
  })
}

/** The candidate that readers will make of a document. @throws {ToolError} `E_INTERNAL` when there is not just one. */
export function candidateOf(format: SignatureFormat, document: SignedDocument): Candidate {
  const raw: RawSignature = {
    location: { store: "file", where: "", reference: "" },
    descriptor: document.descriptor,
    bytes: document.bytes,
    mediaType: document.mediaType,
    annotations: document.annotations,
  }
  const [candidate, ...others] = format.parse(raw)
  if (candidate !== undefined && others.length === 0) return candidate
  throw new ToolError("E_INTERNAL", { what: "a document just made cannot be read" })
}
