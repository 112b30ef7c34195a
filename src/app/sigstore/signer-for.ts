import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { SignatureFormat } from "../../formats/format.ts"
import { mapBounded } from "../map-bounded.ts"
import type { AppContext, AttestRequest, SignRequest, Target } from "../requests.ts"
import type { TargetSubjects } from "../target-subjects.ts"
import { openSigstoreSigner, type SigstoreSigner } from "./signer.ts"
import { requireRoom } from "./sign-with-services.ts"
import { publishedBy } from "./plan.ts"
import type { PlannedItem } from "./signing.ts"

/** What is planned of a request. */
type Planned = Pick<SignRequest | AttestRequest, "targets" | "key" | "sigstore"> & {
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * Make ready to sign what a request names, where it uses Sigstore's services.
 *
 * Everything is looked up before anybody is asked to log in, so that the plan names it by digest. When nothing was found,
 * nobody is asked: every artifact has its own error.
 *
 * @throws {ToolError} `E_USAGE` for formats without room; as {@link openSigstoreSigner}.
 */
export async function signerFor(
  app: AppContext,
  request: Planned,
  formats: readonly SignatureFormat[],
  found: (target: Target) => Promise<TargetSubjects>,
): Promise<SigstoreSigner | undefined> {
  const { sigstore: signing } = request
  if (signing === undefined) return undefined
  for (const format of formats) requireRoom(format, signing)
  const looked = await mapBounded(request.targets, limits.parallelTransfers, found)
  const items = looked.flatMap(({ subjects }) =>
    subjects instanceof ToolError
      ? []
      : subjects.flatMap(({ name, subject }) =>
          formats.map(({ id }): PlannedItem => ({
            artifact: name,
            digest: subject.digest,
            format: id,
            annotations: request.annotations ?? {},
            published: publishedBy(signing),
          })),
        ),
  )
  const attesting = "predicate" in request
  const content = formats.map(({ writer }) => (attesting ? "envelope" : (writer.witnesses?.signatures ?? "message")))
  return items.length === 0 ? undefined : openSigstoreSigner(app, signing, request.key, items, content)
}
