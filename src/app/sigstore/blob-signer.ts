import type { ArtifactContent, Candidate } from "../../core/candidate.ts"
import { ToolError } from "../../core/errors.ts"
import type { SigningKey } from "../../core/ports.ts"
import type { LogService } from "../../core/sigstore-ports.ts"
import type { LoggedContent } from "../../formats/format.ts"
import type { AppContext } from "../requests.ts"
import type { Signed, SigstoreSigner, ToSign } from "./signer.ts"
import type { PlannedItem, SigstoreOutcome, SigstoreSigning } from "./signing.ts"

/** Signs one file, with or without Sigstore's services. */
export interface BlobSigner {
  readonly key: SigningKey
  readonly logs: readonly LogService[]
  sign(work: ToSign): Promise<BlobSignature>
  /**
   * Check what was made against a trusted root, where there is one.
   *
   * @param candidate - makes the candidate that readers will make of the document.
   * @returns what the services gave; nothing where none was asked.
   */
  outcome(
    signed: BlobSignature,
    candidate: () => Candidate,
    artifact?: ArtifactContent,
  ): Promise<{ readonly sigstore?: SigstoreOutcome }>
}

/** A signature; `evidence` is absent where no service was asked. */
export type BlobSignature = Pick<Signed, "signature"> & Partial<Signed>

/** What of a request about a file says who signs. */
export interface BlobSigning {
  readonly key?: SigningKey
  readonly sigstore?: SigstoreSigning
}

/**
 * Make ready to sign a file.
 *
 * @param item - the file, for the plan.
 * @param content - what logs will be told.
 * @throws {ToolError} `E_USAGE` without key or identity; as {@link openSigstoreSigner}.
 */
export async function openBlobSigner(
  app: AppContext,
  { key, sigstore }: BlobSigning,
  item: Pick<PlannedItem, "artifact" | "digest">,
  content: LoggedContent["kind"],
): Promise<BlobSigner> {
  if (sigstore !== undefined) {
    const [{ openSigstoreSigner }, { publishedBy }] = await Promise.all([import("./signer.ts"), import("./plan.ts")])
    const planned = { ...item, annotations: {}, published: publishedBy(sigstore) }
    return witnessed(app, await openSigstoreSigner(app, sigstore, key, [planned], [content]))
  }
  if (key === undefined) throw new ToolError("E_USAGE", { what: "no key to sign with" })
  return {
    key,
    logs: [],
    sign: async (work) => ({ signature: await work.sign() }),
    outcome: () => Promise.resolve({}),
  }
}

function witnessed(app: AppContext, signer: SigstoreSigner): BlobSigner {
  const { key, signing } = signer
  const { trustedRoot: root } = signing
  return {
    key,
    logs: signing.logs,
    sign: (work) => signer.sign(work),
    outcome: async ({ outcome }, candidate, artifact) => {
      if (outcome === undefined) return {}
      if (root !== undefined) {
        const { checkFresh } = await import("./check-fresh.ts")
        const shared = { key: key.publicKey, signing, at: app.clock.now() }
        await checkFresh(candidate(), root, { ...shared, ...(artifact === undefined ? {} : { artifact }) })
      }
      return { sigstore: { ...outcome, verified: root !== undefined } }
    },
  }
}
