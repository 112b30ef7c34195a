import { manifestReference } from "../../core/reference-grammar.ts"
import type { Digest } from "../../core/digest.ts"
import type { FaceInvocation } from "./face-invocation.ts"
import { imageTarget, type RegistryTarget } from "./targets.ts"

/** An image argument and its digest; the registry is asked only when the digest is not in the argument. */
export async function resolveImage(
  invocation: FaceInvocation,
  text: string,
): Promise<{ readonly target: RegistryTarget; readonly digest: Digest }> {
  const target = imageTarget(text)
  const { digest } = target.reference
  if (digest !== undefined) return { target, digest }
  const app = await invocation.open()
  const descriptor = await app.stores.content(target).resolve(manifestReference(target.reference))
  return { target, digest: descriptor.digest }
}
